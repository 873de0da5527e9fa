// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constants that the processor cannot read where they are: fetched into the arena before use.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "mlir/Support/LogicalResult.h"

namespace thimble::schedule {

/// Gives the constants of Place::Copied a buffer each, which a call of `tmb_fetch` fills before the call that reads it. Weights of
/// more than `mostBytes` come by blocks of output channels where the kernel's layout allows it (int8 convolutions without groups,
/// int8 fully connected layers): the layer becomes a loop (`tmb_stream`) that fetches a block, computes its channels, and, where
/// there are several positions, puts them between those of the other blocks. The results are the same bit for bit.
void copyWeights(mcu::ProgramOp program, int64_t mostBytes);

/// The most bytes that the program fetches at once: the largest constant of Place::Copied. 0: it fetches nothing.
int64_t getLargestCopy(mcu::ProgramOp program);

} // namespace thimble::schedule
