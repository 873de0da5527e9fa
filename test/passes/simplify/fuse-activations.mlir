// RUN: thimble-opt %s --pass-pipeline='builtin.module(func.func(thimble-simplify-fuse-activations))' | FileCheck %s

// CHECK: func.func @fused
// CHECK: %[[F:.*]] = nn.fully_connected {{.*}} {act_max = 6.000000e+00 : f32, act_min = 0.000000e+00 : f32}
// CHECK: %[[S:.*]] = nn.binary  sub %[[F]], %{{.*}} {act_min = 0.000000e+00 : f32}
// CHECK: return %[[S]]
func.func @fused(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %w = nn.constant dense<1.0> : tensor<2x3xf32> : tensor<2x3xf32>
  %c = nn.constant dense<1.0> : tensor<2xf32> : tensor<2xf32>
  %0 = nn.fully_connected %x, %w : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
  %1 = nn.unary relu %0 : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %2 = nn.unary clamp %1 {alpha = -1.0 : f32, beta = 6.0 : f32} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %3 = nn.binary sub %2, %c : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %4 = nn.unary relu %3 : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %4 : tensor<2x2xf32>
}

// A clamp commutes with the maximum, but not where a window may lie in the padding alone.
// CHECK: func.func @pooled
// CHECK: nn.conv2d {{.*}} {act_min = 0.000000e+00 : f32}
// CHECK-NEXT: nn.pool2d
// CHECK-NEXT: nn.conv2d
// CHECK-NOT: act_min
// CHECK: nn.unary  relu
func.func @pooled(%x: tensor<1x4x4x1xf32>) -> tensor<1x2x2x1xf32> {
  %w = nn.constant dense<1.0> : tensor<1x1x1x1xf32> : tensor<1x1x1x1xf32>
  %0 = nn.conv2d %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x4x4x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x4x4x1xf32>
  %1 = nn.pool2d max %0 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] extra = [0, 0]
    : (tensor<1x4x4x1xf32>) -> tensor<1x2x2x1xf32>
  %2 = nn.unary relu %1 : (tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  %3 = nn.conv2d %2, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x2x1xf32>
  %4 = nn.pool2d max %3 kernel = [2, 2] strides = [2, 2] pads = [1, 1, 1, 1] dilations = [1, 1] extra = [0, 0]
    : (tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  %5 = nn.unary relu %4 : (tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  return %5 : tensor<1x2x2x1xf32>
}

// CHECK: func.func @other_user
// CHECK: nn.binary  add %{{.*}}, %{{.*}} : (tensor
// CHECK: nn.unary  relu
// CHECK: nn.binary  div
// CHECK: nn.unary  relu
func.func @other_user(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %0 = nn.binary add %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = nn.unary relu %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = nn.binary div %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = nn.unary relu %2 : (tensor<4xf32>) -> tensor<4xf32>
  return %0, %1, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
