// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic of dimension orders, and applying them to values.
#include "passes/simplify/Permutation.h"
#include <cstring>
#include <numeric>

using namespace mlir;
using namespace thimble;
using namespace thimble::simplify;

Permutation simplify::identity(size_t rank) {
  Permutation result(rank);
  std::iota(result.begin(), result.end(), 0);
  return result;
}

Permutation simplify::compose(PermutationRef first, PermutationRef second) {
  Permutation result;
  for (int64_t dim : second)
    result.push_back(first[size_t(dim)]);
  return result;
}

Permutation simplify::inverse(PermutationRef permutation) {
  Permutation result(permutation.size());
  for (auto [i, dim] : llvm::enumerate(permutation))
    result[size_t(dim)] = int64_t(i);
  return result;
}

Shape simplify::permuted(ShapeRef shape, PermutationRef permutation) {
  Shape result;
  for (int64_t dim : permutation)
    result.push_back(shape[size_t(dim)]);
  return result;
}

static Permutation withoutOnes(ShapeRef shape, PermutationRef permutation) {
  Permutation result;
  llvm::copy_if(permutation, std::back_inserter(result), [&](int64_t dim) { return shape[size_t(dim)] != 1; });
  return result;
}

bool simplify::haveSameOrder(ShapeRef shape, PermutationRef a, PermutationRef b) {
  return withoutOnes(shape, a) == withoutOnes(shape, b);
}

bool simplify::isTrivial(ShapeRef shape, PermutationRef permutation) {
  return llvm::is_sorted(withoutOnes(shape, permutation));
}

std::optional<SmallVector<DimGroup>> simplify::groupDims(ShapeRef from, ShapeRef to) {
  if (llvm::is_contained(from, 0))
    return std::nullopt;
  SmallVector<DimGroup> groups;
  size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    DimGroup group;
    bool fromOne = i < from.size() && from[i] == 1, toOne = j < to.size() && to[j] == 1;
    if (fromOne || toOne) {
      // Dimensions of size 1 correspond where both have one, and come and go otherwise.
      if (fromOne)
        group.from.push_back(int64_t(i++));
      if (toOne)
        group.to.push_back(int64_t(j++));
      groups.push_back(std::move(group));
      continue;
    }
    if (i == from.size() || j == to.size())
      return std::nullopt; // not the same number of elements
    int64_t left = from[i], right = to[j];
    group.from.push_back(int64_t(i++));
    group.to.push_back(int64_t(j++));
    while (left != right) {
      if (left < right ? i == from.size() : j == to.size())
        return std::nullopt;
      if (left < right) {
        left *= from[i];
        group.from.push_back(int64_t(i++));
      } else {
        right *= to[j];
        group.to.push_back(int64_t(j++));
      }
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

std::optional<Permutation> simplify::reshapedOrder(ShapeRef from, ShapeRef to, PermutationRef order) {
  std::optional<SmallVector<DimGroup>> groups = groupDims(from, to);
  if (!groups)
    return std::nullopt;
  Permutation place = inverse(order);
  // Sort key of each group: where its first dimension lies. New dimensions of size 1 go with the group behind them, or, at the
  // end, with the one in front.
  SmallVector<std::pair<int64_t, size_t>> keys;
  for (auto [g, group] : llvm::enumerate(*groups)) {
    int64_t last = -1;
    for (int64_t dim : group.from) {
      // Ones inside a group may lie anywhere.
      if (from[size_t(dim)] == 1 && group.from.size() > 1)
        continue;
      if (last >= 0 && place[size_t(dim)] < last)
        return std::nullopt;
      for (int64_t between = last + 1; last >= 0 && between < place[size_t(dim)]; ++between)
        if (from[size_t(order[size_t(between)])] != 1)
          return std::nullopt;
      last = place[size_t(dim)];
    }
    keys.push_back({last, g});
  }
  for (size_t g = keys.size(); g-- > 0;)
    if (keys[g].first < 0) {
      bool hasNext = g + 1 < keys.size();
      bool isLeading = llvm::all_of(ArrayRef(*groups).take_front(g), [](const DimGroup &group) { return group.from.empty(); });
      keys[g].first = isLeading ? -1 : hasNext ? keys[g + 1].first : INT64_MAX;
    }
  llvm::sort(keys);
  Permutation result;
  for (auto [key, g] : keys)
    llvm::append_range(result, (*groups)[g].to);
  return result;
}

// The elements of a constant in another order.
static Value transposedConstant(OpBuilder &builder, Value x, const ConstantData &data, PermutationRef permutation) {
  ShapeRef shape = shapeOf(x);
  auto type = RankedTensorType::get(permuted(shape, permutation), elementOf(x));
  size_t rank = shape.size(), width = size_t(elementBytes(type.getElementType()));
  Shape dense(rank), strides, index(rank, 0);
  int64_t stride = 1;
  for (size_t i = rank; i-- > 0; stride *= shape[i])
    dense[i] = stride;
  for (int64_t dim : permutation)
    strides.push_back(dense[size_t(dim)]);
  std::vector<char> bytes(data.bytes().size());
  int64_t source = 0;
  for (size_t target = 0; target < bytes.size(); target += width) {
    std::memcpy(bytes.data() + target, data.bytes().data() + size_t(source) * width, width);
    for (size_t d = rank; d-- > 0;) {
      source += strides[d];
      if (++index[d] < type.getDimSize(d))
        break;
      source -= strides[d] * type.getDimSize(d);
      index[d] = 0;
    }
  }
  return builder.create<nn::ConstantOp>(x.getLoc(), type, makeConstant(type, bytes));
}

Value simplify::transposed(OpBuilder &builder, Location loc, Value x, PermutationRef permutation) {
  if (llvm::is_sorted(permutation))
    return x;
  ShapeRef shape = shapeOf(x);
  if (isTrivial(shape, permutation))
    return reshaped(builder, loc, x, permuted(shape, permutation));
  FailureOr<ConstantData> data = ConstantData::get(x);
  if (isConstant(x) && succeeded(data))
    return transposedConstant(builder, x, *data, permutation);
  return builder.create<nn::TransposeOp>(loc, x, permutation);
}
