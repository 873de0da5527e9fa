// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Importing a model in a test, with its diagnostics.
#pragma once

#include "compiler/import/OnnxImport.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/onnx/OnnxDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"

namespace thimble::test {

/// A context, the module that was imported into it, if any, and what was said about it.
struct Imported {
  std::unique_ptr<mlir::MLIRContext> context = std::make_unique<mlir::MLIRContext>();
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<Message> errors, notes;

  mlir::func::FuncOp function() { return *module->getOps<mlir::func::FuncOp>().begin(); }
  /// The nodes of the main graph.
  llvm::SmallVector<onnx::NodeOp> nodes() { return llvm::to_vector(function().getOps<onnx::NodeOp>()); }
  std::string text() {
    std::string result;
    llvm::raw_string_ostream stream(result);
    module->print(stream);
    return result;
  }
};

template <typename Import> Imported importWith(Import import) {
  Imported result;
  DiagnosticCollector collector(result.context.get(), /*quiet=*/true);
  result.module = import(result.context.get());
  result.errors = collector.getErrors();
  result.notes = collector.getWarnings();
  return result;
}

inline Imported importFile(llvm::StringRef path, const ImportOptions &options = {}) {
  return importWith([&](mlir::MLIRContext *context) { return importOnnxFile(context, path, options); });
}

/// Imports a graph in ONNX's text form, with operator set 13.
inline Imported importGraph(llvm::StringRef graph, const ImportOptions &options = {}) {
  std::string text = "<ir_version: 8, opset_import: [\"\" : 13, \"ai.onnx.ml\" : 2]>\n" + graph.str();
  return importWith([&](mlir::MLIRContext *context) { return importOnnxText(context, text, "test", options); });
}

inline std::string corpusPath(llvm::StringRef file) { return (THIMBLE_TEST_DIR "/import/" + file).str(); }

} // namespace thimble::test
