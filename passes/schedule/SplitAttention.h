// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Makes the queries of attention apart from keys and values, so that they can be made row by row.
#pragma once

#include "dialects/mcu/McuDialect.h"

namespace thimble::schedule {

/// Keys and values are needed whole before the first row of attention, queries a row at a time. Where one layer makes all three, it
/// becomes two with parts of its weights; where both read what a cheap call makes (a normalization), that call runs twice: its result
/// needs no memory but a few rows then, in a program that is streamed. Returns an estimate of the instructions that this costs, or
/// nothing if there is nothing to split. The program must not be scheduled yet.
std::optional<int64_t> splitAttention(mcu::ProgramOp program);

} // namespace thimble::schedule
