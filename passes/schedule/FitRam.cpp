// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tries executions of a program from the cheapest one on, and plans each.
#include "passes/schedule/FitRam.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/mcu/McuLiveness.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"
#include "passes/schedule/SplitAttention.h"
#include "passes/schedule/SplitColumns.h"
#include "passes/schedule/StreamSearch.h"
#include <tuple>

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

static constexpr int maxTries = 12;
static constexpr int64_t leastStep = 64; // bytes by which the search aims lower at least
static constexpr size_t maxOrders = 64; // for which the least is found

static mcu::ProgramOp getProgram(ModuleOp module) { return *module.getOps<mcu::ProgramOp>().begin(); }

static LogicalResult runPipeline(ModuleOp module, llvm::function_ref<void(OpPassManager &)> build) {
  PassManager manager(module.getContext());
  build(manager);
  return manager.run(module);
}

// Streams the chosen parts of an ordered program; the last one first, so that positions stay valid.
static std::vector<StreamedPart> applyChoices(mcu::ProgramOp program, llvm::ArrayRef<StreamChoice> choices) {
  std::vector<StreamedPart> parts;
  for (const StreamChoice &choice : llvm::reverse(choices)) {
    std::vector<mcu::CallOp> calls = mcu::getCalls(program);
    std::optional<StreamPart> part = StreamPart::create(calls, choice.first, choice.last);
    StreamedPart description{nodeName(calls[choice.first].getLoc()), nodeName(calls[choice.last].getLoc()),
                             int64_t(choice.last - choice.first + 1), choice.cost.scratchBytes};
    part->apply(choice.grain);
    parts.insert(parts.begin(), std::move(description));
  }
  return parts;
}

// Marks the first input as fed.
static LogicalResult markFed(mcu::ProgramOp program) {
  llvm::SmallVector<mcu::BufferOp> inputs;
  for (mcu::BufferOp buffer : program.getBody().front().getOps<mcu::BufferOp>())
    if (buffer.getRole() == mcu::Role::Input)
      inputs.push_back(buffer);
  if (inputs.size() != 1)
    return program.emitError("--feed-rows is for models with one input, this one has ") << inputs.size();
  inputs[0]->setAttr(mcu::fedName, UnitAttr::get(program.getContext()));
  return success();
}

// The ordered program with the cheapest parts for `aim` bytes, planned. Null if there are none.
static FailureOr<OwningOpRef<ModuleOp>> planFor(ModuleOp ordered, StreamSearch &parts, int64_t aim, RamOption &option) {
  std::optional<std::vector<StreamChoice>> choices = parts.find(aim);
  if (!choices || choices->empty())
    return OwningOpRef<ModuleOp>();
  OwningOpRef<ModuleOp> candidate = ordered.clone();
  option.parts = applyChoices(getProgram(*candidate), *choices);
  for (const StreamChoice &choice : *choices)
    option.extraInstructions += choice.cost.instructions;
  if (failed(runPipeline(*candidate, buildSchedulePipeline)))
    return failure();
  option.arenaBytes = int64_t(*getProgram(*candidate).getArenaBytes());
  return candidate;
}

// No execution needs less than this. With few orders of the calls, what the search finds for each of them; with many, what every
// order needs.
static int64_t proveLeast(ModuleOp ordered, const std::shared_ptr<StreamCosts> &costs) {
  mcu::ProgramOp program = getProgram(ordered);
  MemoryGraph graph = makeGraph(program);
  std::optional<std::vector<std::vector<size_t>>> orders = findAllOrders(graph, maxOrders);
  if (!orders)
    return StreamSearch(program, costs).boundForAllOrders();
  int64_t least = INT64_MAX;
  for (const std::vector<size_t> &order : *orders) {
    OwningOpRef<ModuleOp> other = ordered.clone();
    std::vector<mcu::CallOp> calls = mcu::getCalls(getProgram(*other));
    Block &block = getProgram(*other).getBody().front();
    for (size_t call : order)
      calls[call]->moveBefore(&block, block.end());
    least = std::min(least, StreamSearch(getProgram(*other), costs).findLeast());
  }
  return least;
}

namespace {

// A program in its order, and what can be streamed of it.
struct Variant {
  OwningOpRef<ModuleOp> ordered;
  int64_t extraInstructions; // for what it computes twice
  std::unique_ptr<StreamSearch> parts;
  int64_t least;
  std::optional<StripUse> strips = std::nullopt;
};

// The front that can be computed in strips: the first call, and those that can be the last one.
struct Front {
  size_t first = 0;
  llvm::SmallVector<size_t> ends;
};

Front findFront(ModuleOp ordered) {
  std::vector<mcu::CallOp> calls = mcu::getCalls(getProgram(ordered));
  auto canSplit = [&](size_t first, size_t last) {
    OwningOpRef<ModuleOp> trial = ordered.clone();
    return splitColumns(getProgram(*trial), first, last, 2).has_value();
  };
  // What stands before the front, such as conversions of the input, is short.
  Front front;
  size_t latestFirst = std::min<size_t>(calls.size(), 8);
  while (front.first < latestFirst && !canSplit(front.first, front.first))
    ++front.first;
  for (size_t last = front.first + 1; front.first < latestFirst && last < std::min(calls.size(), front.first + 32); ++last)
    if (canSplit(front.first, last))
      front.ends.push_back(last);
  return front;
}

// Fronts of an ordered program that end where tensors have become small, in strips of some widths, as far as they need less than `least`.
std::vector<Variant> makeStripVariants(ModuleOp ordered, int64_t least, const std::shared_ptr<StreamCosts> &costs) {
  std::vector<mcu::CallOp> calls = mcu::getCalls(getProgram(ordered));
  Front front = findFront(ordered);
  std::vector<Variant> variants;
  // Ends whose result is smaller than all before.
  size_t first = front.first;
  llvm::SmallVector<size_t> ends;
  int64_t smallest = INT64_MAX;
  for (size_t last = first; last < std::min(calls.size(), first + 32); ++last) {
    int64_t bytes = mcu::byteSize(calls[last].getOuts()[0]);
    if (bytes < smallest && llvm::is_contained(front.ends, last))
      ends.push_back(last);
    smallest = std::min(smallest, bytes);
  }
  if (ends.size() > 3)
    ends.erase(ends.begin(), ends.end() - 3);
  for (int64_t strips : {2, 3, 4, 6, 8})
    for (size_t last : ends) {
      Variant variant{ordered.clone(), 0, nullptr, 0};
      std::optional<int64_t> extra = splitColumns(getProgram(*variant.ordered), first, last, strips);
      if (!extra)
        continue;
      variant.strips = StripUse{nodeName(calls[first].getLoc()), nodeName(calls[last].getLoc()), strips};
      variant.extraInstructions = *extra;
      variant.parts = std::make_unique<StreamSearch>(getProgram(*variant.ordered), costs);
      variant.least = variant.parts->findLeast();
      if (variant.least < least)
        variants.push_back(std::move(variant));
    }
  return variants;
}

class RamFitter {
public:
  RamFitter(ModuleOp module, int64_t budget, bool feedsRows, RamSearch &search)
      : source(module.clone()), budget(budget), feedsRows(feedsRows), search(search) {}

  /// Plans executions of less and less memory until one fits: of the program as it is, then of one that computes some rows twice.
  LogicalResult fit() {
    for (bool repeats : {false, true}) {
      if (failed(addVariant(repeats)))
        return failure();
      if (!fits() && size_t(repeats) < variants.size() && failed(tryVariant(variants.back())))
        return failure();
      if (fits())
        return success();
    }
    return fitStrips();
  }

  /// Points between the plain execution and the ones that need least.
  LogicalResult addFront() {
    if (variants.size() < 2 && failed(addVariant(/*repeats=*/true)))
      return failure();
    int64_t most = search.options[0].arenaBytes;
    for (Variant &variant : variants)
      for (int64_t percent : {75, 50, 25, 0}) {
        RamOption option;
        FailureOr<OwningOpRef<ModuleOp>> planned =
            plan(variant, variant.least + (most - variant.least) / 100 * percent, option);
        if (failed(planned))
          return failure();
        bool isKnown = llvm::any_of(search.options, [&](const RamOption &other) {
          return other.arenaBytes <= option.arenaBytes && other.extraInstructions <= option.extraInstructions;
        });
        if (*planned && !isKnown)
          search.options.push_back(option);
      }
    return strips ? success() : fitStrips();
  }

  bool fits() const { return !search.options.empty() && search.options[search.chosen].arenaBytes <= budget; }

  /// After fit() has found nothing: no execution needs less.
  int64_t proveLeast() const {
    int64_t least = INT64_MAX;
    for (const Variant &variant : variants)
      least = std::min(least, ::proveLeast(*variant.ordered, costs));
    // Any number of strips of any front, in any order.
    Front front = findFront(*variants[0].ordered);
    for (size_t last : front.ends)
      least = std::min(least, variants[0].parts->boundForStrips(front.first, last));
    return least;
  }

  OwningOpRef<ModuleOp> best; // null: the plain execution

private:
  LogicalResult addVariant(bool repeats) {
    Variant variant{source->clone(), 0, nullptr, 0};
    if (repeats) {
      std::optional<int64_t> extra = splitAttention(getProgram(*variant.ordered));
      if (!extra)
        return success();
      variant.extraInstructions = *extra;
    }
    if (failed(runPipeline(*variant.ordered, [](OpPassManager &manager) {
          OpPassManager &program = manager.nest<mcu::ProgramOp>();
          program.addPass(createShareSlices());
          program.addPass(createOrderCalls());
        })))
      return failure();
    variant.parts = std::make_unique<StreamSearch>(getProgram(*variant.ordered), costs);
    variant.least = variant.parts->findLeast();
    variants.push_back(std::move(variant));
    return success();
  }

  FailureOr<OwningOpRef<ModuleOp>> plan(Variant &variant, int64_t aim, RamOption &option) {
    FailureOr<OwningOpRef<ModuleOp>> candidate = planFor(*variant.ordered, *variant.parts, aim, option);
    option.extraInstructions += variant.extraInstructions;
    option.strips = variant.strips;
    return candidate;
  }

  // What strips compute twice costs more than rows: they are for what does not fit otherwise.
  LogicalResult fitStrips() {
    strips = makeStripVariants(*variants[0].ordered, variants[0].least, costs);
    llvm::sort(*strips, [&](const Variant &a, const Variant &b) {
      int64_t missingA = std::max<int64_t>(a.least - budget, 0), missingB = std::max<int64_t>(b.least - budget, 0);
      return std::tie(missingA, a.extraInstructions, a.least) < std::tie(missingB, b.extraInstructions, b.least);
    });
    bool isForFront = fits();
    for (size_t i = 0; i < std::min<size_t>(strips->size(), 2) && (isForFront || !fits()); ++i) {
      RamOption option;
      FailureOr<OwningOpRef<ModuleOp>> candidate = plan((*strips)[i], (*strips)[i].least, option);
      if (failed(candidate))
        return failure();
      if (!*candidate)
        continue;
      search.options.push_back(option);
      if (isForFront || (search.options.size() > 1 && option.arenaBytes >= search.options[search.chosen].arenaBytes))
        continue;
      search.chosen = search.options.size() - 1;
      best = std::move(*candidate);
    }
    return success();
  }

  LogicalResult tryVariant(Variant &variant) {
    int64_t aim = std::max(budget, variant.least);
    // Rows are fed to save RAM: an ample budget is no reason for buffers of many rows.
    if (feedsRows)
      aim = std::min(aim, 2 * variant.least);
    for (int tries = 0; tries < maxTries; ++tries) {
      bool isLast = aim == variant.least;
      RamOption option;
      FailureOr<OwningOpRef<ModuleOp>> candidate = plan(variant, aim, option);
      if (failed(candidate))
        return failure();
      if (!*candidate) {
        // Nothing needs to be streamed by what is live at once, but the plan has needed more: aim lower.
        if (isLast)
          break;
        aim = std::max(aim - leastStep, variant.least);
        continue;
      }
      search.options.push_back(option);
      if (search.options.size() == 1 || option.arenaBytes < search.options[search.chosen].arenaBytes) {
        search.chosen = search.options.size() - 1;
        best = std::move(*candidate);
      }
      if (option.arenaBytes <= budget || isLast)
        break;
      // The plan needs more than what is live at once, so aim lower.
      aim = std::max(aim - std::max<int64_t>(option.arenaBytes - budget, leastStep), variant.least);
    }
    return success();
  }

  OwningOpRef<ModuleOp> source;
  int64_t budget;
  bool feedsRows;
  RamSearch &search;
  std::shared_ptr<StreamCosts> costs = std::make_shared<StreamCosts>(); // of all variants
  std::vector<Variant> variants;
  std::optional<std::vector<Variant>> strips; // once they were looked for
};

} // namespace

FailureOr<RamSearch> thimble::schedule::scheduleWithin(ModuleOp module, std::optional<int64_t> ramBudget, bool feedsRows,
                                                       bool showsFront) {
  RamSearch search;
  planState(getProgram(module));
  if (ramBudget) // is for both
    ramBudget = std::max<int64_t>(*ramBudget - int64_t(getProgram(module).getStateBytes().value_or(0)), 0);
  if (feedsRows && failed(markFed(getProgram(module))))
    return failure();
  RamFitter fitter(module, ramBudget.value_or(INT64_MAX / 2), feedsRows, search);
  if (!feedsRows) {
    if (failed(runPipeline(module, buildSchedulePipeline)))
      return failure();
    search.options.push_back({int64_t(*getProgram(module).getArenaBytes()), 0, {}});
    if (!showsFront && (!ramBudget || search.options[0].arenaBytes <= *ramBudget))
      return search;
  }
  if (failed(fitter.fit()))
    return failure();
  if (feedsRows && !fitter.best)
    return getProgram(module).emitError(
        "--feed-rows: the operations that read the input cannot be computed row by row, which takes "
        "convolutions, poolings or elementwise operations on one image at a time");
  if (showsFront && failed(fitter.addFront()))
    return failure();
  if (ramBudget && !fitter.fits())
    search.provenLeast = fitter.proveLeast();
  if (fitter.best) {
    getProgram(module).erase();
    mcu::ProgramOp program = getProgram(*fitter.best);
    program->remove();
    module.push_back(program);
  }
  return search;
}
