// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a file's bytes to ONNX's protobuf classes, with errors that say what the file is instead.
#pragma once

#include "compiler/import/OnnxProto.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace thimble {

using OwnedModel = std::unique_ptr<proto::ModelProto>;

/// `name` starts the messages.
llvm::Expected<OwnedModel> parseModelBytes(llvm::ArrayRef<char> bytes, llvm::StringRef name);
llvm::Expected<OwnedModel> parseModelText(llvm::StringRef text, llvm::StringRef name);

/// Parses a file of either form, chosen by its extension.
llvm::Expected<OwnedModel> readModelFile(llvm::StringRef path, uint64_t maxBytes);

} // namespace thimble
