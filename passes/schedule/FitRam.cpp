// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tries executions of a program from the cheapest one on, and plans each.
#include "passes/schedule/FitRam.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/mcu/McuLiveness.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/StreamSearch.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

static constexpr int maxTries = 12;

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

FailureOr<RamSearch> thimble::schedule::scheduleWithin(ModuleOp module, std::optional<int64_t> ramBudget, bool feedsRows) {
  RamSearch search;
  if (feedsRows && failed(markFed(getProgram(module))))
    return failure();
  OwningOpRef<ModuleOp> ordered = module.clone();
  if (!feedsRows) {
    if (failed(runPipeline(module, buildSchedulePipeline)))
      return failure();
    int64_t plainBytes = int64_t(*getProgram(module).getArenaBytes());
    search.options.push_back({plainBytes, 0, {}});
    if (!ramBudget || plainBytes <= *ramBudget)
      return search;
  }

  if (failed(runPipeline(*ordered, [](OpPassManager &manager) { manager.nest<mcu::ProgramOp>().addPass(createOrderCalls()); })))
    return failure();
  StreamSearch parts(getProgram(*ordered));
  int64_t budget = ramBudget.value_or(INT64_MAX / 2), least = parts.findLeast(), aim = std::max(budget, least);
  OwningOpRef<ModuleOp> best;
  for (int tries = 0; tries < maxTries; ++tries) {
    bool isLast = aim == least;
    std::optional<std::vector<StreamChoice>> choices = parts.find(aim);
    if (!choices || choices->empty())
      break;
    OwningOpRef<ModuleOp> candidate = ordered->clone();
    RamOption option{0, 0, applyChoices(getProgram(*candidate), *choices)};
    for (const StreamChoice &choice : *choices)
      option.extraInstructions += choice.cost.instructions;
    if (failed(runPipeline(*candidate, buildSchedulePipeline)))
      return failure();
    option.arenaBytes = int64_t(*getProgram(*candidate).getArenaBytes());
    search.options.push_back(option);
    if (search.options.size() == 1 || option.arenaBytes < search.options[search.chosen].arenaBytes) {
      search.chosen = search.options.size() - 1;
      best = std::move(candidate);
    }
    if (option.arenaBytes <= budget || isLast)
      break;
    // The plan needs more than what is live at once, so aim lower.
    aim = std::max(aim - std::max<int64_t>(option.arenaBytes - budget, 64), least);
  }
  if (feedsRows && !best)
    return getProgram(module).emitError("--feed-rows: the operations that read the input cannot be computed row by row, which takes "
                                        "convolutions, poolings or elementwise operations on one image at a time");
  if (best) {
    getProgram(module).erase();
    mcu::ProgramOp program = getProgram(*best);
    program->remove();
    module.push_back(program);
  }
  return search;
}
