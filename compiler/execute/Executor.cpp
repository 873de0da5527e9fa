// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Binds kernel calls to memory once; a run is then a loop over them.
#include "compiler/execute/Executor.h"
#include "codegen/kernels/KernelCall.h"
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuRecords.h"
#include "dialects/nn/NNStates.h"
#include <cstring>

using namespace mlir;
using namespace thimble;

namespace {

// Heap memory aligned as the device's arena is.
class Memory {
public:
  explicit Memory(size_t bytes)
      : bytes(bytes), data(static_cast<char *>(::operator new(std::max<size_t>(bytes, 1), std::align_val_t(16)))) {
    std::memset(data.get(), 0, bytes);
  }
  char *get() const { return data.get(); }
  size_t size() const { return bytes; }

private:
  struct Delete {
    void operator()(char *pointer) const { ::operator delete(pointer, std::align_val_t(16)); }
  };
  size_t bytes;
  std::unique_ptr<char, Delete> data;
};

struct Span {
  char *data;
  size_t bytes;
};

struct BoundCall {
  kernels::Invoke invoke;
  std::vector<char> record;
  std::vector<void *> arguments; // the last one points to `record`
};

} // namespace

struct Executor::Implementation {
  std::vector<std::unique_ptr<Memory>> memories;
  std::unique_ptr<Memory> arena, externalArena, state; // of a program
  std::vector<BoundCall> calls;
  std::vector<Span> inputs, outputs;
  struct State {
    Span memory;
    Span next;               // what a run leaves; the same memory in a program
    std::vector<char> start; // what it holds at the start
  };
  std::vector<State> states;
  int64_t sequenceLength = 0, runs = 0; // since the start of the sequence
  llvm::DenseMap<Value, Span> values;

  Span allocate(size_t bytes) {
    memories.push_back(std::make_unique<Memory>(bytes));
    return {memories.back()->get(), bytes};
  }
  Span copy(llvm::ArrayRef<char> bytes) {
    Span region = allocate(bytes.size());
    std::memcpy(region.data, bytes.data(), bytes.size());
    return region;
  }
  LogicalResult addCall(Operation *op, const kernels::Kernel &kernel, llvm::ArrayRef<void *> pointers, DictionaryAttr params) {
    const mcu::Record *record = mcu::Record::lookup(kernel.record);
    FailureOr<std::vector<char>> bytes = record->pack(params, [&] { return op->emitOpError(); });
    if (failed(bytes))
      return failure();
    BoundCall call{kernel.invoke, std::move(*bytes), std::vector<void *>(pointers.begin(), pointers.end())};
    call.arguments.push_back(nullptr); // set once the call has its final place
    calls.push_back(std::move(call));
    return success();
  }
  LogicalResult addOperation(Operation *op);
  LogicalResult addProgramCall(mcu::CallOp op);
  LogicalResult addStep(mcu::CallOp stream, mcu::StepOp step, int64_t iteration);
  LogicalResult addFeed(mcu::CallOp stream, mcu::FeedOp feed, int64_t iteration);
  size_t fedBytes = 0; // of the rows that were fed so far
};

LogicalResult Executor::Implementation::addOperation(Operation *op) {
  if (isa<nn::ConstantOp>(op)) {
    FailureOr<ConstantData> data = ConstantData::get(op->getResult(0));
    if (failed(data))
      return op->emitOpError("holds no data");
    values[op->getResult(0)] = copy(data->bytes());
    return success();
  }
  FailureOr<std::vector<kernels::KernelCall>> selected = kernels::selectKernels(op);
  if (failed(selected))
    return failure();
  if (selected->empty() && op->getNumOperands() > 0 && !isa<nn::ConcatOp>(op)) {
    values[op->getResult(0)] = values.lookup(op->getOperand(0));
    return success();
  }
  for (Value result : op->getResults())
    values[result] = allocate(size_t(tensorBytes(cast<ShapedType>(result.getType()))));
  for (kernels::KernelCall &call : *selected) {
    llvm::SmallVector<void *> pointers;
    for (kernels::Argument argument : call.ins) {
      if (argument.kind == kernels::Argument::Constant)
        pointers.push_back(copy(call.constants[argument.index].bytes).data);
      else
        pointers.push_back(values.lookup(argument.kind == kernels::Argument::Operand ? op->getOperand(argument.index)
                                                                                     : op->getResult(argument.index)).data);
    }
    for (unsigned result : call.results)
      pointers.push_back(values.lookup(op->getResult(result)).data);
    if (call.kernel->hasScratch)
      pointers.push_back(allocate(size_t(call.scratchBytes)).data);
    if (failed(addCall(op, *call.kernel, pointers, call.params)))
      return failure();
  }
  return success();
}

LogicalResult Executor::Implementation::addStep(mcu::CallOp stream, mcu::StepOp step, int64_t iteration) {
  const kernels::Kernel *kernel = kernels::lookup(step.getKernel());
  if (!kernel || !kernel->invoke)
    return step.emitOpError("calls '") << step.getKernel() << "', which the runtime does not have";
  if (step.getArgs().size() != kernel->ins + kernel->outs + (kernel->hasScratch ? 1 : 0) || step.getRecord() != kernel->record)
    return step.emitOpError("does not match the prototype of ") << kernel->name;
  llvm::SmallVector<void *> pointers;
  for (auto [operand, offset, advance] : llvm::zip(step.getArgs(), step.getOffsets(), step.getAdvances()))
    pointers.push_back(values.lookup(stream->getOperand(unsigned(operand))).data + offset + iteration * advance);
  return addCall(step, *kernel, pointers, step.getParams());
}

// The caller's part: a row of the input goes to where the step says.
LogicalResult Executor::Implementation::addFeed(mcu::CallOp stream, mcu::FeedOp feed, int64_t iteration) {
  auto fed = llvm::find_if(stream.getIns(), [](Value in) { return mcu::isFed(mcu::getBuffer(in)); });
  if (fed == stream.getIns().end())
    return feed.emitOpError("belongs to a call without an input that is fed");
  Builder builder(feed.getContext());
  auto params = builder.getDictionaryAttr(builder.getNamedAttr("count", builder.getI32IntegerAttr(int32_t(feed.getBytes()))));
  void *row = values.lookup(*fed).data + fedBytes;
  void *place = values.lookup(stream.getScratch()).data + int64_t(feed.getOffset()) + iteration * int64_t(feed.getAdvance());
  fedBytes += size_t(feed.getBytes());
  return addCall(feed, *kernels::lookup("tmb_copy_bytes"), {row, place}, params);
}

LogicalResult Executor::Implementation::addProgramCall(mcu::CallOp op) {
  if (op.getKernel() == mcu::streamKernel) {
    for (Operation &inner : op.getBody().front()) {
      auto add = [&](Operation &one, int64_t iteration) {
        auto feed = dyn_cast<mcu::FeedOp>(one);
        return feed ? addFeed(op, feed, iteration) : addStep(op, cast<mcu::StepOp>(one), iteration);
      };
      auto repeat = dyn_cast<mcu::RepeatOp>(inner);
      for (int64_t iteration = 0; repeat && iteration < int64_t(repeat.getCount()); ++iteration)
        for (Operation &one : repeat.getBody().front())
          if (failed(add(one, iteration)))
            return failure();
      if (!repeat && failed(add(inner, 0)))
        return failure();
    }
    return success();
  }
  const kernels::Kernel *kernel = kernels::lookup(op.getKernel());
  if (!kernel)
    return op.emitOpError("calls '") << op.getKernel() << "', which the runtime does not have";
  if (op.getIns().size() != kernel->ins || op.getOuts().size() != kernel->outs || bool(op.getScratch()) != kernel->hasScratch ||
      op.getRecord() != kernel->record)
    return op.emitOpError("does not match the prototype of ") << kernel->name;
  llvm::SmallVector<void *> pointers;
  for (Value operand : op->getOperands())
    pointers.push_back(values.lookup(operand).data);
  return addCall(op, *kernel, pointers, op.getParams());
}

Executor::Executor(std::unique_ptr<Implementation> implementation) : implementation(std::move(implementation)) {
  for (BoundCall &call : this->implementation->calls)
    call.arguments.back() = call.record.data();
  reset();
}

Executor::~Executor() = default;

FailureOr<std::unique_ptr<Executor>> Executor::create(func::FuncOp function) {
  auto result = std::make_unique<Implementation>();
  Block &body = function.getBody().front();
  for (BlockArgument argument : body.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.hasStaticShape() || elementBytes(type.getElementType()) == 0)
      return function.emitOpError("argument ")
             << argument.getArgNumber() << " has type " << argument.getType() << ", which cannot be run";
    Span region = result->allocate(size_t(tensorBytes(type)));
    result->values[argument] = region;
  }
  for (unsigned index : nn::getPublicArguments(function))
    result->inputs.push_back(result->values.lookup(body.getArgument(index)));
  for (Operation &op : body.without_terminator())
    if (failed(result->addOperation(&op)))
      return failure();
  for (unsigned index : nn::getPublicResults(function))
    result->outputs.push_back(result->values.lookup(body.getTerminator()->getOperand(index)));
  for (nn::StatePair state : nn::getStates(function)) {
    Value argument = function.getArgument(state.argument);
    quant::UniformQuantizedType type = nn::getInt8Type(argument.getType()); // int16 has the zero point 0
    Span next = result->values.lookup(body.getTerminator()->getOperand(state.result));
    Span memory = result->values.lookup(argument);
    std::vector<char> start(memory.bytes, char(type ? type.getZeroPoint() : 0));
    if (Attribute given = function.getArgAttr(state.argument, nn::stateStartAttrName)) {
      FailureOr<ConstantData> data = ConstantData::get(given);
      if (failed(data) || data->bytes().size() != start.size())
        return function.emitOpError("argument ") << state.argument << " has a start of another size";
      start = data->bytes().vec();
    }
    result->states.push_back({memory, next, std::move(start)});
  }
  if (auto length = function->getAttrOfType<IntegerAttr>(nn::sequenceAttrName))
    result->sequenceLength = length.getInt();
  return std::unique_ptr<Executor>(new Executor(std::move(result)));
}

FailureOr<std::unique_ptr<Executor>> Executor::create(mcu::ProgramOp program) {
  if (!program.getArenaBytes())
    return program.emitOpError("has no arena yet; schedule it first");
  auto result = std::make_unique<Implementation>();
  result->arena = std::make_unique<Memory>(size_t(*program.getArenaBytes()));
  result->externalArena = std::make_unique<Memory>(size_t(mcu::getExternalArenaBytes(program)));
  result->state = std::make_unique<Memory>(size_t(program.getStateBytes().value_or(0)));
  auto place = [](std::vector<Span> &list, size_t index, Span region) {
    list.resize(std::max(list.size(), index + 1), {nullptr, 0});
    list[index] = region;
  };
  for (Operation &op : program.getBody().front()) {
    if (auto buffer = dyn_cast<mcu::BufferOp>(op)) {
      if (!buffer.getOffset() && !mcu::isFed(buffer))
        return buffer.emitOpError("has no place in the arena yet; schedule the program first");
      size_t bytes = size_t(mcu::byteSize(buffer.getMemory()));
      const auto &owner = mcu::isState(buffer) ? result->state : mcu::isSpilled(buffer) ? result->externalArena : result->arena;
      char *memory = owner->get();
      Span region = mcu::isFed(buffer) ? result->allocate(bytes) : Span{memory + *buffer.getOffset(), bytes};
      if (buffer.getRole() == mcu::Role::State)
        result->states.push_back({region, region, mcu::getStartBytes(buffer)});
      result->values[buffer.getMemory()] = region;
      if (buffer.getRole() == mcu::Role::Input)
        place(result->inputs, buffer.getIndex(), region);
      if (buffer.getRole() == mcu::Role::Output)
        place(result->outputs, buffer.getIndex(), region);
    } else if (auto constant = dyn_cast<mcu::ConstantOp>(op)) {
      FailureOr<ConstantData> data = ConstantData::get(constant.getValue());
      if (failed(data))
        return constant.emitOpError("holds no data");
      result->values[constant.getMemory()] = result->copy(data->bytes());
    } else if (auto view = dyn_cast<mcu::ViewOp>(op)) {
      Span source = result->values.lookup(view.getSource());
      result->values[view.getMemory()] = {source.data + int64_t(view.getAt()), size_t(mcu::byteSize(view.getMemory()))};
    } else if (failed(result->addProgramCall(cast<mcu::CallOp>(op)))) {
      return failure();
    }
  }
  return std::unique_ptr<Executor>(new Executor(std::move(result)));
}

size_t Executor::getInputCount() const { return implementation->inputs.size(); }
size_t Executor::getOutputCount() const { return implementation->outputs.size(); }
size_t Executor::getInputBytes(size_t index) const { return implementation->inputs[index].bytes; }
size_t Executor::getOutputBytes(size_t index) const { return implementation->outputs[index].bytes; }

void Executor::reset() {
  for (const Implementation::State &state : implementation->states)
    std::memcpy(state.memory.data, state.start.data(), state.memory.bytes);
  implementation->runs = 0;
}

void Executor::setSequenceLength(int64_t length) { implementation->sequenceLength = length; }

bool Executor::hasState() const { return !implementation->states.empty(); }

void Executor::run(llvm::ArrayRef<llvm::ArrayRef<char>> inputs) {
  for (const std::unique_ptr<Memory> &arena : {std::cref(implementation->arena), std::cref(implementation->externalArena)})
    if (arena)
      std::memset(arena->get(), 0xA5, arena->size());
  if (implementation->sequenceLength > 0 && implementation->runs == implementation->sequenceLength)
    reset();
  // Of a function: all first, since a state may be what another one was.
  std::vector<std::vector<char>> left;
  for (const Implementation::State &state : implementation->states)
    if (implementation->runs > 0 && state.next.data != state.memory.data)
      left.emplace_back(state.next.data, state.next.data + state.next.bytes);
  for (auto [state, bytes] : llvm::zip(implementation->states, left))
    std::memcpy(state.memory.data, bytes.data(), bytes.size());
  for (auto [region, bytes] : llvm::zip(implementation->inputs, inputs))
    std::memcpy(region.data, bytes.data(), region.bytes);
  for (const BoundCall &call : implementation->calls)
    call.invoke(call.arguments.data());
  ++implementation->runs;
}

llvm::ArrayRef<char> Executor::getOutput(size_t index) const {
  return {implementation->outputs[index].data, implementation->outputs[index].bytes};
}

llvm::ArrayRef<char> Executor::getValue(Value value) const {
  Span region = implementation->values.lookup(value);
  return {region.data, region.bytes};
}
