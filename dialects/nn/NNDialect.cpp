// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Folders of the nn dialect: what needs no arithmetic.
#include "dialects/nn/NNDialect.h"

using namespace mlir;
using namespace thimble::nn;

Operation *NNDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  return elements ? builder.create<ConstantOp>(loc, type, elements) : nullptr;
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getX().getType() == getY().getType())
    return getX();
  // Only the last of consecutive reshapes counts.
  if (auto previous = getX().getDefiningOp<ReshapeOp>()) {
    getXMutable().assign(previous.getX());
    return getY();
  }
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  for (auto [i, dim] : llvm::enumerate(getPermutation()))
    if (dim != int64_t(i))
      return {};
  return getX();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  bool isWhole = getX().getType() == getY().getType() && llvm::all_of(getStrides(), [](int64_t s) { return s == 1; });
  return isWhole ? getX() : Value();
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  auto isZero = [](int64_t pad) { return pad == 0; };
  bool isNothing = llvm::all_of(getBefore(), isZero) && llvm::all_of(getAfter(), isZero);
  return isNothing && getX().getType() == getY().getType() ? getX() : Value();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) { return getX().getType() == getY().getType() ? getX() : Value(); }
