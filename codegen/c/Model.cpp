// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a scheduled program to the parts of its C file.
#include "codegen/c/Model.h"
#include "codegen/c/Names.h"
#include "codegen/c/Trees.h"
#include "codegen/kernels/KernelTable.h"
#include "compiler/support/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
#include <map>

using namespace mlir;
using namespace thimble;
using namespace thimble::codegen;

static llvm::Error refuse(Operation *op, const llvm::Twine &message) {
  std::string node = nodeName(op->getLoc());
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 (node.empty() ? "" : "node '" + node + "': ") + "emit: " + message);
}

std::string thimble::codegen::getKernelOperation(llvm::StringRef kernel) {
  kernel.consume_front("tmb_");
  // Types stand at the end, as in conv2d_s8, fc_s8_w4 and quantize_f32_s8.
  while (true) {
    auto [front, suffix] = kernel.rsplit('_');
    bool isType = suffix.size() >= 2 && llvm::StringRef("fsuwtk").contains(suffix.front()) &&
                  llvm::all_of(suffix.drop_front(), llvm::isDigit);
    if (!isType || front.empty())
      return kernel.str();
    kernel = front;
  }
}

std::string thimble::codegen::formatShape(llvm::ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(shape, os, "x");
  return text;
}

const ModelPort *Model::getFed() const {
  auto fed = llvm::find_if(inputs, [](const ModelPort &port) { return port.rowBytes > 0; });
  return fed == inputs.end() ? nullptr : &*fed;
}

static int64_t sumBytes(llvm::ArrayRef<ModelConstant> constants, mcu::Place place, bool isTable) {
  int64_t bytes = 0;
  for (const ModelConstant &constant : constants)
    if (constant.isTable == isTable && (constant.place == mcu::Place::Copied ? mcu::Place::External : constant.place) == place)
      bytes += int64_t(constant.bytes().size());
  return bytes;
}

int64_t Model::getTableBytes(mcu::Place place) const {
  int64_t bytes = sumBytes(constants, place, /*isTable=*/true);
  if (place == mcu::Place::Flash)
    for (const ModelRecord &record : records)
      bytes += record.record->bytes;
  return bytes;
}

int64_t Model::getWeightBytes(mcu::Place place) const { return sumBytes(constants, place, /*isTable=*/false); }

namespace {
class ModelBuilder {
public:
  ModelBuilder(mcu::ProgramOp program, llvm::StringRef name) : program(program) {
    model.name = name.str();
    model.macro = name.upper();
    names.get(planCheckName);
  }
  llvm::Expected<Model> build();

private:
  llvm::Error addBuffer(mcu::BufferOp buffer);
  llvm::Error addPort(mcu::BufferOp buffer, const CType *type);
  llvm::Error addState(mcu::BufferOp buffer, const CType *type);
  void identifyState();
  llvm::Error checkPorts();
  llvm::Error addCall(mcu::CallOp call);
  llvm::Error addArgument(ModelCall &call, Value value, bool isConst, bool isTable);
  llvm::Error addStream(ModelCall call);
  llvm::Expected<ModelStep> makeStep(mcu::CallOp stream, mcu::StepOp op);
  llvm::Expected<int64_t> addConstant(mcu::ConstantOp op, bool isTable);
  llvm::Expected<size_t> addRecord(Operation *op, llvm::StringRef kernel, llvm::StringRef recordName, DictionaryAttr params,
                                   llvm::StringRef node);

  mcu::ProgramOp program;
  Model model;
  UniqueNames names; // private symbols: constants and records share one space
  llvm::DenseMap<Operation *, int64_t> constantOf;
  std::map<uint64_t, std::vector<int64_t>> constantsByHash;
  std::map<std::pair<const mcu::Record *, std::vector<char>>, size_t> recordOf;
};
} // namespace

// True for the operands that are not weights in the sense of a parameter count: the bias and multipliers of a layer with
// weights, and tables of functions.
static bool isTableOperand(llvm::StringRef kernel, unsigned index) {
  std::string operation = getKernelOperation(kernel);
  llvm::StringRef name = operation;
  if (name.contains("conv") || name.starts_with("fully_connected") || name.starts_with("fc"))
    return index >= 2;
  return name.starts_with("lookup") || name.contains("softmax");
}

llvm::Expected<Model> ModelBuilder::build() {
  if (llvm::Error error = validateModelName(model.name))
    return std::move(error);
  if (!program.getArenaBytes())
    return refuse(program, "the program has no memory plan; schedule it first");
  model.alignment = program.getAlignment();
  model.arenaBytes = std::max<int64_t>(*program.getArenaBytes(), 1);
  model.externalArenaBytes = mcu::getExternalArenaBytes(program);
  model.planBytes = 0;
  for (Operation &op : program.getBody().front()) {
    llvm::Error error = llvm::Error::success();
    if (auto buffer = dyn_cast<mcu::BufferOp>(op))
      error = addBuffer(buffer);
    else if (auto call = dyn_cast<mcu::CallOp>(op))
      error = addCall(call);
    if (error)
      return std::move(error);
  }
  if (llvm::Error error = checkPorts())
    return std::move(error);
  identifyState();
  return std::move(model);
}

llvm::Error ModelBuilder::addBuffer(mcu::BufferOp buffer) {
  bool isPort = buffer.getRole() == mcu::Role::Input || buffer.getRole() == mcu::Role::Output;
  if (!isPort && !mcu::isState(buffer) && buffer.getMemory().use_empty())
    return llvm::Error::success();
  Type element = cast<MemRefType>(buffer.getMemory().getType()).getElementType();
  const CType *type = CType::get(element);
  if (!type)
    return refuse(buffer, "buffer '" + buffer.getName() + "' has elements that C99 has no type for");
  if (mcu::isFed(buffer))
    return addPort(buffer, type);
  if (mcu::isState(buffer))
    return addState(buffer, type);
  if (!buffer.getOffset())
    return refuse(buffer, "buffer '" + buffer.getName() + "' has no place in the arena; schedule the program first");
  int64_t offset = *buffer.getOffset(), end = offset + mcu::byteSize(buffer.getMemory());
  if (offset % type->bytes != 0 || model.alignment % type->bytes != 0)
    return refuse(buffer, "buffer '" + buffer.getName() + "' at " + llvm::Twine(offset) + " is not aligned for " + type->name);
  if (end > (mcu::isSpilled(buffer) ? model.externalArenaBytes : model.arenaBytes))
    return refuse(buffer, "buffer '" + buffer.getName() + "' lies past the end of the arena");
  if (!mcu::isSpilled(buffer))
    model.planBytes = std::max(model.planBytes, end);
  return isPort ? addPort(buffer, type) : llvm::Error::success();
}

llvm::Error ModelBuilder::addPort(mcu::BufferOp buffer, const CType *type) {
  mcu::IoAttr io = *buffer.getIo();
  ModelPort port{buffer,
                 int64_t(buffer.getIndex()),
                 type,
                 io.getName().str(),
                 io.getShape().asArrayRef().vec(),
                 int64_t(buffer.getOffset().value_or(0)),
                 mcu::byteSize(buffer.getMemory()),
                 io.getScale().getValueAsDouble(),
                 io.getZeroPoint(),
                 0,
                 {},
                 {},
                 {}};
  if (auto frames = buffer->getAttrOfType<DenseI64ArrayAttr>(mcu::framesName))
    port.frames = PortFrames{frames[0], frames[1], frames[2]};
  if (DenseI64ArrayAttr bound = io.getBound()) {
    bool isSound = bound.size() == 2 && bound[0] >= 0 && bound[0] < int64_t(port.shape.size()) && bound[1] >= 0;
    if (!isSound)
      return refuse(buffer, "'" + port.onnxName + "' has a bound that is not one of its dimensions and an output");
    port.bound = PortBound{bound[0], bound[1]};
  }
  if (auto labels = buffer->getAttrOfType<ArrayAttr>(mcu::labelsAttrName))
    for (Attribute label : labels)
      if (auto text = dyn_cast<StringAttr>(label))
        port.labels.push_back(text.getValue().str());
  int64_t elements = 1;
  for (int64_t size : port.shape)
    elements *= size;
  if (elements * type->bytes != port.bytes)
    return refuse(buffer, "'" + port.onnxName + "' has " + llvm::Twine(port.bytes) + " bytes, but its shape " +
                              formatShape(port.shape) + " needs " + llvm::Twine(elements * type->bytes));
  if (!std::isfinite(float(port.scale)))
    return refuse(buffer, "the scale of '" + port.onnxName + "' is not a finite float32");
  auto &ports = buffer.getRole() == mcu::Role::Input ? model.inputs : model.outputs;
  ports.push_back(std::move(port));
  return llvm::Error::success();
}

llvm::Error ModelBuilder::addState(mcu::BufferOp buffer, const CType *type) {
  if (!buffer.getOffset() || !program.getStateBytes())
    return refuse(buffer, "state '" + buffer.getName() + "' has no place; schedule the program first");
  int64_t offset = int64_t(*buffer.getOffset()), bytes = mcu::byteSize(buffer.getMemory());
  if (offset % type->bytes != 0)
    return refuse(buffer, "state '" + buffer.getName() + "' at " + llvm::Twine(offset) + " is not aligned for " + type->name);
  if (offset + bytes > int64_t(*program.getStateBytes()) - mcu::stateFormatBytes)
    return refuse(buffer, "state '" + buffer.getName() + "' lies past the end of the state");
  if (buffer.getRole() != mcu::Role::State)
    return llvm::Error::success();
  mcu::IoAttr io = *buffer.getIo();
  model.states.push_back({buffer, io.getName().str(), type, io.getShape().asArrayRef().vec(), offset, bytes,
                          io.getScale().getValueAsDouble(), io.getZeroPoint(), mcu::getStartBytes(buffer)});
  return llvm::Error::success();
}

// A state means something only to the model that left it: its weights, its parameters, and where what lies.
void ModelBuilder::identifyState() {
  if (model.states.empty())
    return;
  llvm::sort(model.states, [](const ModelState &a, const ModelState &b) { return a.offset < b.offset; });
  model.stateBytes = int64_t(*program.getStateBytes());
  std::vector<char> identity;
  auto add = [&](llvm::ArrayRef<char> bytes) {
    uint64_t hash = llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
    for (int byte = 0; byte < 8; ++byte)
      identity.push_back(char(hash >> (8 * byte)));
  };
  for (const ModelState &state : model.states) {
    std::string text = state.name + " " + state.type->name + " " + formatShape(state.shape) + " " +
                       std::to_string(state.offset) + " " + formatDouble(state.scale) + " " + std::to_string(state.zeroPoint);
    add(llvm::ArrayRef<char>(text.data(), text.size()));
  }
  for (const ModelConstant &constant : model.constants)
    add(constant.bytes());
  for (const ModelRecord &record : model.records)
    add(record.bytes);
  add(identity);
  for (int byte = 4; byte > 0; --byte) // of the last hash
    model.stateFormat = model.stateFormat << 8 | uint8_t(identity[identity.size() - size_t(byte)]);
}

llvm::Error ModelBuilder::checkPorts() {
  for (std::vector<ModelPort> *ports : {&model.inputs, &model.outputs}) {
    llvm::sort(*ports, [](const ModelPort &a, const ModelPort &b) { return a.index < b.index; });
    for (auto [index, port] : llvm::enumerate(*ports))
      if (port.index != int64_t(index))
        return refuse(port.buffer, "the positions of inputs and outputs must count from 0 without gaps; '" + port.onnxName +
                                       "' has " + llvm::Twine(port.index) + " instead of " + llvm::Twine(index));
  }
  return llvm::Error::success();
}

llvm::Error ModelBuilder::addCall(mcu::CallOp op) {
  ModelCall call{op, nodeName(op.getLoc()), {}, 0, {}, -1, "", ""};
  if (call.node.empty())
    call.node = getKernelOperation(op.getKernel());
  if (op.getKernel() == mcu::streamKernel)
    return addStream(std::move(call));
  if (isTreeCode(op)) {
    for (unsigned index : getTreeCodeInputs(op))
      if (llvm::Error error = addArgument(call, op.getIns()[index], /*isConst=*/true, /*isTable=*/false))
        return error;
    if (llvm::Error error = addArgument(call, op.getOuts()[0], /*isConst=*/false, /*isTable=*/false))
      return error;
    call.function =
        model.name + "__" + names.get(identifierPart(call.node).empty() ? "trees" : identifierPart(call.node) + "_trees");
    call.definition = writeTreeCode(op, call.function);
    model.calls.push_back(std::move(call));
    return llvm::Error::success();
  }
  for (auto [index, in] : llvm::enumerate(op.getIns()))
    if (llvm::Error error = addArgument(call, in, /*isConst=*/true, isTableOperand(op.getKernel(), index)))
      return error;
  for (Value out : op.getOuts())
    if (llvm::Error error = addArgument(call, out, /*isConst=*/false, /*isTable=*/false))
      return error;
  if (Value scratch = op.getScratch())
    if (llvm::Error error = addArgument(call, scratch, /*isConst=*/false, /*isTable=*/false))
      return error;
  llvm::Expected<size_t> record = addRecord(op, op.getKernel(), op.getRecord(), op.getParams(), call.node);
  if (!record)
    return record.takeError();
  call.record = *record;
  model.calls.push_back(std::move(call));
  return llvm::Error::success();
}

llvm::Error ModelBuilder::addArgument(ModelCall &call, Value value, bool isConst, bool isTable) {
  ModelArgument argument{CType::get(cast<MemRefType>(value.getType()).getElementType()), isConst, 0, -1, 0};
  Operation *root = mcu::getRoot(value);
  if (auto constant = dyn_cast<mcu::ConstantOp>(root)) {
    llvm::Expected<int64_t> index = addConstant(constant, isTable);
    if (!index)
      return index.takeError();
    argument.constant = *index;
    if (model.constants[*index].isEncoded)
      argument.type = CType::getByte();
  } else {
    argument.offset = int64_t(*cast<mcu::BufferOp>(root).getOffset()) + mcu::byteOffset(value);
    argument.isSpilled = mcu::isSpilled(cast<mcu::BufferOp>(root));
    argument.isState = mcu::isState(cast<mcu::BufferOp>(root));
  }
  if (!argument.type)
    return refuse(call.op, "an operand has elements that C99 has no type for");
  call.arguments.push_back(argument);
  return llvm::Error::success();
}

llvm::Error ModelBuilder::addStream(ModelCall call) {
  mcu::CallOp stream = call.op;
  for (Value in : stream.getIns())
    if (mcu::isFed(mcu::getBuffer(in))) {
      mcu::BufferOp scratch = mcu::getBuffer(stream.getScratch());
      call.feedState = int64_t(*scratch.getOffset()) + mcu::byteSize(scratch.getMemory()) - mcu::feedStateBytes;
    }
  for (Operation &inner : stream.getBody().front()) {
    auto repeat = dyn_cast<mcu::RepeatOp>(inner);
    llvm::SmallVector<Operation *> steps;
    if (repeat)
      for (Operation &op : repeat.getBody().front())
        steps.push_back(&op);
    else
      steps.push_back(&inner);
    if (repeat || call.loops.empty() || call.loops.back().count > 1)
      call.loops.push_back({repeat ? int64_t(repeat.getCount()) : 1, {}});
    for (Operation *op : steps) {
      if (auto feed = dyn_cast<mcu::FeedOp>(op)) {
        if (call.feedState < 0)
          return refuse(stream, "a row is fed, but no input is");
        int64_t scratch = int64_t(*mcu::getBuffer(stream.getScratch()).getOffset());
        ModelArgument row{CType::getByte(), false, scratch + int64_t(feed.getOffset()), -1, int64_t(feed.getAdvance())};
        call.loops.back().steps.push_back({"", call.node, {row}, 0, int64_t(feed.getBytes())});
        // All rows of an input have the same size.
        for (ModelPort &port : model.inputs)
          if (mcu::isFed(port.buffer))
            port.rowBytes = int64_t(feed.getBytes());
        continue;
      }
      llvm::Expected<ModelStep> step = makeStep(stream, cast<mcu::StepOp>(op));
      if (!step)
        return step.takeError();
      llvm::append_range(call.arguments, step->arguments);
      call.loops.back().steps.push_back(std::move(*step));
    }
  }
  model.calls.push_back(std::move(call));
  return llvm::Error::success();
}

llvm::Expected<ModelStep> ModelBuilder::makeStep(mcu::CallOp stream, mcu::StepOp op) {
  const kernels::Kernel *kernel = kernels::lookup(op.getKernel());
  if (!kernel)
    return refuse(op, "'" + op.getKernel() + "' is not one of the runtime's kernels");
  ModelStep step{op.getKernel().str(), nodeName(op.getLoc()), {}, 0, 0};
  for (size_t i = 0; i < op.getArgs().size(); ++i) {
    Value operand = stream->getOperand(unsigned(op.getArgs()[i]));
    Operation *root = mcu::getRoot(operand);
    ModelArgument argument{CType::get(cast<TypeAttr>(op.getElements()[i]).getValue()), i < kernel->ins, 0, -1,
                           op.getAdvances()[i]};
    if (auto constant = dyn_cast<mcu::ConstantOp>(root)) {
      llvm::Expected<int64_t> index = addConstant(constant, isTableOperand(op.getKernel(), unsigned(i)));
      if (!index)
        return index.takeError();
      argument.constant = *index;
      argument.offset = op.getOffsets()[i];
    } else {
      argument.offset = int64_t(*cast<mcu::BufferOp>(root).getOffset()) + mcu::byteOffset(operand) + op.getOffsets()[i];
      argument.isSpilled = mcu::isSpilled(cast<mcu::BufferOp>(root));
      argument.isState = mcu::isState(cast<mcu::BufferOp>(root));
    }
    if (!argument.type)
      return refuse(op, "an operand has elements that C99 has no type for");
    step.arguments.push_back(argument);
  }
  llvm::Expected<size_t> record = addRecord(op, op.getKernel(), op.getRecord(), op.getParams(), step.node);
  if (!record)
    return record.takeError();
  step.record = *record;
  return step;
}

llvm::Expected<int64_t> ModelBuilder::addConstant(mcu::ConstantOp op, bool isTable) {
  auto known = constantOf.find(op);
  if (known != constantOf.end()) {
    // What is a weight anywhere counts as one.
    model.constants[known->second].isTable &= isTable;
    return known->second;
  }
  ModelConstant constant;
  constant.name = op.getName().str();
  constant.isTable = isTable;
  constant.place = mcu::getPlace(op);
  FailureOr<ConstantData> data = ConstantData::get(op.getValue());
  if (failed(data))
    return refuse(op, "constant '" + constant.name + "' has no data");

  // Eight-bit codes lie in flash as they are, and keep the type that kernels expect.
  auto encoding = dyn_cast_or_null<pack::EncodingInterface>(op.getEncodingAttr());
  auto dense = dyn_cast_or_null<pack::DenseAttr>(op.getEncodingAttr());
  constant.isEncoded = encoding && !(dense && dense.getBits() == 8);
  constant.type = constant.isEncoded ? CType::getByte() : CType::get(data->getType().getElementType());
  if (!constant.type)
    return refuse(op, "constant '" + constant.name + "' has elements that C99 has no type for");
  if (constant.isEncoded) {
    SmallVector<int64_t> wide = data->integers();
    std::vector<int32_t> codes(wide.begin(), wide.end());
    FailureOr<std::vector<uint8_t>> bytes = encoding.encode(codes);
    if (failed(bytes))
      return refuse(op, "constant '" + constant.name + "' has values that its encoding cannot hold");
    constant.encoded.assign(bytes->begin(), bytes->end());
  } else {
    constant.data = std::move(*data);
  }

  llvm::ArrayRef<char> bytes = constant.bytes();
  uint64_t hash = llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  std::vector<int64_t> &candidates = constantsByHash[hash];
  for (int64_t index : candidates)
    if (model.constants[index].type->name == constant.type->name && model.constants[index].bytes() == bytes) {
      model.constants[index].isTable &= isTable;
      model.constants[index].place = std::min(model.constants[index].place, constant.place);
      return constantOf[op] = index;
    }
  std::string part = identifierPart(constant.name);
  constant.symbol = model.name + "__" + names.get(part.empty() ? "constant" : part);
  int64_t index = model.constants.size();
  model.constants.push_back(std::move(constant));
  candidates.push_back(index);
  return constantOf[op] = index;
}

llvm::Expected<size_t> ModelBuilder::addRecord(Operation *op, llvm::StringRef kernel, llvm::StringRef recordName,
                                               DictionaryAttr params, llvm::StringRef node) {
  const mcu::Record *record = mcu::Record::lookup(recordName);
  for (const mcu::RecordField &field : record->fields)
    if (auto number = dyn_cast_or_null<FloatAttr>(params.get(field.name)); number && !number.getValue().isFinite())
      return refuse(op, "parameter '" + field.name + "' of " + kernel +
                            " is not finite; clamps that do nothing are written with the largest float32");
  FailureOr<std::vector<char>> bytes = record->pack(params, [&] { return op->emitOpError(); });
  if (failed(bytes))
    return refuse(op, "the parameters of " + kernel + " are not those of " + recordName);
  auto [entry, isNew] = recordOf.try_emplace({record, *bytes}, model.records.size());
  if (isNew) {
    std::string part = identifierPart(node);
    std::string symbol = model.name + "__" + names.get(part.empty() ? "params" : part + "_params");
    model.records.push_back({symbol, node.str(), record, std::move(*bytes)});
  }
  return entry->second;
}

llvm::Expected<Model> thimble::codegen::buildModel(mcu::ProgramOp program, llvm::StringRef name) {
  return ModelBuilder(program, name).build();
}
