// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Zip archives as NumPy writes them: stored and deflated entries, with or without the 64-bit extensions.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace thimble {

struct ZipEntry {
  std::string name;
  std::vector<char> bytes;
};

/// The files of an archive in the order of its directory, unpacked and checked against their checksums; folders are left out.
llvm::Expected<std::vector<ZipEntry>> readZip(llvm::ArrayRef<char> archive);

/// An archive of stored entries, without times: the same entries give the same bytes.
llvm::Expected<std::vector<char>> writeZip(llvm::ArrayRef<ZipEntry> entries);

} // namespace thimble
