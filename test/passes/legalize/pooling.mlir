// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pools; ceil_mode becomes `extra`.
// RUN: thimble-opt --thimble-legalize-onnx %s --split-input-file | FileCheck %s

!v = !onnx.value

// 7 positions, kernel 2, stride 2: the last window reaches one position past the end.
// CHECK-LABEL: func.func @ceil(
// CHECK: nn.pool2d max {{.*}} kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] extra = [1, 1] : (tensor<1x7x7x1xf32>) -> tensor<1x4x4x1xf32>
func.func @ceil(%x: tensor<1x1x7x7xf32>) -> !v {
  %y = onnx.node "MaxPool" opset 12 (%x) attributes {ceil_mode = 1 : i64, kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>, storage_order = 0 : i64}
    : (tensor<1x1x7x7xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// The last window would start past the image and its leading pad, so it is dropped.
// CHECK-LABEL: func.func @ceil_dropped(
// CHECK: nn.pool2d average {{.*}} pads = [0, 0, 1, 1] dilations = [1, 1] extra = [0, 0] {count_include_pad} : (tensor<1x2x2x1xf32>) -> tensor<1x1x1x1xf32>
func.func @ceil_dropped(%x: tensor<1x1x2x2xf32>) -> !v {
  %y = onnx.node "AveragePool" opset 19 (%x) attributes {ceil_mode = 1 : i64, count_include_pad = 1 : i64, kernel_shape = array<i64: 1, 1>, pads = array<i64: 0, 0, 1, 1>, strides = array<i64: 3, 3>}
    : (tensor<1x1x2x2xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// Eight-bit maxima are computed in f32.
// CHECK-LABEL: func.func @bytes(
// CHECK: nn.cast {{.*}} (tensor<1x1x4x4xui8>) -> tensor<1x1x4x4xf32>
// CHECK: nn.pool2d max
// CHECK: nn.cast {{.*}} (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xui8>
func.func @bytes(%x: tensor<1x1x4x4xui8>) -> !v {
  %y = onnx.node "MaxPool" opset 12 (%x) attributes {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x1x4x4xui8>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// Global pools are reductions, for any number of spatial dimensions.
// CHECK-LABEL: func.func @global(
// CHECK: nn.reduce mean %{{.*}} axes = [2, 3] {keep_dims} : (tensor<1x2x4x4xf32>) -> tensor<1x2x1x1xf32>
// CHECK: nn.reduce max %{{.*}} axes = [2, 3, 4] {keep_dims}
// CHECK: nn.reduce l1 %{{.*}} axes = [2, 3] {keep_dims}
func.func @global(%x: tensor<1x2x4x4xf32>, %z: tensor<1x2x4x4x4xf32>) -> (!v, !v, !v) {
  %a = onnx.node "GlobalAveragePool" opset 13 (%x) : (tensor<1x2x4x4xf32>) -> !v
  %b = onnx.node "GlobalMaxPool" opset 13 (%z) : (tensor<1x2x4x4x4xf32>) -> !v
  %c = onnx.node "GlobalLpPool" opset 13 (%x) attributes {p = 1 : i64} : (tensor<1x2x4x4xf32>) -> !v
  return %a, %b, %c : !v, !v, !v
}
