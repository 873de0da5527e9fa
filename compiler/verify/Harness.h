// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a built verification program over samples, on this computer or on an emulator, and reads what it reports.
#pragma once

#include "codegen/targets/Target.h"
#include "compiler/verify/Samples.h"

namespace thimble {

struct HarnessRun {
  /// Why the program did not run all samples to the end: a fault, a hang, a status. Empty: it did.
  std::string problem;
  std::vector<std::vector<char>> outputs; // of each sample: all outputs one after the other
  uint64_t instructions = 0;              // of all samples; 0: not counted
  uint64_t least = 0, most = 0;           // of one sample
  uint64_t stackBytes = 0;                // 0: unknown
};

struct HarnessOptions {
  const Emulator *emulator = nullptr; // null: this computer
  std::string program;                // what was built
  size_t outputBytes = 0;             // of one sample
  unsigned seconds = 600;             // then it hangs
  bool hasState = false;              // that lasts from sample to sample
  int64_t sequenceLength = 0;         // samples after which it starts anew; 0: never
};

/// Many samples are shared out to several processes. Files are written to new folders in `directory`. Fails if the program
/// cannot be started; that it ran and failed is in the result.
llvm::Expected<HarnessRun> runHarness(const HarnessOptions &options, const Samples &samples, llvm::StringRef directory);

} // namespace thimble
