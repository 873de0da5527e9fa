// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-lower-run-frames: a model over a window of frames becomes one that takes them a few at a time.
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/nn/NNStates.h"
#include "mlir/IR/IRMapping.h"
#include "passes/lower/FrameStates.h"
#include "passes/lower/Lower.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

namespace thimble::lower {
#define GEN_PASS_DEF_RUNFRAMES
#include "passes/lower/Passes.h.inc"
} // namespace thimble::lower

using namespace mlir;
using namespace thimble;
using namespace thimble::lower;

namespace {

class Rewriter {
public:
  Rewriter(func::FuncOp function, unsigned argument, const FrameTimes &times)
      : function(function), argument(argument), times(times), builder(function.getContext()), states(function, times, builder) {
  }

  LogicalResult run() {
    Block &old = function.getBody().front();
    Block *fresh = new Block();
    function.getBody().push_back(fresh);
    builder.setInsertionPointToEnd(fresh);
    for (BlockArgument value : old.getArguments())
      map.map(value, fresh->addArgument(times.typeOf(value), value.getLoc()));
    states.plan();
    for (Operation &op : old.without_terminator())
      if (failed(rewrite(&op)))
        return failure();
    finish(old, fresh);
    return success();
  }

private:
  LogicalResult rewrite(Operation *op) {
    const FramePlan *plan = times.findPlan(op);
    if (!plan) {
      builder.clone(*op, map);
      return success();
    }
    llvm::SmallVector<Value> operands;
    bool isStepped = false;
    for (auto [operand, read] : llvm::zip(op->getOperands(), plan->operands)) {
      bool isThis = false;
      operands.push_back(read ? states.read(*read, map.lookup(operand), op->getLoc(), isThis) : map.lookup(operand));
      isStepped |= isThis;
    }
    if (plan->isCut) {
      map.map(op->getResult(0), operands[0]);
      return success();
    }
    if (isa<nn::RnnOp, nn::GruOp, nn::LstmOp>(op))
      return rewriteRecurrent(op, operands);

    if (auto transpose = dyn_cast<nn::TransposeOp>(op); transpose && movesOnlyOnes(transpose, operands[0])) {
      map.map(transpose.getY(),
              builder.create<nn::ReshapeOp>(op->getLoc(), times.typeOf(transpose.getY()), operands[0]).getY());
      return success();
    }
    Operation *clone = builder.clone(*op, map);
    clone->setOperands(operands);
    for (auto [result, value] : llvm::zip(op->getResults(), clone->getResults()))
      value.setType(times.typeOf(result));
    if (isStepped) { // only convolutions are
      llvm::SmallVector<int64_t> dilations(cast<nn::Conv2DOp>(clone).getDilations());
      dilations[plan->results[0]->axis - 1] = 1;
      cast<nn::Conv2DOp>(clone).setDilations(dilations);
    }
    if (plan->results[0])
      adjust(op, clone, *plan->results[0]);
    else
      adjustWhole(op, clone, *plan);
    return success();
  }

  // Transpositions of one frame are often none.
  bool movesOnlyOnes(nn::TransposeOp op, Value x) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(x.getType()).getShape();
    llvm::SmallVector<int64_t> order;
    for (int64_t d : op.getPermutation())
      if (shape[d] != 1)
        order.push_back(d);
    return llvm::is_sorted(order);
  }

  // Attributes that say something of the time axis.
  void adjust(Operation *op, Operation *clone, const FrameTime &result) {
    auto with = [](ArrayRef<int64_t> values, int64_t index, int64_t value) {
      llvm::SmallVector<int64_t> changed(values);
      changed[index] = value;
      return changed;
    };
    auto isSpatial = [&](Value x) { return times.find(x)->axis == 1 || times.find(x)->axis == 2; };
    llvm::TypeSwitch<Operation *>(clone)
        .Case([&](nn::Conv2DOp conv) { conv.setPads(with(with(conv.getPads(), result.axis - 1, 0), result.axis + 1, 0)); })
        .Case([&](nn::Pool2DOp pool) {
          if (!isSpatial(cast<nn::Pool2DOp>(op).getX()))
            return;
          pool.setPads(with(with(pool.getPads(), result.axis - 1, 0), result.axis + 1, 0));
          pool.setExtra(with(pool.getExtra(), result.axis - 1, 0));
        })
        .Case([&](nn::SliceOp slice) {
          slice.setOffsets(with(slice.getOffsets(), result.axis, 0));
          slice.setSizes(with(slice.getSizes(), result.axis, times.countOf(result)));
        })
        .Case([&](nn::PadOp pad) {
          pad.setBefore(with(pad.getBefore(), result.axis, 0));
          pad.setAfter(with(pad.getAfter(), result.axis, 0));
        });
  }

  // The operation has the frames that it wants alone.
  void adjustWhole(Operation *op, Operation *clone, const FramePlan &) {
    if (auto slice = dyn_cast<nn::SliceOp>(clone)) {
      int64_t axis = times.find(cast<nn::SliceOp>(op).getX())->axis;
      llvm::SmallVector<int64_t> offsets(slice.getOffsets()), strides(slice.getStrides());
      offsets[axis] = 0;
      strides[axis] = 1;
      slice.setOffsets(offsets);
      slice.setStrides(strides);
    }
    if (auto gather = dyn_cast<nn::GatherOp>(clone)) {
      auto type = cast<RankedTensorType>(gather.getIndices().getType());
      gather.getIndicesMutable().assign(
          states.constant(type, DenseElementsAttr::get(type, APInt(type.getElementTypeBitWidth(), 0)), op->getLoc()));
    }
  }

  // The state of a layer keeps all of its precision from run to run.
  RankedTensorType stateType(RankedTensorType x, RankedTensorType state, double scale) {
    if (!nn::isQuantized(x))
      return state;
    auto wide = quant::UniformQuantizedType::get(quant::QuantizationFlags::Signed, builder.getIntegerType(16),
                                                 builder.getF32Type(), scale, 0, INT16_MIN, INT16_MAX);
    return RankedTensorType::get(state.getShape(), wide);
  }

  // The state with which a layer starts.
  FailureOr<Value> startState(Operation *op, Value initial, RankedTensorType type, llvm::StringRef which) {
    std::string name = nodeName(op->getLoc()) + which.str();
    if (!initial)
      return states.add(name, type);
    FailureOr<ConstantData> data = ConstantData::get(initial);
    bool isWide = nn::isQuantized(type);
    if (failed(data))
      return op->emitOpError(
          "cannot run frame by frame (--frames): it starts from a state that is computed; make it a constant (--bind)");
    auto quantized = nn::getActivationType(initial.getType());
    double zero = quantized ? double(quantized.getZeroPoint()) : 0.0;
    bool isZero = llvm::all_of(llvm::seq<int64_t>(0, data->size()), [&](int64_t i) { return data->number(i) == zero; });
    if (isZero)
      return states.add(name, type);
    if (isWide)
      return op->emitOpError(
          "cannot run frame by frame (--frames): its int8 form starts from a state that is not zero; use --quantize none");
    return states.add(name, type, makeConstant(type, data->bytes(), name));
  }

  // One step of a layer, or as many as `x` has: the results, with states of their own type.
  Operation *makeLayer(Operation *op, ArrayRef<Value> operands, Value x, Value h, Value c) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    int64_t count = cast<RankedTensorType>(x.getType()).getDimSize(0);
    auto state = cast<RankedTensorType>(h.getType());
    Type y = RankedTensorType::get({count, state.getDimSize(0), state.getDimSize(1)}, type.getElementType());
    return llvm::TypeSwitch<Operation *, Operation *>(op)
        .Case([&](nn::RnnOp layer) {
          return builder.create<nn::RnnOp>(op->getLoc(), TypeRange{y, h.getType()}, x, operands[1], operands[2], operands[3], h,
                                           Value(), layer.getActivationsAttr(), layer.getAlphasAttr(), layer.getBetasAttr(),
                                           layer.getClipAttr(), UnitAttr(), UnitAttr());
        })
        .Case([&](nn::GruOp layer) {
          return builder.create<nn::GruOp>(op->getLoc(), TypeRange{y, h.getType()}, x, operands[1], operands[2], operands[3], h,
                                           Value(), layer.getActivationsAttr(), layer.getAlphasAttr(), layer.getBetasAttr(),
                                           layer.getClipAttr(), layer.getLinearBeforeResetAttr(), UnitAttr(), UnitAttr());
        })
        .Case([&](nn::LstmOp layer) {
          Value peepholes = layer.getPeepholes() ? map.lookup(layer.getPeepholes()) : Value();
          return builder.create<nn::LstmOp>(op->getLoc(), TypeRange{y, h.getType(), c.getType()}, x, operands[1], operands[2],
                                            operands[3], h, c, peepholes, Value(), layer.getActivationsAttr(),
                                            layer.getAlphasAttr(), layer.getBetasAttr(), layer.getClipAttr(),
                                            layer.getInputForgetAttr(), UnitAttr(), UnitAttr());
        });
  }

  // States stand still until the first element of the window has come.
  Value held(Value mask, Value next, Value before, Location loc) {
    if (!mask)
      return next;
    auto shape = RankedTensorType::get({1, 1}, builder.getI1Type());
    return builder.create<nn::SelectOp>(loc, next.getType(), builder.create<nn::ReshapeOp>(loc, shape, mask), next, before);
  }

  LogicalResult rewriteRecurrent(Operation *op, ArrayRef<Value> operands) {
    const FrameTime &time = *times.find(op->getResult(0));
    int64_t count = times.countOf(time);
    auto xType = cast<RankedTensorType>(operands[0].getType());
    auto typeAt = [&](unsigned result, double scale) {
      return stateType(xType, cast<RankedTensorType>(op->getResult(result).getType()), scale);
    };
    auto lstm = dyn_cast<nn::LstmOp>(op);
    auto gru = dyn_cast<nn::GruOp>(op);
    bool hasCell = bool(lstm);
    Value initialH = lstm ? lstm.getInitialH() : gru ? gru.getInitialH() : cast<nn::RnnOp>(op).getInitialH();
    FailureOr<Value> startH = startState(op, initialH, typeAt(1, 1.0 / 32768), ".h");
    FailureOr<Value> startC =
        hasCell ? startState(op, lstm.getInitialC(), typeAt(2, 1.0 / 2048), ".c") : FailureOr<Value>(Value());
    if (failed(startH) || failed(startC))
      return failure();
    // All elements of a run at once, unless the first one of the window comes in between.
    bool isSplit = time.delay % count != 0;
    int64_t steps = isSplit ? count : 1;
    Value h = *startH, c = *startC;
    llvm::SmallVector<Value> outputs;
    for (int64_t step = 0; step < steps; ++step) {
      Value x = isSplit ? states.slice(operands[0], 0, step, step + 1, 1, op->getLoc()) : operands[0];
      Operation *layer = makeLayer(op, operands, x, h, c);
      Value mask = time.delay == 0 ? Value() : states.makeMask(time.delay, count, isSplit ? step : 0, op->getLoc());
      h = held(mask, layer->getResult(1), h, op->getLoc());
      c = hasCell ? held(mask, layer->getResult(2), c, op->getLoc()) : Value();
      outputs.push_back(layer->getResult(0));
    }
    states.setNext(*startH, h);
    if (hasCell)
      states.setNext(*startC, c);
    Value y = outputs.front();
    if (isSplit)
      y = builder.create<nn::ConcatOp>(op->getLoc(), times.typeOf(op->getResult(0)), outputs, uint64_t(0));
    map.map(op->getResult(0), y);
    return mapLastStates(op, y, h, c);
  }

  // Whoever reads the last states as int8 gets what the layer gives: its last output, of the same scale.
  LogicalResult mapLastStates(Operation *op, Value y, Value h, Value c) {
    auto type = cast<RankedTensorType>(y.getType());
    if (Value last = op->getResult(1); last.getType() == h.getType()) {
      map.map(last, h);
    } else if (!last.use_empty()) {
      Value element = states.slice(y, 0, type.getDimSize(0) - 1, type.getDimSize(0), 1, op->getLoc());
      map.map(last, builder.create<nn::ReshapeOp>(op->getLoc(), last.getType(), element).getY());
    }
    if (op->getNumResults() < 3)
      return success();
    if (Value last = op->getResult(2); last.getType() == c.getType())
      map.map(last, c);
    else if (!last.use_empty())
      return op->emitOpError("cannot run frame by frame (--frames): its cell is read as int8; use --quantize none");
    return success();
  }

  void finish(Block &old, Block *fresh) {
    auto terminator = cast<func::ReturnOp>(old.getTerminator());
    llvm::SmallVector<Value> results;
    for (auto [index, value] : llvm::enumerate(terminator.getOperands())) {
      results.push_back(map.lookup(value));
      if (const FrameTime *time = times.find(value))
        function.setResultAttr(unsigned(index), nn::framesAttrName,
                               builder.getDenseI64ArrayAttr({time->axis, time->length, time->delay}));
    }
    const FrameTime &input = *times.find(old.getArgument(argument));
    function.setArgAttr(argument, nn::framesAttrName, builder.getDenseI64ArrayAttr({input.axis, input.length, input.delay}));
    unsigned firstState = old.getNumArguments(), firstNext = unsigned(results.size());
    for (const FrameStates::State &state : states.all())
      results.push_back(state.next);
    builder.create<func::ReturnOp>(terminator.getLoc(), results);
    llvm::SmallVector<DictionaryAttr> argumentAttrs, resultAttrs;
    function.getAllArgAttrs(argumentAttrs);
    function.getAllResultAttrs(resultAttrs);
    argumentAttrs.resize(firstState, builder.getDictionaryAttr({}));
    resultAttrs.resize(firstNext, builder.getDictionaryAttr({}));
    for (const FrameStates::State &state : states.all()) {
      llvm::SmallVector<NamedAttribute> attributes{
          builder.getNamedAttr("onnx.name", builder.getStringAttr(state.name)),
          builder.getNamedAttr(nn::stateAttrName, builder.getStringAttr(state.name + ".next"))};
      if (state.start)
        attributes.push_back(builder.getNamedAttr(nn::stateStartAttrName, state.start));
      argumentAttrs.push_back(builder.getDictionaryAttr(attributes));
      resultAttrs.push_back(
          builder.getDictionaryAttr(builder.getNamedAttr("onnx.name", builder.getStringAttr(state.name + ".next"))));
    }
    old.erase();
    function.setType(builder.getFunctionType(fresh->getArgumentTypes(), ValueRange(results).getTypes()));
    function.setAllArgAttrs(argumentAttrs);
    function.setAllResultAttrs(resultAttrs);
  }

  func::FuncOp function;
  unsigned argument;
  const FrameTimes &times;
  OpBuilder builder;
  FrameStates states;
  IRMapping map;
};

struct RunFrames : thimble::lower::impl::RunFramesBase<RunFrames> {
  using RunFramesBase::RunFramesBase;

  void runOnOperation() override {
    auto functions = llvm::to_vector(getOperation().getOps<func::FuncOp>());
    if (functions.size() != 1) {
      getOperation().emitError("--frames needs a module with one function, got ") << functions.size();
      return signalPassFailure();
    }
    function = functions.front();
    std::optional<unsigned> argument = findArgument();
    std::optional<FrameTimes> times = argument ? findTimes(*argument) : std::nullopt;
    if (!times || failed(Rewriter(function, *argument, *times).run()))
      signalPassFailure();
  }

private:
  std::optional<unsigned> findArgument() {
    if (!nn::getStates(function).empty()) {
      function.emitError("--frames makes the states of a model over a window; one with --state runs step by step already");
      return std::nullopt;
    }
    std::string names;
    std::optional<unsigned> found;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto name = function.getArgAttrOfType<StringAttr>(i, "onnx.name");
      names += (names.empty() ? "'" : ", '") + (name ? name.str() : "") + "'";
      if (name && name == input.getValue())
        found = i;
    }
    if (!found)
      function.emitError("--frames: the model has no input '")
          << input << "'; its inputs are " << (names.empty() ? "none" : names);
    else if (function.getNumArguments() != 1) {
      function.emitError("--frames: the model has other inputs than '")
          << input << "', which have no frames; make them constants (--bind)";
      return std::nullopt;
    }
    return found;
  }

  std::optional<FrameTimes> tryAxis(unsigned argument, int64_t axis) {
    FrameTimes times(function, argument, axis, frames > 0 ? std::optional<int64_t>(frames) : std::nullopt);
    return succeeded(times.compute()) ? std::optional(std::move(times)) : std::nullopt;
  }

  // The dimension is the only one along which it works, unless it is given.
  std::optional<FrameTimes> findTimes(unsigned argument) {
    ArrayRef<int64_t> shape = cast<RankedTensorType>(function.getArgument(argument).getType()).getShape();
    if (axis >= int64_t(shape.size())) {
      function.emitError("--time-axis: input '") << input << "' has " << shape.size() << " dimensions, counted from 0";
      return std::nullopt;
    }
    if (axis >= 0)
      return tryAxis(argument, axis);
    std::optional<FrameTimes> found;
    std::string possible;
    int64_t largest = -1;
    for (int64_t d = 0; d < int64_t(shape.size()); ++d) {
      if (shape[d] == 1)
        continue;
      if (largest < 0 || shape[d] > shape[largest])
        largest = d;
      ScopedDiagnosticHandler silence(&getContext(), [](Diagnostic &) { return success(); });
      if (std::optional<FrameTimes> times = tryAxis(argument, d)) {
        possible += (possible.empty() ? "" : " or ") + std::to_string(d);
        found = std::move(times);
      }
    }
    if (possible.size() > 1) {
      function.emitError("--frames: the frames of input '")
          << input << "' could lie along dimension " << possible << "; say which with --time-axis";
      return std::nullopt;
    }
    if (found)
      return found;
    if (largest >= 0)
      return tryAxis(argument, largest); // says why not
    function.emitError("--frames: input '") << input << "' has one element only";
    return std::nullopt;
  }

  func::FuncOp function;
};

} // namespace
