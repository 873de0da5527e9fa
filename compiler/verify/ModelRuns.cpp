// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Descriptions of inputs and outputs, and runs of the executor.
#include "compiler/verify/ModelRuns.h"
#include "compiler/execute/Executor.h"
#include "compiler/support/Constants.h"
#include "compiler/verify/VerifyError.h"
#include "dialects/nn/NNStates.h"

using namespace mlir;
using namespace thimble;

std::optional<ElementType> thimble::getElementType(Type type) {
  if (type.isF32())
    return ElementType::F32;
  if (type.isF64())
    return ElementType::F64;
  if (type.isF16())
    return ElementType::F16;
  if (type.isBF16())
    return ElementType::BF16;
  if (type.isFloat8E4M3FN())
    return ElementType::F8E4M3FN;
  if (type.isFloat8E4M3FNUZ())
    return ElementType::F8E4M3FNUZ;
  if (type.isFloat8E5M2())
    return ElementType::F8E5M2;
  if (type.isFloat8E5M2FNUZ())
    return ElementType::F8E5M2FNUZ;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return ElementType::Bool;
  case 4:
    return isUnsigned ? ElementType::U4 : ElementType::S4;
  case 8:
    return isUnsigned ? ElementType::U8 : ElementType::S8;
  case 16:
    return isUnsigned ? ElementType::U16 : ElementType::S16;
  case 32:
    return isUnsigned ? ElementType::U32 : ElementType::S32;
  case 64:
    return isUnsigned ? ElementType::U64 : ElementType::S64;
  default:
    return std::nullopt;
  }
}

static llvm::Error badPort(llvm::StringRef name, Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return verifyError(ExitCode::Internal, "input or output " + quoted(name) + " has type " + text + ", which no data file has");
}

static llvm::Expected<SampleInput> describePort(Type type, Attribute name) {
  SampleInput port;
  if (auto text = dyn_cast_or_null<StringAttr>(name))
    port.name = text.str();
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return badPort(port.name, type);
  port.shape = tensor.getShape().vec();
  Type element = tensor.getElementType();
  if (auto quantized = nn::getActivationType(tensor)) {
    port.scale = quantized.getScale();
    port.zeroPoint = quantized.getZeroPoint();
    element = quantized.getStorageType();
  }
  std::optional<ElementType> known = getElementType(element);
  if (!known)
    return badPort(port.name, type);
  port.type = *known;
  return port;
}

llvm::Expected<ModelPorts> thimble::describePorts(func::FuncOp function) {
  ModelPorts ports;
  for (unsigned index : nn::getPublicArguments(function)) {
    llvm::Expected<SampleInput> port =
        describePort(function.getArgumentTypes()[index], function.getArgAttr(index, "onnx.name"));
    if (!port)
      return port.takeError();
    ports.inputs.push_back(std::move(*port));
  }
  for (unsigned index : nn::getPublicResults(function)) {
    llvm::Expected<SampleInput> port =
        describePort(function.getResultTypes()[index], function.getResultAttr(index, "onnx.name"));
    if (!port)
      return port.takeError();
    ports.outputs.push_back(std::move(*port));
  }
  return ports;
}

llvm::Expected<ModelPorts> thimble::describePorts(mcu::ProgramOp program) {
  ModelPorts ports;
  for (auto buffer : program.getOps<mcu::BufferOp>()) {
    if (!buffer.getIo() || mcu::isState(buffer))
      continue;
    mcu::IoAttr io = *buffer.getIo();
    auto memref = cast<MemRefType>(buffer.getMemory().getType());
    std::optional<ElementType> element = getElementType(memref.getElementType());
    SampleInput port{io.getName().str(), io.getShape().asArrayRef().vec(), ElementType::F32, io.getScale().getValueAsDouble(),
                     io.getZeroPoint()};
    if (!element)
      return badPort(port.name, memref);
    port.type = *element;
    if (port.getBytes() != tensorBytes(memref))
      return verifyError(ExitCode::Internal, "input or output " + quoted(port.name) + " has another size than its memory");
    std::vector<SampleInput> &list = buffer.getRole() == mcu::Role::Input ? ports.inputs : ports.outputs;
    list.resize(std::max<size_t>(list.size(), buffer.getIndex() + 1));
    list[buffer.getIndex()] = std::move(port);
  }
  return ports;
}

static int64_t totalBytes(llvm::ArrayRef<SampleInput> ports) {
  int64_t bytes = 0;
  for (const SampleInput &port : ports)
    bytes += port.getBytes();
  return bytes;
}

template <typename Op>
static llvm::Expected<SampleOutputs> runOnExecutor(Op op, const ModelPorts &ports, const Samples &samples,
                                                   int64_t sequenceLength, ProgressFunction progress) {
  DiagnosticCollector diagnostics(op.getContext(), /*quiet=*/true);
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(op);
  if (failed(executor))
    return verifyError(ExitCode::Internal,
                       "the model cannot be run" +
                           (diagnostics.getErrors().empty() ? std::string() : ": " + format(diagnostics.getErrors().front())));
  (*executor)->setSequenceLength(sequenceLength);
  // Sizes are not checked by the executor, and a file on disk may hold anything.
  int64_t inputBytes = 0, outputBytes = 0;
  for (size_t i = 0; i < (*executor)->getInputCount(); ++i)
    inputBytes += int64_t((*executor)->getInputBytes(i));
  for (size_t i = 0; i < (*executor)->getOutputCount(); ++i)
    outputBytes += int64_t((*executor)->getOutputBytes(i));
  if ((*executor)->getInputCount() != ports.inputs.size() || inputBytes != totalBytes(ports.inputs) ||
      outputBytes != totalBytes(ports.outputs))
    return verifyError(ExitCode::Internal, "the model's inputs and outputs are not those of its description");
  SampleOutputs outputs;
  for (const std::vector<std::vector<char>> &sample : samples) {
    progress(int64_t(outputs.size()), int64_t(samples.size()));
    std::vector<llvm::ArrayRef<char>> views(sample.begin(), sample.end());
    (*executor)->run(views);
    std::vector<char> &bytes = outputs.emplace_back();
    for (size_t i = 0; i < (*executor)->getOutputCount(); ++i)
      bytes.insert(bytes.end(), (*executor)->getOutput(i).begin(), (*executor)->getOutput(i).end());
  }
  return outputs;
}

llvm::Expected<SampleOutputs> thimble::runModel(func::FuncOp function, const ModelPorts &ports, const Samples &samples,
                                                ProgressFunction progress, int64_t sequenceLength) {
  return runOnExecutor(function, ports, samples, sequenceLength, progress);
}

llvm::Expected<SampleOutputs> thimble::runModel(mcu::ProgramOp program, const ModelPorts &ports, const Samples &samples,
                                                ProgressFunction progress, int64_t sequenceLength) {
  return runOnExecutor(program, ports, samples, sequenceLength, progress);
}

std::vector<double> thimble::decodeOutputs(llvm::ArrayRef<SampleInput> outputs, llvm::ArrayRef<char> bytes) {
  std::vector<double> numbers;
  for (const SampleInput &output : outputs) {
    size_t size = size_t(output.getBytes());
    Tensor tensor;
    tensor.type = output.type;
    tensor.shape.assign(output.shape.begin(), output.shape.end());
    tensor.bytes.assign(bytes.begin(), bytes.begin() + size);
    bytes = bytes.drop_front(size);
    for (int64_t i = 0, count = tensor.count(); i < count; ++i) {
      double number = tensor.number(i);
      numbers.push_back(output.scale == 0 ? number : (number - double(output.zeroPoint)) * output.scale);
    }
  }
  return numbers;
}
