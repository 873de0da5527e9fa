// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sizes that depend on data become the largest ones and a further result; what is constant is cut.
// RUN: thimble-opt --thimble-legalize-onnx %s --split-input-file | FileCheck %s

!v = !onnx.value

// CHECK-LABEL: func.func @non_zero(
// CHECK-SAME: -> (tensor<6x2xi64> {onnx.name = "y", thimble.bound = array<i64: 0, 1>}, tensor<1xi64> {onnx.name = "y.size"})
// CHECK: %[[Y:.*]], %[[N:.*]] = nn.non_zero
// CHECK: %[[T:.*]] = nn.transpose %[[Y]] permutation = [1, 0]
// CHECK: return %[[T]], %[[N]]
func.func @non_zero(%x: tensor<2x3xi1> {onnx.name = "x"}) -> (!v {onnx.name = "y", onnx.type = tensor<?x2xi64>}) {
  %a = onnx.node "NonZero" opset 13 (%x) : (tensor<2x3xi1>) -> !v
  %y = onnx.node "Transpose" opset 13 (%a) : (!v) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// Two results of one size share it. A size in the file that is not larger is one that its author saw.
// CHECK-LABEL: func.func @unique(
// CHECK-SAME: -> (tensor<4xf32> {onnx.name = "y", thimble.bound = array<i64: 0, 2>}, tensor<4xi64> {onnx.name = "c", thimble.bound = array<i64: 0, 2>}, tensor<1xi64> {onnx.name = "y.size"})
// CHECK: nn.unique {{.*}} axis = 0 {sorted}
func.func @unique(%x: tensor<4xf32>) -> (!v {onnx.name = "y", onnx.type = tensor<3xf32>}, !v {onnx.name = "c"}) {
  %y, %i, %j, %c = onnx.node "Unique" opset 11 (%x) : (tensor<4xf32>) -> (!v, !v, !v, !v)
  return %y, %c : !v, !v
}

// -----

!v = !onnx.value

// CHECK-LABEL: func.func @known(
// CHECK-SAME: -> (tensor<2x3xf32> {onnx.name = "y"})
// CHECK-NOT: nn.non_zero
func.func @known(%x: tensor<4x3xf32>) -> (!v {onnx.name = "y"}) {
  %c = onnx.constant dense<[true, false, true, false]> : tensor<4xi1> : tensor<4xi1>
  %y = onnx.node "Compress" opset 11 (%x, %c) attributes {axis = 0 : i64} : (tensor<4x3xf32>, tensor<4xi1>) -> !v
  return %y : !v
}
