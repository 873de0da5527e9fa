// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Views through operations that only move elements.
#include "passes/lower/ElementView.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::lower;

static llvm::ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

ElementView ElementView::dense(Value value) {
  ElementView view{value, 0, {}};
  int64_t stride = 1;
  for (int64_t size : llvm::reverse(shapeOf(value))) {
    view.dims.insert(view.dims.begin(), size == 1 ? ViewDim() : ViewDim{{size, stride}});
    stride *= size;
  }
  return view;
}

ViewDim thimble::lower::merge(llvm::ArrayRef<ViewDim> dims) {
  ViewDim result;
  for (const ViewDim &dim : dims)
    for (ViewFactor factor : dim) {
      if (!result.empty() && result.back().stride == factor.stride * factor.size)
        result.back() = {result.back().size * factor.size, factor.stride};
      else
        result.push_back(factor);
    }
  return result;
}

// The same elements in order, cut into dimensions of other sizes; nothing if a size cuts through a factor.
static std::optional<llvm::SmallVector<ViewDim, 4>> reshape(llvm::ArrayRef<ViewDim> dims, llvm::ArrayRef<int64_t> shape) {
  ViewDim rest = merge(dims);
  std::reverse(rest.begin(), rest.end()); // the outermost last, to be taken away
  llvm::SmallVector<ViewDim, 4> result;
  for (int64_t size : shape) {
    ViewDim dim;
    while (size > 1) {
      if (rest.empty())
        return std::nullopt;
      ViewFactor factor = rest.pop_back_val();
      if (size % factor.size == 0) {
        dim.push_back(factor);
        size /= factor.size;
      } else if (factor.size % size == 0) {
        int64_t inner = factor.size / size;
        dim.push_back({size, factor.stride * inner});
        rest.push_back({inner, factor.stride});
        size = 1;
      } else {
        return std::nullopt;
      }
    }
    result.push_back(dim);
  }
  return result;
}

static std::optional<ElementView> throughSlice(nn::SliceOp slice, ElementView view) {
  for (auto [d, size] : llvm::enumerate(slice.getSizes())) {
    int64_t offset = slice.getOffsets()[d], stride = slice.getStrides()[d];
    if (offset == 0 && stride == 1 && size == shapeOf(slice.getX())[d])
      continue;
    ViewDim dim = merge(view.dims[d]);
    if (dim.size() > 1)
      return std::nullopt;
    int64_t step = dim.empty() ? 0 : dim[0].stride;
    view.offset += offset * step;
    view.dims[d] = size == 1 ? ViewDim() : ViewDim{{size, step * stride}};
  }
  return view;
}

static std::optional<ElementView> throughBroadcast(nn::BroadcastOp broadcast, ElementView view) {
  llvm::ArrayRef<int64_t> from = shapeOf(broadcast.getX()), to = shapeOf(broadcast.getY());
  view.dims.insert(view.dims.begin(), to.size() - from.size(), ViewDim());
  for (size_t d = 0; d < to.size(); ++d) {
    int64_t size = d + from.size() < to.size() ? 1 : from[d + from.size() - to.size()];
    if (size == 1 && to[d] > 1)
      view.dims[d] = {{to[d], 0}};
  }
  return view;
}

ElementView thimble::lower::viewOf(Value value, Value last) {
  Operation *op = value.getDefiningOp();
  if (value == last || !isa_and_nonnull<nn::ReshapeOp, nn::TransposeOp, nn::SliceOp, nn::BroadcastOp>(op) ||
      llvm::is_contained(shapeOf(value), 0))
    return ElementView::dense(value);
  ElementView inner = viewOf(op->getOperand(0), last);
  std::optional<ElementView> result;
  if (auto transpose = dyn_cast<nn::TransposeOp>(op)) {
    result = ElementView{inner.root, inner.offset, {}};
    for (int64_t d : transpose.getPermutation())
      result->dims.push_back(inner.dims[d]);
  } else if (auto slice = dyn_cast<nn::SliceOp>(op)) {
    result = throughSlice(slice, inner);
  } else if (auto broadcast = dyn_cast<nn::BroadcastOp>(op)) {
    result = throughBroadcast(broadcast, inner);
  } else if (auto dims = reshape(inner.dims, shapeOf(value))) {
    result = ElementView{inner.root, inner.offset, *dims};
  }
  return result ? *result : ElementView::dense(value);
}
