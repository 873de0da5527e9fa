// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What operators mean in the operator set that the model imports: attributes that became inputs, and changed semantics.
// RUN: thimble-opt --thimble-legalize-onnx %s | FileCheck %s

!v = !onnx.value

// CHECK-LABEL: func.func @squeeze(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x3x1xf32>)
// CHECK: nn.reshape %[[X]] : (tensor<1x3x1xf32>) -> tensor<3x1xf32>
// CHECK: nn.reshape %[[X]] : (tensor<1x3x1xf32>) -> tensor<1x3xf32>
// CHECK: nn.reshape %[[X]] : (tensor<1x3x1xf32>) -> tensor<3xf32>
// CHECK: nn.reshape %[[X]] : (tensor<1x3x1xf32>) -> tensor<1x3x1x1xf32>
// CHECK: nn.reshape %[[X]] : (tensor<1x3x1xf32>) -> tensor<1x1x3x1xf32>
func.func @squeeze(%x: tensor<1x3x1xf32>) -> (!v, !v, !v, !v, !v) {
  %axes = onnx.constant dense<-1> : tensor<1xi64> : tensor<1xi64>
  %front = onnx.constant dense<0> : tensor<1xi64> : tensor<1xi64>
  %a = onnx.node "Squeeze" opset 11 (%x) attributes {axes = array<i64: 0>} : (tensor<1x3x1xf32>) -> !v
  %b = onnx.node "Squeeze" opset 13 (%x, %axes) : (tensor<1x3x1xf32>, tensor<1xi64>) -> !v
  %c = onnx.node "Squeeze" opset 21 (%x) : (tensor<1x3x1xf32>) -> !v
  %d = onnx.node "Unsqueeze" opset 11 (%x) attributes {axes = array<i64: -1>} : (tensor<1x3x1xf32>) -> !v
  %e = onnx.node "Unsqueeze" opset 13 (%x, %front) : (tensor<1x3x1xf32>, tensor<1xi64>) -> !v
  return %a, %b, %c, %d, %e : !v, !v, !v, !v, !v
}

// CHECK-LABEL: func.func @clip(
// CHECK: nn.unary clamp %{{.*}} {alpha = -1.0{{.*}}, beta = 1.0{{.*}}}
// CHECK: nn.unary relu
// CHECK: nn.unary clamp %{{.*}} {alpha = 0xFF800000 : f32, beta = 6.0{{.*}}}
// CHECK: nn.binary max %{{.*}}, %{{.*}} : (tensor<4xi32>, tensor<i32>)
// CHECK: nn.binary min %{{.*}}, %{{.*}} : (tensor<4xi32>, tensor<i32>)
// CHECK: nn.binary max %{{.*}}, %{{.*}} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
func.func @clip(%x: tensor<4xf32>, %i: tensor<4xi8>, %bound: tensor<1xf32>) -> (!v, !v, !v, !v, !v) {
  %zero = onnx.constant dense<0.0> : tensor<f32> : tensor<f32>
  %six = onnx.constant dense<6.0> : tensor<1xf32> : tensor<1xf32>
  %m2 = onnx.constant dense<-2> : tensor<i8> : tensor<i8>
  %p2 = onnx.constant dense<2> : tensor<i8> : tensor<i8>
  %none = onnx.none
  %a = onnx.node "Clip" opset 6 (%x) attributes {max = 1.0 : f32, min = -1.0 : f32} : (tensor<4xf32>) -> !v
  %b = onnx.node "Clip" opset 11 (%x, %zero) : (tensor<4xf32>, tensor<f32>) -> !v
  %c = onnx.node "Clip" opset 13 (%x, %none, %six) : (tensor<4xf32>, !v, tensor<1xf32>) -> !v
  %d = onnx.node "Clip" opset 12 (%i, %m2, %p2) : (tensor<4xi8>, tensor<i8>, tensor<i8>) -> !v
  %e = onnx.node "Clip" opset 13 (%x, %bound) : (tensor<4xf32>, tensor<1xf32>) -> !v
  return %a, %b, %c, %d, %e : !v, !v, !v, !v, !v
}

// CHECK-LABEL: func.func @slice(
// CHECK: nn.slice %{{.*}} offsets = [1, 0] sizes = [3, 5] strides = [1, 1]
// CHECK: nn.slice %{{.*}} offsets = [0, 4] sizes = [4, 3] strides = [1, -2]
func.func @slice(%x: tensor<4x5xf32>) -> (!v, !v) {
  %starts = onnx.constant dense<100> : tensor<1xi64> : tensor<1xi64>
  %ends = onnx.constant dense<-9223372036854775808> : tensor<1xi64> : tensor<1xi64>
  %axes = onnx.constant dense<1> : tensor<1xi64> : tensor<1xi64>
  %steps = onnx.constant dense<-2> : tensor<1xi64> : tensor<1xi64>
  %a = onnx.node "Slice" opset 9 (%x) attributes {axes = array<i64: 0>, ends = array<i64: 1000>, starts = array<i64: -3>} : (tensor<4x5xf32>) -> !v
  %b = onnx.node "Slice" opset 10 (%x, %starts, %ends, %axes, %steps) : (tensor<4x5xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !v
  return %a, %b : !v, !v
}

// CHECK-LABEL: func.func @split(
// CHECK: nn.slice %{{.*}} offsets = [0, 0] sizes = [1, 5]
// CHECK: nn.slice %{{.*}} offsets = [1, 0] sizes = [3, 5]
// CHECK: nn.slice %{{.*}} offsets = [0, 0] sizes = [2, 5]
// CHECK: nn.slice %{{.*}} offsets = [2, 0] sizes = [2, 5]
// CHECK: nn.slice %{{.*}} offsets = [0, 0] sizes = [4, 3]
// CHECK: nn.slice %{{.*}} offsets = [0, 3] sizes = [4, 2]
func.func @split(%x: tensor<4x5xf32>) -> (!v, !v, !v, !v, !v, !v) {
  %sizes = onnx.constant dense<2> : tensor<2xi64> : tensor<2xi64>
  %a:2 = onnx.node "Split" opset 11 (%x) attributes {split = array<i64: 1, 3>} : (tensor<4x5xf32>) -> (!v, !v)
  %b:2 = onnx.node "Split" opset 13 (%x, %sizes) : (tensor<4x5xf32>, tensor<2xi64>) -> (!v, !v)
  %c:2 = onnx.node "Split" opset 18 (%x) attributes {axis = -1 : i64, num_outputs = 2 : i64} : (tensor<4x5xf32>) -> (!v, !v)
  return %a#0, %a#1, %b#0, %b#1, %c#0, %c#1 : !v, !v, !v, !v, !v, !v
}

// CHECK-LABEL: func.func @pad(
// CHECK: nn.pad constant %{{.*}} before = [0, 1] after = [2, 0] {value = 5.0{{.*}}}
// CHECK: nn.pad edge %{{.*}} before = [1, 1] after = [1, 1]
// CHECK: nn.pad wrap %{{.*}} before = [0, 1] after = [0, 2]
func.func @pad(%x: tensor<4x5xf32>) -> (!v, !v, !v) {
  %ones = onnx.constant dense<1> : tensor<4xi64> : tensor<4xi64>
  %pads = onnx.constant dense<[1, 2]> : tensor<2xi64> : tensor<2xi64>
  %axes = onnx.constant dense<-1> : tensor<1xi32> : tensor<1xi32>
  %none = onnx.none
  %a = onnx.node "Pad" opset 7 (%x) attributes {mode = "constant", pads = array<i64: 0, 1, 2, 0>, value = 5.0 : f32} : (tensor<4x5xf32>) -> !v
  %b = onnx.node "Pad" opset 11 (%x, %ones) attributes {mode = "edge"} : (tensor<4x5xf32>, tensor<4xi64>) -> !v
  %c = onnx.node "Pad" opset 19 (%x, %pads, %none, %axes) attributes {mode = "wrap"} : (tensor<4x5xf32>, tensor<2xi64>, !v, tensor<1xi32>) -> !v
  return %a, %b, %c : !v, !v, !v
}

// Before 13, softmax took all dimensions from the axis on as one.
// CHECK-LABEL: func.func @softmax(
// CHECK: %[[FLAT:.*]] = nn.reshape %{{.*}} : (tensor<2x3x4xf32>) -> tensor<2x12xf32>
// CHECK: nn.softmax %[[FLAT]] axis = 1
// CHECK: nn.softmax %{{.*}} axis = 2 : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
// CHECK: nn.softmax %{{.*}} axis = 1 {log} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
func.func @softmax(%x: tensor<2x3x4xf32>) -> (!v, !v, !v) {
  %a = onnx.node "Softmax" opset 11 (%x) : (tensor<2x3x4xf32>) -> !v
  %b = onnx.node "Softmax" opset 13 (%x) : (tensor<2x3x4xf32>) -> !v
  %c = onnx.node "LogSoftmax" opset 13 (%x) attributes {axis = -2 : i64} : (tensor<2x3x4xf32>) -> !v
  return %a, %b, %c : !v, !v, !v
}

// CHECK-LABEL: func.func @reduce(
// CHECK: nn.reduce sum %{{.*}} axes = [1] : (tensor<2x3x4xf32>) -> tensor<2x4xf32>
// CHECK: nn.reduce sum %{{.*}} axes = [0, 2] {keep_dims}
// CHECK: nn.reduce max %{{.*}} axes = [0, 1, 2] {keep_dims} : (tensor<2x3x4xf32>) -> tensor<1x1x1xf32>
// CHECK: nn.reduce mean %{{.*}} axes = [2] {keep_dims}
// CHECK: nn.reduce l2 %{{.*}} axes = [] {keep_dims}
func.func @reduce(%x: tensor<2x3x4xf32>) -> (!v, !v, !v, !v, !v) {
  %axes = onnx.constant dense<[2, -3]> : tensor<2xi64> : tensor<2xi64>
  %last = onnx.constant dense<-1> : tensor<1xi64> : tensor<1xi64>
  %a = onnx.node "ReduceSum" opset 11 (%x) attributes {axes = array<i64: -2>, keepdims = 0 : i64} : (tensor<2x3x4xf32>) -> !v
  %b = onnx.node "ReduceSum" opset 13 (%x, %axes) : (tensor<2x3x4xf32>, tensor<2xi64>) -> !v
  %c = onnx.node "ReduceMax" opset 13 (%x) : (tensor<2x3x4xf32>) -> !v
  %d = onnx.node "ReduceMean" opset 18 (%x, %last) : (tensor<2x3x4xf32>, tensor<1xi64>) -> !v
  %e = onnx.node "ReduceL2" opset 18 (%x) attributes {noop_with_empty_axes = 1 : i64} : (tensor<2x3x4xf32>) -> !v
  return %a, %b, %c, %d, %e : !v, !v, !v, !v, !v
}

// CHECK-LABEL: func.func @dropout(
// CHECK-SAME: %[[X:[^:]*]]: tensor<2xf32>)
// CHECK: %[[MASK:.*]] = nn.constant dense<true> : tensor<2xi1>
// CHECK: return %[[X]], %[[MASK]], %[[X]]
func.func @dropout(%x: tensor<2xf32>) -> (!v, !v, !v) {
  %ratio = onnx.constant dense<0.5> : tensor<f32> : tensor<f32>
  %off = onnx.constant dense<false> : tensor<i1> : tensor<i1>
  %a:2 = onnx.node "Dropout" opset 13 (%x, %ratio, %off) : (tensor<2xf32>, tensor<f32>, tensor<i1>) -> (!v, !v)
  %b = onnx.node "Dropout" opset 7 (%x) attributes {ratio = 0.5 : f32} : (tensor<2xf32>) -> !v
  return %a#0, %a#1, %b : !v, !v, !v
}

// CHECK-LABEL: func.func @reshape(
// CHECK: nn.reshape %{{.*}} -> tensor<2x12xf32>
// CHECK: return %{{.*}}, %{{.*}} : tensor<2x12xf32>, tensor<0x7xf32>
func.func @reshape(%x: tensor<2x3x4xf32>, %empty: tensor<3x0xf32>) -> (!v, !v) {
  %copy = onnx.constant dense<[0, -1]> : tensor<2xi64> : tensor<2xi64>
  %zero = onnx.constant dense<[0, 7]> : tensor<2xi64> : tensor<2xi64>
  %a = onnx.node "Reshape" opset 13 (%x, %copy) : (tensor<2x3x4xf32>, tensor<2xi64>) -> !v
  %b = onnx.node "Reshape" opset 14 (%empty, %zero) attributes {allowzero = 1 : i64} : (tensor<3x0xf32>, tensor<2xi64>) -> !v
  return %a, %b : !v, !v
}

// CHECK-LABEL: func.func @resize(
// CHECK: nn.gather %{{.*}}, %{{.*}} axis = 0 : (tensor<2xf32>, tensor<4xi64>) -> tensor<4xf32>
// CHECK: nn.gather %{{.*}}, %{{.*}} axis = 0 : (tensor<2xf32>, tensor<6xi64>) -> tensor<6xf32>
// CHECK: %[[A:.*]] = nn.binary mul
// CHECK: %[[B:.*]] = nn.binary mul
// CHECK: nn.binary add %[[A]], %[[B]] : (tensor<3xf32>, tensor<3xf32>)
func.func @resize(%x: tensor<2xf32>) -> (!v, !v, !v) {
  %three = onnx.constant dense<3.0> : tensor<1xf32> : tensor<1xf32>
  %sizes = onnx.constant dense<3> : tensor<1xi64> : tensor<1xi64>
  %none = onnx.none
  %a = onnx.node "Upsample" opset 7 (%x) attributes {scales = array<f32: 2.0>} : (tensor<2xf32>) -> !v
  %b = onnx.node "Resize" opset 10 (%x, %three) : (tensor<2xf32>, tensor<1xf32>) -> !v
  %c = onnx.node "Resize" opset 13 (%x, %none, %none, %sizes) attributes {mode = "linear"} : (tensor<2xf32>, !v, !v, tensor<1xi64>) -> !v
  return %a, %b, %c : !v, !v, !v
}
