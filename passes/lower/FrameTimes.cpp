// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Walks the time axis from an input through the operations of a function.
#include "passes/lower/FrameTimes.h"
#include "compiler/support/Constants.h"
#include "llvm/ADT/TypeSwitch.h"
#include <numeric>

using namespace mlir;
using namespace thimble;
using namespace thimble::lower;

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
static int64_t rankOf(Value value) { return int64_t(shapeOf(value).size()); }

int64_t FrameTimes::getWindow() const { return shapeOf(function.getArgument(argument))[axis]; }

const FrameTime *FrameTimes::find(Value value) const {
  auto found = times.find(value);
  return found == times.end() ? nullptr : &found->second;
}

const FramePlan *FrameTimes::findPlan(Operation *op) const {
  auto found = plans.find(op);
  return found == plans.end() ? nullptr : &found->second;
}

RankedTensorType FrameTimes::typeOf(Value value) const {
  auto type = cast<RankedTensorType>(value.getType());
  const FrameTime *time = find(value);
  if (!time)
    return type;
  llvm::SmallVector<int64_t> shape(type.getShape());
  shape[time->axis] = countOf(*time);
  return RankedTensorType::get(shape, type.getElementType());
}

InFlightDiagnostic FrameTimes::refuse(Operation *op) { return op->emitOpError("cannot run frame by frame (--frames): it "); }

FramePlan &FrameTimes::planFor(Operation *op) {
  FramePlan &plan = plans[op];
  plan.operands.resize(op->getNumOperands());
  plan.results.resize(op->getNumResults());
  return plan;
}

void FrameTimes::setResult(Operation *op, unsigned index, FrameTime time) {
  largestHop = std::lcm(largestHop, time.hop);
  plans[op].results[index] = time;
  times[op->getResult(index)] = time;
}

Value FrameTimes::timedOperand(Operation *op) const {
  for (Value operand : op->getOperands())
    if (find(operand))
      return operand;
  return {};
}

// First to find the hop of a run, which delays depend on.
LogicalResult FrameTimes::compute() {
  int64_t given = frames;
  frames = int64_t(1) << 40; // a multiple of all hops that matter
  seeksHop = true;
  auto walk = [&] {
    times.clear();
    plans.clear();
    late.clear();
    // The first window ends with its last run: frames that come before it mean nothing.
    int64_t lead = seeksHop ? 0 : getRuns() * frames - getWindow();
    times[function.getArgument(argument)] = {axis, getWindow(), 1, lead, getWindow()};
    for (Operation &op : function.getBody().front().without_terminator())
      if (failed(visit(&op)))
        return failure();
    return success();
  };
  if (failed(walk()))
    return failure();
  if (given % largestHop != 0)
    return function.emitError("--frames: a run must take a multiple of ")
           << largestHop << " frames, which is what the strides of the model make of one frame of its slowest layer, not "
           << given;
  frames = given ? given : largestHop;
  seeksHop = false;
  if (frames > getWindow())
    return function.emitError("--frames: a run takes ") << frames << " frames, but the model's window has " << getWindow();
  if (failed(walk()))
    return failure();
  for (Value output : function.getBody().front().getTerminator()->getOperands())
    if (const FrameTime *time = find(output); time && failed(requireRight(*time)))
      return failure();
  return success();
}

// Of what must be known as a whole.
LogicalResult FrameTimes::requireRight(const FrameTime &time) {
  if (seeksHop || time.right >= time.length)
    return success();
  refuse(time.culprit) << "looks ahead by " << time.ahead << " frame" << (time.ahead == 1 ? "" : "s")
                       << ". Pad in front alone (causally) and train again, or stream inside of one inference with --feed-rows";
  return failure();
}

LogicalResult FrameTimes::visit(Operation *op) {
  bool isTimed = false, isLate = false;
  for (Value operand : op->getOperands()) {
    isTimed |= find(operand) != nullptr;
    isLate |= late.contains(operand);
  }
  if (isLate && isTimed) {
    refuse(op)
        << "needs the whole window before its first frame: one of its operands follows from all frames, the other has one "
           "value for each";
    return failure();
  }
  if (isLate)
    late.insert(op->result_begin(), op->result_end());
  if (!isTimed)
    return success();
  planFor(op);
  if (isa<nn::UnaryOp, nn::CastOp, nn::LookupOp, nn::QuantizeOp, nn::DequantizeOp, nn::RequantizeOp>(op))
    return visitFrameWise(op, times[timedOperand(op)].axis);
  if (isa<nn::BinaryOp, nn::CompareOp, nn::SelectOp>(op))
    return visitAligned(op);
  if (auto concat = dyn_cast<nn::ConcatOp>(op))
    return visitConcat(concat);
  if (auto conv = dyn_cast<nn::Conv2DOp>(op))
    return visitConv(conv);
  if (auto pool = dyn_cast<nn::Pool2DOp>(op))
    return visitPool(pool);
  if (auto slice = dyn_cast<nn::SliceOp>(op))
    return visitSlice(slice);
  if (auto pad = dyn_cast<nn::PadOp>(op))
    return visitPad(pad);
  if (auto reshape = dyn_cast<nn::ReshapeOp>(op))
    return visitReshape(reshape);
  if (auto gather = dyn_cast<nn::GatherOp>(op))
    return visitGather(gather);
  if (auto matmul = dyn_cast<nn::MatMulOp>(op))
    return visitMatMul(matmul);
  if (isa<nn::RnnOp, nn::GruOp, nn::LstmOp>(op))
    return visitRecurrent(op);
  const FrameTime &time = times[timedOperand(op)];
  if (auto transpose = dyn_cast<nn::TransposeOp>(op))
    return visitFrameWise(op, llvm::find(transpose.getPermutation(), time.axis) - transpose.getPermutation().begin());
  if (auto broadcast = dyn_cast<nn::BroadcastOp>(op))
    return visitFrameWise(op, time.axis + rankOf(broadcast.getY()) - rankOf(broadcast.getX()));
  if (auto dense = dyn_cast<nn::FullyConnectedOp>(op))
    return time.axis == 0 && find(dense.getX()) ? visitFrameWise(op, 0) : visitWhole(op);
  auto behind = [&](ArrayRef<int64_t> removed) {
    return time.axis - llvm::count_if(removed, [&](int64_t one) { return one < time.axis; });
  };
  if (auto reduce = dyn_cast<nn::ReduceOp>(op)) {
    if (llvm::is_contained(reduce.getAxes(), time.axis))
      return visitWhole(op);
    return visitFrameWise(op, reduce.getKeepDims() ? time.axis : behind(reduce.getAxes()));
  }
  if (auto arg = dyn_cast<nn::ArgOp>(op)) {
    if (int64_t(arg.getAxis()) == time.axis)
      return visitWhole(op);
    return visitFrameWise(op, arg.getKeepDims() ? time.axis : behind({int64_t(arg.getAxis())}));
  }
  auto softmax = dyn_cast<nn::SoftmaxOp>(op);
  if (softmax && int64_t(softmax.getAxis()) != time.axis)
    return visitFrameWise(op, time.axis);
  auto norm = dyn_cast<nn::LayerNormOp>(op);
  if (norm && int64_t(norm.getAxis()) > time.axis && find(norm.getX()))
    return visitFrameWise(op, time.axis);
  if (softmax || norm)
    refuse(op)
        << "normalizes over time, which needs all frames at once. Normalize over channels, or stream inside of one inference "
           "with --feed-rows";
  else
    refuse(op)
        << "combines frames in a way that has no state. Compile without --frames; --feed-rows streams inside of one inference";
  return failure();
}

// Each frame by itself.
LogicalResult FrameTimes::visitFrameWise(Operation *op, int64_t resultAxis) {
  Value operand = timedOperand(op);
  FrameTime time = times[operand];
  for (auto [index, value] : llvm::enumerate(op->getOperands()))
    if (value == operand)
      plans[op].operands[index] = FrameRead{operand, 0, countOf(time)};
  time.axis = resultAxis;
  setResult(op, 0, time);
  return success();
}

// All operands at the same time: those that come earlier wait. Shapes broadcast.
LogicalResult FrameTimes::visitAligned(Operation *op) {
  std::optional<FrameTime> result;
  int64_t rank = rankOf(op->getResult(0));
  for (Value operand : op->getOperands())
    if (const FrameTime *time = find(operand)) {
      FrameTime shifted = *time;
      shifted.axis += rank - rankOf(operand);
      if (result && (result->axis != shifted.axis || result->hop != shifted.hop || result->length != shifted.length)) {
        refuse(op) << "combines values whose frames are not of one rate, or lie along different dimensions";
        return failure();
      }
      if (!result || shifted.right < result->right)
        result = FrameTime{shifted.axis,  shifted.length,  shifted.hop,  std::max(shifted.delay, result ? result->delay : 0),
                           shifted.right, shifted.culprit, shifted.ahead};
      result->delay = std::max(result->delay, shifted.delay);
    }
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    if (const FrameTime *time = find(operand)) {
      int64_t wait = result->delay - time->delay;
      plans[op].operands[index] = FrameRead{operand, -wait, countOf(*time) - wait};
      continue;
    }
    int64_t axisThere = result->axis - (rank - rankOf(operand));
    if (axisThere >= 0 && shapeOf(operand)[axisThere] != 1) {
      refuse(op) << "has a constant for each frame of the window: all frames must be treated alike";
      return failure();
    }
  }
  setResult(op, 0, *result);
  return success();
}

LogicalResult FrameTimes::visitConcat(nn::ConcatOp op) {
  const FrameTime &time = times[timedOperand(op)];
  if (int64_t(op.getAxis()) == time.axis) {
    refuse(op) << "joins frames in time. Pad convolutions in front instead";
    return failure();
  }
  for (Value operand : op.getInputs())
    if (!find(operand)) {
      refuse(op) << "joins what has time and what has none";
      return failure();
    }
  return visitAligned(op);
}

LogicalResult FrameTimes::visitWindows(Operation *op, int64_t extent, int64_t stride, int64_t before, Fill fill, int64_t step) {
  Value operand = timedOperand(op);
  FrameTime time = times[operand];
  int64_t length = shapeOf(op->getResult(0))[time.axis];
  if (length == 1 && before == 0)
    return visitWhole(op);
  // Element j ends with element j * stride + last.
  int64_t last = extent - 1 - before, lastOfAll = (length - 1) * stride + last;
  int64_t right = time.right <= last ? 0 : std::min(length, (time.right - 1 - last) / stride + 1);
  if (right < length && !time.culprit) {
    time.culprit = op;
    time.ahead = (lastOfAll - (time.length - 1)) * time.hop;
  }
  int64_t due = last + time.delay; // number of the element with which element 0 ends
  int64_t delay = due < 0 ? 0 : due / stride;
  int64_t unused = stride * delay + stride - 1 - due; // newest elements that wait for the next run
  int64_t count = countOf(time), made = count / stride;
  FrameRead read{operand, count - unused - (made - 1) * stride - extent, count - unused};
  if (made == 1)
    read.step = step;
  if (before > 0) {
    read.fill = fill;
    read.isMasked = time.delay > 0;
  }
  plans[op].operands[0] = read;
  setResult(op, 0, {time.axis, length, time.hop * stride, delay, right, time.culprit, time.ahead});
  return success();
}

LogicalResult FrameTimes::visitWhole(Operation *op, int64_t first, int64_t count) {
  Value operand = timedOperand(op);
  const FrameTime &time = times[operand];
  FrameTime needed = time;
  needed.length = first + count;
  if (failed(requireRight(needed)))
    return failure();
  // Elements that come after those, up to the end of the window, are not read.
  int64_t behind = seeksHop ? 0 : getRuns() * countOf(time) - time.delay - first - count;
  for (auto [index, value] : llvm::enumerate(op->getOperands())) {
    if (value == operand)
      plans[op].operands[index] = FrameRead{operand, countOf(time) - behind - count, countOf(time) - behind};
    else if (find(value)) {
      refuse(op) << "combines the frames of two values";
      return failure();
    }
  }
  late.insert(op->result_begin(), op->result_end());
  return success();
}

LogicalResult FrameTimes::visitWhole(Operation *op) { return visitWhole(op, 0, times[timedOperand(op)].length); }

LogicalResult FrameTimes::visitConv(nn::Conv2DOp op) {
  const FrameTime *time = find(op.getX());
  if (!time || find(op.getWeights()) || time->axis == 0 || time->axis == 3) {
    refuse(op) << "convolves along another dimension than time, or with weights that change with it";
    return failure();
  }
  int64_t d = time->axis - 1, kernel = shapeOf(op.getWeights())[time->axis];
  return visitWindows(op, (kernel - 1) * op.getDilations()[d] + 1, op.getStrides()[d], op.getPads()[d], Fill::Zero,
                      kernel > 1 ? op.getDilations()[d] : 1);
}

LogicalResult FrameTimes::visitPool(nn::Pool2DOp op) {
  const FrameTime *time = find(op.getX());
  if (time->axis == 0 || time->axis == 3)
    return visitFrameWise(op, time->axis);
  int64_t d = time->axis - 1, before = op.getPads()[d];
  bool isMax = op.getKind() == nn::PoolKind::Max;
  if (before > 0 && !isMax && !op.getCountIncludePad()) {
    refuse(op) << "averages over fewer frames at the beginning. Give it count_include_pad, or no padding";
    return failure();
  }
  return visitWindows(op, (op.getKernel()[d] - 1) * op.getDilations()[d] + 1, op.getStrides()[d], before,
                      isMax ? Fill::Lowest : Fill::Zero);
}

LogicalResult FrameTimes::visitSlice(nn::SliceOp op) {
  FrameTime time = *find(op.getX());
  int64_t offset = op.getOffsets()[time.axis], size = op.getSizes()[time.axis], stride = op.getStrides()[time.axis];
  if (stride < 0 && size > 1) {
    refuse(op) << "turns time around";
    return failure();
  }
  if (size == time.length && stride == 1)
    return visitFrameWise(op, time.axis);
  if (size <= 1)
    return visitWhole(op, offset, size);
  if (stride > 1)
    return visitWindows(op, 1, stride, -offset, Fill::Any);
  // Other dimensions may be cut as well.
  auto isWhole = [&](size_t d) {
    return int64_t(d) == time.axis || (op.getSizes()[d] == shapeOf(op.getX())[d] && op.getStrides()[d] == 1);
  };
  plans[op].isCut = llvm::all_of(llvm::seq<size_t>(0, op.getSizes().size()), isWhole);
  plans[op].operands[0] = FrameRead{op.getX(), 0, countOf(time)};
  time.delay += offset;
  time.length = size;
  time.right = std::clamp<int64_t>(time.right - offset, 0, size);
  setResult(op, 0, time);
  return success();
}

LogicalResult FrameTimes::visitPad(nn::PadOp op) {
  FrameTime time = *find(op.getX());
  int64_t before = op.getBefore()[time.axis], after = op.getAfter()[time.axis];
  if (before > 0 || (after > 0 && op.getMode() != nn::PadMode::Constant)) {
    refuse(op) << "pads in time apart from a convolution. Give the padding to the convolution (its pads), with zeros";
    return failure();
  }
  plans[op].operands[0] = FrameRead{op.getX(), 0, countOf(time)};
  int64_t length = shapeOf(op.getY())[time.axis];
  time.delay -= before;
  time.right = std::clamp<int64_t>(time.right + before, 0, length);
  if (after > 0 && !time.culprit) {
    time.culprit = op;
    time.ahead = after * time.hop;
  }
  time.length = length;
  setResult(op, 0, time);
  return success();
}

// Time stays a dimension of its own where as many elements come before and after it. Else the window becomes one list of
// numbers.
LogicalResult FrameTimes::visitReshape(nn::ReshapeOp op) {
  const FrameTime &time = *find(op.getX());
  ArrayRef<int64_t> from = shapeOf(op.getX()), to = shapeOf(op.getY());
  auto product = [](ArrayRef<int64_t> sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), int64_t(1), std::multiplies<>());
  };
  int64_t outer = product(from.take_front(time.axis));
  for (size_t d = 0; d < to.size(); ++d)
    if (to[d] == time.length && product(to.take_front(d)) == outer)
      return visitFrameWise(op, int64_t(d));
  return visitWhole(op);
}

LogicalResult FrameTimes::visitGather(nn::GatherOp op) {
  int64_t gathered = int64_t(op.getAxis());
  if (const FrameTime *time = find(op.getIndices())) {
    if (find(op.getX())) {
      refuse(op) << "gathers frames by indices that change with time";
      return failure();
    }
    return visitFrameWise(op, gathered + time->axis);
  }
  const FrameTime &time = *find(op.getX());
  if (time.axis != gathered)
    return visitFrameWise(op, time.axis < gathered ? time.axis : time.axis + rankOf(op.getIndices()) - 1);
  FailureOr<ConstantData> indices = ConstantData::get(op.getIndices());
  if (failed(indices) || indices->size() != 1) {
    refuse(op) << "gathers several frames, or by indices that are no constant. Use a slice";
    return failure();
  }
  int64_t index = indices->integers()[0];
  return visitWhole(op, index < 0 ? index + time.length : index, 1);
}

LogicalResult FrameTimes::visitMatMul(nn::MatMulOp op) {
  const FrameTime *a = find(op.getA()), *b = find(op.getB());
  if (a && b) {
    refuse(op) << "multiplies frames by frames, as attention does";
    return failure();
  }
  Value operand = a ? op.getA() : op.getB(), other = a ? op.getB() : op.getA();
  const FrameTime &time = a ? *a : *b;
  int64_t rank = rankOf(operand), axis = time.axis, result = rankOf(op.getY());
  bool transposed = a ? op.getTransposeA() : op.getTransposeB();
  int64_t contracted = (a != nullptr) == transposed ? rank - 2 : rank - 1;
  if (axis == contracted)
    return visitWhole(op);
  if (axis >= rank - 2)
    return visitFrameWise(op, a ? result - 2 : result - 1);
  int64_t there = axis - (rank - rankOf(other));
  if (there >= 0 && shapeOf(other)[there] != 1) {
    refuse(op) << "has a matrix for each frame of the window: all frames must be treated alike";
    return failure();
  }
  return visitFrameWise(op, axis + result - rank);
}

LogicalResult FrameTimes::visitRecurrent(Operation *op) {
  auto refuseIf = [&](bool condition, llvm::StringRef why) {
    if (condition)
      refuse(op) << why;
    return condition;
  };
  return llvm::TypeSwitch<Operation *, LogicalResult>(op).Case<nn::RnnOp, nn::GruOp, nn::LstmOp>(
      [&](auto layer) -> LogicalResult {
        FrameTime time = times[timedOperand(op)];
        bool isTime = find(layer.getX()) && time.axis == 0;
        if (refuseIf(!isTime, "has its frames along another dimension than its time") ||
            refuseIf(layer.getReverse(),
                     "runs from the last frame to the first, which is not there yet. Train without bidirectional "
                     "layers") ||
            refuseIf(bool(layer.getLengths()), "has lengths of sequences"))
          return failure();
        for (Value state : op->getOperands().drop_front(4))
          if (refuseIf(find(state), "starts from a state that changes with time"))
            return failure();
        plans[op].operands[0] = FrameRead{layer.getX(), 0, countOf(time)};
        setResult(op, 0, time);
        // The last states are those of the last frame.
        bool readsLast = llvm::any_of(op->getResults().drop_front(), [](Value state) { return !state.use_empty(); });
        if (readsLast && failed(requireRight(time)))
          return failure();
        int64_t behind = seeksHop ? 0 : getRuns() * countOf(time) - time.delay - time.length;
        if (refuseIf(readsLast && behind != 0, "has a last state that is not the one of the last frame"))
          return failure();
        late.insert(op->result_begin() + 1, op->result_end());
        return success();
      });
}
