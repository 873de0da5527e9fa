// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Verifiers of the mcu dialect.
#include "dialects/mcu/McuDialect.h"
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuRecords.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::mcu;

Operation *thimble::mcu::getRoot(Value memory) {
  Operation *op = memory.getDefiningOp();
  while (auto view = dyn_cast_or_null<ViewOp>(op))
    op = view.getSource().getDefiningOp();
  return op;
}

BufferOp thimble::mcu::getBuffer(Value memory) { return dyn_cast_or_null<BufferOp>(getRoot(memory)); }

int64_t thimble::mcu::byteSize(Value memory) { return tensorBytes(cast<ShapedType>(memory.getType())); }

LogicalResult ProgramOp::verify() {
  if (!llvm::isPowerOf2_64(getAlignment()))
    return emitOpError("alignment must be a power of two, got ") << getAlignment();
  llvm::StringSet<> constants;
  for (Operation &op : getBody().front()) {
    if (!isa<BufferOp, ConstantOp, ViewOp, CallOp>(op))
      return op.emitOpError("cannot be part of an mcu.program");
    if (auto constant = dyn_cast<ConstantOp>(op))
      if (!constants.insert(constant.getName()).second)
        return constant.emitOpError("name '") << constant.getName() << "' is not unique in the program";
    auto buffer = dyn_cast<BufferOp>(op);
    if (buffer && buffer.getOffset() && getArenaBytes() &&
        int64_t(*buffer.getOffset()) + byteSize(buffer.getMemory()) > int64_t(*getArenaBytes()))
      return buffer.emitOpError("lies past the end of the arena of ") << *getArenaBytes() << " bytes";
  }
  return success();
}

static LogicalResult verifyMemory(Operation *op, Type type) {
  auto memref = cast<MemRefType>(type);
  if (!memref.hasStaticShape() || !memref.getLayout().isIdentity() || elementBytes(memref.getElementType()) == 0)
    return op->emitOpError("needs a dense memref of static shape with storable elements, got ") << type;
  return success();
}

LogicalResult BufferOp::verify() {
  bool isExternal = getRole() == Role::Input || getRole() == Role::Output;
  if (isExternal != bool(getIo()))
    return emitOpError("carries `io` exactly if it is an input or output");
  if (getOffset() && int64_t(*getOffset()) < 0)
    return emitOpError("offset is negative");
  return verifyMemory(*this, getMemory().getType());
}

LogicalResult ConstantOp::verify() {
  if (failed(verifyMemory(*this, getMemory().getType())))
    return failure();
  auto memref = cast<MemRefType>(getMemory().getType());
  if (Attribute encoding = getEncodingAttr()) {
    auto packed = dyn_cast<pack::EncodingInterface>(encoding);
    if (!packed)
      return emitOpError("encoding must be an attribute of the pack dialect");
  }
  return verifyConstant(*this, getValue(), RankedTensorType::get(memref.getShape(), memref.getElementType()));
}

LogicalResult ViewOp::verify() {
  if (byteSize(getSource()) != byteSize(getMemory()))
    return emitOpError("shows ") << byteSize(getMemory()) << " bytes of a source of " << byteSize(getSource());
  return success();
}

LogicalResult CallOp::verify() {
  const Record *record = Record::lookup(getRecord());
  if (!record)
    return emitOpError("record '") << getRecord() << "' is not one of tmb_abi.h";
  for (Value out : getOuts())
    if (!getBuffer(out))
      return emitOpError("writes to memory that is not a buffer");
  if (getScratch() && !getBuffer(getScratch()))
    return emitOpError("scratch is not a buffer");
  return failure(failed(record->pack(getParams(), [&] { return emitOpError(); })));
}
