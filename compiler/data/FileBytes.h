// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whole files as bytes, with an error that says what is wrong with the file.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>

namespace thimble {

/// Files above this size are not read: protobuf has the same limit, and no microcontroller has the room.
constexpr uint64_t maxFileBytes = (uint64_t(1) << 31) - 1;

/// The bytes of a regular file. The message of the error starts with the path.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> readFileBytes(llvm::StringRef path, uint64_t maxBytes = maxFileBytes);

/// Writes a file; if that fails, no half of it is left behind.
llvm::Error writeFileBytes(llvm::StringRef path, llvm::ArrayRef<char> bytes);

} // namespace thimble
