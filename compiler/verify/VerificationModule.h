// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What `thimble compile` leaves in verify/ for `thimble verify`: both models as IR, and the target.
#pragma once

#include "codegen/targets/Target.h"
#include "dialects/mcu/McuDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace thimble {

/// out/verify/<model>.mlirbc, MLIR bytecode, where <model> is the program's name:
///   module {
///     module @reference { func.func @main ... }      nn operations on f32: the simplified model
///     module @compiled { mcu.program @<model> ... }  scheduled
///   }
/// Both have the same inputs and outputs in the same order and, as callers see them, of the same shapes. Locations keep only
/// the name of the ONNX node, so that the bytes depend on nothing else. out/verify/target.json: a copy of the target's file.
llvm::Error writeVerificationModule(llvm::StringRef outputFolder, mlir::ModuleOp reference, mlir::ModuleOp compiled);
llvm::Error writeVerificationTarget(llvm::StringRef outputFolder, llvm::StringRef targetFile);

struct VerificationModule {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp reference;
  mcu::ProgramOp program;
};
/// `context` gets the dialects that it needs.
llvm::Expected<VerificationModule> readVerificationModule(llvm::StringRef outputFolder, llvm::StringRef model,
                                                          mlir::MLIRContext &context);
llvm::Expected<Target> readVerificationTarget(llvm::StringRef outputFolder);
/// The name of the model in a folder, as report.json has it.
llvm::Expected<std::string> readModelName(llvm::StringRef outputFolder);

} // namespace thimble
