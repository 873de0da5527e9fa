// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all parts of one import share: the options, the folder of the model, and the errors so far.
#pragma once

#include "compiler/import/ExternalData.h"
#include "compiler/import/OnnxImport.h"
#include "mlir/IR/Location.h"

namespace thimble {

class ImportContext {
public:
  ImportContext(mlir::MLIRContext *context, const ImportOptions &options, ExternalFiles files)
      : context(context), options(options), files(std::move(files)) {}
  ~ImportContext();

  mlir::MLIRContext *const context;
  const ImportOptions &options;
  ExternalFiles files;

  /// Emits an error about the whole model, or about the node that `loc` names. After maxErrors of them the rest is counted
  /// only.
  void error(const llvm::Twine &message) { error(mlir::UnknownLoc::get(context), message); }
  void error(mlir::Location loc, const llvm::Twine &message);
  void error(mlir::Location loc, llvm::Error error) { this->error(loc, llvm::toString(std::move(error))); }
  void warning(const llvm::Twine &message);
  void remark(const llvm::Twine &message);

  bool hasErrors() const { return errors != 0; }

private:
  static constexpr unsigned maxErrors = 20;
  unsigned errors = 0;
};

} // namespace thimble
