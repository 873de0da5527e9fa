// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The steps of a verification, in order.
#include "compiler/verify/Verify.h"
#include "codegen/c/Model.h"
#include "codegen/kernels/KernelTable.h"
#include "compiler/verify/Compare.h"
#include "compiler/verify/FrameWindows.h"
#include "compiler/verify/Harness.h"
#include "compiler/verify/Process.h"
#include "compiler/verify/VerificationModule.h"
#include "dialects/mcu/McuLiveness.h"

using namespace mlir;
using namespace thimble;

namespace {
class Verification {
public:
  Verification(llvm::StringRef folder, const VerifyOptions &options, TensorProtoReader readProto)
      : folder(folder), options(options), readProto(readProto) {}

  llvm::Expected<VerifyResult> run();

private:
  llvm::Error open();
  llvm::Error checkPorts() const;
  llvm::Error loadData();
  llvm::Error loadExpected();
  llvm::Error loadLabels(const SampleArrays &arrays);
  /// Inputs and outputs as the model over a window has them, which are those of a run unless the program runs frame by frame.
  const ModelPorts &getWindowPorts() const { return frames ? frames->getWindowPorts() : ports; }
  SampleOutputs joined(const SampleOutputs &runs) const { return frames ? frames->join(runs) : runs; }
  int64_t getSequenceLength() const { return frames ? frames->getRuns() : options.sequenceLength; }
  llvm::Error runModels();
  llvm::Error runHost(llvm::StringRef directory);
  llvm::Error runTarget(llvm::StringRef directory);
  llvm::Expected<HarnessRun> runProgram(llvm::StringRef program, const Emulator *emulator, llvm::StringRef directory) const;
  void compare();
  void measureAccuracy();
  void report(llvm::StringRef what, int64_t done = 0, int64_t total = 0) const {
    if (options.progress)
      options.progress(what, done, total);
  }

  llvm::StringRef folder;
  const VerifyOptions &options;
  TensorProtoReader readProto;

  MLIRContext context{MLIRContext::Threading::DISABLED};
  VerificationModule models;
  EmittedModel emitted;
  ModelPorts floatPorts, ports;
  std::optional<FrameWindows> frames;
  Samples floatSamples, samples; // windows, and runs
  std::vector<SampleInput> expectedPorts;
  std::optional<SampleOutputs> expected;
  std::optional<std::vector<int64_t>> labels;
  SampleOutputs floatOutputs, outputs; // computed by the compiler
  HarnessRun host, target;
  VerifyResult result;
};
} // namespace

llvm::Error Verification::open() {
  llvm::Expected<std::string> name = readModelName(folder);
  if (!name)
    return name.takeError();
  llvm::Expected<Target> described = readVerificationTarget(folder);
  if (!described)
    return described.takeError();
  llvm::Expected<VerificationModule> read = readVerificationModule(folder, *name, context);
  if (!read)
    return read.takeError();
  models = std::move(*read);
  emitted = {folder.str(),
             *name,
             std::move(*described),
             options.runtimeDirectory,
             options.stackBytes,
             options.memory,
             {},
             models.program.getArenaBytes().value_or(0)};
  emitted.checksPlan = options.checksPlan;
  if (options.checksPlan) // a sum for each part of a buffer
    emitted.stackBytes += 512 + 4 * mcu::BufferParts(models.program).all().size();
  emitted.hasState = models.program.getStateBytes().has_value();
  emitted.kernels = kernels::sourcesOf(mcu::getKernelNames(models.program));
  bool hasEmulator = emitted.target.emulator.has_value();
  if (options.on == VerifyOn::Emulator && !hasEmulator)
    return verifyError(ExitCode::BadInput, "target '" + emitted.target.name + "' has no emulator: use --on host");
  bool usesExternal = llvm::any_of(models.program.getOps<mcu::ConstantOp>(),
                                   [](mcu::ConstantOp constant) { return mcu::getPlace(constant) >= mcu::Place::External; });
  usesExternal |= mcu::getExternalArenaBytes(models.program) > 0;
  if (usesExternal && hasEmulator && options.on != VerifyOn::Host && !emitted.target.emulator->external)
    return verifyError(ExitCode::BadInput, "the machine that emulates '" + emitted.target.name +
                                               "' has no memory outside of the chip: use --on host");
  result.model = *name;
  result.target = emitted.target.name;
  result.ranOnEmulator = hasEmulator && options.on != VerifyOn::Host;
  // Before anything takes time.
  if (llvm::Error error = requireProgram("cc"))
    return error;
  if (!result.ranOnEmulator)
    return llvm::Error::success();
  if (llvm::Error error = requireProgram(emitted.target.compiler))
    return error;
  return requireProgram(emitted.target.emulator->qemu);
}

// The contract of VerificationModule.h.
llvm::Error Verification::checkPorts() const {
  const ModelPorts &compiled = getWindowPorts();
  bool isSame = floatPorts.inputs.size() == compiled.inputs.size() && floatPorts.outputs.size() == compiled.outputs.size();
  if (isSame)
    for (auto [a, b] : llvm::zip(floatPorts.inputs, compiled.inputs))
      isSame &= a.shape == b.shape;
  if (isSame)
    for (auto [a, b] : llvm::zip(floatPorts.outputs, compiled.outputs))
      isSame &= checkedElementCount(a.shape) == checkedElementCount(b.shape);
  if (isSame)
    return llvm::Error::success();
  return verifyError(ExitCode::Internal, "the float model and the compiled model differ in their inputs or outputs");
}

llvm::Error Verification::loadData() {
  llvm::Expected<ModelPorts> described = describePorts(models.reference);
  if (!described)
    return described.takeError();
  floatPorts = std::move(*described);
  described = describePorts(models.program);
  if (!described)
    return described.takeError();
  ports = std::move(*described);
  frames = FrameWindows::find(models.program, ports);
  if (llvm::Error error = checkPorts())
    return error;
  // The float model takes int8 data as the numbers that they stand for.
  for (auto [a, b] : llvm::zip(floatPorts.inputs, ports.inputs)) {
    a.name = b.name;
    a.scale = b.scale;
    a.zeroPoint = b.zeroPoint;
  }
  if (ports.inputs.empty()) {
    floatSamples = samples = Samples(1); // always the same
    return llvm::Error::success();
  }
  const std::vector<SampleInput> &inputs = getWindowPorts().inputs;
  llvm::Expected<SampleArrays> arrays = readSampleArrays(options.inputs, inputs, readProto);
  if (!arrays)
    return arrays.takeError();
  llvm::Expected<Samples> converted = convertSamples(*arrays, floatPorts.inputs, options.samples);
  if (!converted)
    return converted.takeError();
  floatSamples = std::move(*converted);
  converted = convertSamples(*arrays, inputs, options.samples);
  if (!converted)
    return converted.takeError();
  samples = frames ? frames->split(*converted) : std::move(*converted);
  return loadLabels(*arrays);
}

static llvm::Error differentCounts(llvm::StringRef what, uint64_t count, uint64_t samples) {
  return verifyError(ExitCode::BadInput, "there are " + llvm::Twine(count) + " " + what + " for " + llvm::Twine(samples) +
                                             " samples: they must belong to each other");
}

llvm::Error Verification::loadLabels(const SampleArrays &arrays) {
  if (options.labels.empty() && !arrays.labels)
    return llvm::Error::success();
  llvm::Expected<std::vector<int64_t>> read =
      options.labels.empty() ? convertLabels(*arrays.labels, options.inputs.front()) : readLabels(options.labels);
  if (!read)
    return read.takeError();
  if (int64_t(read->size()) != arrays.count)
    return differentCounts("labels", read->size(), uint64_t(arrays.count));
  if (!getClasses(getWindowPorts().outputs, {}) || !getClasses(floatPorts.outputs, {})) {
    std::string problem = "the first output is no list of scores, so labels cannot be compared with it";
    if (!options.labels.empty())
      return verifyError(ExitCode::BadInput, problem + ": leave --labels away");
    result.notes.push_back(problem);
    return llvm::Error::success();
  }
  read->resize(floatSamples.size());
  labels = std::move(*read);
  return llvm::Error::success();
}

// Expected outputs are numbers, or int8 as the compiled model gives them.
llvm::Error Verification::loadExpected() {
  if (options.expected.empty())
    return llvm::Error::success();
  expectedPorts = getWindowPorts().outputs;
  for (SampleInput &port : expectedPorts)
    port.type = ElementType::F32;
  llvm::Expected<SampleArrays> arrays = readSampleArrays(options.expected, expectedPorts, readProto, "output");
  if (!arrays)
    return arrays.takeError();
  if (arrays->count < int64_t(floatSamples.size()))
    return differentCounts("expected outputs", uint64_t(arrays->count), floatSamples.size());
  llvm::Expected<Samples> converted = convertSamples(*arrays, expectedPorts, int64_t(floatSamples.size()));
  if (!converted)
    return converted.takeError();
  for (SampleInput &port : expectedPorts)
    port.scale = 0; // they are real numbers now
  expected.emplace();
  for (const std::vector<std::vector<char>> &sample : *converted) {
    std::vector<char> &bytes = expected->emplace_back();
    for (const std::vector<char> &output : sample)
      bytes.insert(bytes.end(), output.begin(), output.end());
  }
  return llvm::Error::success();
}

llvm::Error Verification::runModels() {
  auto progressOf = [&](llvm::StringRef what) {
    return [this, what](int64_t done, int64_t total) { report(what, done, total); };
  };
  llvm::Expected<SampleOutputs> computed =
      runModel(models.reference, floatPorts, floatSamples, progressOf("running the float model"), options.sequenceLength);
  if (!computed)
    return computed.takeError();
  floatOutputs = std::move(*computed);
  computed = runModel(models.program, ports, samples, progressOf("running the compiled model in the compiler"),
                      getSequenceLength());
  if (!computed)
    return computed.takeError();
  outputs = std::move(*computed);
  return llvm::Error::success();
}

llvm::Expected<HarnessRun> Verification::runProgram(llvm::StringRef program, const Emulator *emulator,
                                                    llvm::StringRef directory) const {
  HarnessOptions harness;
  harness.emulator = emulator;
  harness.program = program.str();
  harness.outputBytes = outputs.front().size();
  harness.seconds = options.seconds;
  harness.hasState = emitted.hasState;
  harness.sequenceLength = getSequenceLength();
  return runHarness(harness, samples, directory);
}

llvm::Error Verification::runHost(llvm::StringRef directory) {
  report("building for this computer");
  llvm::Expected<std::string> program = buildForHost(emitted, directory);
  if (!program)
    return program.takeError();
  report("running on this computer");
  llvm::Expected<HarnessRun> ran = runProgram(*program, nullptr, directory);
  if (!ran)
    return ran.takeError();
  host = std::move(*ran);
  result.problem = host.problem;
  return llvm::Error::success();
}

llvm::Error Verification::runTarget(llvm::StringRef directory) {
  report("building for " + emitted.target.name);
  llvm::Expected<TargetImage> image = buildForTarget(emitted, directory);
  if (!image)
    return image.takeError();
  llvm::Expected<codegen::Model> model = codegen::buildModel(models.program, emitted.name);
  if (!model)
    return model.takeError();
  llvm::StringSet<> tables;
  for (const codegen::ModelConstant &constant : model->constants)
    if (constant.isTable)
      tables.insert(constant.symbol);
  llvm::Expected<Footprint> footprint = measureFootprint(emitted, directory, tables);
  if (!footprint)
    return footprint.takeError();
  report("running on " + emitted.target.name + ", emulated");
  llvm::Expected<HarnessRun> ran = runProgram(image->path, &*emitted.target.emulator, directory);
  if (!ran)
    return ran.takeError();
  target = std::move(*ran);
  if (result.problem.empty())
    result.problem = target.problem;
  if (!target.problem.empty())
    return llvm::Error::success();
  result.measurement =
      TargetMeasurement{target.instructions,        target.least, target.most, target.stackBytes, uint64_t(model->arenaBytes),
                        image->map.getBytes(LinkerMap::externalRamSection),
                        uint64_t(model->stateBytes), image->map.getFlashBytes(), *footprint};
  return llvm::Error::success();
}

void Verification::compare() {
  result.samples = int64_t(floatSamples.size());
  result.runs = int64_t(samples.size());
  result.outputsTested = int64_t(samples.size() * ports.outputs.size());
  for (const SampleInput &output : ports.outputs)
    result.hasFloatOutputs |= output.type == ElementType::F32 && output.scale == 0;
  if (!host.outputs.empty()) {
    Difference difference = compareRuns(ports.outputs, outputs, host.outputs);
    result.compared = difference.compared;
    result.hostMismatches = difference.mismatches;
    if (difference.mismatches > 0)
      result.firstMismatch = "on this computer, " + difference.first;
  }
  if (!target.outputs.empty()) {
    Difference difference = compareRuns(ports.outputs, outputs, target.outputs);
    result.compared = difference.compared;
    result.targetMismatches = difference.mismatches;
    if (difference.mismatches > 0 && result.firstMismatch.empty())
      result.firstMismatch = "on the target, " + difference.first;
  }
  if (!host.outputs.empty() && !target.outputs.empty())
    result.hostEqualsTarget = compareRuns(ports.outputs, host.outputs, target.outputs).mismatches == 0;

  // From here on the C on the most interesting machine is the compiled model.
  SampleOutputs ran = joined(target.outputs.empty() ? host.outputs : target.outputs);
  if (ran.empty())
    return;
  const std::vector<SampleInput> &outputPorts = getWindowPorts().outputs;
  result.isReferenceExpected = expected.has_value();
  result.maxAllowedError = options.maxError;
  ReferenceError error = expected ? compareToReference(outputPorts, ran, expectedPorts, *expected)
                                  : compareToReference(outputPorts, ran, floatPorts.outputs, floatOutputs);
  result.maxAbsError = error.maxAbsolute;
  if (expected)
    result.floatModelError = compareToReference(floatPorts.outputs, floatOutputs, expectedPorts, *expected).maxAbsolute;
  bool isFloatProgram = llvm::none_of(models.program.getOps<mcu::BufferOp>(), [](mcu::BufferOp buffer) {
    return cast<MemRefType>(buffer.getMemory().getType()).getElementType().isInteger(8);
  });
  if (isFloatProgram && !error.isWithinTolerance)
    result.notes.push_back(
        "the outputs of this float program are not those of the reference: its weights were compressed, or the "
        "reference belongs to another model");
}

void Verification::measureAccuracy() {
  SampleOutputs ran = joined(target.outputs.empty() ? host.outputs : target.outputs);
  std::optional<std::vector<int64_t>> compiled = getClasses(getWindowPorts().outputs, ran);
  std::optional<std::vector<int64_t>> floating = getClasses(floatPorts.outputs, floatOutputs);
  if (ran.empty() || !compiled || !floating)
    return;
  result.agreement = countEqual(*compiled, *floating);
  if (labels)
    result.accuracy = {int64_t(floatSamples.size()), countEqual(*floating, *labels), countEqual(*compiled, *labels)};
}

llvm::Expected<VerifyResult> Verification::run() {
  llvm::Error error = open();
  if (!error)
    error = loadData();
  if (!error)
    error = loadExpected();
  if (!error)
    error = runModels();
  if (error)
    return std::move(error);
  llvm::Expected<TemporaryFolder> temporary = TemporaryFolder::create();
  if (!temporary)
    return temporary.takeError();
  error = runHost((temporary->getPath() + "/host").str());
  if (!error && result.ranOnEmulator && result.problem.empty())
    error = runTarget((temporary->getPath() + "/target").str());
  if (error)
    return std::move(error);
  compare();
  measureAccuracy();
  return std::move(result);
}

bool VerifyResult::hasPassed() const {
  bool isTooFar = maxAllowedError && (!maxAbsError || !(*maxAbsError <= *maxAllowedError)); // NaN is too far
  return problem.empty() && compared > 0 && hostMismatches == 0 && targetMismatches == 0 && hostEqualsTarget.value_or(true) &&
         !isTooFar;
}

llvm::Expected<VerifyResult> thimble::verifyFolder(llvm::StringRef folder, const VerifyOptions &options,
                                                   TensorProtoReader readProto) {
  return Verification(folder, options, readProto).run();
}
