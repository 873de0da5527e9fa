// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What compile and analyze say about bytes: measured code, golden vectors, notes, and what would help.
#pragma once

#include "codegen/c/Emit.h"
#include "codegen/targets/Target.h"
#include "compiler/pipeline/Compile.h"
#include "compiler/report/Report.h"

namespace thimble::driver {

struct CodeSize {
  uint64_t bytes;
  bool isMeasured; // else estimated, since the target's compiler is not here
};

/// Bytes of code in the image of a model: compiled and linked with the target's compiler if that is installed.
llvm::Expected<CodeSize> measureCode(const std::vector<codegen::EmittedFile> &files, const std::string &name,
                                     const Target &target, const std::string &runtimeDirectory, mcu::ProgramOp program);

/// Inputs from a fixed generator with the outputs that the compiler's own execution gives.
std::vector<codegen::GoldenVector> makeGoldenVectors(mcu::ProgramOp program);

/// What was measured on held-out samples, as lines for people.
std::vector<std::string> makeNotes(const Compilation &compilation);
/// The same for the report.
std::optional<report::HeldOutUse> makeHeldOut(const Compilation &compilation);
/// Layers that left int8.
std::vector<report::PrecisionUse> makePrecision(const Compilation &compilation);

/// What was planned to meet the RAM budget.
std::vector<report::ExecutionUse> makeExecutions(const Compilation &compilation);

/// What is known of the least RAM, if the budget is not met.
std::optional<report::RamUse::Least> findLeast(const report::Report &report, const Compilation &compilation);

/// What would make a model fit that does not, cheapest first. `movesWeights`: constants can go to external flash already.
std::vector<std::string> suggestRemedies(const report::Report &report, const CompileOptions &options, const Target &target,
                                         bool movesWeights, const std::string &targetsDirectory);

/// The file that describes a target given by name or path.
std::string targetFile(const std::string &nameOrPath, const std::string &targetsDirectory);

} // namespace thimble::driver
