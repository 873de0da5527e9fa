// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calibration, quantization, and the measurement on held-out samples.
#include "compiler/pipeline/QuantizeStage.h"
#include "compiler/calibrate/Calibrate.h"
#include "compiler/calibrate/CorrectBias.h"
#include "compiler/calibrate/Equalize.h"
#include "compiler/calibrate/Fidelity.h"
#include "compiler/import/TensorProtoFile.h"
#include "compiler/pipeline/Fallback.h"
#include "compiler/pipeline/Int16Choice.h"
#include "compiler/pipeline/LayerMarks.h"
#include "compiler/verify/ModelRuns.h"
#include "dialects/nn/NNDialect.h"
#include "dialects/nn/NNStates.h"
#include "mlir/Pass/PassManager.h"
#include "passes/quantize/Quantize.h"
#include "passes/quantize/Range.h"
#include "passes/quantize/ScaleSharing.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace thimble;

namespace {

class QuantizeStage {
public:
  QuantizeStage(Compilation &compilation, const CompileOptions &options)
      : compilation(compilation), options(options), module(*compilation.module) {}

  LogicalResult run() {
    bool adopts = options.quantization == Quantization::Adopt;
    if (adopts && !isQuantizedModel())
      return success();
    auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
    if (functions.size() != 1)
      return module.emitError("quantization needs a module with one function, got ") << functions.size();
    // IR that is entered here may carry its ranges already.
    if (!adopts && (failed(markInt16(functions.front(), options.int16Layers, options.int16Activations)) ||
                    failed(markFloat(functions.front(), options.floatLayers))))
      return failure();
    if (!options.calibration.empty() && (failed(loadCalibration(functions.front())) || failed(calibrate(functions.front()))))
      return failure();
    // Biases are corrected, and layers judged, against the function as it is now: equalization has changed its activations.
    OwningOpRef<ModuleOp> equalized = calibration.empty() ? nullptr : module.clone();
    if (failed(quantize(equalized ? *equalized : ModuleOp(), adopts)))
      return failure();
    if (equalized) {
      noteMarks(*equalized);
      FailureOr<bool> isChanged = widenLayers(*equalized, adopts);
      if (failed(isChanged))
        return failure();
      if ((*isChanged && failed(quantizeAnew(*equalized, adopts))) || failed(leaveInt8(*equalized, adopts)))
        return failure();
      measureChoices(*equalized);
    }
    return measure();
  }

private:
  // Whether the model came with quantized values.
  bool isQuantizedModel() {
    return module.walk([](Operation *op) {
      return isa<nn::QuantizeOp, nn::DequantizeOp>(op) ? WalkResult::interrupt() : WalkResult::advance();
    }).wasInterrupted();
  }

  LogicalResult quantize(ModuleOp equalized, bool adopts) {
    PassManager manager(module.getContext());
    quantize::QuantizeOptions quantizeOptions;
    quantizeOptions.ioFloat = options.ioFloat;
    quantizeOptions.adopt = adopts;
    quantize::buildQuantizePipeline(manager, quantizeOptions);
    return success(succeeded(manager.run(module)) && (!equalized || succeeded(correctBiases(equalized))));
  }

  LogicalResult quantizeAnew(ModuleOp equalized, bool adopts) {
    compilation.module = equalized.clone();
    module = *compilation.module;
    return quantize(equalized, adopts);
  }

  static func::FuncOp functionOf(ModuleOp module) { return *module.getOps<func::FuncOp>().begin(); }

  // A few samples show how exact layers are; with states, errors add up over many that follow each other.
  std::vector<calibrate::Sample> fewSamples(ModuleOp equalized) {
    std::vector<calibrate::Sample> samples = views(calibration);
    samples.resize(std::min<size_t>(samples.size(), nn::getStates(functionOf(equalized)).empty() ? 8 : 512));
    return samples;
  }

  // The SQNR of the layers of `module` against the equalized function.
  FailureOr<std::vector<calibrate::LayerError>> layerErrors(ModuleOp equalized) {
    return calibrate::computeLayerErrors(functionOf(equalized), functionOf(module), fewSamples(equalized));
  }

  void addChoice(Operation *op, bool isInt16, std::string reason, std::optional<double> beforeDb) {
    LayerChoice choice{nodeName(op->getLoc()), isInt16, std::move(reason), beforeDb, std::nullopt, 0, 0};
    if (isInt16) {
      choice.bytes = extraBytes(op);
      choice.instructions = extraInstructions(op);
    }
    compilation.layerChoices.push_back(std::move(choice));
  }

  // The layers that --activations NODE=TYPE names. All of them are no news.
  void noteMarks(ModuleOp equalized) {
    for (Operation &op : functionOf(equalized).getBody().front())
      for (StringRef mark : {StringRef(quantize::int16AttrName), StringRef(quantize::keepFloatAttrName)})
        if (auto reason = dyn_cast_or_null<StringAttr>(op.getDiscardableAttr(mark)))
          if (bool isInt16 = mark == quantize::int16AttrName; !isInt16 || !options.int16Activations)
            addChoice(&op, isInt16, reason.str(), std::nullopt);
  }

  // A copy of the equalized function with the marks that it has, in int8 but for corrections of biases; null after an error.
  OwningOpRef<ModuleOp> quantizedCopy(ModuleOp equalized) {
    ScopedDiagnosticHandler silence(module.getContext(), [](Diagnostic &diagnostic) {
      return success(diagnostic.getSeverity() != DiagnosticSeverity::Error); // warnings come with the final choice
    });
    OwningOpRef<ModuleOp> copy = equalized.clone();
    PassManager manager(module.getContext());
    quantize::buildQuantizePipeline(manager, {options.ioFloat, false});
    if (failed(manager.run(*copy)))
      return nullptr;
    return copy;
  }

  // What the outputs of the equalized function with `layers` in int16 are like.
  FailureOr<Int16Trial> tryInt16(ModuleOp equalized, ArrayRef<std::string> layers) {
    OwningOpRef<ModuleOp> marked = equalized.clone();
    for (const std::string &layer : layers)
      if (Operation *op = findLayer(functionOf(*marked), layer))
        markInt16(op, "tried");
    OwningOpRef<ModuleOp> trial = quantizedCopy(*marked);
    if (!trial)
      return failure();
    FailureOr<double> sqnr = calibrate::computeOutputSqnr(functionOf(equalized), functionOf(*trial), fewSamples(equalized));
    if (failed(sqnr))
      return failure();
    return Int16Trial{*sqnr, liveBytes(functionOf(*trial))};
  }

  // What only moves elements has the errors of what it moves.
  static bool isWorthTrying(Operation *op) { return op && quantize::getSharingOperands(op).empty(); }

  // --activations auto: marks what is worth its bytes, among the layers that are least exact. True if there is one.
  FailureOr<bool> widenLayers(ModuleOp equalized, bool adopts) {
    if (!options.autoActivations || adopts)
      return false;
    auto errors = layerErrors(equalized);
    if (failed(errors))
      return failure();
    llvm::sort(*errors,
               [](const auto &a, const auto &b) { return a.sqnrDb != b.sqnrDb ? a.sqnrDb < b.sqnrDb : a.node < b.node; });
    constexpr size_t most = 16;
    std::vector<std::string> layers;
    llvm::StringMap<double> before;
    for (const calibrate::LayerError &error : *errors)
      if (std::isfinite(error.sqnrDb) && layers.size() < most && isWorthTrying(findLayer(functionOf(equalized), error.node))) {
        layers.push_back(error.node);
        before[error.node] = error.sqnrDb;
      }
    int64_t done = 0, total = 2 * int64_t(layers.size()) + 1;
    auto measure = [&](ArrayRef<std::string> tried) {
      if (options.progress)
        options.progress("choosing int16 layers", std::min(++done, total), total);
      return tryInt16(equalized, tried);
    };
    FailureOr<std::vector<std::string>> chosen = chooseInt16(functionOf(equalized), layers, options.ramBudget, measure);
    if (failed(chosen))
      return failure();
    if (options.progress && done < total)
      options.progress("choosing int16 layers", total, total);
    for (const std::string &layer : *chosen) {
      Operation *op = findLayer(functionOf(equalized), layer);
      std::string reason = llvm::formatv("in int8 its signal-to-noise ratio is {0:F1} dB, and the outputs gain by more",
                                         before.lookup(layer));
      markInt16(op, reason);
      addChoice(op, true, reason, before.lookup(layer));
    }
    return !chosen->empty();
  }

  // What the layers that left int8 are like now.
  void measureChoices(ModuleOp equalized) {
    if (compilation.layerChoices.empty())
      return;
    auto errors = layerErrors(equalized);
    if (failed(errors))
      return;
    for (LayerChoice &choice : compilation.layerChoices)
      for (const calibrate::LayerError &error : *errors)
        if (error.node == choice.node)
          choice.afterDb = error.sqnrDb;
  }

  // Takes layers in which int8 loses more than --least-sqnr allows out of int8, until none is left that this helps.
  LogicalResult leaveInt8(ModuleOp equalized, bool adopts) {
    constexpr int mostRounds = 64;
    llvm::StringMap<double> before;
    std::vector<std::string> chosen;
    for (int round = 0; round < mostRounds; ++round) {
      auto layers = layerErrors(equalized);
      if (failed(layers))
        return failure();
      for (const calibrate::LayerError &layer : *layers)
        if (std::isfinite(layer.sqnrDb))
          before.try_emplace(layer.node, layer.sqnrDb);
      auto note = [&](Operation *op, bool isInt16, std::string reason) {
        std::string name = nodeName(op->getLoc());
        llvm::erase_if(compilation.layerChoices, [&](const LayerChoice &choice) { return choice.node == name; });
        auto known = before.find(name);
        if (!llvm::is_contained(chosen, name))
          chosen.push_back(name);
        addChoice(op, isInt16, std::move(reason), known == before.end() ? std::nullopt : std::optional(known->second));
      };
      if (!markInexact(functionOf(equalized), *layers, options.leastSqnrDb, options.fallback, note))
        return returnToInt8(equalized, adopts, *layers, chosen);
      if (options.progress)
        options.progress("choosing types of layers", round, mostRounds);
      if (failed(quantizeAnew(equalized, adopts)))
        return failure();
    }
    return success();
  }

  // Each chosen layer in turn, the largest first, is int8 again if no layer falls below --least-sqnr then, and those that are below
  // already lose nothing.
  LogicalResult returnToInt8(ModuleOp equalized, bool adopts, ArrayRef<calibrate::LayerError> layers,
                             ArrayRef<std::string> chosen) {
    constexpr size_t mostTrials = 64;
    constexpr double littleDb = 0.5;
    func::FuncOp function = functionOf(equalized);
    std::vector<calibrate::Sample> samples = fewSamples(equalized);
    llvm::StringMap<double> leastDb;
    for (const calibrate::LayerError &layer : layers)
      leastDb[layer.node] = std::min(options.leastSqnrDb, layer.sqnrDb - littleDb);
    auto isExact = [&](const FailureOr<std::vector<calibrate::LayerError>> &errors) {
      return succeeded(errors) && llvm::all_of(*errors, [&](const calibrate::LayerError &layer) {
        auto least = leastDb.find(layer.node);
        return layer.sqnrDb >= (least == leastDb.end() ? options.leastSqnrDb : least->second);
      });
    };
    auto trialIsExact = [&] {
      OwningOpRef<ModuleOp> trial = quantizedCopy(equalized);
      return trial && isExact(calibrate::computeLayerErrors(function, functionOf(*trial), samples));
    };
    std::vector<std::string> order(chosen.begin(), chosen.end());
    llvm::sort(order, [&](const std::string &a, const std::string &b) {
      int64_t bytesA = layerBytes(function, a), bytesB = layerBytes(function, b);
      return bytesA != bytesB ? bytesA > bytesB : a < b;
    });
    order.resize(std::min(order.size(), mostTrials));
    std::vector<LayerMarks> removed;
    std::vector<LayerChoice> choices = compilation.layerChoices;
    for (auto [done, name] : llvm::enumerate(order)) {
      if (options.progress)
        options.progress("returning layers to int8", int64_t(done) + 1, int64_t(order.size()));
      LayerMarks marks = unmark(function, name);
      if (!trialIsExact()) {
        restore(marks);
        continue;
      }
      llvm::erase_if(compilation.layerChoices, [&, &name = name](const LayerChoice &choice) { return choice.node == name; });
      removed.push_back(std::move(marks));
    }
    if (removed.empty())
      return success();
    if (failed(quantizeAnew(equalized, adopts)))
      return failure();
    // Corrected biases, which the trials did without, make a difference.
    if (isExact(layerErrors(equalized)))
      return success();
    llvm::for_each(removed, restore);
    compilation.layerChoices = std::move(choices);
    return quantizeAnew(equalized, adopts);
  }

  LogicalResult fail(llvm::Error error) { return module.emitError(llvm::toString(std::move(error))); }

  LogicalResult describe(func::FuncOp function) {
    llvm::Expected<ModelPorts> ports = describePorts(function);
    if (!ports)
      return fail(ports.takeError());
    inputs = std::move(ports->inputs);
    return success();
  }

  static std::vector<calibrate::Sample> views(const Samples &samples) {
    std::vector<calibrate::Sample> result;
    for (const auto &sample : samples)
      result.emplace_back(sample.begin(), sample.end());
    return result;
  }

  // The first samples calibrate; the others of the same files are held out.
  LogicalResult loadCalibration(func::FuncOp function) {
    if (failed(describe(function)))
      return failure();
    llvm::Expected<SampleArrays> arrays = readSampleArrays(options.calibration, inputs, readTensorProto);
    if (!arrays)
      return fail(arrays.takeError());
    llvm::Expected<Samples> samples = convertSamples(*arrays, inputs);
    if (!samples)
      return fail(samples.takeError());
    size_t count = std::min<size_t>(samples->size(), size_t(options.calibrationSamples));
    if (count == 0)
      return module.emitError("the calibration data has no samples");
    heldOut.assign(std::make_move_iterator(samples->begin() + long(count)), std::make_move_iterator(samples->end()));
    samples->resize(count);
    calibration = std::move(*samples);
    if (options.evaluation.empty())
      return loadLabels(arrays->labels, count);
    return success();
  }

  calibrate::Progress progress(llvm::StringRef what) {
    if (!options.progress)
      return nullptr;
    return [this, what](size_t done, size_t total) { options.progress(what, int64_t(done), int64_t(total)); };
  }

  LogicalResult calibrate(func::FuncOp function) {
    if (failed(calibrate::equalize(function, views(calibration), progress("equalizing"))))
      return failure();
    calibrate::CalibrationOptions calibrationOptions;
    calibrationOptions.method = options.rangeMethod;
    calibrationOptions.percentile = options.percentile;
    calibrationOptions.progress = progress("calibrating");
    calibrationOptions.refineProgress = progress("choosing ranges");
    return calibrate::calibrate(function, views(calibration), calibrationOptions);
  }

  LogicalResult correctBiases(ModuleOp equalized) {
    calibrate::BiasCorrectionOptions correction;
    correction.progress = progress("correcting biases");
    return calibrate::correctBiases(*equalized.getOps<func::FuncOp>().begin(), *module.getOps<func::FuncOp>().begin(),
                                    views(calibration), correction);
  }

  // Labels count from the first sample of the file; `skipped` of them belong to the calibration.
  LogicalResult loadLabels(const std::optional<Tensor> &inFile, size_t skipped) {
    if (!options.labels.empty()) {
      llvm::Expected<std::vector<int64_t>> read = readLabels(options.labels);
      if (!read)
        return fail(read.takeError());
      labels = std::move(*read);
    } else if (inFile) {
      llvm::Expected<std::vector<int64_t>> read = convertLabels(*inFile, "data");
      if (!read)
        return fail(read.takeError());
      labels = std::move(*read);
    }
    if (labels.empty())
      return success();
    if (labels.size() != heldOut.size() + skipped)
      return module.emitError("there are ") << labels.size() << " labels for " << heldOut.size() + skipped << " samples";
    labels.erase(labels.begin(), labels.begin() + long(skipped));
    return success();
  }

  LogicalResult loadEvaluation() {
    if (options.evaluation.empty())
      return success();
    llvm::Expected<SampleArrays> arrays = readSampleArrays(options.evaluation, inputs, readTensorProto);
    if (!arrays)
      return fail(arrays.takeError());
    llvm::Expected<Samples> samples = convertSamples(*arrays, inputs);
    if (!samples)
      return fail(samples.takeError());
    heldOut = std::move(*samples);
    return loadLabels(arrays->labels, 0);
  }

  LogicalResult measure() {
    if (!compilation.reference)
      return success();
    auto reference = *compilation.reference->getOps<func::FuncOp>().begin();
    auto quantized = *module.getOps<func::FuncOp>().begin();
    if ((inputs.empty() && failed(describe(reference))) || failed(loadEvaluation()))
      return failure();
    if (heldOut.empty())
      return success();
    HeldOutResult result;
    result.samples = int64_t(heldOut.size());
    std::vector<calibrate::Sample> samples = views(heldOut);
    FailureOr<double> sqnr = calibrate::computeOutputSqnr(reference, quantized, samples);
    // Layers need no more than a few samples to show where error arises.
    llvm::ArrayRef<calibrate::Sample> few = llvm::ArrayRef(samples).take_front(64);
    auto layers = calibrate::computeLayerErrors(reference, quantized, few);
    if (failed(sqnr) || failed(layers))
      return failure();
    result.outputSqnrDb = *sqnr;
    for (const calibrate::LayerError &layer : *layers)
      result.layers.push_back({layer.node, layer.op, layer.sqnrDb});
    if (!labels.empty()) {
      FailureOr<double> before = calibrate::computeAccuracy(reference, samples, labels);
      FailureOr<double> after = calibrate::computeAccuracy(quantized, samples, labels);
      if (failed(before) || failed(after))
        return failure();
      result.hasLabels = true;
      result.floatAccuracy = *before;
      result.compiledAccuracy = *after;
    }
    compilation.heldOut = std::move(result);
    return success();
  }

  Compilation &compilation;
  const CompileOptions &options;
  ModuleOp module;
  std::vector<SampleInput> inputs;
  Samples calibration, heldOut;
  std::vector<int64_t> labels;
};

} // namespace

LogicalResult thimble::quantizeStage(Compilation &compilation, const CompileOptions &options) {
  return QuantizeStage(compilation, options).run();
}
