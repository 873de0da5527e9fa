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
  llvm::SmallVector<unsigned, 2> results = {0}; // the results of the operation that the kernel writes, in its prototype's order
  std::vector<NewConstant> constants;
  mlir::DictionaryAttr params; // the fields of kernel->record
  int64_t scratchBytes = 0;
  // The first output may share bytes with the first input if it starts at least this many bytes before it: the kernel reads every
  // byte of the input before it writes there. Nothing if they must be apart (unless the kernel table says that they may be equal).
  std::optional<int64_t> overlap;
  int64_t macs = 0;
};

/// The calls that compute `op`, in order. An empty list means that the result is the operand's memory (reshape).
/// Fails, with an error on `op` that says what is missing, if no kernel does it.
mlir::FailureOr<std::vector<KernelCall>> selectKernels(mlir::Operation *op);

/// True if selectKernels would succeed; emits nothing.
bool hasKernel(mlir::Operation *op);

} // namespace thimble::kernels
