// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A tensor as a walk over the elements of another one, of which it is a slice, a transpose or the like.
#pragma once

#include "dialects/nn/NNDialect.h"
#include <optional>

namespace thimble::lower {

/// `size` steps of `stride` elements.
struct ViewFactor {
  int64_t size, stride;
};

/// Several factors make one dimension, the outermost first; factors of size 1 are left out.
using ViewDim = llvm::SmallVector<ViewFactor, 2>;

/// Elements of `root` in row-major order, from `offset` on.
struct ElementView {
  mlir::Value root;
  int64_t offset = 0;
  llvm::SmallVector<ViewDim, 4> dims;

  /// `value` as all of its own elements.
  static ElementView dense(mlir::Value value);
};

/// `value` through the reshapes, transposes, slices and broadcasts that make it, as far as that goes, but not beyond `last`.
ElementView viewOf(mlir::Value value, mlir::Value last = {});

/// The fewest factors that walk the same elements in the same order.
ViewDim merge(llvm::ArrayRef<ViewDim> dims);

} // namespace thimble::lower
