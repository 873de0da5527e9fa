// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The front of a network in strips of columns, one after the other.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include <optional>

namespace thimble::schedule {

/// Replaces the calls [first, last] by `strips` copies of them, each of which computes some columns of the result from the columns of
/// the input that these depend on: what strips share is computed by each of them. Rows are streamed as before, so that patches of an
/// image remain. Returns the instructions that this costs, estimated. Nothing, and no change, unless all calls are windows over images
/// or elementwise, only the result is used by others, and every strip needs some columns of every tensor.
std::optional<int64_t> splitColumns(mcu::ProgramOp program, size_t first, size_t last, int64_t strips);

} // namespace thimble::schedule
