// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The commands of `thimble`: each adds its options to the parser and knows how to run.
#pragma once

#include "compiler/pipeline/Compile.h"
#include "compiler/support/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

namespace thimble::driver {

/// A command that was chosen on the command line; returns the exit code.
using Action = std::function<ExitCode()>;

/// Each adds one subcommand and sets `action` when it was chosen.
void addCompileCommands(CLI::App &app, Action &action); // compile and analyze
void addRunCommand(CLI::App &app, Action &action);
void addVerifyCommand(CLI::App &app, Action &action);
void addTargetsCommand(CLI::App &app, Action &action);
void addImportCommand(CLI::App &app, Action &action);
void addOperatorsCommand(CLI::App &app, Action &action);

/// Where runtime-mcu and codegen/targets are: THIMBLE_HOME, the installed share/thimble, or the source tree around build/bin.
/// Empty, after printing an error, if they are nowhere.
std::string findHome();
inline std::string runtimeDirectory(llvm::StringRef home) { return (home + "/runtime-mcu").str(); }
inline std::string targetsDirectory(llvm::StringRef home) { return (home + "/codegen/targets").str(); }

/// A context with all dialects of Thimble.
std::unique_ptr<mlir::MLIRContext> makeContext();

/// Options that choose and shape the model, shared by compile, analyze, run and import.
struct ModelOptions {
  std::string model, name, quantize = "auto", io = "int8", ioLayout = "onnx", attention = "auto", labels;
  std::string startFrom, stopAfter, dumpStages, frames;
  std::vector<std::string> inputShapes, bindings, states, stateStarts, calibration, evaluation;
  int64_t calibrationSamples = 100, sequenceLength = 0, timeAxis = -1;
  std::string calibrate = "auto";
  double percentile = 99.99, leastSqnr = 10;
  std::vector<std::string> activations;
  std::string fallback = "float";
  bool quiet = false, feedsRows = false;

  void addInput(CLI::App &command);
  void addQuantization(CLI::App &command);
  void addStages(CLI::App &command);
  /// The same for the pipeline; fails with an error on stderr.
  std::optional<CompileOptions> resolve() const;
};

/// Prints "error: ..." for each message.
void printErrors(const DiagnosticCollector &diagnostics);
void printError(const llvm::Twine &message);
/// Prints the error and returns BadInput.
ExitCode badInput(llvm::Error error);

/// Rewrites one line on stderr while something takes longer than a second; erases it at the end.
class Progress {
public:
  explicit Progress(bool enabled);
  ~Progress();
  void update(llvm::StringRef what, int64_t done, int64_t total);

private:
  bool enabled, isShown = false;
  int64_t start, last = 0;
};

/// How many samples make a sequence, for models with state.
void addSequenceLength(CLI::App &command, int64_t &length);

/// Maps `--format`; text unless json.
void addFormat(CLI::App &command, std::string &format);

/// The prefix of symbols: `given`, or one made of the file's stem.
std::string modelNameFor(llvm::StringRef modelPath, llvm::StringRef given);

} // namespace thimble::driver
