// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers of bytes as people write and read them: "64K" on the command line, "47.1 KiB" in a report.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>

namespace thimble {

/// Reads a number of bytes: digits, then nothing, B, or K, M, G with an optional B or iB, in any case ("65536", "64K", "64
/// KiB"). A K is 1024 with all of these, as in the data sheets of microcontrollers.
llvm::Expected<uint64_t> parseByteSize(llvm::StringRef text);

/// "812 B", "47.1 KiB", "1.50 MiB". Rounded up, so that what reads as "fits" does fit.
std::string formatByteSize(uint64_t bytes);

} // namespace thimble
