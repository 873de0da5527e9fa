// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// C++ face of the mcu dialect.
#pragma once

#include "dialects/pack/PackDialect.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/mcu/McuDialect.h.inc"
#include "dialects/mcu/McuEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/mcu/McuAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/mcu/McuOps.h.inc"

namespace thimble::mcu {
/// The kernel of calls that have steps.
inline constexpr llvm::StringLiteral streamKernel = "tmb_stream";

/// Marks inputs whose rows the caller feeds.
inline constexpr llvm::StringLiteral fedName = "mcu.fed";
inline bool isFed(BufferOp buffer) { return buffer && buffer->hasAttr(fedName); }
/// Bytes at the end of the scratch of the part that is fed, for how far the feeding has come.
inline constexpr int64_t feedStateBytes = 16;
/// True for what lies in the memory that lasts from run to run.
inline bool isState(BufferOp buffer) {
  return buffer && (buffer.getRole() == Role::State || buffer.getRole() == Role::NextState);
}
/// True for what has a place in the arena.
inline bool isInArena(BufferOp buffer) { return buffer && !isFed(buffer) && !isState(buffer); }
/// True if one is the state that a run finds, and the other what it leaves in its place.
inline bool isStatePair(BufferOp a, BufferOp b) {
  return a != b && isState(a) && isState(b) && a.getIndex() == b.getIndex() && a.getRole() != b.getRole();
}
/// Bytes at the end of the state, for whose it is.
inline constexpr int64_t stateFormatBytes = 4;
/// Discardable attribute of buffers that are a state, an elements attribute: what they hold at the start. Without it, zeros.
inline constexpr llvm::StringLiteral startName = "mcu.start";
/// The bytes of a state at the start, all of them.
std::vector<char> getStartBytes(BufferOp state);
/// Discardable attribute of inputs and outputs that hold the frames of one run, [axis, length, delay]: as "thimble.frames" of NNStates.h,
/// for the shape in `io`.
inline constexpr llvm::StringLiteral framesName = "mcu.frames";
/// Discardable attribute of output buffers, an array of strings: the texts that the elements are indices of, or, where the output
/// is a map, the keys along its last dimension.
constexpr llvm::StringLiteral labelsAttrName = "labels";

/// Marks buffers whose offset counts in the second arena, in external RAM.
inline constexpr llvm::StringLiteral spilledName = "mcu.spilled";
inline bool isSpilled(BufferOp buffer) { return buffer && buffer->hasAttr(spilledName); }
/// Discardable attributes of programs, i64: the size of that arena, and what no plan of its buffers is below.
inline constexpr llvm::StringLiteral externalArenaName = "mcu.external_arena_bytes";
inline constexpr llvm::StringLiteral externalBoundName = "mcu.external_lower_bound";
int64_t getExternalArenaBytes(ProgramOp program); // 0: there is none

/// Where a constant lies; the fastest memory first.
enum class Place {
  Ram,     // initialised by the start-up code from a copy in flash
  Flash,
  External, // flash outside of the chip that it reads like its own
  Copied    // memory outside of the chip from which they are fetched before use
};
/// Discardable attribute of constants, a string: "ram", "external" or "external-copied". Without it they lie in flash.
inline constexpr llvm::StringLiteral placeName = "mcu.place";
llvm::StringRef stringifyPlace(Place place);
std::optional<Place> symbolizePlace(llvm::StringRef text);
Place getPlace(ConstantOp constant);
void setPlace(ConstantOp constant, Place place);

/// The buffer or constant that `memory` is, seen through views.
mlir::Operation *getRoot(mlir::Value memory);
/// Where `memory` begins in it.
int64_t byteOffset(mlir::Value memory);
/// The buffer behind `memory`, or null if it is a constant.
BufferOp getBuffer(mlir::Value memory);
/// Bytes of a buffer, view or constant.
int64_t byteSize(mlir::Value memory);
} // namespace thimble::mcu
