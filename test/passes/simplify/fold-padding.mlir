// RUN: thimble-opt %s --pass-pipeline='builtin.module(func.func(thimble-simplify-fold-padding))' | FileCheck %s

// CHECK: func.func @convolution(%[[X:.*]]: tensor<1x4x4x1xf32>)
// CHECK: nn.conv2d %[[X]], %{{.*}} strides = [1, 1] pads = [1, 2, 4, 3]
func.func @convolution(%x: tensor<1x4x4x1xf32>) -> tensor<1x7x7x1xf32> {
  %w = nn.constant dense<1.0> : tensor<1x3x3x1xf32> : tensor<1x3x3x1xf32>
  %0 = nn.pad constant %x before = [0, 1, 2, 0] after = [0, 3, 2, 0] : (tensor<1x4x4x1xf32>) -> tensor<1x8x8x1xf32>
  %1 = nn.conv2d %0, %w strides = [1, 1] pads = [0, 0, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x1xf32>, tensor<1x3x3x1xf32>) -> tensor<1x7x7x1xf32>
  return %1 : tensor<1x7x7x1xf32>
}

// A border of ones is no padding.
// CHECK: func.func @ones
// CHECK: nn.pad
func.func @ones(%x: tensor<1x4x4x1xf32>) -> tensor<1x4x4x1xf32> {
  %w = nn.constant dense<1.0> : tensor<1x3x3x1xf32> : tensor<1x3x3x1xf32>
  %0 = nn.pad constant %x before = [0, 1, 1, 0] after = [0, 1, 1, 0] {value = 1.0 : f64}
    : (tensor<1x4x4x1xf32>) -> tensor<1x6x6x1xf32>
  %1 = nn.conv2d %0, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x6x6x1xf32>, tensor<1x3x3x1xf32>) -> tensor<1x4x4x1xf32>
  return %1 : tensor<1x4x4x1xf32>
}

// The border counts in the average.
// CHECK: func.func @average
// CHECK: nn.pool2d  average %{{.*}} pads = [1, 1, 0, 0] {{.*}}count_include_pad
func.func @average(%x: tensor<1x3x3x1xf32>) -> tensor<1x2x2x1xf32> {
  %0 = nn.pad constant %x before = [0, 1, 1, 0] after = [0, 0, 0, 0] : (tensor<1x3x3x1xf32>) -> tensor<1x4x4x1xf32>
  %1 = nn.pool2d average %0 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] extra = [0, 0]
    : (tensor<1x4x4x1xf32>) -> tensor<1x2x2x1xf32>
  return %1 : tensor<1x2x2x1xf32>
}

// Zeros never are the maximum of what is not negative; they may be that of the input.
// CHECK: func.func @maximum(%[[X:.*]]: tensor<1x3x3x1xf32>)
// CHECK: %[[R:.*]] = nn.unary  relu %[[X]]
// CHECK: nn.pool2d  max %[[R]] {{.*}} pads = [1, 1, 0, 0]
// CHECK: %[[P:.*]] = nn.pad  constant %[[X]]
// CHECK: nn.pool2d  max %[[P]]
func.func @maximum(%x: tensor<1x3x3x1xf32>) -> (tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32>) {
  %r = nn.unary relu %x : (tensor<1x3x3x1xf32>) -> tensor<1x3x3x1xf32>
  %0 = nn.pad constant %r before = [0, 1, 1, 0] after = [0, 0, 0, 0] : (tensor<1x3x3x1xf32>) -> tensor<1x4x4x1xf32>
  %1 = nn.pool2d max %0 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] extra = [0, 0]
    : (tensor<1x4x4x1xf32>) -> tensor<1x2x2x1xf32>
  %2 = nn.pad constant %x before = [0, 1, 1, 0] after = [0, 0, 0, 0] : (tensor<1x3x3x1xf32>) -> tensor<1x4x4x1xf32>
  %3 = nn.pool2d max %2 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] extra = [0, 0]
    : (tensor<1x4x4x1xf32>) -> tensor<1x2x2x1xf32>
  return %1, %3 : tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32>
}
