// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Passes that check what a phase promises to the next one.
#ifndef THIMBLE_VERIFY_PASSES
#define THIMBLE_VERIFY_PASSES

include "mlir/Pass/PassBase.td"

def VerifyNN : Pass<"thimble-verify-nn", "::mlir::ModuleOp"> {
  let summary = "Check that functions hold nn operations on types that kernels know";
  let description = [{
    After legalization and simplification every function has one block, which ends with `func.return` and otherwise holds nn
    operations. Every value is a tensor of static shape with elements of f32, an integer type of 8 to 64 bits, i1, or, after
    quantization, a quantized type, and has fewer than 2^31 bytes, since kernels count in 32 bits.
  }];
}

#endif
