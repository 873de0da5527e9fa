// RUN: thimble-opt %s --mlir-print-debuginfo --pass-pipeline="builtin.module(func.func(thimble-simplify-fold-linear))" \
// RUN:   | FileCheck %s

// Batch normalization behind a convolution; the node's name stays the first of the fused ones.
// CHECK: func.func @batch_norm
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[\[\[\[}}2.000000e+00]]], {{\[\[\[}}6.000000e+00]]]]> : tensor<2x1x1x1xf32>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<[7.000000e+00, 1.400000e+01]> : tensor<2xf32>
// CHECK: %[[Y:.*]] = nn.conv2d %{{.*}}, %[[W]], %[[B]] {{.*}} {act_min = 0.000000e+00 : f32} {{.*}} loc(#[[LOC:.*]])
// CHECK-NEXT: return %[[Y]]
func.func @batch_norm(%x: tensor<1x3x3x1xf32>) -> tensor<1x3x3x2xf32> {
  %w = nn.constant dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32> : tensor<2x1x1x1xf32>
  %b = nn.constant dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %scale = nn.constant dense<[[[[2.0, 3.0]]]]> : tensor<1x1x1x2xf32> : tensor<1x1x1x2xf32>
  %shift = nn.constant dense<[5.0, 8.0]> : tensor<2xf32> : tensor<2xf32>
  %0 = nn.conv2d %x, %w, %b strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x3x3x1xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x3x3x2xf32> loc("conv")
  %1 = nn.binary mul %0, %scale : (tensor<1x3x3x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x3x3x2xf32> loc("norm")
  %2 = nn.binary add %1, %shift {act_min = 0.0 : f32} : (tensor<1x3x3x2xf32>, tensor<2xf32>) -> tensor<1x3x3x2xf32> loc("norm")
  return %2 : tensor<1x3x3x2xf32>
}

// With a clamp in between, the factor stays.
// CHECK: func.func @clamped
// CHECK: nn.conv2d
// CHECK: nn.binary  mul
func.func @clamped(%x: tensor<1x3x3x1xf32>) -> tensor<1x3x3x1xf32> {
  %w = nn.constant dense<1.0> : tensor<1x1x1x1xf32> : tensor<1x1x1x1xf32>
  %c = nn.constant dense<3.0> : tensor<f32> : tensor<f32>
  %0 = nn.conv2d %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1 {act_min = 0.0 : f32}
    : (tensor<1x3x3x1xf32>, tensor<1x1x1x1xf32>) -> tensor<1x3x3x1xf32>
  %1 = nn.binary mul %0, %c : (tensor<1x3x3x1xf32>, tensor<f32>) -> tensor<1x3x3x1xf32>
  return %1 : tensor<1x3x3x1xf32>
}

// In front: the factor goes into the weights even with padding, the sum only without.
// CHECK: func.func @in_front(%[[X:.*]]: tensor<1x3x3x1xf32>
// CHECK-DAG: %[[W:.*]] = nn.constant dense<2.000000e+00> : tensor<1x3x3x1xf32>
// CHECK: %[[S:.*]] = nn.binary  add %[[X]]
// CHECK: nn.conv2d %[[S]], %[[W]] {{.*}} pads = [1, 1, 1, 1]
func.func @in_front(%x: tensor<1x3x3x1xf32>) -> tensor<1x3x3x1xf32> {
  %w = nn.constant dense<1.0> : tensor<1x3x3x1xf32> : tensor<1x3x3x1xf32>
  %c = nn.constant dense<2.0> : tensor<1xf32> : tensor<1xf32>
  %0 = nn.binary add %x, %c : (tensor<1x3x3x1xf32>, tensor<1xf32>) -> tensor<1x3x3x1xf32>
  %1 = nn.binary mul %0, %c : (tensor<1x3x3x1xf32>, tensor<1xf32>) -> tensor<1x3x3x1xf32>
  %2 = nn.conv2d %1, %w strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x3x3x1xf32>, tensor<1x3x3x1xf32>) -> tensor<1x3x3x1xf32>
  return %2 : tensor<1x3x3x1xf32>
}

// CHECK: func.func @chain(%[[X:.*]]: tensor<2x3xf32>
// CHECK-DAG: %[[S:.*]] = nn.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32>
// CHECK-DAG: %[[T:.*]] = nn.constant dense<[-1.000000e+00, -2.000000e+00, -3.000000e+00]> : tensor<3xf32>
// CHECK: %[[M:.*]] = nn.binary  mul %[[X]], %[[S]]
// CHECK: %[[A:.*]] = nn.binary  add %[[M]], %[[T]]
// CHECK: return %[[A]]
func.func @chain(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %one = nn.constant dense<1.0> : tensor<f32> : tensor<f32>
  %two = nn.constant dense<2.0> : tensor<f32> : tensor<f32>
  %c = nn.constant dense<[2.0, 4.0, 6.0]> : tensor<3xf32> : tensor<3xf32>
  %0 = nn.binary sub %x, %one : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %1 = nn.binary mul %0, %c : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %2 = nn.binary div %1, %two : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  return %2 : tensor<2x3xf32>
}

// Integers do not divide like floats, and quantized weights are not touched.
// CHECK: func.func @integers
// CHECK: nn.binary  div
// CHECK: nn.binary  mul
func.func @integers(%x: tensor<4xi32>) -> tensor<4xi32> {
  %c = nn.constant dense<2> : tensor<i32> : tensor<i32>
  %0 = nn.binary div %x, %c : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  %1 = nn.binary mul %0, %c : (tensor<4xi32>, tensor<i32>) -> tensor<4xi32>
  return %1 : tensor<4xi32>
}

// The scale of attention goes behind the product, whichever operand has it.
// CHECK-LABEL: func.func @attention_scale
// CHECK: %[[S:.*]] = nn.matmul %arg0, %arg1 {transpose_b}
// CHECK: nn.binary mul %[[S]], %{{.*}} : (tensor<2x5x5xf32>, tensor<f32>)
// CHECK-NEXT: nn.softmax
func.func @attention_scale(%q: tensor<2x5x3xf32>, %k: tensor<2x5x3xf32>) -> tensor<2x5x5xf32> {
  %c = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %a = nn.binary mul %q, %c : (tensor<2x5x3xf32>, tensor<f32>) -> tensor<2x5x3xf32>
  %b = nn.binary mul %k, %c : (tensor<2x5x3xf32>, tensor<f32>) -> tensor<2x5x3xf32>
  %s = nn.matmul %a, %b {transpose_b} : (tensor<2x5x3xf32>, tensor<2x5x3xf32>) -> tensor<2x5x5xf32>
  %w = nn.softmax %s axis = 2 : (tensor<2x5x5xf32>) -> tensor<2x5x5xf32>
  return %w : tensor<2x5x5xf32>
}

// CHECK: #[[CONV:.*]] = loc("conv")
// CHECK: #[[LOC]] = loc(fused[#[[CONV]],
