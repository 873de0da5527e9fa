// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The arithmetic with which a model computes a shape disappears.
// RUN: thimble-opt --thimble-legalize-onnx %s | FileCheck %s

!v = !onnx.value

// x.view(x.shape[0], -1), as exporters write it.
// CHECK-LABEL: func.func @flatten(
// CHECK-NEXT: %[[Y:.*]] = nn.reshape %{{.*}} : (tensor<2x3x4xf32>) -> tensor<2x12xf32>
// CHECK-NEXT: return %[[Y]]
func.func @flatten(%x: tensor<2x3x4xf32>) -> !v {
  %zero = onnx.constant dense<0> : tensor<i64> : tensor<i64>
  %axes = onnx.constant dense<0> : tensor<1xi64> : tensor<1xi64>
  %rest = onnx.constant dense<-1> : tensor<1xi64> : tensor<1xi64>
  %shape = onnx.node "Shape" opset 13 (%x) : (tensor<2x3x4xf32>) -> !v
  %batch = onnx.node "Gather" opset 13 (%shape, %zero) : (!v, tensor<i64>) -> !v
  %row = onnx.node "Unsqueeze" opset 13 (%batch, %axes) : (!v, tensor<1xi64>) -> !v
  %target = onnx.node "Concat" opset 13 (%row, %rest) attributes {axis = 0 : i64} : (!v, tensor<1xi64>) -> !v
  %y = onnx.node "Reshape" opset 13 (%x, %target) : (tensor<2x3x4xf32>, !v) -> !v
  return %y : !v
}

// CHECK-LABEL: func.func @integers(
// CHECK-NEXT: nn.constant dense<[2, 3, 4]> : tensor<3xi64>
// CHECK-NEXT: nn.constant dense<24> : tensor<i64>
// CHECK-NEXT: nn.constant dense<[4, 3]> : tensor<2xi64>
// CHECK-NEXT: nn.constant dense<[0, 2, 4]> : tensor<3xi32>
// CHECK-NEXT: return
func.func @integers(%x: tensor<2x3x4xf32>) -> (!v, !v, !v, !v) {
  %i0 = onnx.constant dense<0> : tensor<i32> : tensor<i32>
  %i6 = onnx.constant dense<6> : tensor<i32> : tensor<i32>
  %i2 = onnx.constant dense<2> : tensor<i32> : tensor<i32>
  %shape = onnx.node "Shape" opset 15 (%x) : (tensor<2x3x4xf32>) -> !v
  %size = onnx.node "Size" opset 13 (%x) : (tensor<2x3x4xf32>) -> !v
  %starts = onnx.constant dense<-1> : tensor<1xi64> : tensor<1xi64>
  %ends = onnx.constant dense<0> : tensor<1xi64> : tensor<1xi64>
  %back = onnx.node "Slice" opset 13 (%shape, %starts, %ends, %ends, %starts) : (!v, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !v
  %range = onnx.node "Range" opset 13 (%i0, %i6, %i2) : (tensor<i32>, tensor<i32>, tensor<i32>) -> !v
  return %shape, %size, %back, %range : !v, !v, !v, !v
}

// Half precision and double constants become f32.
// CHECK-LABEL: func.func @halves(
// CHECK: nn.binary add %{{.*}}, %{{.*}} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
// CHECK: nn.binary add %{{.*}}, %{{.*}} : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
func.func @halves(%x: tensor<2xf32>) -> !v {
  %h = onnx.constant dense<[1.5, 2.5]> : tensor<2xf16> : tensor<2xf16>
  %d = onnx.node "Constant" opset 13 () attributes {value = dense<[0.5, 0.25]> : tensor<2xf64>} : () -> !v
  %a = onnx.node "Add" opset 13 (%x, %h) : (tensor<2xf32>, tensor<2xf16>) -> !v
  %y = onnx.node "Add" opset 13 (%a, %d) : (!v, !v) -> !v
  return %y : !v
}

// What contributes to no result is gone; a branch that is known to be taken replaces the If.
// CHECK-LABEL: func.func @branch(
// CHECK-NEXT: nn.unary relu
// CHECK-NEXT: return
func.func @branch(%x: tensor<2xf32>) -> !v {
  %unused = onnx.node "Exp" opset 13 (%x) : (tensor<2xf32>) -> !v
  %c = onnx.constant dense<true> : tensor<i1> : tensor<i1>
  %y = onnx.node "If" opset 13 (%c) attributes {else_branch, then_branch} bodies {
    %e = onnx.node "Loop" opset 13 (%x) : (tensor<2xf32>) -> !v
    onnx.return %e : !v
  }, {
    %t = onnx.node "Relu" opset 13 (%x) : (tensor<2xf32>) -> !v
    onnx.return %t : !v
  } : (tensor<i1>) -> !v
  return %y : !v
}
