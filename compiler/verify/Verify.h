// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `thimble verify`: builds what was emitted, runs it, and compares it with what the compiler computes.
#pragma once

#include "compiler/verify/Build.h"
#include "compiler/verify/Samples.h"
#include "compiler/verify/VerifyError.h"
#include <functional>

namespace thimble {

enum class VerifyOn {
  Auto,    // the emulator if the target has one, else this computer
  Host,    // this computer only
  Emulator // this computer and the target's emulator
};

struct VerifyOptions {
  std::string runtimeDirectory;      // runtime-mcu
  std::vector<std::string> inputs;   // PATH or INPUT=PATH, see Samples.h
  std::vector<std::string> expected; // the same for outputs; empty: the float model gives the reference
  std::string labels;                // empty: those in the files of inputs, if there are any
  VerifyOn on = VerifyOn::Auto;
  int64_t samples = 0;                          // at most; 0: all
  bool checksPlan = false;                      // at run time, with TMB_CHECK_PLAN
  int64_t sequenceLength = 0;                   // samples after which states start anew; 0: all are one sequence
  std::optional<double> maxError;               // beyond this error against the reference the model does not pass
  uint64_t stackBytes = 4096;                   // that the target's image reserves
  codegen::MemorySizes memory;                  // of the target's image; nothing: the target's
  unsigned seconds = 600;                       // for one run of the model over all samples
  std::function<void(llvm::StringRef what, int64_t done, int64_t total)> progress;
};

struct VerifyAccuracy {
  int64_t samples = 0, floatRight = 0, compiledRight = 0;
};

/// What was measured on the emulated target.
struct TargetMeasurement {
  uint64_t instructions = 0, leastInstructions = 0, mostInstructions = 0; // total, and of one sample; 0: not counted
  uint64_t stackBytes = 0;                                                // main() of the harness included
  uint64_t arenaBytes = 0;
  uint64_t externalRamBytes = 0; // the second arena
  uint64_t stateBytes = 0; // that lasts from run to run
  uint64_t imageBytes = 0; // flash of the whole image, with harness and start-up code
  Footprint footprint;     // of the model alone

  uint64_t getRam() const { return arenaBytes + stateBytes + footprint.constants + footprint.staticRam + stackBytes; }
};

struct VerifyResult {
  std::string model, target;
  bool ranOnEmulator = false;
  std::string problem; // the model crashed, hung or reported an error, and where; empty: it ran to the end
  int64_t samples = 0;
  int64_t runs = 0;         // of the compiled model: more than one for a sample if it runs frame by frame
  int64_t outputsTested = 0;                         // output tensors of all samples
  uint64_t compared = 0;                             // elements of the outputs of all samples
  uint64_t hostMismatches = 0, targetMismatches = 0; // elements that the compiler computes otherwise
  std::string firstMismatch;
  std::optional<bool> hostEqualsTarget;
  bool hasFloatOutputs = false;          // so that "equal" means within a tolerance
  bool isReferenceExpected = false;      // the reference is the file of expected outputs, else the float model
  std::optional<double> maxAbsError;     // of the compiled model against the reference; NaN: not comparable
  std::optional<double> floatModelError; // of the float model against expected outputs
  std::optional<double> maxAllowedError; // VerifyOptions::maxError
  std::optional<VerifyAccuracy> accuracy;
  std::optional<int64_t> agreement; // samples for which float and compiled model name the same class
  std::optional<TargetMeasurement> measurement;
  std::vector<std::string> notes;

  /// Nothing speaks against the compiled model.
  bool hasPassed() const;
};

/// Verifies an output folder of `thimble compile`. Bad data, missing programs, an image that does not fit and C that cannot be
/// compiled are errors (see describe()); a model that runs and computes something else, or faults or hangs, is a result.
llvm::Expected<VerifyResult> verifyFolder(llvm::StringRef folder, const VerifyOptions &options,
                                          TensorProtoReader readProto = nullptr);

/// report/schemas/verify.schema.json.
void writeJson(const VerifyResult &result, llvm::raw_ostream &os);
/// For people: the verdict first.
void writeText(const VerifyResult &result, llvm::raw_ostream &os);

} // namespace thimble
