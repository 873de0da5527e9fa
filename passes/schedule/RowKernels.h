// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which kernel calls can compute their output row by row, and how they are called for a few rows.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include <optional>

namespace thimble::schedule {

/// An input of a call as rows; see RowRead.
struct RowInput {
  unsigned index; // among the call's inputs
  int64_t rows;
  int64_t pitch;  // bytes from row to row
  bool isPlanar;  // a row is not one run of memory, so that the input must be whole
  int64_t stride = 1, extent = 1, pad = 0; // stride 0: every output row needs all of it
};

/// What calls have in common that compute output row r from a window of input rows.
struct RowKernel {
  int64_t outRows, outPitch;
  int64_t rowPixels; // positions of one output row: what a kernel can work on at once
  llvm::SmallVector<RowInput, 2> inputs; // those that are cut into rows; others are constants
  int64_t callInstructions; // estimate of what each further call costs
  int64_t block = 1;            // rows that the kernel works on together
  int64_t looseInstructions = 0; // what each row costs more that is in no whole block
  llvm::SmallVector<std::pair<unsigned, int64_t>, 1> constants =
      {};                 // those with rows: index among the inputs, bytes from row to row
  bool isPartial = false; // other calls write the rest of each output row
  int64_t pieceOf = 0;    // > 0: rows of the whole output buffer, of which other calls write the rest; the pitch is the same
  int64_t firstRow = 0;   // of the piece in it
};

/// Nothing if the call cannot be cut into rows.
std::optional<RowKernel> describeRows(mcu::CallOp call);

/// The parameters for the output rows [first, first + rows) of the call, where each input begins at the first row that they need and has
/// `inRows` of them (that of the first of RowKernel::inputs).
mlir::DictionaryAttr cutToRows(mcu::CallOp call, const RowKernel &kernel, int64_t first, int64_t rows, int64_t inRows);

} // namespace thimble::schedule
