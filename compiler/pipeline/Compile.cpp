// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs the stages of a compilation.
#include "compiler/pipeline/Compile.h"
#include "compiler/import/OnnxImport.h"
#include "compiler/pipeline/IrFile.h"
#include "compiler/pipeline/QuantizeStage.h"
#include "compiler/pipeline/States.h"
#include "dialects/nn/NNDialect.h"
#include "mlir/Pass/PassManager.h"
#include "passes/legalize/Legalize.h"
#include "passes/lower/Lower.h"
#include "passes/schedule/FusedAddition.h"
#include "passes/schedule/Schedule.h"
#include "passes/simplify/Simplify.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace thimble;

mcu::ProgramOp Compilation::getProgram() const {
  auto programs = module.get().getOps<mcu::ProgramOp>();
  return programs.empty() ? nullptr : *programs.begin();
}

// Fetching fewer bytes at once is not worth its calls.
static constexpr int64_t leastBlockBytes = 256;

namespace {

class Compiler {
public:
  Compiler(MLIRContext *context, const CompileOptions &options) : context(context), options(options) {}

  std::unique_ptr<Compilation> run() {
    result = std::make_unique<Compilation>();
    if (options.startFrom != Stage::Import) {
      result->module = readIr(context, options.model);
      if (!result->module || failed(markStates(*result->module, options.states, options.sequenceLength, options.stateStarts)))
        return nullptr;
    }
    for (const StageInfo &info : getStages()) {
      if (info.stage < options.startFrom || info.stage == Stage::Emit)
        continue;
      if (info.stage > options.stopAfter)
        break;
      if (failed(runStage(info.stage)) || failed(dump(info)))
        return nullptr;
    }
    return std::move(result);
  }

private:
  LogicalResult runStage(Stage stage) {
    switch (stage) {
    case Stage::Import: {
      result->module = importOnnxFile(context, options.model, options.import);
      return success(result->module && succeeded(markStates(*result->module, options.states, options.sequenceLength,
                                                            options.stateStarts)));
    }
    case Stage::Legalize:
      return runPasses([](OpPassManager &manager) { legalize::buildLegalizePipeline(manager); });
    case Stage::Simplify:
      if (failed(runPasses([&](OpPassManager &manager) {
            simplify::SimplifyOptions simplifyOptions;
            simplifyOptions.nhwcIo = options.nhwcIo;
            simplify::buildSimplifyPipeline(manager, simplifyOptions);
          })))
        return failure();
      result->reference = result->module->clone();
      return success();
    case Stage::Quantize:
      return options.quantization == Quantization::None ? success() : quantizeStage(*result, options);
    case Stage::Lower:
      if (options.ramBudget && !options.feedsRows)
        beforeLower = result->module->clone();
      return lower(!options.feedsRows);
    case Stage::Schedule: {
      // A plan overwrites pixels row by row, and planes hardly: where they do not fit, they are transposed first.
      if (failed(scheduleWithin()))
        return failure();
      int64_t planesBytes = int64_t(*result->getProgram().getArenaBytes());
      if (!beforeLower || planesBytes <= ramLeft())
        return success();
      bool hasPlanes = false;
      result->module->walk([&](Operation *op) {
        auto call = dyn_cast<mcu::CallOp>(op);
        auto step = dyn_cast<mcu::StepOp>(op);
        hasPlanes |= (call && call.getKernel() == planarKernel) || (step && step.getKernel() == planarKernel);
      });
      if (!hasPlanes)
        return success();
      OwningOpRef<ModuleOp> planes = std::move(result->module);
      schedule::RamSearch search = std::move(result->ramSearch);
      std::vector<schedule::SpilledBuffer> spilled = std::move(result->spilled);
      result->spilled.clear();
      result->module = std::move(beforeLower);
      if (failed(lower(false)) || failed(scheduleWithin()))
        return failure();
      if (int64_t(*result->getProgram().getArenaBytes()) > planesBytes) {
        result->module = std::move(planes);
        result->ramSearch = std::move(search);
        result->spilled = std::move(spilled);
      }
      return success();
    }
    case Stage::Emit:
      break;
    }
    return success();
  }

  static constexpr llvm::StringLiteral planarKernel = "tmb_conv2d_planes_s8";

  LogicalResult lower(bool readsPlanes) {
    return runPasses([&](OpPassManager &manager) {
      lower::LowerOptions lowerOptions{options.name, options.fusesAttention, options.frames};
      lowerOptions.readsPlanes = readsPlanes;
      lower::buildLowerPipeline(manager, lowerOptions);
    });
  }

  // What constants in RAM leave of the budget.
  int64_t ramLeft() {
    int64_t budget = int64_t(std::min<uint64_t>(*options.ramBudget, INT64_MAX));
    return std::max<int64_t>(budget - schedule::getConstantBytes(result->getProgram(), mcu::Place::Ram), 0);
  }

  LogicalResult scheduleWithin() {
    mcu::ProgramOp program = result->getProgram();
    if (!program)
      return result->module->emitError("scheduling needs a module with an mcu.program");
    program.setAlignment(uint64_t(options.alignment));
    if (!options.fusesAdditions)
      program->setAttr(schedule::separateAdditionsName, UnitAttr::get(context));
    std::optional<int64_t> budget;
    schedule::recordReads(program);
    if (failed(schedule::placeConstants(program, options.weightsIn)))
      return failure();
    if (options.ramBudget)
      budget = ramLeft();
    return schedule(budget);
  }

  // Weights that are fetched come a layer at a time, or by smaller and smaller blocks until all fits. What fits in no way spills.
  LogicalResult schedule(std::optional<int64_t> budget) {
    int64_t most = schedule::getLargestCopy(result->getProgram());
    bool fetches = most > 0;
    OwningOpRef<ModuleOp> before = result->module->clone();
    if (failed(scheduleOnce(most, budget)))
      return failure();
    auto fits = [&] { return !budget || int64_t(*result->getProgram().getArenaBytes()) <= *budget; };
    while (!fits() && fetches && most > leastBlockBytes) {
      most /= 2;
      result->module = before->clone();
      if (failed(scheduleOnce(most, budget)))
        return failure();
    }
    if (fits() || !options.externalRamBudget)
      return success();
    // The rows of a streamed part must lie inside; whole tensors need not. Of the streamed program and the plain one, spilled, the one
    // is taken that costs less.
    schedule::RamSearch search = result->ramSearch;
    if (failed(spill(*budget)))
      return failure();
    OwningOpRef<ModuleOp> streamed = std::move(result->module);
    std::vector<schedule::SpilledBuffer> spilled = std::move(result->spilled);
    schedule::RamSearch streamedSearch = result->ramSearch;
    result->module = before->clone();
    if (failed(scheduleOnce(most, std::nullopt)) || failed(spill(*budget)))
      return failure();
    auto costOf = [](const schedule::RamSearch &from) { return from.options[from.chosen].extraInstructions; };
    bool isStreamed = result->spilled.empty() || (!spilled.empty() && costOf(streamedSearch) <= costOf(result->ramSearch));
    if (isStreamed) {
      result->module = std::move(streamed);
      result->spilled = std::move(spilled);
      result->ramSearch = std::move(streamedSearch);
    } else {
      // What was tried before is worth showing, too.
      for (schedule::RamOption &option : search.options)
        if (!option.parts.empty() || option.strips)
          result->ramSearch.options.push_back(std::move(option));
    }
    return success();
  }

  LogicalResult scheduleOnce(int64_t mostBytes, std::optional<int64_t> budget) {
    schedule::copyWeights(result->getProgram(), mostBytes);
    FailureOr<schedule::RamSearch> search =
        schedule::scheduleWithin(*result->module, budget, options.feedsRows, options.showsFront);
    if (failed(search))
      return failure();
    result->ramSearch = std::move(*search);
    return success();
  }

  LogicalResult spill(int64_t budget) {
    schedule::ExternalRam external{int64_t(std::min<uint64_t>(*options.externalRamBudget, INT64_MAX)),
                                   options.externalRamSlowdown};
    FailureOr<std::vector<schedule::SpilledBuffer>> spilled = schedule::spillBuffers(*result->module, budget, external);
    if (failed(spilled))
      return failure();
    result->spilled = std::move(*spilled);
    if (result->spilled.empty())
      return success();
    schedule::RamSearch &search = result->ramSearch;
    schedule::RamOption option = search.options[search.chosen];
    option.arenaBytes = int64_t(*result->getProgram().getArenaBytes());
    option.externalBytes = mcu::getExternalArenaBytes(result->getProgram());
    for (const schedule::SpilledBuffer &buffer : result->spilled)
      option.extraInstructions += buffer.cost;
    search.options.push_back(std::move(option));
    search.chosen = search.options.size() - 1;
    return success();
  }

  LogicalResult runPasses(llvm::function_ref<void(OpPassManager &)> build) {
    PassManager manager(context);
    build(manager);
    return manager.run(*result->module);
  }

  LogicalResult dump(const StageInfo &info) {
    if (options.dumpDirectory.empty())
      return success();
    std::string name = llvm::formatv("{0}-{1}.mlir", size_t(info.stage) + 1, info.name);
    llvm::SmallString<256> path(options.dumpDirectory);
    llvm::sys::path::append(path, name);
    if (std::error_code error = llvm::sys::fs::create_directories(options.dumpDirectory))
      return emitError(UnknownLoc::get(context))
             << "cannot make the folder '" << options.dumpDirectory << "': " << error.message();
    return writeIr(*result->module, path);
  }

  MLIRContext *context;
  const CompileOptions &options;
  std::unique_ptr<Compilation> result;
  OwningOpRef<ModuleOp> beforeLower; // to lower it in another way
};

} // namespace

std::unique_ptr<Compilation> thimble::compile(MLIRContext *context, const CompileOptions &options) {
  return Compiler(context, options).run();
}
