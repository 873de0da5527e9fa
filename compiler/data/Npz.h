// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// NumPy's .npz format: a zip archive of .npy files.
#pragma once

#include "compiler/data/Tensor.h"

namespace thimble {

/// The arrays of a .npz file in the order in which it holds them; a name has no ".npy" at its end.
llvm::Expected<std::vector<NamedTensor>> readNpz(llvm::StringRef path);

/// Writes the tensors unpacked, as numpy.savez does. The names must differ.
llvm::Error writeNpz(llvm::StringRef path, llvm::ArrayRef<NamedTensor> tensors);

} // namespace thimble
