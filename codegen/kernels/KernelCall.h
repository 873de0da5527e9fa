// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How an nn operation becomes kernel calls: the one place where kernels are selected.
#pragma once

#include "codegen/kernels/KernelTable.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace thimble::kernels {

/// A constant that lowering makes, such as the multipliers of a requantization. Not an attribute yet, since the executor needs
/// none and attributes live as long as their context.
struct NewConstant {
  std::string name; // what it is: "bias", "multipliers"
  mlir::RankedTensorType type;
  std::vector<char> bytes;
};

/// One argument of a kernel call.
struct Argument {
  enum Kind { Operand, Result, Constant } kind;
  unsigned index; // of the operation's operand or result, or into KernelCall::constants
};

struct KernelCall {
  const Kernel *kernel = nullptr;
  llvm::SmallVector<Argument> ins;
  unsigned result = 0; // which result of the operation the kernel writes (all of ours write one)
  std::vector<NewConstant> constants;
  mlir::DictionaryAttr params; // the fields of kernel->record
  int64_t scratchBytes = 0;
  int64_t macs = 0;
};

/// The calls that compute `op`, in order. An empty list means that the result is the operand's memory (reshape).
/// Fails, with an error on `op` that says what is missing, if no kernel does it.
mlir::FailureOr<std::vector<KernelCall>> selectKernels(mlir::Operation *op);

/// True if selectKernels would succeed; emits nothing.
bool hasKernel(mlir::Operation *op);

} // namespace thimble::kernels
