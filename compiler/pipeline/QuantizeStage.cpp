// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calibration, quantization, and the measurement on held-out samples.
#include "compiler/pipeline/QuantizeStage.h"
#include "compiler/calibrate/Calibrate.h"
#include "compiler/calibrate/CorrectBias.h"
#include "compiler/calibrate/Equalize.h"
#include "compiler/calibrate/Fidelity.h"
#include "compiler/import/TensorProtoFile.h"
#include "compiler/verify/ModelRuns.h"
#include "dialects/nn/NNDialect.h"
#include "mlir/Pass/PassManager.h"
#include "passes/quantize/Quantize.h"
#include "passes/quantize/Range.h"
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
    if (!options.calibration.empty() && (failed(loadCalibration(functions.front())) || failed(calibrate(functions.front()))))
      return failure();
    // Biases are corrected, and layers judged, against the function as it is now: equalization has changed its activations.
    OwningOpRef<ModuleOp> equalized = calibration.empty() ? nullptr : module.clone();
    if (failed(quantize(equalized ? *equalized : ModuleOp(), adopts)))
      return failure();
    if (equalized && keepInexactFloat(*equalized)) {
      compilation.module = equalized->clone();
      module = *compilation.module;
      if (failed(quantize(*equalized, adopts)))
        return failure();
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

  // Marks the layers in which int8 loses more than --least-sqnr allows, the first ones of each path: what follows them inherits
  // their error. True if there is one.
  bool keepInexactFloat(ModuleOp equalized) {
    auto reference = *equalized.getOps<func::FuncOp>().begin();
    std::vector<calibrate::Sample> samples = views(calibration);
    auto layers = calibrate::computeLayerErrors(reference, *module.getOps<func::FuncOp>().begin(),
                                                llvm::ArrayRef(samples).take_front(8));
    if (failed(layers))
      return false;
    llvm::StringMap<double> inexact;
    for (const calibrate::LayerError &layer : *layers)
      if (std::isfinite(layer.sqnrDb) && layer.sqnrDb < options.leastSqnrDb)
        inexact[layer.node] = layer.sqnrDb;
    llvm::DenseSet<Value> spoiled;
    bool isAny = false;
    for (Operation &op : reference.getBody().front()) {
      bool inherits = llvm::any_of(op.getOperands(), [&](Value operand) { return spoiled.contains(operand); });
      auto found = inexact.find(nodeName(op.getLoc()));
      if (inherits || found != inexact.end())
        spoiled.insert(op.result_begin(), op.result_end());
      if (inherits || found == inexact.end() || isa<nn::ConstantOp>(op))
        continue;
      std::string reason = llvm::formatv("in int8 its signal-to-noise ratio is {0:F1} dB, below the {1:F1} dB of --least-sqnr",
                                         found->second, options.leastSqnrDb);
      op.setDiscardableAttr(quantize::keepFloatAttrName, StringAttr::get(op.getContext(), reason));
      compilation.floatLayers.push_back("node '" + nodeName(op.getLoc()) + "' runs in float: " + reason);
      isAny = true;
    }
    return isAny;
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
