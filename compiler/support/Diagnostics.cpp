// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Collecting diagnostics, and finding the ONNX node that a location stems from.
#include "compiler/support/Diagnostics.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace thimble;

std::string thimble::nodeName(Location loc) {
  std::string name;
  loc->walk([&](Location part) {
    if (auto named = dyn_cast<NameLoc>(part)) {
      name = named.getName().str();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return name;
}

Location thimble::nodeLocation(MLIRContext *context, llvm::StringRef name) {
  return NameLoc::get(StringAttr::get(context, name));
}

DiagnosticCollector::DiagnosticCollector(MLIRContext *context, bool quiet) : context(context) {
  id = context->getDiagEngine().registerHandler([this, quiet](Diagnostic &diagnostic) {
    Message message{diagnostic.getSeverity(), nodeName(diagnostic.getLocation()), diagnostic.str()};
    // Errors in IR files have a place instead of a node.
    if (auto place = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>(); place && message.node.empty())
      message.text =
          llvm::formatv("{0}:{1}:{2}: {3}", place.getFilename().getValue(), place.getLine(), place.getColumn(), message.text);
    for (Diagnostic &note : diagnostic.getNotes())
      message.text += "\n  " + note.str();
    if (message.severity == DiagnosticSeverity::Error) {
      errors.push_back(std::move(message));
      return;
    }
    if (!quiet)
      llvm::errs() << (message.severity == DiagnosticSeverity::Warning ? "warning: " : "note: ") << format(message) << "\n";
    warnings.push_back(std::move(message));
  });
}

DiagnosticCollector::~DiagnosticCollector() { context->getDiagEngine().eraseHandler(id); }

std::string thimble::format(const Message &message) {
  return message.node.empty() ? message.text : "node '" + message.node + "': " + message.text;
}
