// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// NumPy's .npy format, versions 1.0 to 3.0.
#pragma once

#include "compiler/data/Tensor.h"

namespace thimble {

/// Reads a .npy file. Arrays in Fortran order are reordered, big-endian ones swapped; objects, strings, records and complex
/// numbers are refused.
llvm::Expected<Tensor> readNpy(llvm::StringRef path);
/// The same for bytes that are in memory; `name` starts the messages.
llvm::Expected<Tensor> parseNpy(llvm::ArrayRef<char> bytes, llvm::StringRef name);

/// Writes version 1.0, as NumPy does.
llvm::Error writeNpy(llvm::StringRef path, const Tensor &tensor);
llvm::Expected<std::vector<char>> serializeNpy(const Tensor &tensor);

} // namespace thimble
