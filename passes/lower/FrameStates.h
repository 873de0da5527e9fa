// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The states of a function that is rewritten to run frame by frame: windows over what its values have been.
#pragma once

#include "passes/lower/FrameTimes.h"
#include <map>

namespace thimble::lower {

/// Builds states at the end of a block, whose arguments become those of the function.
class FrameStates {
public:
  FrameStates(mlir::func::FuncOp function, const FrameTimes &times, mlir::OpBuilder &builder)
      : function(function), times(times), builder(builder) {}

  /// How far back each value is read. Before anything is built.
  void plan();

  /// What `read` asks for, or with `isStepped` the first element of every `step` alone. `current` are the elements that this
  /// run makes.
  mlir::Value read(const FrameRead &read, mlir::Value current, mlir::Location loc, bool &isStepped);

  /// A state called after `name`; without `start` it begins with zeros.
  mlir::Value add(llvm::StringRef name, mlir::RankedTensorType type, mlir::ElementsAttr start = {});
  void setNext(mlir::Value state, mlir::Value next);

  /// For element `step` of the `count` that a run makes, or for all of them (-1): i1 [count] or [1], whether `delay` elements
  /// have come before.
  mlir::Value makeMask(int64_t delay, int64_t count, int64_t step, mlir::Location loc);

  struct State {
    mlir::Value argument, next;
    std::string name;
    mlir::ElementsAttr start;
  };
  llvm::ArrayRef<State> all() const { return states; }

  mlir::Value slice(mlir::Value x, int64_t axis, int64_t begin, int64_t end, int64_t stride, mlir::Location loc);
  mlir::Value constant(mlir::Type type, mlir::ElementsAttr value, mlir::Location loc);

private:
  using Key = std::tuple<mlir::Value, Fill, bool>;
  struct KeyLess {
    bool operator()(const Key &a, const Key &b) const {
      return std::tuple(std::get<0>(a).getAsOpaquePointer(), std::get<1>(a), std::get<2>(a)) <
             std::tuple(std::get<0>(b).getAsOpaquePointer(), std::get<1>(b), std::get<2>(b));
    }
  };
  struct Window {
    int64_t past = 0;                                                   // elements before those that this run makes
    int64_t reads = 0, readRows = 0, steppedReads = 0, steppedRows = 0; // in a run
    bool isRing = false; // the oldest elements are overwritten; else all move down
    mlir::Value whole;   // elements in order of time, or the ring
    mlir::Value newest;  // position of the newest element in the ring
  };
  bool isRing(mlir::Value value, const Window &window) const;
  void makeWindow(const FrameRead &read, Fill fill, bool isMasked, Window &window, mlir::Value current, mlir::Location loc);
  void makeRing(Window &window, mlir::Value value, mlir::Value current, mlir::Value before);
  mlir::Value readRing(const FrameRead &read, const Window &window, mlir::Location loc);
  mlir::Value shifted(mlir::Value position, llvm::ArrayRef<int64_t> offsets, mlir::Location loc);
  Key keyOf(const FrameRead &read) const;
  mlir::Value mask(const FrameRead &read, mlir::Value current, mlir::Location loc);

  mlir::func::FuncOp function;
  const FrameTimes &times;
  mlir::OpBuilder &builder;
  std::map<Key, Window, KeyLess> windows;                                       // looked up only
  std::map<std::pair<const void *, std::vector<int64_t>>, mlir::Value> indices; // looked up only: positions plus offsets
  std::map<std::pair<int64_t, int64_t>, mlir::Value>
      positions; // by size of the ring and elements of a run: of the newest element
  std::map<std::pair<int64_t, int64_t>, mlir::Value>
      counters; // by delay and count: how many elements there were, at most delay
  llvm::SmallVector<State> states;
  std::map<std::string, int> names;
};

} // namespace thimble::lower
