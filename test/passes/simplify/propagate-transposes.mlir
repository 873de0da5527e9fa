// RUN: thimble-opt %s --pass-pipeline='builtin.module(func.func(thimble-simplify-propagate-transposes))' | FileCheck %s

// Between two convolutions everything is NHWC; constants and axes follow.
// CHECK: func.func @between(%[[X:.*]]: tensor<1x4x4x2xf32>
// CHECK-DAG: %[[C:.*]] = nn.constant dense<{{.*}}> : tensor<1x1x1x2xf32>
// CHECK: %[[M:.*]] = nn.binary  mul %[[X]], %[[C]] : (tensor<1x4x4x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x4x4x2xf32>
// CHECK: %[[J:.*]] = nn.concat %[[M]], %[[X]] axis = 3
// CHECK: %[[P:.*]] = nn.pad  constant %[[J]] before = [0, 1, 2, 0] after = [0, 0, 0, 0]
// CHECK: nn.pool2d  max %[[P]]
// CHECK-NOT: nn.transpose
func.func @between(%x: tensor<1x4x4x2xf32>) -> tensor<1x2x3x4xf32> {
  %c = nn.constant dense<[[[[1.0]], [[2.0]]]]> : tensor<1x2x1x1xf32> : tensor<1x2x1x1xf32>
  %0 = nn.transpose %x permutation = [0, 3, 1, 2] : (tensor<1x4x4x2xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.binary mul %0, %c : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %2 = nn.concat %1, %0 axis = 1 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x4x4x4xf32>
  %3 = nn.pad constant %2 before = [0, 0, 1, 2] after = [0, 0, 0, 0] : (tensor<1x4x4x4xf32>) -> tensor<1x4x5x6xf32>
  %4 = nn.transpose %3 permutation = [0, 2, 3, 1] : (tensor<1x4x5x6xf32>) -> tensor<1x5x6x4xf32>
  %5 = nn.pool2d max %4 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] extra = [0, 0]
    : (tensor<1x5x6x4xf32>) -> tensor<1x2x3x4xf32>
  return %5 : tensor<1x2x3x4xf32>
}

// A reduction with the axes of the stored order.
// CHECK: func.func @mean(%[[X:.*]]: tensor<1x4x4x2xf32>)
// CHECK-NEXT: nn.reduce  mean %[[X]] axes = [1, 2] : (tensor<1x4x4x2xf32>) -> tensor<1x2xf32>
func.func @mean(%x: tensor<1x4x4x2xf32>) -> tensor<1x2xf32> {
  %0 = nn.transpose %x permutation = [0, 3, 1, 2] : (tensor<1x4x4x2xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.reduce mean %0 axes = [2, 3] : (tensor<1x2x4x4xf32>) -> tensor<1x2xf32>
  return %1 : tensor<1x2xf32>
}

// Weights [1, C * W] of planes become weights [1, W * C] of pixels.
// CHECK: func.func @flatten(%[[X:.*]]: tensor<1x1x3x2xf32>)
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[\[}}0.000000e+00, 3.000000e+00, 1.000000e+00, 4.000000e+00, 2.000000e+00
// CHECK: %[[F:.*]] = nn.reshape %[[X]]
// CHECK: nn.fully_connected %[[F]], %[[W]]
func.func @flatten(%x: tensor<1x1x3x2xf32>) -> tensor<1x1xf32> {
  %w = nn.constant dense<[[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]]> : tensor<1x6xf32> : tensor<1x6xf32>
  %0 = nn.transpose %x permutation = [0, 3, 1, 2] : (tensor<1x1x3x2xf32>) -> tensor<1x2x1x3xf32>
  %1 = nn.reshape %0 : (tensor<1x2x1x3xf32>) -> tensor<1x6xf32>
  %2 = nn.fully_connected %1, %w : (tensor<1x6xf32>, tensor<1x6xf32>) -> tensor<1x1xf32>
  return %2 : tensor<1x1xf32>
}

// CHECK: func.func @matmul(%[[A:.*]]: tensor<2x3x4xf32>, %[[B:.*]]: tensor<2x4x3xf32>)
// CHECK-NEXT: nn.matmul %[[A]], %[[B]] {transpose_a, transpose_b}
func.func @matmul(%a: tensor<2x3x4xf32>, %b: tensor<2x4x3xf32>) -> tensor<2x4x4xf32> {
  %0 = nn.transpose %a permutation = [0, 2, 1] : (tensor<2x3x4xf32>) -> tensor<2x4x3xf32>
  %1 = nn.matmul %0, %b {transpose_b} : (tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x4x4xf32>
  return %1 : tensor<2x4x4xf32>
}

// CHECK: func.func @only_ones(%[[X:.*]]: tensor<1x1x4x5xf32>)
// CHECK-NEXT: nn.reshape %[[X]] : (tensor<1x1x4x5xf32>) -> tensor<1x4x5x1xf32>
func.func @only_ones(%x: tensor<1x1x4x5xf32>) -> tensor<1x4x5x1xf32> {
  %0 = nn.transpose %x permutation = [0, 2, 3, 1] : (tensor<1x1x4x5xf32>) -> tensor<1x4x5x1xf32>
  return %0 : tensor<1x4x5x1xf32>
}

// Two readers want planes, one wants pixels: pushing the transpose down would make two of one.
// CHECK: func.func @stays(
// CHECK-COUNT-1: nn.transpose
// CHECK-NOT: nn.transpose
func.func @stays(%x: tensor<2x4x4x2xf32>) -> (tensor<4x16xf32>, tensor<16x4xf32>, tensor<2x2x4x4xf32>) {
  %0 = nn.transpose %x permutation = [0, 3, 1, 2] : (tensor<2x4x4x2xf32>) -> tensor<2x2x4x4xf32>
  %1 = nn.unary relu %0 : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
  %2 = nn.unary exp %0 : (tensor<2x2x4x4xf32>) -> tensor<2x2x4x4xf32>
  %3 = nn.reshape %1 : (tensor<2x2x4x4xf32>) -> tensor<4x16xf32>
  %4 = nn.reshape %2 : (tensor<2x2x4x4xf32>) -> tensor<16x4xf32>
  return %3, %4, %0 : tensor<4x16xf32>, tensor<16x4xf32>, tensor<2x2x4x4xf32>
}

// Quantized values move alike.
// CHECK: func.func @quantized(%[[X:.*]]: tensor<1x4x4x2x!quant.uniform<i8:f32, 5.000000e-01>>)
// CHECK-NEXT: nn.softmax %[[X]] axis = 3
// CHECK-NOT: nn.transpose
func.func @quantized(%x: tensor<1x4x4x2x!quant.uniform<i8:f32, 0.5>>)
    -> tensor<1x4x4x2x!quant.uniform<i8:f32, 0.00390625:-128>> {
  %0 = nn.transpose %x permutation = [0, 3, 1, 2]
    : (tensor<1x4x4x2x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x2x4x4x!quant.uniform<i8:f32, 0.5>>
  %1 = nn.softmax %0 axis = 1
    : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x2x4x4x!quant.uniform<i8:f32, 0.00390625:-128>>
  %2 = nn.transpose %1 permutation = [0, 2, 3, 1]
    : (tensor<1x2x4x4x!quant.uniform<i8:f32, 0.00390625:-128>>) -> tensor<1x4x4x2x!quant.uniform<i8:f32, 0.00390625:-128>>
  return %2 : tensor<1x4x4x2x!quant.uniform<i8:f32, 0.00390625:-128>>
}
