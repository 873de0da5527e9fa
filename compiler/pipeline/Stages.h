// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The stages of a compilation, by name, and the state that one leaves for the next.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace thimble {

/// In the order in which they run.
enum class Stage { Import, Legalize, Simplify, Quantize, Lower, Schedule, Emit };

struct StageInfo {
  Stage stage;
  llvm::StringRef name;
  llvm::StringRef result; // what the IR is after it
};

llvm::ArrayRef<StageInfo> getStages();
std::optional<Stage> parseStage(llvm::StringRef name);
const StageInfo &getInfo(Stage stage);

} // namespace thimble
