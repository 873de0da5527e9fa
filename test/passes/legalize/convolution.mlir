// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Convolutions become NHWC between transposes; windows are resolved to numbers.
// RUN: thimble-opt --thimble-legalize-onnx %s --split-input-file | FileCheck %s

!v = !onnx.value

// Weights fold to OHWI; SAME_UPPER puts an odd pad at the end.
// CHECK-LABEL: func.func @same_upper(
// CHECK-SAME: %[[X:.*]]: tensor<1x3x8x8xf32> {onnx.name = "x"}) -> (tensor<1x4x4x4xf32> {onnx.name = "y"})
// CHECK-DAG: %[[B:.*]] = nn.constant dense<[1.0{{.*}}, 2.0{{.*}}, 3.0{{.*}}, 4.0{{.*}}]>
// CHECK-DAG: %[[W:.*]] = nn.constant dense_resource<{{.*}}> : tensor<4x2x2x3xf32>
// CHECK: %[[NHWC:.*]] = nn.transpose %[[X]] permutation = [0, 2, 3, 1]
// CHECK: %[[Y:.*]] = nn.conv2d %[[NHWC]], %[[W]], %[[B]] strides = [2, 2] pads = [0, 0, 1, 1] dilations = [2, 2] groups = 1
// CHECK-SAME: (tensor<1x8x8x3xf32>, tensor<4x2x2x3xf32>, tensor<4xf32>) -> tensor<1x4x4x4xf32>
// CHECK: %[[NCHW:.*]] = nn.transpose %[[Y]] permutation = [0, 3, 1, 2]
// CHECK: return %[[NCHW]]
func.func @same_upper(%x: tensor<1x3x8x8xf32> {onnx.name = "x"}) -> (!v {onnx.name = "y", onnx.type = tensor<?x4x4x4xf32>}) {
  %w = onnx.constant dense<0.5> : tensor<4x3x2x2xf32> : tensor<4x3x2x2xf32>
  %b = onnx.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32>
  %y = onnx.node "Conv" opset 13 (%x, %w, %b) attributes {auto_pad = "SAME_UPPER", dilations = array<i64: 2, 2>, kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>}
    : (tensor<1x3x8x8xf32>, tensor<4x3x2x2xf32>, tensor<4xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// SAME_LOWER puts it at the beginning.
// CHECK-LABEL: func.func @same_lower(
// CHECK: nn.conv2d {{.*}} pads = [1, 1, 0, 0]
func.func @same_lower(%x: tensor<1x1x8x8xf32>) -> !v {
  %w = onnx.constant dense<0.5> : tensor<1x1x2x2xf32> : tensor<1x1x2x2xf32>
  %y = onnx.node "Conv" opset 7 (%x, %w) attributes {auto_pad = "SAME_LOWER"} : (tensor<1x1x8x8xf32>, tensor<1x1x2x2xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// VALID means no pads, whatever 'pads' says; a depthwise convolution keeps its groups.
// CHECK-LABEL: func.func @depthwise(
// CHECK: nn.conv2d {{.*}} pads = [0, 0, 0, 0] dilations = [1, 1] groups = 4 : (tensor<1x5x5x4xf32>, tensor<4x3x3x1xf32>) -> tensor<1x3x3x4xf32>
func.func @depthwise(%x: tensor<1x4x5x5xf32>) -> !v {
  %w = onnx.constant dense<0.5> : tensor<4x1x3x3xf32> : tensor<4x1x3x3xf32>
  %y = onnx.node "Conv" opset 22 (%x, %w) attributes {auto_pad = "VALID", group = 4 : i64, pads = array<i64: 1, 1, 1, 1>}
    : (tensor<1x4x5x5xf32>, tensor<4x1x3x3xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// One-dimensional: height 1. Weights may be computed by the model.
// CHECK-LABEL: func.func @one_dimension(
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x3x16xf32>, %[[W:[^:]*]]: tensor<4x3x5xf32>)
// CHECK: %[[W2:.*]] = nn.reshape %[[W]] : (tensor<4x3x5xf32>) -> tensor<4x3x1x5xf32>
// CHECK: %[[OHWI:.*]] = nn.transpose %[[W2]] permutation = [0, 2, 3, 1]
// CHECK: %[[X2:.*]] = nn.reshape %[[X]] : (tensor<2x3x16xf32>) -> tensor<2x3x1x16xf32>
// CHECK: %[[NHWC:.*]] = nn.transpose %[[X2]] permutation = [0, 2, 3, 1]
// CHECK: %[[Y:.*]] = nn.conv2d %[[NHWC]], %[[OHWI]] strides = [1, 2] pads = [0, 1, 0, 2] dilations = [1, 1] groups = 1
// CHECK-SAME: -> tensor<2x1x8x4xf32>
// CHECK: %[[NCHW:.*]] = nn.transpose %[[Y]] permutation = [0, 3, 1, 2]
// CHECK: nn.reshape %[[NCHW]] : (tensor<2x4x1x8xf32>) -> tensor<2x4x8xf32>
func.func @one_dimension(%x: tensor<2x3x16xf32>, %w: tensor<4x3x5xf32>) -> !v {
  %y = onnx.node "Conv" opset 11 (%x, %w) attributes {pads = array<i64: 1, 2>, strides = array<i64: 2>} : (tensor<2x3x16xf32>, tensor<4x3x5xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// A transposed convolution of stride 2 is one convolution with the kernels of its 4 phases, whose results interleave: weight [0, 0] of
// phase [r, s] is weight [2 + r, 2 + s] of the kernel, or 0 beyond it.
// CHECK-LABEL: func.func @transposed(
// CHECK: %[[PHASES:.*]] = nn.conv2d {{.*}} strides = [1, 1] pads = [1, 1, 1, 1] {{.*}} -> tensor<1x4x4x16xf32>
// CHECK: nn.reshape %[[PHASES]] {{.*}} -> tensor<1x4x4x1x2x2x4xf32>
// CHECK: nn.transpose {{.*}} permutation = [0, 1, 4, 2, 5, 3, 6]
// CHECK: nn.slice {{.*}} sizes = [1, 7, 7, 4]
func.func @transposed(%x: tensor<1x2x3x3xf32>) -> !v {
  %w = onnx.constant dense<0.5> : tensor<2x4x3x3xf32> : tensor<2x4x3x3xf32>
  %y = onnx.node "ConvTranspose" opset 11 (%x, %w) attributes {strides = array<i64: 2, 2>} : (tensor<1x2x3x3xf32>, tensor<2x4x3x3xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// With a dilation, it is a convolution of the input with zeros between its positions.
// CHECK-LABEL: func.func @dilated(
// CHECK: nn.pad constant {{.*}} after = [0, 0, 1, 0, 1, 0]
// CHECK: %[[SPREAD:.*]] = nn.reshape {{.*}} -> tensor<1x6x6x2xf32>
// CHECK: nn.conv2d %[[SPREAD]], {{.*}} strides = [1, 1] pads = [4, 4, 3, 3] dilations = [2, 2]
func.func @dilated(%x: tensor<1x2x3x3xf32>) -> !v {
  %w = onnx.constant dense<0.5> : tensor<2x4x3x3xf32> : tensor<2x4x3x3xf32>
  %y = onnx.node "ConvTranspose" opset 11 (%x, %w) attributes {strides = array<i64: 2, 2>, dilations = array<i64: 2, 2>} : (tensor<1x2x3x3xf32>, tensor<2x4x3x3xf32>) -> !v
  return %y : !v
}
