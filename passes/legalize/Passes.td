// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Passes of the legalization phase: from what the file says to what is computed.
#ifndef THIMBLE_LEGALIZE_PASSES
#define THIMBLE_LEGALIZE_PASSES

include "mlir/Pass/PassBase.td"

def ExpandQuantizedOperators : Pass<"thimble-legalize-expand-quantized-operators", "::mlir::ModuleOp"> {
  let summary = "Write QLinear operators as DequantizeLinear, the float operator, and QuantizeLinear";
  let description = [{
    QLinearConv and QLinearMatMul, and of ONNX Runtime's domain com.microsoft QLinearAdd, QLinearMul, QLinearConcat,
    QLinearSigmoid, QLinearLeakyRelu, QLinearAveragePool, QLinearGlobalAveragePool, QLinearReduceMean, QLinearSoftmax and QGemm:
    this is their definition, and the form from which the quantize phase makes integer kernels. Nodes with `channels_last` are left
    alone, and so refused.
  }];
  let dependentDialects = ["::thimble::onnx::OnnxDialect"];
}

def LegalizeOnnx : Pass<"thimble-legalize-onnx", "::mlir::ModuleOp"> {
  let summary = "Turn the nodes of an ONNX graph into nn operations";
  let description = [{
    Walks each function once, in program order, since a node's meaning depends on the shapes and the constants that come before
    it. Every `onnx.node` is handled by the newest entry of the registry for its operator that is not newer than its operator
    set. Each nn operation is verified and, if its operands are constants, computed at once: the integer arithmetic with which
    models compute their shapes disappears here, and every shape of the result is static.

    Images become NHWC: convolutions and pools are emitted between transposes, which the simplify phase cancels.
    Numbers are f32: constants of f16, bf16 and f64 are converted; inputs of these types are refused.

    All nodes without a handler are listed in one error. Other errors name the node; nodes that depend on a refused one are
    skipped, so that one run shows all independent problems. Results are compared with the types that the file declares for the
    graph's outputs. Afterwards the functions hold nn operations and `func.return` only.
  }];
  let dependentDialects = ["::thimble::nn::NNDialect", "::mlir::func::FuncDialect"];
}

#endif
