// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble run: inference on this computer with the kernels that the device would run.
#include "compiler/data/Npy.h"
#include "compiler/data/Npz.h"
#include "compiler/import/TensorProtoFile.h"
#include "compiler/verify/FrameWindows.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/thimble/Commands.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::driver;

namespace {

struct RunCommand {
  ModelOptions model;
  std::vector<std::string> inputs;
  std::string output, format = "text";
  int64_t limit = 0;
  bool writesCodes = false;

  ExitCode run();
  ExitCode report(llvm::ArrayRef<SampleInput> outputs, const SampleOutputs &results);
};

// The outputs of all samples, dequantized unless their codes are wanted, as one array for each output: samples x shape without its
// leading 1.
std::vector<NamedTensor> collect(std::vector<SampleInput> outputs, const SampleOutputs &results, bool writesCodes) {
  std::vector<NamedTensor> tensors;
  size_t first = 0;
  if (writesCodes)
    for (SampleInput &output : outputs)
      output.scale = 0;
  std::vector<std::vector<double>> numbers;
  for (const std::vector<char> &bytes : results)
    numbers.push_back(decodeOutputs(outputs, bytes));
  for (const SampleInput &output : outputs) {
    llvm::SmallVector<int64_t> shape = {int64_t(results.size())};
    llvm::ArrayRef<int64_t> rest = output.shape;
    if (!rest.empty() && rest.front() == 1)
      rest = rest.drop_front();
    shape.append(rest.begin(), rest.end());
    int64_t count = 1;
    for (int64_t dim : output.shape)
      count *= dim;
    bool isReal = output.type == ElementType::F32 || output.scale != 0;
    Tensor tensor(isReal ? ElementType::F32 : ElementType::S64, shape);
    for (size_t sample = 0; sample < results.size(); ++sample)
      for (size_t i = 0; i < size_t(count); ++i) {
        double value = numbers[sample][first + i];
        if (isReal)
          tensor.asMutable<float>()[sample * size_t(count) + i] = float(value);
        else
          tensor.asMutable<int64_t>()[sample * size_t(count) + i] = int64_t(value);
      }
    first += size_t(count);
    tensors.push_back({output.name, std::move(tensor)});
  }
  return tensors;
}

ExitCode RunCommand::report(llvm::ArrayRef<SampleInput> outputs, const SampleOutputs &results) {
  std::vector<NamedTensor> tensors = collect(outputs, results, writesCodes);
  if (!output.empty()) {
    bool isNpz = llvm::StringRef(output).ends_with(".npz");
    if (!isNpz && (tensors.size() != 1 || !llvm::StringRef(output).ends_with(".npy"))) {
      printError("-o " + output + ": outputs are written to a .npz file, or to a .npy file if there is just one");
      return ExitCode::BadInput;
    }
    if (llvm::Error error = isNpz ? writeNpz(output, tensors) : writeNpy(output, tensors.front().tensor))
      return badInput(std::move(error));
    return ExitCode::Success;
  }
  if (format == "json") {
    llvm::json::OStream json(llvm::outs(), 2);
    json.object([&] {
      for (const NamedTensor &tensor : tensors)
        json.attributeObject(tensor.name, [&] {
          json.attributeArray("shape", [&] {
            for (int64_t dim : tensor.tensor.shape)
              json.value(dim);
          });
          json.attributeArray("values", [&] {
            for (int64_t i = 0; i < tensor.tensor.count(); ++i)
              json.value(tensor.tensor.number(i));
          });
        });
    });
    llvm::outs() << "\n";
    return ExitCode::Success;
  }
  for (const NamedTensor &tensor : tensors) {
    int64_t perSample = results.empty() ? 0 : tensor.tensor.count() / int64_t(results.size());
    for (size_t sample = 0; sample < results.size(); ++sample) {
      llvm::outs() << "sample " << sample << " " << tensor.name << ":";
      for (int64_t i = 0; i < std::min<int64_t>(perSample, 16); ++i)
        llvm::outs() << llvm::format(" %.6g", tensor.tensor.number(int64_t(sample) * perSample + i));
      llvm::outs() << (perSample > 16 ? " ...\n" : "\n");
    }
  }
  return ExitCode::Success;
}

ExitCode RunCommand::run() {
  std::optional<CompileOptions> options = model.resolve();
  if (!options)
    return ExitCode::BadInput;
  options->stopAfter = Stage::Schedule;
  std::unique_ptr<MLIRContext> context = makeContext();
  DiagnosticCollector diagnostics(context.get(), model.quiet || format == "json");
  Progress progress(!model.quiet);
  options->progress = [&](llvm::StringRef what, int64_t done, int64_t total) { progress.update(what, done, total); };
  std::unique_ptr<Compilation> compilation = compile(context.get(), *options);
  if (!compilation) {
    printErrors(diagnostics);
    return ExitCode::BadInput;
  }
  llvm::Expected<ModelPorts> ports = describePorts(compilation->getProgram());
  if (!ports)
    return badInput(ports.takeError());
  // Of a model that runs frame by frame, a sample is a window, or the frames of one run of a stream.
  std::optional<FrameWindows> frames = FrameWindows::find(compilation->getProgram(), *ports);
  llvm::Expected<Samples> samples =
      loadSamples(inputs, frames ? frames->getWindowPorts().inputs : ports->inputs, limit, readTensorProto);
  if (frames && !samples) {
    llvm::Expected<Samples> stream = loadSamples(inputs, ports->inputs, limit, readTensorProto);
    if (!stream) {
      llvm::consumeError(stream.takeError());
      return badInput(samples.takeError());
    }
    llvm::consumeError(samples.takeError());
    samples = std::move(stream);
    frames = std::nullopt;
  }
  if (frames) {
    samples = frames->split(*samples);
    options->sequenceLength = frames->getRuns();
  }
  llvm::Expected<SampleOutputs> results = runModel(
      compilation->getProgram(), *ports, *samples,
      [&](int64_t done, int64_t total) { progress.update("running", done, total); }, options->sequenceLength);
  if (!results)
    return badInput(results.takeError());
  return frames ? report(frames->getWindowPorts().outputs, frames->join(*results)) : report(ports->outputs, *results);
}

} // namespace

void thimble::driver::addRunCommand(CLI::App &app, Action &action) {
  auto command = std::make_shared<RunCommand>();
  CLI::App *subcommand = app.add_subcommand("run", "Run a model on this computer with the kernels that the device would run");
  command->model.addInput(*subcommand);
  subcommand->add_option("--inputs", command->inputs, "Samples (.npy, .npz, .pb), or NAME=FILE for one input of several")
      ->required()
      ->type_name("FILE");
  subcommand->add_option("--samples", command->limit, "Run only the first N samples")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  command->model.addQuantization(*subcommand);
  subcommand->add_flag("--codes", command->writesCodes, "Give int8 outputs as they are, not as (code - zero point) * scale");
  subcommand->add_option("-o,--output", command->output, "Write the outputs to a .npy or .npz file")->type_name("FILE");
  addFormat(*subcommand, command->format);
  subcommand->callback([command, &action] { action = [command] { return command->run(); }; });
}
