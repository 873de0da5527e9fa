// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which handler legalizes which ONNX operator, by the version of the operator set.
#pragma once

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringMap.h"
#include <map>

namespace thimble::legalize {

class NodeBinder;

/// Emits nn operations for one node and sets its results; fails after an error.
using Handler = mlir::LogicalResult (*)(NodeBinder &node);

/// How many inputs a node may have; the first `least` must be present.
struct InputCount {
  size_t least, most;
};
constexpr size_t anyNumber = SIZE_MAX;

struct Entry {
  Handler handler;
  InputCount inputs;
  bool takesSequences = false; // and optionals; other handlers see tensors only
};

class Registry {
public:
  /// Handles `opType` as defined in the operator sets `since`. One handler may serve several versions, and a later call may add
  /// others. `opType` is qualified by its domain ("com.microsoft.Gelu") unless it is one of ONNX's own.
  void add(llvm::StringRef opType, std::initializer_list<int64_t> since, InputCount inputs, Handler handler,
           bool takesSequences = false);

  /// The entry whose version is the newest not above `opset`, or null.
  const Entry *lookup(llvm::StringRef opType, int64_t opset) const;

  /// The oldest version of `opType` that has a handler, or nothing if none has.
  std::optional<int64_t> getOldest(llvm::StringRef opType) const;

  /// All operators with their versions, sorted by name.
  std::vector<std::pair<std::string, std::vector<int64_t>>> list() const;

private:
  llvm::StringMap<std::map<int64_t, Entry>> entries;
};

/// The handlers of all families. Built once, never changed.
const Registry &getRegistry();

/// The newest operator set whose changes were looked at. Models of a newer one get a warning.
constexpr int64_t newestOpset = 22;

} // namespace thimble::legalize
