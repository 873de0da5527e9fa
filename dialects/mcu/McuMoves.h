// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls that do no more than move one run of bytes.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include <optional>

namespace thimble::mcu {

/// A call that moves `bytes` bytes, one after the other, from one buffer to another.
struct Move {
  CallOp call;
  BufferOp from, to;
  int64_t fromBegin, toBegin, bytes;
};

/// Nothing if `call` does something else, or moves bytes that do not lie in one piece.
std::optional<Move> findMove(CallOp call);

/// Gives the call operands that are no more than what it moves, so that their places are a matter of views.
void narrow(const Move &move);

} // namespace thimble::mcu
