// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds copies whose bytes lie in one piece.
#include "dialects/mcu/McuMoves.h"
#include "compiler/support/Constants.h"

using namespace mlir;
using namespace thimble::mcu;

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

std::optional<Move> thimble::mcu::findMove(CallOp call) {
  auto field = [&](llvm::StringRef name) {
    auto value = dyn_cast_or_null<IntegerAttr>(call.getParams().get(name));
    return value ? value.getInt() : 0;
  };
  bool isStrided = call.getKernel() == "tmb_copy_nd";
  if (!isStrided && call.getKernel() != "tmb_copy_bytes")
    return std::nullopt;
  Value in = call.getIns()[0], out = call.getOuts()[0];
  Move move{call, getBuffer(in), getBuffer(out), byteOffset(in), byteOffset(out), 0};
  if (!move.from || move.from == move.to)
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

void thimble::mcu::narrow(const Move &move) {
  CallOp call = move.call;
  OpBuilder builder(call);
  auto narrowOperand = [&](unsigned index, BufferOp buffer, int64_t begin) {
    Value operand = call->getOperand(index);
    if (byteSize(operand) == move.bytes)
      return;
    Type element = cast<MemRefType>(operand.getType()).getElementType();
    auto type = MemRefType::get({move.bytes / elementBytes(element)}, element);
    call->setOperand(index, builder.create<ViewOp>(call.getLoc(), type, buffer.getMemory(), uint64_t(begin)));
  };
  narrowOperand(0, move.from, move.fromBegin);
  narrowOperand(1, move.to, move.toBegin);
  NamedAttrList params(call.getParams());
  for (llvm::StringRef offset : {"x_offset", "y_offset"})
    if (params.get(offset))
      params.set(offset, builder.getI32IntegerAttr(0));
  call.setParamsAttr(params.getDictionary(call.getContext()));
}
