// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Turns the function of nn operations into an mcu.program of kernel calls.
#include "codegen/kernels/KernelCall.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/mcu/McuDialect.h"
#include "dialects/nn/NNStates.h"
#include "passes/lower/Lower.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

namespace thimble::lower {
#define GEN_PASS_DEF_LOWERTOMCU
#include "passes/lower/Passes.h.inc"
} // namespace thimble::lower

using namespace mlir;
using namespace thimble;

namespace {

// The value whose memory `value` shows: reshapes move nothing.
Value rootOf(Value value) {
  while (auto reshape = value.getDefiningOp<nn::ReshapeOp>())
    value = reshape.getX();
  return value;
}

MemRefType memoryType(Value value) {
  RankedTensorType stored = storageTensorType(cast<ShapedType>(value.getType()));
  return MemRefType::get(stored.getShape(), stored.getElementType());
}

// What a constant operand is called in the generated code.
llvm::StringRef operandRole(Operation *op, unsigned index) {
  if (isa<nn::Conv2DOp, nn::FullyConnectedOp>(op))
    return index == 1 ? "weights" : "bias";
  if (isa<nn::LayerNormOp>(op))
    return index == 1 ? "scale" : "bias";
  if (isa<nn::RnnOp, nn::GruOp, nn::LstmOp>(op) && index < 4) {
    llvm::StringRef names[] = {"data", "weights", "recurrence", "bias"};
    return names[index];
  }
  if (isa<nn::LookupOp>(op))
    return "table";
  if (auto attention = dyn_cast<nn::AttentionOp>(op))
    return op->getOperand(index) == attention.getTable()  ? "table"
           : op->getOperand(index) == attention.getMask() ? "mask"
                                                          : "data";
  if (isa<nn::GatherOp>(op))
    return index == 1 ? "indices" : "data";
  return "constant";
}

// Lower-case letters, digits and single underscores.
std::string identifier(llvm::StringRef text) {
  std::string result;
  for (char c : text)
    if (llvm::isAlnum(c))
      result += llvm::toLower(c);
    else if (!result.empty() && result.back() != '_')
      result += '_';
  return result.empty() || result == "_" ? "node" : llvm::StringRef(result).rtrim('_').str();
}

class Lowering {
public:
  Lowering(func::FuncOp function, mcu::ProgramOp program)
      : function(function), builder(OpBuilder::atBlockEnd(&program.getBody().front())) {}

  LogicalResult run() {
    Block &body = function.getBody().front();
    for (auto [index, state] : llvm::enumerate(nn::getStates(function))) {
      stateOfArgument[state.argument] = unsigned(index);
      stateOfResult[state.result] = unsigned(index);
    }
    for (auto [index, argument] : llvm::enumerate(nn::getPublicArguments(function)))
      publicArgument[argument] = unsigned(index);
    for (auto [index, result] : llvm::enumerate(nn::getPublicResults(function)))
      publicResult[result] = unsigned(index);
    assignOutputs(body.getTerminator());
    for (BlockArgument argument : body.getArguments()) {
      auto state = stateOfArgument.find(argument.getArgNumber());
      bool isState = state != stateOfArgument.end();
      memory[argument] =
          makeBuffer(argument, argument.getLoc(), nameAttr(function.getArgAttr(argument.getArgNumber(), "onnx.name")),
                     isState ? mcu::Role::State : mcu::Role::Input, argument.getArgNumber(), argument);
    }
    for (Operation &op : body.without_terminator())
      if (failed(lower(&op)))
        return failure();
    return copyOutputs(body.getTerminator());
  }

private:
  static std::string nameAttr(Attribute attribute) {
    auto name = dyn_cast_or_null<StringAttr>(attribute);
    return name ? name.getValue().str() : "";
  }

  // The first result that shows an operation's own memory lives there; all others are copies. Those that the caller sees come first.
  void assignOutputs(Operation *terminator) {
    llvm::SmallVector<unsigned> order = nn::getPublicResults(function);
    for (nn::StatePair state : nn::getStates(function))
      order.push_back(state.result);
    for (unsigned index : order) {
      Value value = terminator->getOperand(index);
      Value root = rootOf(value);
      Operation *producer = root.getDefiningOp();
      if (producer && !isa<nn::ConstantOp>(producer) && !outputOf.count(root)) {
        outputOf[root] = index;
        isPlaced.insert(index);
      }
    }
  }

  // `shown` is the value as the caller sees it: its shape and scale describe the input or output. `index` is the position of the
  // function's argument or result.
  Value makeBuffer(Value value, Location loc, llvm::StringRef name, mcu::Role role, int64_t index, Value shown) {
    mcu::IoAttr io;
    DenseI64ArrayAttr bound;
    if (role == mcu::Role::Output)
      bound = publicBound(unsigned(index));
    if (role == mcu::Role::Input || role == mcu::Role::Output || role == mcu::Role::State) {
      auto type = cast<RankedTensorType>(shown.getType());
      quant::UniformQuantizedType quantized = nn::getActivationType(type);
      io = mcu::IoAttr::get(builder.getContext(), name, builder.getDenseI64ArrayAttr(type.getShape()),
                            builder.getF64FloatAttr(quantized ? quantized.getScale() : 0.0),
                            quantized ? quantized.getZeroPoint() : 0, bound);
    }
    int64_t position = role == mcu::Role::Input       ? publicArgument.lookup(unsigned(index))
                       : role == mcu::Role::Output    ? publicResult.lookup(unsigned(index))
                       : role == mcu::Role::State     ? stateOfArgument.lookup(unsigned(index))
                       : role == mcu::Role::NextState ? stateOfResult.lookup(unsigned(index))
                                                      : index;
    auto buffer = builder.create<mcu::BufferOp>(loc, memoryType(value), name, role, position, io, IntegerAttr());
    if (Attribute start = role == mcu::Role::State ? function.getArgAttr(unsigned(index), nn::stateStartAttrName) : Attribute())
      buffer->setAttr(mcu::startName, start);
    bool isInput = role == mcu::Role::Input;
    if (isInput || role == mcu::Role::Output)
      if (Attribute frames = isInput ? function.getArgAttr(unsigned(index), nn::framesAttrName)
                                     : function.getResultAttr(unsigned(index), nn::framesAttrName))
        buffer->setAttr(mcu::framesName, frames);
    if (Attribute labels = role == mcu::Role::Output ? function.getResultAttr(unsigned(index), "onnx.labels") : Attribute())
      buffer->setAttr(mcu::labelsAttrName, labels);
    return buffer;
  }

  // The output that holds a size, as the caller counts.
  DenseI64ArrayAttr publicBound(unsigned index) {
    auto bound = function.getResultAttrOfType<DenseI64ArrayAttr>(index, nn::boundAttrName);
    if (!bound || publicResult.empty())
      return bound;
    return builder.getDenseI64ArrayAttr({bound[0], int64_t(publicResult.lookup(unsigned(bound[1])))});
  }

  mcu::Role resultRole(unsigned index) { return stateOfResult.count(index) ? mcu::Role::NextState : mcu::Role::Output; }

  std::string outputName(unsigned index) { return nameAttr(function.getResultAttr(index, "onnx.name")); }

  Value resultBuffer(Value result) {
    auto output = outputOf.find(result);
    std::string node = nodeName(result.getLoc());
    if (output == outputOf.end())
      return makeBuffer(result, result.getLoc(), node, mcu::Role::Temporary, temporaries++, result);
    Value shown = function.getBody().front().getTerminator()->getOperand(output->second);
    return makeBuffer(result, result.getLoc(), outputName(output->second), resultRole(output->second), output->second, shown);
  }

  std::string uniqueName(std::string name) {
    std::string candidate = name;
    for (int suffix = 2; !names.insert(candidate).second; ++suffix)
      candidate = name + "_" + std::to_string(suffix);
    return candidate;
  }

  // Equal constants are stored once.
  Value makeConstantMemory(Location loc, llvm::StringRef role, RankedTensorType type, llvm::ArrayRef<char> bytes,
                           ElementsAttr known) {
    std::string key = llvm::formatv("{0}:", type).str();
    key.append(bytes.data(), bytes.size());
    Value &entry = constants[key];
    if (entry)
      return entry;
    std::string name = uniqueName(identifier(nodeName(loc)) + "_" + role.str());
    ElementsAttr value = known ? known : makeConstant(type, bytes, name);
    auto memref = MemRefType::get(type.getShape(), type.getElementType());
    OpBuilder::InsertionGuard guard(builder);
    return entry = builder.create<mcu::ConstantOp>(loc, memref, name, value, Attribute());
  }

  // Kernels of int8 take codes of uint8 as the int8 with the same bits.
  Value asCodes(Operation *op, Value value) {
    auto type = cast<MemRefType>(value.getType());
    if (!isa<nn::LookupOp>(op) || !type.getElementType().isUnsignedInteger(8))
      return value;
    return builder.create<mcu::ViewOp>(op->getLoc(), MemRefType::get(type.getShape(), builder.getI8Type()), value);
  }

  FailureOr<Value> operandMemory(Operation *op, unsigned index) {
    Value operand = op->getOperand(index);
    if (Value known = memory.lookup(operand))
      return known;
    auto constant = rootOf(operand).getDefiningOp<nn::ConstantOp>();
    FailureOr<ConstantData> data = constant ? ConstantData::get(constant.getValue()) : FailureOr<ConstantData>();
    if (failed(data))
      return op->emitOpError("operand ") << index << " has no memory";
    RankedTensorType type = storageTensorType(cast<ShapedType>(operand.getType()));
    ElementsAttr known = constant.getResult() == operand ? constant.getValue() : ElementsAttr();
    return makeConstantMemory(op->getLoc(), operandRole(op, index), type, data->bytes(), known);
  }

  LogicalResult lower(Operation *op) {
    if (isa<nn::ConstantOp>(op))
      return success();
    if (auto reshape = dyn_cast<nn::ReshapeOp>(op)) {
      // Views of constants are made where the constant is read.
      if (Value source = memory.lookup(reshape.getX()))
        memory[reshape.getY()] = builder.create<mcu::ViewOp>(op->getLoc(), memoryType(reshape.getY()), source);
      return success();
    }
    FailureOr<std::vector<kernels::KernelCall>> calls = kernels::selectKernels(op);
    if (failed(calls))
      return failure();
    // Operands first, so that constants and views stand before the buffers that the calls write.
    std::vector<llvm::SmallVector<Value>> inputs(calls->size());
    for (Value result : op->getResults())
      memory[result] = resultBuffer(result);
    for (auto [call, list] : llvm::zip(*calls, inputs))
      for (kernels::Argument argument : call.ins) {
        FailureOr<Value> value = argument.kind == kernels::Argument::Operand  ? operandMemory(op, argument.index)
                                 : argument.kind == kernels::Argument::Result ? memory.lookup(op->getResult(argument.index))
                                                                              : newConstant(op, call.constants[argument.index]);
        if (failed(value))
          return failure();
        list.push_back(asCodes(op, *value));
      }
    for (auto [call, list] : llvm::zip(*calls, inputs)) {
      Value scratch;
      if (call.kernel->hasScratch) {
        auto type = MemRefType::get({call.scratchBytes}, builder.getI8Type());
        scratch = builder.create<mcu::BufferOp>(op->getLoc(), type, nodeName(op->getLoc()), mcu::Role::Scratch, 0,
                                                mcu::IoAttr(), IntegerAttr());
      }
      llvm::SmallVector<Value> outputs;
      for (unsigned result : call.results)
        outputs.push_back(asCodes(op, memory.lookup(op->getResult(result))));
      builder.create<mcu::CallOp>(op->getLoc(), call.kernel->name, list, outputs, scratch, call.kernel->record, call.params,
                                  call.macs, call.overlap ? builder.getI64IntegerAttr(*call.overlap) : IntegerAttr());
    }
    return success();
  }

  FailureOr<Value> newConstant(Operation *op, const kernels::NewConstant &constant) {
    return makeConstantMemory(op->getLoc(), constant.name, constant.type, constant.bytes, ElementsAttr());
  }

  LogicalResult copyOutputs(Operation *terminator) {
    for (auto [index, value] : llvm::enumerate(terminator->getOperands())) {
      if (isPlaced.contains(unsigned(index)))
        continue;
      std::string name = outputName(unsigned(index));
      Location loc = NameLoc::get(builder.getStringAttr(name.empty() ? "output" : name));
      bool isEmpty = cast<ShapedType>(value.getType()).getNumElements() == 0; // then there is nothing to copy
      FailureOr<Value> source = isEmpty ? FailureOr<Value>(Value()) : operandMemory(terminator, unsigned(index));
      if (failed(source))
        return failure();
      if (stateOfResult.count(unsigned(index)) && mcu::isState(mcu::getBuffer(*source)))
        source = copied(loc, *source); // from the state to the state: before others write there
      Value target = makeBuffer(value, loc, name, resultRole(unsigned(index)), int64_t(index), value);
      if (isEmpty)
        continue;
      copy(loc, *source, target);
    }
    return success();
  }

  void copy(Location loc, Value source, Value target) {
    NamedAttribute count = builder.getNamedAttr("count", builder.getI32IntegerAttr(int32_t(mcu::byteSize(target))));
    builder.create<mcu::CallOp>(loc, "tmb_copy_bytes", ValueRange{source}, ValueRange{target}, Value(), "tmb_count_params",
                                builder.getDictionaryAttr(count), 0, IntegerAttr());
  }

  Value copied(Location loc, Value source) {
    Value target = builder.create<mcu::BufferOp>(loc, cast<MemRefType>(source.getType()), nodeName(loc), mcu::Role::Temporary,
                                                 temporaries++, mcu::IoAttr(), IntegerAttr());
    copy(loc, source, target);
    return target;
  }

  func::FuncOp function;
  OpBuilder builder;
  llvm::DenseMap<Value, Value> memory;
  llvm::DenseMap<Value, unsigned> outputOf; // root values that live in an output buffer
  llvm::DenseSet<unsigned> isPlaced;        // outputs that need no copy
  // From positions in the function to positions among states, inputs and outputs.
  llvm::DenseMap<unsigned, unsigned> stateOfArgument, stateOfResult, publicArgument, publicResult;
  llvm::StringMap<Value> constants;
  llvm::StringSet<> names;
  int64_t temporaries = 0;
};

struct LowerToMcu : thimble::lower::impl::LowerToMcuBase<LowerToMcu> {
  using LowerToMcuBase::LowerToMcuBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
    if (functions.size() != 1) {
      module.emitError("lowering needs a module with one function, got ") << functions.size();
      return signalPassFailure();
    }
    func::FuncOp function = functions.front();
    OpBuilder builder(function);
    auto program =
        builder.create<mcu::ProgramOp>(function.getLoc(), programName, 16, IntegerAttr(), IntegerAttr(), IntegerAttr());
    program.getBody().emplaceBlock();
    if (failed(Lowering(function, program).run()))
      return signalPassFailure();
    function.erase();
  }
};

} // namespace
