// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// IR as files: text or bytecode, with locations, so that a stage can be entered again.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace thimble {

/// Reads and verifies .mlir or .mlirbc. Null after an error diagnostic.
mlir::OwningOpRef<mlir::ModuleOp> readIr(mlir::MLIRContext *context, llvm::StringRef path);

/// Writes text, or bytecode if `path` ends in .mlirbc.
mlir::LogicalResult writeIr(mlir::ModuleOp module, llvm::StringRef path);

/// Prints text with locations.
void printIr(mlir::ModuleOp module, llvm::raw_ostream &os);

} // namespace thimble
