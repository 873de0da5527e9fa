// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensor data that a model keeps in files beside itself.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>
#include <vector>

namespace thimble {

/// A range of a file, as the model states it.
struct ExternalRange {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

/// The files in one folder, and nothing outside it.
class ExternalFiles {
public:
  /// A model in memory has no folder, so each of its references is an error.
  ExternalFiles() = default;
  explicit ExternalFiles(llvm::StringRef folder) : folder(folder.empty() ? "." : folder.str()) {}

  /// The `size` bytes of a range. Nothing is allocated before the file is known to hold them.
  llvm::Expected<std::vector<char>> read(const ExternalRange &range, uint64_t size) const;

private:
  std::optional<std::string> folder;
};

} // namespace thimble
