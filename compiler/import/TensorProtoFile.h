// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensors in files of their own, as ONNX's test data has them.
#pragma once

#include "compiler/data/Tensor.h"

namespace thimble {

/// Reads a file that holds one TensorProto, and stores its name if the pointer is given. Fits readTensors of compiler/data.
llvm::Expected<Tensor> readTensorProto(llvm::StringRef path, std::string *name = nullptr);

} // namespace thimble
