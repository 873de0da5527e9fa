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

int64_t thimble::mcu::byteOffset(Value memory) {
  int64_t offset = 0;
  for (auto view = memory.getDefiningOp<ViewOp>(); view; view = view.getSource().getDefiningOp<ViewOp>())
    offset += int64_t(view.getAt());
  return offset;
}

BufferOp thimble::mcu::getBuffer(Value memory) { return dyn_cast_or_null<BufferOp>(getRoot(memory)); }

int64_t thimble::mcu::getExternalArenaBytes(ProgramOp program) {
  auto bytes = program->getAttrOfType<IntegerAttr>(externalArenaName);
  return bytes ? bytes.getInt() : 0;
}

llvm::StringRef thimble::mcu::stringifyPlace(Place place) {
  return place == Place::Ram        ? "ram"
         : place == Place::Flash    ? "flash"
         : place == Place::External ? "external"
                                    : "external-copied";
}

std::optional<Place> thimble::mcu::symbolizePlace(llvm::StringRef text) {
  for (Place place : {Place::Ram, Place::Flash, Place::External, Place::Copied})
    if (text == stringifyPlace(place))
      return place;
  return std::nullopt;
}

Place thimble::mcu::getPlace(ConstantOp constant) {
  auto text = constant->getAttrOfType<StringAttr>(placeName);
  return text ? symbolizePlace(text.getValue()).value_or(Place::Flash) : Place::Flash;
}

void thimble::mcu::setPlace(ConstantOp constant, Place place) {
  if (place == Place::Flash)
    constant->removeAttr(placeName);
  else
    constant->setAttr(placeName, StringAttr::get(constant.getContext(), stringifyPlace(place)));
}

int64_t thimble::mcu::byteSize(Value memory) { return tensorBytes(cast<ShapedType>(memory.getType())); }

std::vector<char> thimble::mcu::getStartBytes(BufferOp state) {
  size_t bytes = size_t(byteSize(state.getMemory()));
  FailureOr<ConstantData> start = ConstantData::get(state->getAttr(startName));
  if (succeeded(start) && start->bytes().size() == bytes)
    return start->bytes().vec();
  // Wider integers have the zero point 0, and others are plain numbers.
  return std::vector<char>(bytes, char(state.getIo()->getZeroPoint()));
}

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
    if (!buffer || !buffer.getOffset())
      continue;
    int64_t end = int64_t(*buffer.getOffset()) + byteSize(buffer.getMemory());
    int64_t state = int64_t(getStateBytes().value_or(0));
    if (isState(buffer) && end > state - stateFormatBytes)
      return buffer.emitOpError("lies past the end of the state of ") << state << " bytes";
    if (isState(buffer) || !getArenaBytes())
      continue;
    int64_t arena = isSpilled(buffer) ? getExternalArenaBytes(*this) : int64_t(*getArenaBytes());
    if (end > arena)
      return buffer.emitOpError("lies past the end of the ")
             << (isSpilled(buffer) ? "external " : "") << "arena of " << arena << " bytes";
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
  bool isExternal = getRole() == Role::Input || getRole() == Role::Output || getRole() == Role::State;
  if (isExternal != bool(getIo()))
    return emitOpError("carries `io` exactly if it is an input, an output or a state");
  if (getOffset() && int64_t(*getOffset()) < 0)
    return emitOpError("offset is negative");
  if (Attribute start = (*this)->getAttr(startName)) {
    auto memref = cast<MemRefType>(getMemory().getType());
    if (getRole() != Role::State)
      return emitOpError() << "has '" << startName << "', which only states have";
    if (failed(verifyConstant(*this, start, RankedTensorType::get(memref.getShape(), memref.getElementType()))))
      return failure();
  }
  if (Attribute frames = (*this)->getAttr(framesName)) {
    auto numbers = dyn_cast<DenseI64ArrayAttr>(frames);
    if (!numbers || numbers.size() != 3 || numbers[0] < 0 || numbers[0] >= int64_t(getIo() ? getIo()->getShape().size() : 0) ||
        numbers[1] < 1 || numbers[2] < 0 || (getRole() != Role::Input && getRole() != Role::Output))
      return emitOpError() << framesName << " must be [axis, length, delay] of an input or output, got " << frames;
  }
  if (isSpilled(*this) && getRole() != Role::Temporary)
    return emitOpError("is spilled, which only temporary buffers can be");
  return verifyMemory(*this, getMemory().getType());
}

LogicalResult ConstantOp::verify() {
  if (failed(verifyMemory(*this, getMemory().getType())))
    return failure();
  if (Attribute place = (*this)->getAttr(placeName)) {
    auto text = dyn_cast<StringAttr>(place);
    if (!text || !symbolizePlace(text.getValue()))
      return emitOpError() << placeName << " must be \"ram\", \"flash\", \"external\" or \"external-copied\", got " << place;
  }
  auto memref = cast<MemRefType>(getMemory().getType());
  if (Attribute encoding = getEncodingAttr()) {
    auto packed = dyn_cast<pack::EncodingInterface>(encoding);
    if (!packed)
      return emitOpError("encoding must be an attribute of the pack dialect");
  }
  return verifyConstant(*this, getValue(), RankedTensorType::get(memref.getShape(), memref.getElementType()));
}

LogicalResult ViewOp::verify() {
  int64_t at = int64_t(getAt()), bytes = byteSize(getMemory()), source = byteSize(getSource());
  if (at < 0 || at > source || bytes > source - at)
    return emitOpError("shows ") << bytes << " bytes from " << at << " on of a source of " << source;
  if (at != 0 && !getBuffer(getMemory()))
    return emitOpError("begins inside of a constant");
  return success();
}

// The steps of a streamed part, and the loops around them.
static LogicalResult verifyStream(CallOp call) {
  if (!call.getRecord().empty() || !call.getParams().empty())
    return call.emitOpError("has both steps and a record");
  if (call.getOuts().size() != 1)
    return call.emitOpError("a streamed part writes one buffer, not ") << call.getOuts().size();
  if (call.getBody().getBlocks().size() != 1)
    return call.emitOpError("the steps must be one block");
  for (Operation &op : call.getBody().front())
    if (!isa<StepOp, RepeatOp, FeedOp>(op))
      return op.emitOpError("cannot be part of a streamed part");
  // Every row of an input that is fed comes in once.
  int64_t fedBytes = 0, expected = 0;
  call.getBody().walk([&](FeedOp feed) {
    auto repeat = dyn_cast<RepeatOp>(feed->getParentOp());
    fedBytes += int64_t(feed.getBytes()) * (repeat ? int64_t(repeat.getCount()) : 1);
  });
  for (Value in : call.getIns())
    if (isFed(getBuffer(in)))
      expected += byteSize(in);
  if (fedBytes > expected)
    return call.emitOpError("takes ") << fedBytes << " bytes of rows, but its inputs that are fed have " << expected;
  return success();
}

LogicalResult CallOp::verify() {
  for (Value out : getOuts())
    if (!getBuffer(out))
      return emitOpError("writes to memory that is not a buffer");
  if (getScratch() && !getBuffer(getScratch()))
    return emitOpError("scratch is not a buffer");
  if (getKernel() == streamKernel)
    return verifyStream(*this);
  if (!getBody().empty())
    return emitOpError("has steps, but only calls of '") << streamKernel << "' do";
  const Record *record = Record::lookup(getRecord());
  if (!record)
    return emitOpError("record '") << getRecord() << "' is not one of tmb_abi.h";
  return failure(failed(record->pack(getParams(), [&] { return emitOpError(); })));
}

LogicalResult RepeatOp::verify() {
  if (int64_t(getCount()) < 1)
    return emitOpError("count must be positive, got ") << int64_t(getCount());
  for (Operation &op : getBody().front())
    if (!isa<StepOp, FeedOp>(op))
      return op.emitOpError("cannot be part of an mcu.repeat");
  return success();
}

LogicalResult FeedOp::verify() {
  auto call = (*this)->getParentOfType<CallOp>();
  if (!call || !call.getScratch())
    return emitOpError("stands outside a streamed part with scratch");
  auto repeat = dyn_cast<RepeatOp>((*this)->getParentOp());
  int64_t last = repeat ? int64_t(repeat.getCount()) - 1 : 0, room = byteSize(call.getScratch()) - feedStateBytes;
  int64_t offset = int64_t(getOffset()), advance = int64_t(getAdvance()), bytes = int64_t(getBytes());
  if (bytes < 1 || bytes > room || offset < 0 || offset > room - bytes || std::abs(advance) > room ||
      offset + last * advance < 0 || offset + last * advance > room - bytes)
    return emitOpError("puts its row outside of the scratch of ") << room << " bytes";
  return success();
}

LogicalResult StepOp::verify() {
  auto call = (*this)->getParentOfType<CallOp>();
  if (!call)
    return emitOpError("stands outside a streamed part");
  size_t count = getArgs().size();
  if (getOffsets().size() != count || getAdvances().size() != count || getExtents().size() != count ||
      getElements().size() != count)
    return emitOpError("needs as many offsets, advances, extents and elements as arguments, which are ") << count;
  auto repeat = dyn_cast<RepeatOp>((*this)->getParentOp());
  int64_t last = repeat ? int64_t(repeat.getCount()) - 1 : 0;
  for (size_t i = 0; i < count; ++i) {
    int64_t operand = getArgs()[i], offset = getOffsets()[i], advance = getAdvances()[i];
    if (operand < 0 || operand >= int64_t(call->getNumOperands()))
      return emitOpError("argument ") << i << " is operand " << operand << " of a call that has " << call->getNumOperands();
    int64_t bytes = byteSize(call->getOperand(unsigned(operand)));
    int64_t extent = getExtents()[i], room = bytes - extent;
    // Offsets and advances beyond the memory would overflow below.
    if (extent < 0 || extent > bytes || offset < 0 || offset > room || std::abs(advance) > bytes ||
        offset + last * advance < 0 || offset + last * advance > room)
      return emitOpError("argument ") << i << " lies outside of operand " << operand << " of " << bytes << " bytes";
  }
  const Record *record = Record::lookup(getRecord());
  if (!record)
    return emitOpError("record '") << getRecord() << "' is not one of tmb_abi.h";
  return failure(failed(record->pack(getParams(), [&] { return emitOpError(); })));
}
