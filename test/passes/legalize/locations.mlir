// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations carry the name of their node; weights that only change their layout keep their own.
// RUN: thimble-opt --thimble-legalize-onnx %s --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s

!v = !onnx.value

// CHECK: nn.constant {{.*}} loc("conv1.weight")
// CHECK: nn.transpose {{.*}} loc("conv1")
// CHECK: nn.conv2d {{.*}} loc("conv1")
// CHECK: nn.unary relu {{.*}} loc("relu1")
func.func @names(%x: tensor<1x3x4x4xf32>) -> !v {
  %w = onnx.constant dense<[[[[1.0]], [[2.0]], [[3.0]]]]> : tensor<1x3x1x1xf32> : tensor<1x3x1x1xf32> loc("conv1.weight")
  %y = onnx.node "Conv" opset 13 (%x, %w) : (tensor<1x3x4x4xf32>, tensor<1x3x1x1xf32>) -> !v loc("conv1")
  %z = onnx.node "Relu" opset 13 (%y) : (!v) -> !v loc("relu1")
  return %z : !v
}
