// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Concatenations write their operands in place, and slices show the bytes of their source, where these lie in one piece.
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"
#include <numeric>

namespace thimble::schedule {
#define GEN_PASS_DEF_SHARESLICES
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

namespace {

// A call that moves one run of bytes to another place.
struct Move {
  mcu::CallOp call;
  mcu::BufferOp from, to;
  int64_t fromBegin, toBegin, bytes;
};

} // namespace

// True if elements walked by `strides` follow each other.
static bool isDense(llvm::ArrayRef<int32_t> dims, llvm::ArrayRef<int32_t> strides) {
  int64_t dense = 1;
  for (size_t d = dims.size(); d-- > 0;) {
    if (dims[d] != 1 && strides[d] != dense)
      return false;
    dense *= dims[d];
  }
  return true;
}

static std::optional<Move> findMove(mcu::CallOp call) {
  auto field = [&](llvm::StringRef name) {
    auto value = dyn_cast_or_null<IntegerAttr>(call.getParams().get(name));
    return value ? value.getInt() : 0;
  };
  bool isStrided = call.getKernel() == "tmb_copy_nd";
  if (!isStrided && call.getKernel() != "tmb_copy_bytes")
    return std::nullopt;
  Value in = call.getIns()[0], out = call.getOuts()[0];
  Move move{call, mcu::getBuffer(in), mcu::getBuffer(out), mcu::byteOffset(in), mcu::byteOffset(out), 0};
  // What lies in the state cannot become a part of the arena, nor the other way round.
  if (!move.from || move.from == move.to || !mcu::isInArena(move.from) || !mcu::isInArena(move.to))
    return std::nullopt;
  if (!isStrided) {
    move.bytes = field("count");
    return move;
  }
  auto array = [&](llvm::StringRef name) {
    auto value = dyn_cast_or_null<DenseI32ArrayAttr>(call.getParams().get(name));
    return value ? value.asArrayRef() : llvm::ArrayRef<int32_t>();
  };
  size_t rank = size_t(field("rank"));
  llvm::ArrayRef<int32_t> dims = array("dims"), from = array("x_strides"), to = array("y_strides");
  if (dims.size() < rank || from.size() < rank || to.size() < rank || !isDense(dims.take_front(rank), from.take_front(rank)) ||
      !isDense(dims.take_front(rank), to.take_front(rank)))
    return std::nullopt;
  int64_t width = field("element_bytes");
  move.bytes = width;
  for (int32_t dim : dims.take_front(rank))
    move.bytes *= dim;
  move.fromBegin += field("x_offset") * width;
  move.toBegin += field("y_offset") * width;
  return move;
}

// Calls that move one run of bytes get operands that are no more than that. Their places are then a matter of views.
static void narrow(const Move &move) {
  mcu::CallOp call = move.call;
  OpBuilder builder(call);
  auto narrowOperand = [&](unsigned index, mcu::BufferOp buffer, int64_t begin) {
    Value operand = call->getOperand(index);
    if (mcu::byteSize(operand) == move.bytes)
      return;
    Type element = cast<MemRefType>(operand.getType()).getElementType();
    auto type = MemRefType::get({move.bytes / elementBytes(element)}, element);
    call->setOperand(index, builder.create<mcu::ViewOp>(call.getLoc(), type, buffer.getMemory(), uint64_t(begin)));
  };
  narrowOperand(0, move.from, move.fromBegin);
  narrowOperand(1, move.to, move.toBegin);
  NamedAttrList params(call.getParams());
  for (llvm::StringRef offset : {"x_offset", "y_offset"})
    if (params.get(offset))
      params.set(offset, builder.getI32IntegerAttr(0));
  call.setParamsAttr(params.getDictionary(call.getContext()));
}

// Kernels may want their operands at such places as a buffer of their own would have.
static bool isAligned(mcu::BufferOp piece, mcu::BufferOp whole, int64_t begin) {
  return begin % alignmentOf(piece) == 0 && alignmentOf(whole) % alignmentOf(piece) == 0;
}

// The source of a move becomes a piece of its target, as an operand of a concatenation, or the target one of the source, as a slice. The
// move is erased then. False if neither is possible.
static bool merge(mcu::ProgramOp program, mcu::CallOp call) {
  std::optional<Move> move = findMove(call);
  if (!move)
    return false;
  // Nobody may change what is read as the other one.
  bool isAfter = false;
  for (mcu::CallOp other : mcu::getCalls(program)) {
    if (other == call) {
      isAfter = true;
      continue;
    }
    auto writes = [&](mcu::BufferOp buffer, int64_t begin) {
      return llvm::any_of(other->getOperands().drop_front(other.getIns().size()), [&](Value out) {
        int64_t at = mcu::byteOffset(out);
        return mcu::getBuffer(out) == buffer && at < begin + move->bytes && begin < at + mcu::byteSize(out);
      });
    };
    if (writes(move->to, move->toBegin) || (isAfter && writes(move->from, move->fromBegin)))
      return false;
  }
  auto canBecomePiece = [&](mcu::BufferOp piece, mcu::BufferOp whole, int64_t begin) {
    return piece.getRole() == mcu::Role::Temporary && move->bytes == mcu::byteSize(piece.getMemory()) && move->bytes > 0 &&
           isAligned(piece, whole, begin);
  };
  if (canBecomePiece(move->to, move->from, move->fromBegin)) {
    call.erase();
    replaceByView(move->to, move->from, move->fromBegin);
    return true;
  }
  if (canBecomePiece(move->from, move->to, move->toBegin)) {
    call.erase();
    replaceByView(move->from, move->to, move->toBegin);
    return true;
  }
  return false;
}

// Merges what it can, the calls numbered in `first` before the others. Returns the numbers of those that stay.
static std::vector<size_t> mergeAll(mcu::ProgramOp program, llvm::ArrayRef<size_t> first) {
  std::vector<mcu::CallOp> calls = mcu::getCalls(program);
  std::vector<size_t> order(first), left;
  for (size_t i = 0; i < calls.size(); ++i)
    if (!llvm::is_contained(first, i) && findMove(calls[i]))
      order.push_back(i);
  for (size_t i : order)
    if (!merge(program, calls[i]))
      left.push_back(i);
  return left;
}

static bool canMerge(mcu::ProgramOp program, size_t call) {
  mcu::ProgramOp copy = program.clone();
  bool isMerged = merge(copy, mcu::getCalls(copy)[call]);
  copy.erase();
  return isMerged;
}

namespace {
struct ShareSlices : thimble::schedule::impl::ShareSlicesBase<ShareSlices> {
  using ShareSlicesBase::ShareSlicesBase;

  void runOnOperation() override {
    mcu::ProgramOp program = getOperation();
    program.removeLowerBoundAttr();
    bool isChanged = false;
    for (mcu::CallOp call : mcu::getCalls(program))
      if (std::optional<Move> move = findMove(call)) {
        narrow(*move);
        isChanged = true;
      }
    if (!isChanged)
      return markAllAnalysesPreserved();

    // A buffer cannot be a piece of two others: what stays although it could be merged by itself is a choice.
    mcu::ProgramOp trial = program.clone();
    std::vector<size_t> choices = mergeAll(trial, {});
    Outcome best = look(trial);
    trial.erase();
    llvm::erase_if(choices, [&](size_t call) { return !canMerge(program, call); });
    if (choices.size() > maxChoices)
      choices.resize(maxChoices);
    std::vector<size_t> bestFirst;
    int64_t bound = best.bound;
    for (size_t mask = 1; mask < size_t(1) << choices.size(); ++mask) {
      std::vector<size_t> first;
      for (auto [i, call] : llvm::enumerate(choices))
        if (mask >> i & 1)
          first.push_back(call);
      mcu::ProgramOp other = program.clone();
      mergeAll(other, first);
      Outcome outcome = look(other);
      other.erase();
      bound = std::min(bound, outcome.bound);
      if (outcome.height < best.height) {
        best = outcome;
        bestFirst = first;
      }
    }
    // In any order, merging leaves no more bytes alive at any time: this bound holds without it, too. But pieces cannot move apart.
    if (best.height > bound && look(program).height < best.height)
      program.setLowerBound(uint64_t(bound));
    else
      mergeAll(program, bestFirst);
    if (!choices.empty())
      program.setLowerBound(uint64_t(bound));
  }

private:
  struct Outcome {
    int64_t height, bound;
  };
  // What a plan would need, at least and roughly.
  Outcome look(mcu::ProgramOp program) const {
    MemoryGraph graph = makeGraph(program);
    std::vector<size_t> given(graph.tasks.size());
    std::iota(given.begin(), given.end(), size_t(0));
    OrderResult order = searchOrder(graph, given, stateLimit);
    return {place(makePlacementProblem(graph, order.order), quickWork).height, order.bound};
  }
  static constexpr int64_t quickWork = 1'000'000;
  static constexpr size_t maxChoices = 4;
};
} // namespace
