// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the commands share: finding the runtime, printing errors, showing progress, turning options into pipeline options.
#include "codegen/c/Names.h"
#include "llvm/ADT/StringSwitch.h"
#include "compiler/data/TensorFile.h"
#include "compiler/import/TensorProtoFile.h"
#include "compiler/pipeline/Registration.h"
#include "tools/thimble/Commands.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace mlir;
using namespace thimble;
using namespace thimble::driver;

std::string thimble::driver::findHome() {
  std::string executable = llvm::sys::fs::getMainExecutable(nullptr, reinterpret_cast<void *>(&findHome));
  llvm::StringRef folder = llvm::sys::path::parent_path(executable);
  std::vector<std::string> candidates;
  if (auto home = llvm::sys::Process::GetEnv("THIMBLE_HOME"))
    candidates.push_back(*home);
  candidates.push_back((folder + "/../share/thimble").str());
  candidates.push_back((folder + "/../..").str());
  for (const std::string &candidate : candidates) {
    llvm::SmallString<256> real;
    if (llvm::sys::fs::exists(candidate + "/runtime-mcu/include/thimble/tmb_abi.h") &&
        !llvm::sys::fs::real_path(candidate, real))
      return real.str().str();
  }
  printError("cannot find the runtime that belongs to this program; set THIMBLE_HOME to the folder that has runtime-mcu/");
  return "";
}

std::unique_ptr<MLIRContext> thimble::driver::makeContext() {
  DialectRegistry registry;
  registerDialects(registry);
  auto context = std::make_unique<MLIRContext>(registry);
  context->loadAllAvailableDialects();
  context->printOpOnDiagnostic(false); // users know their nodes, not our operations
  context->disableMultithreading();    // models are one function; one thread keeps names of new constants in order
  return context;
}

void thimble::driver::printError(const llvm::Twine &message) { llvm::errs() << "error: " << message << "\n"; }

void thimble::driver::printErrors(const DiagnosticCollector &diagnostics) {
  for (const Message &message : diagnostics.getErrors())
    printError(format(message));
}

ExitCode thimble::driver::badInput(llvm::Error error) {
  printError(llvm::toString(std::move(error)));
  return ExitCode::BadInput;
}

static int64_t milliseconds() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

Progress::Progress(bool enabled) : enabled(enabled), start(milliseconds()) {}

Progress::~Progress() {
  if (isShown)
    llvm::errs() << (llvm::sys::Process::StandardErrIsDisplayed() ? "\r\033[K" : "");
}

void Progress::update(llvm::StringRef what, int64_t done, int64_t total) {
  int64_t now = milliseconds();
  bool isTerminal = llvm::sys::Process::StandardErrIsDisplayed();
  // A log gets a line every ten seconds, a terminal ten updates a second.
  if (!enabled || now - start < 1000 || now - last < (isTerminal ? 100 : 10000))
    return;
  last = now;
  isShown = true;
  std::string count = total > 0 ? " " + std::to_string(done) + "/" + std::to_string(total) : "";
  llvm::errs() << (isTerminal ? "\r\033[K" : "") << what << count << (isTerminal ? "" : "\n");
}

void ModelOptions::addInput(CLI::App &command) {
  command.add_option("model", model, "ONNX model (.onnx, .onnxtext), or IR with --start-from")->required()->type_name("MODEL");
  command
      .add_option("--input-shape", inputShapes,
                  "Fix the shape of an input, e.g. image=1x3x96x96; of a sequence: s=[4x5],[2x5] or s=3x[4x5]; of an absent "
                  "optional: o=none")
      ->type_name("NAME=DIMS");
  command.add_option("--bind", bindings, "Make an input a constant, e.g. axes=0,-1, or of a file: mask=mask.npy")
      ->type_name("NAME=VALUE");
  command
      .add_option("--state", states,
                  "An input that is an output of the run before, e.g. stateN=state: both become memory of NAME_STATE_BYTES that lasts")
      ->type_name("OUTPUT=INPUT");
  command
      .add_option("--state-init", stateStarts,
                  "What a state of --state starts with after a reset, e.g. state=0.5 (for all elements) or state=start.npy (zeros)")
      ->type_name("INPUT=VALUE");
  command
      .add_option("--frames", frames,
                  "An input over a window of frames, of which a run takes the next N alone (as few as strides allow): what it needs of those "
                  "before lasts in NAME_STATE_BYTES")
      ->type_name("INPUT[=N]");
  command
      .add_option("--time-axis", timeAxis,
                  "Dimension of the frames of --frames, counted from 0 (the only one along which the model runs frame by frame)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("D");
  command.add_option("--name", name, "Prefix of all symbols and files (default: the model file's stem)")->type_name("NAME");
  command.add_flag("-q,--quiet", quiet, "No progress and no notes on stderr");
}

void ModelOptions::addQuantization(CLI::App &command) {
  command
      .add_option("--quantize", quantize,
                  "none: float32; int8: needs --calibration; default: int8 if that is given, or where the model is quantized")
      ->check(CLI::IsMember({"auto", "none", "int8"}))
      ->type_name("KIND");
  command.add_option("--calibration", calibration, "Sample inputs (.npy, .npz, .pb), or NAME=FILE for one input of several")
      ->type_name("FILE");
  command
      .add_option("--calibration-samples", calibrationSamples,
                  "Samples to calibrate with; the rest of the file is held out (100)")
      ->check(CLI::Range(int64_t(1), int64_t(1) << 30))
      ->type_name("N");
  addSequenceLength(command, sequenceLength);
  command
      .add_option("--calibrate", calibrate, "How ranges follow from samples; auto measures the outputs for each value (auto)")
      ->check(CLI::IsMember({"auto", "minmax", "percentile", "mse", "entropy"}))
      ->type_name("METHOD");
  command.add_option("--percentile", percentile, "Share of numbers that --calibrate percentile keeps, in percent (99.99)")
      ->check(CLI::Range(50.0, 100.0))
      ->type_name("P");
  command
      .add_option("--least-sqnr", leastSqnr,
                  "Layers that are less exact in int8 run in what --fallback says (10 dB; -inf: none)")
      ->type_name("DB");
  command.add_option("--fallback", fallback, "What layers below --least-sqnr run in: float or int16 (float)")
      ->check(CLI::IsMember({"float", "int16"}))
      ->type_name("TYPE");
  command
      .add_option("--activations", activations,
                  "int8; int16; auto: int16 where outputs gain most for each byte; or NODE=int16, NODE=float (* and ? allowed) for some (int8)")
      ->type_name("CHOICE");
  command.add_option("--evaluate", evaluation, "Other samples to measure the quantized model on")->type_name("FILE");
  command.add_option("--labels", labels, "Class of each sample of --evaluate, or of the calibration file (.npy)")
      ->type_name("FILE");
  command.add_option("--io", io, "Type of inputs and outputs of an int8 model: int8 or float (int8)")
      ->check(CLI::IsMember({"int8", "float"}))
      ->type_name("TYPE");
  command.add_option("--io-layout", ioLayout, "Layout of images at inputs and outputs: onnx or nhwc (onnx)")
      ->check(CLI::IsMember({"onnx", "nhwc"}))
      ->type_name("LAYOUT");
  command
      .add_option("--attention", attention,
                  "auto: row by row, never a matrix of scores; matrix: as the model has it, with the same results in int8 (auto)")
      ->check(CLI::IsMember({"auto", "matrix"}))
      ->type_name("WAY");
  command.add_flag("--feed-rows", feedsRows,
                   "The caller feeds the input row by row (NAME_feed_rows), so that it never lies in RAM as a whole; implies --io-layout nhwc");
}

void ModelOptions::addStages(CLI::App &command) {
  std::vector<std::string> names;
  for (const StageInfo &info : getStages())
    names.push_back(info.name.str());
  command.add_option("--start-from", startFrom, "MODEL is IR (.mlir, .mlirbc) as it is before this stage")
      ->check(CLI::IsMember(names))
      ->type_name("STAGE");
  command.add_option("--stop-after", stopAfter, "Print the IR after this stage instead of emitting C")
      ->check(CLI::IsMember(names))
      ->type_name("STAGE");
  command.add_option("--dump-stages", dumpStages, "Write the IR after each stage into this folder")->type_name("DIR");
}

std::string thimble::driver::modelNameFor(llvm::StringRef modelPath, llvm::StringRef given) {
  return given.empty() ? codegen::makeModelName(llvm::sys::path::stem(modelPath)) : given.str();
}

// "1x3x96x96"
static std::optional<llvm::SmallVector<int64_t>> parseDims(llvm::StringRef dims) {
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<llvm::StringRef> parts;
  dims.split(parts, 'x');
  for (llvm::StringRef part : parts) {
    int64_t value;
    if (part.getAsInteger(10, value) || value < 0)
      return std::nullopt;
    shape.push_back(value);
  }
  return shape;
}

// "[4x5],3x[2]": each with a count before it, or alone
static std::optional<std::vector<llvm::SmallVector<int64_t>>> parseSequence(llvm::StringRef text) {
  constexpr size_t longest = 4096;
  std::vector<llvm::SmallVector<int64_t>> elements;
  while (!text.empty()) {
    auto [count, rest] = text.split('[');
    auto [dims, next] = rest.split(']');
    size_t times = 1;
    if (count == text || dims == rest || (!count.empty() && (!count.consume_back("x") || count.getAsInteger(10, times))) ||
        times + elements.size() > longest)
      return std::nullopt;
    auto shape = dims.empty() ? llvm::SmallVector<int64_t>() : parseDims(dims);
    if (!shape)
      return std::nullopt;
    elements.insert(elements.end(), times, *shape);
    if (!next.empty() && !next.consume_front(","))
      return std::nullopt;
    text = next;
  }
  return elements;
}

static bool parseShape(llvm::StringRef text, ImportOptions &options) {
  auto [name, shape] = text.rsplit('=');
  if (name.empty() || name == text)
    return false;
  if (shape == "none") {
    options.sequenceShapes[name] = std::nullopt;
    return true;
  }
  if (shape.contains('[')) {
    auto elements = parseSequence(shape);
    options.sequenceShapes[name] = elements;
    return elements.has_value();
  }
  auto dims = parseDims(shape);
  if (dims)
    options.inputShapes[name] = *dims;
  return dims.has_value();
}

// Numbers separated by commas, true and false among them; nothing if it is something else.
static std::optional<Tensor> parseNumbers(llvm::StringRef text) {
  std::vector<int64_t> integers;
  std::vector<double> reals;
  bool isWhole = true;
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/!text.empty());
  for (llvm::StringRef part : parts) {
    int64_t integer = part == "true";
    double real = double(integer);
    if (part != "true" && part != "false") {
      bool isInteger = !part.getAsInteger(10, integer);
      if (!isInteger && part.getAsDouble(real))
        return std::nullopt;
      isWhole &= isInteger;
      real = isInteger ? double(integer) : real;
    }
    integers.push_back(integer);
    reals.push_back(real);
  }
  int64_t count = int64_t(integers.size());
  return isWhole ? Tensor(ElementType::S64, {count}, llvm::ArrayRef(integers))
                 : Tensor(ElementType::F64, {count}, llvm::ArrayRef(reals));
}

// "axes=0,-1" or "mask=mask.npy"
static llvm::Error parseBinding(llvm::StringRef text, ImportOptions &options) {
  auto [name, value] = text.split('=');
  if (name.empty() || name == text)
    return dataError("expected NAME=VALUE, for example axes=0,-1 or mask=mask.npy");
  if (std::optional<Tensor> numbers = parseNumbers(value)) {
    options.bindings[name] = {std::move(*numbers), true};
    return llvm::Error::success();
  }
  llvm::Expected<std::vector<NamedTensor>> tensors = readTensors(value, readTensorProto);
  if (!tensors)
    return tensors.takeError();
  if (tensors->size() != 1)
    return dataError("the file has " + llvm::Twine(tensors->size()) + " tensors instead of one");
  options.bindings[name] = {std::move(tensors->front().tensor), false};
  return llvm::Error::success();
}

std::optional<CompileOptions> ModelOptions::resolve() const {
  CompileOptions options;
  options.model = model;
  options.name = modelNameFor(model, name);
  if (llvm::Error error = codegen::validateModelName(options.name)) {
    printError("--name: " + llvm::toString(std::move(error)));
    return std::nullopt;
  }
  for (const std::string &text : inputShapes)
    if (!parseShape(text, options.import)) {
      printError("--input-shape " + text + ": expected NAME=DIMS, for example image=1x3x96x96");
      return std::nullopt;
    }
  for (const std::string &text : bindings)
    if (llvm::Error error = parseBinding(text, options.import)) {
      printError("--bind " + text + ": " + llvm::toString(std::move(error)));
      return std::nullopt;
    }
  for (const std::string &text : states) {
    auto [output, input] = llvm::StringRef(text).split('=');
    if (output.empty() || input.empty()) {
      printError("--state " + text + ": expected OUTPUT=INPUT, for example stateN=state");
      return std::nullopt;
    }
    options.states.push_back({output.str(), input.str()});
  }
  for (const std::string &text : stateStarts) {
    ImportOptions parsed;
    if (llvm::Error error = parseBinding(text, parsed)) {
      printError("--state-init " + text + ": " + llvm::toString(std::move(error)));
      return std::nullopt;
    }
    for (auto &binding : parsed.bindings)
      options.stateStarts[binding.getKey()] = std::move(binding.second.tensor);
  }
  if (!frames.empty()) {
    options.frames.emplace();
    auto [input, count] = llvm::StringRef(frames).rsplit('=');
    bool hasCount = !count.empty() && !count.getAsInteger(10, options.frames->frames);
    options.frames->input = hasCount ? input.str() : frames;
    options.frames->axis = timeAxis;
    if (options.frames->input.empty() || options.frames->frames < (hasCount ? 1 : 0)) {
      printError("--frames " + frames + ": expected INPUT or INPUT=N, for example audio=4");
      return std::nullopt;
    }
    if (feedsRows) {
      printError("--frames and --feed-rows exclude each other: state lasts from run to run, rows are fed within one");
      return std::nullopt;
    }
  } else if (timeAxis >= 0) {
    printError("--time-axis says where the frames of --frames are: give --frames INPUT");
    return std::nullopt;
  }
  options.sequenceLength = sequenceLength;
  bool wantsInt8 = quantize == "int8" || (quantize == "auto" && !calibration.empty());
  if (quantize == "int8" && calibration.empty() && startFrom.empty()) {
    printError("--quantize int8 needs --calibration FILE with sample inputs");
    return std::nullopt;
  }
  options.quantization = wantsInt8 ? Quantization::Int8 : quantize == "auto" ? Quantization::Adopt : Quantization::None;
  options.calibration = calibration;
  options.calibrationSamples = calibrationSamples;
  options.rangeMethod = llvm::StringSwitch<calibrate::RangeMethod>(calibrate)
                            .Case("minmax", calibrate::RangeMethod::MinMax)
                            .Case("percentile", calibrate::RangeMethod::Percentile)
                            .Case("mse", calibrate::RangeMethod::MeanSquare)
                            .Case("entropy", calibrate::RangeMethod::Entropy)
                            .Default(calibrate::RangeMethod::Auto);
  options.percentile = percentile;
  options.leastSqnrDb = leastSqnr;
  options.fallback = fallback == "int16" ? Fallback::Int16 : Fallback::Float;
  for (const std::string &choice : activations) {
    llvm::StringRef text = choice;
    if (text == "int16")
      options.int16Activations = true;
    else if (text == "auto")
      options.autoActivations = true;
    else if (text.consume_back("=int16") && !text.empty())
      options.int16Layers.push_back(text.str());
    else if (text.consume_back("=float") && !text.empty())
      options.floatLayers.push_back(text.str());
    else if (text != "int8") {
      printError("--activations " + choice + ": must be int8, int16, auto, NODE=int16 or NODE=float");
      return std::nullopt;
    }
  }
  if (!activations.empty() && !wantsInt8) {
    printError("--activations needs --quantize int8 with --calibration FILE");
    return std::nullopt;
  }
  options.evaluation = evaluation;
  options.labels = labels;
  options.ioFloat = io == "float";
  options.nhwcIo = ioLayout == "nhwc" || feedsRows;
  options.feedsRows = feedsRows;
  options.fusesAttention = attention == "auto";
  options.dumpDirectory = dumpStages;
  if (!startFrom.empty())
    options.startFrom = *parseStage(startFrom);
  if (!stopAfter.empty())
    options.stopAfter = *parseStage(stopAfter);
  else if (options.startFrom == Stage::Emit)
    options.stopAfter = Stage::Emit;
  if (options.stopAfter < options.startFrom) {
    printError("--stop-after " + stopAfter + " comes before --start-from " + startFrom);
    return std::nullopt;
  }
  return options;
}

void thimble::driver::addSequenceLength(CLI::App &command, int64_t &length) {
  command
      .add_option("--sequence-length", length,
                  "Of models with --state: samples follow each other, and states start anew after so many (never)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
}

void thimble::driver::addFormat(CLI::App &command, std::string &format) {
  command.add_option("--format", format, "text or json (text)")->check(CLI::IsMember({"text", "json"}))->type_name("FORMAT");
}
