// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors as users see them: node, operator, stage, remedy; and the exit codes of the command line.
#pragma once

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include <string>
#include <vector>

namespace thimble {

/// Exit codes of the command line, as README documents them.
enum class ExitCode {
  Success = 0,
  VerificationFailed = 1, // `verify`: the outputs differ
  BadInput = 2,           // malformed or unsupported model, data or option
  OverBudget = 3,         // the model does not fit the budget
  Internal = 70           // a defect of Thimble
};

/// The name of the ONNX node that `loc` stems from (the first one if several were fused), or "".
std::string nodeName(mlir::Location loc);

/// A location for node `name`.
mlir::Location nodeLocation(mlir::MLIRContext *context, llvm::StringRef name);

/// One diagnostic, flattened.
struct Message {
  mlir::DiagnosticSeverity severity;
  std::string node; // name of the ONNX node, if known
  std::string text; // the message and its notes, joined by newlines
};

/// Collects diagnostics while it lives, and forwards warnings and notes to stderr unless `quiet`.
class DiagnosticCollector {
public:
  DiagnosticCollector(mlir::MLIRContext *context, bool quiet = false);
  ~DiagnosticCollector();
  const std::vector<Message> &getErrors() const { return errors; }
  const std::vector<Message> &getWarnings() const { return warnings; }

private:
  mlir::MLIRContext *context;
  mlir::DiagnosticEngine::HandlerID id;
  std::vector<Message> errors, warnings;
};

/// "node 'conv1': message" as one string.
std::string format(const Message &message);

} // namespace thimble
