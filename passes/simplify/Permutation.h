// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic of dimension orders. A permutation P stands for the tensor transpose(x, P), whose dimension i is dimension P[i] of
// x.
#pragma once

#include "passes/simplify/Support.h"

namespace thimble::simplify {

using Permutation = llvm::SmallVector<int64_t>;
using PermutationRef = llvm::ArrayRef<int64_t>;

Permutation identity(size_t rank);
/// transpose(transpose(x, first), second) = transpose(x, compose(first, second))
Permutation compose(PermutationRef first, PermutationRef second);
Permutation inverse(PermutationRef permutation);
Shape permuted(ShapeRef shape, PermutationRef permutation);

/// True if both put the elements of a tensor of `shape` in the same order: they agree on the dimensions that are not 1.
bool haveSameOrder(ShapeRef shape, PermutationRef a, PermutationRef b);
/// True if the elements keep their order.
bool isTrivial(ShapeRef shape, PermutationRef permutation);

/// Dimensions of one shape that a reshape turns into dimensions of another one. One of the lists may be empty: dimensions of
/// size 1.
struct DimGroup {
  llvm::SmallVector<int64_t> from, to;
};
/// The finest groups of a reshape, in order; none for tensors without elements.
std::optional<llvm::SmallVector<DimGroup>> groupDims(ShapeRef from, ShapeRef to);

/// If `from` is stored as `order`, the order of `to` for which the reshape still moves nothing. None if `order` tears a group
/// apart.
std::optional<Permutation> reshapedOrder(ShapeRef from, ShapeRef to, PermutationRef order);

/// The transpose of `x` by `permutation`: `x` itself, a constant, a reshape or a transpose.
mlir::Value transposed(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x, PermutationRef permutation);

} // namespace thimble::simplify
