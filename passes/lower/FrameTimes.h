// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which elements of each value of a function there are once some frames of its input have come.
#pragma once

#include "dialects/nn/NNDialect.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace thimble::lower {

/// A value that is computed frame by frame. In the windowed model it has `length` elements along `axis`. A run of the frame by
/// frame program makes the next frames / hop of them: element j is number j + delay of those that runs have made since the
/// reset. What comes before element 0 means nothing.
struct FrameTime {
  int64_t axis;
  int64_t length;
  int64_t hop;   // frames of the input for one element
  int64_t delay; // not negative
  int64_t right; // so many first elements are those of the windowed model; the rest would need frames that have not come
  mlir::Operation *culprit = nullptr; // the operation because of which `right` is less than `length`
  int64_t ahead = 0;                  // by how many frames it looks ahead
};

/// What an element before the first one of a value counts as.
enum class Fill { Any, Zero, Lowest };

/// The elements of a value that a run reads: number 0 is the first one that this run makes, negative ones come from runs
/// before.
struct FrameRead {
  mlir::Value value;
  int64_t begin, end;
  int64_t step = 1; // the first of every so many may be enough: what a single window of a dilated convolution reads
  Fill fill = Fill::Any;
  bool isMasked = false; // what runs have made before element 0 counts as `fill`, too
};

/// How an operation is computed in a run.
struct FramePlan {
  llvm::SmallVector<std::optional<FrameRead>> operands; // nothing for those that have no time
  llvm::SmallVector<std::optional<FrameTime>> results;  // nothing: as in the windowed model, at the last run of a window
  bool isCut = false;                                   // the result is what is read, of other elements
};

/// What `frames` frames a run mean for a function one of whose arguments has frames along `axis`.
class FrameTimes {
public:
  FrameTimes(mlir::func::FuncOp function, unsigned argument, int64_t axis, std::optional<int64_t> frames)
      : function(function), argument(argument), axis(axis), frames(frames.value_or(0)) {}

  /// Fails with one error that names the node, and what would help.
  mlir::LogicalResult compute();

  int64_t getFrames() const { return frames; }
  /// Frames of the windowed model.
  int64_t getWindow() const;
  /// Runs in which a window has come.
  int64_t getRuns() const { return (getWindow() + frames - 1) / frames; }
  /// Elements that a run makes.
  int64_t countOf(const FrameTime &time) const { return frames / time.hop; }
  const FrameTime *find(mlir::Value value) const;
  const FramePlan *findPlan(mlir::Operation *op) const;
  /// The type that `value` has in a run.
  mlir::RankedTensorType typeOf(mlir::Value value) const;

private:
  mlir::LogicalResult computeHop();
  mlir::LogicalResult visit(mlir::Operation *op);
  mlir::LogicalResult visitFrameWise(mlir::Operation *op, int64_t resultAxis);
  mlir::LogicalResult visitAligned(mlir::Operation *op);
  mlir::LogicalResult visitConcat(nn::ConcatOp op);
  mlir::LogicalResult visitConv(nn::Conv2DOp op);
  mlir::LogicalResult visitPool(nn::Pool2DOp op);
  mlir::LogicalResult visitSlice(nn::SliceOp op);
  mlir::LogicalResult visitPad(nn::PadOp op);
  mlir::LogicalResult visitReshape(nn::ReshapeOp op);
  mlir::LogicalResult visitGather(nn::GatherOp op);
  mlir::LogicalResult visitMatMul(nn::MatMulOp op);
  mlir::LogicalResult visitRecurrent(mlir::Operation *op);
  /// Elements are windows of `extent` elements, `stride` apart, the first of which begins `before` elements before element 0.
  /// They read the first of every `step`.
  mlir::LogicalResult visitWindows(mlir::Operation *op, int64_t extent, int64_t stride, int64_t before, Fill fill,
                                   int64_t step = 1);
  /// The operation on elements [first, first + count) of the window, once they have come.
  mlir::LogicalResult visitWhole(mlir::Operation *op, int64_t first, int64_t count);
  mlir::LogicalResult visitWhole(mlir::Operation *op);

  mlir::LogicalResult requireRight(const FrameTime &time);
  mlir::InFlightDiagnostic refuse(mlir::Operation *op);
  FramePlan &planFor(mlir::Operation *op);
  void setResult(mlir::Operation *op, unsigned index, FrameTime time);
  /// Of the only operand with time.
  mlir::Value timedOperand(mlir::Operation *op) const;

  mutable mlir::func::FuncOp function; // a handle, whose getters are not const
  unsigned argument;
  int64_t axis, frames;
  bool seeksHop = false; // only the hops of values count yet
  int64_t largestHop = 1;
  llvm::DenseMap<mlir::Value, FrameTime> times;
  llvm::DenseMap<mlir::Operation *, FramePlan> plans;
  llvm::DenseSet<mlir::Value> late; // what only a whole window makes
};

} // namespace thimble::lower
