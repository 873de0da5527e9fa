// RUN: thimble-opt %s --thimble-simplify | FileCheck %s
// RUN: thimble-opt %s --thimble-simplify=nhwc-io=true | FileCheck %s --check-prefix=NHWC
// RUN: thimble-opt %s --thimble-simplify | thimble-opt --thimble-simplify > %t.twice
// RUN: thimble-opt %s --thimble-simplify > %t.once
// RUN: diff %t.once %t.twice

// A convolution, batch normalization, relu, pooling and classifier as legalization leaves them: what a device runs.
// CHECK: func.func @network(%[[X:.*]]: tensor<1x2x4x4xf32>) -> tensor<1x3xf32>
// CHECK: %[[T:.*]] = nn.transpose %[[X]] permutation = [0, 2, 3, 1]
// CHECK-NEXT: %[[C:.*]] = nn.conv2d %[[T]], {{.*}} pads = [1, 1, 1, 1] {{.*}} {act_min = 0.000000e+00 : f32}
// CHECK-NEXT: %[[P:.*]] = nn.pool2d  max %[[C]]
// CHECK-NEXT: %[[F:.*]] = nn.reshape %[[P]] : (tensor<1x2x2x2xf32>) -> tensor<1x8xf32>
// CHECK-NEXT: %[[Y:.*]] = nn.fully_connected %[[F]]
// CHECK-NEXT: return %[[Y]]

// NHWC: func.func @network(%[[X:.*]]: tensor<1x4x4x2xf32> {thimble.layout = "nhwc"}) -> tensor<1x3xf32>
// NHWC: nn.conv2d %[[X]]
func.func @network(%x: tensor<1x2x4x4xf32>) -> tensor<1x3xf32> {
  %w = nn.constant dense<0.5> : tensor<2x3x3x2xf32> : tensor<2x3x3x2xf32>
  %scale = nn.constant dense<[[[[1.0]], [[2.0]]]]> : tensor<1x2x1x1xf32> : tensor<1x2x1x1xf32>
  %shift = nn.constant dense<[[[[3.0]], [[4.0]]]]> : tensor<1x2x1x1xf32> : tensor<1x2x1x1xf32>
  %fw = nn.constant dense<0.25> : tensor<3x8xf32> : tensor<3x8xf32>
  %bias = nn.constant dense<1.0> : tensor<3xf32> : tensor<3xf32>
  %0 = nn.pad constant %x before = [0, 0, 1, 1] after = [0, 0, 1, 1] : (tensor<1x2x4x4xf32>) -> tensor<1x2x6x6xf32>
  %1 = nn.transpose %0 permutation = [0, 2, 3, 1] : (tensor<1x2x6x6xf32>) -> tensor<1x6x6x2xf32>
  %2 = nn.conv2d %1, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x6x6x2xf32>, tensor<2x3x3x2xf32>) -> tensor<1x4x4x2xf32>
  %3 = nn.transpose %2 permutation = [0, 3, 1, 2] : (tensor<1x4x4x2xf32>) -> tensor<1x2x4x4xf32>
  %4 = nn.binary mul %3, %scale : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %5 = nn.binary add %4, %shift : (tensor<1x2x4x4xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %6 = nn.unary relu %5 : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %7 = nn.transpose %6 permutation = [0, 2, 3, 1] : (tensor<1x2x4x4xf32>) -> tensor<1x4x4x2xf32>
  %8 = nn.pool2d max %7 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] extra = [0, 0]
    : (tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32>
  %9 = nn.transpose %8 permutation = [0, 3, 1, 2] : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %10 = nn.reshape %9 : (tensor<1x2x2x2xf32>) -> tensor<1x8xf32>
  %11 = nn.fully_connected %10, %fw : (tensor<1x8xf32>, tensor<3x8xf32>) -> tensor<1x3xf32>
  %12 = nn.binary add %11, %bias : (tensor<1x3xf32>, tensor<3xf32>) -> tensor<1x3xf32>
  return %12 : tensor<1x3xf32>
}

// A classifier that keeps its three-dimensional form.
// CHECK: func.func @projection
// CHECK: nn.fully_connected {{.*}} {act_min = 0.000000e+00 : f32}
// CHECK-NEXT: nn.reshape
// CHECK-NEXT: return
func.func @projection(%x: tensor<5x2xf32>) -> tensor<1x5x3xf32> {
  %w = nn.constant dense<0.5> : tensor<3x2xf32> : tensor<3x2xf32>
  %bias = nn.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> : tensor<3xf32>
  %0 = nn.fully_connected %x, %w : (tensor<5x2xf32>, tensor<3x2xf32>) -> tensor<5x3xf32>
  %1 = nn.reshape %0 : (tensor<5x3xf32>) -> tensor<1x5x3xf32>
  %2 = nn.binary add %1, %bias : (tensor<1x5x3xf32>, tensor<3xf32>) -> tensor<1x5x3xf32>
  %3 = nn.unary relu %2 : (tensor<1x5x3xf32>) -> tensor<1x5x3xf32>
  return %3 : tensor<1x5x3xf32>
}
