// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensors from a file of any format that we read, chosen by its extension.
#pragma once

#include "compiler/data/Tensor.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace thimble {

/// Reads one tensor from a .pb file and, if the pointer is given, its name. compiler/import/TensorProtoFile.h has the function:
/// only that room may see protobuf.
using TensorProtoReader = llvm::function_ref<llvm::Expected<Tensor>(llvm::StringRef path, std::string *name)>;

/// The tensors of a .npy file (one, named ""), of a .npz file, or of a .pb file if there is a reader for it.
llvm::Expected<std::vector<NamedTensor>> readTensors(llvm::StringRef path, TensorProtoReader readProto = nullptr);

} // namespace thimble
