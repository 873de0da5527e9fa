// RUN: thimble-opt %s --pass-pipeline='builtin.module(func.func(thimble-simplify-remove-no-ops))' | FileCheck %s

// CHECK: func.func @arithmetic(%[[X:.*]]: tensor<2x3xf32>)
// CHECK-NEXT: return %[[X]]
func.func @arithmetic(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %zero = nn.constant dense<0.0> : tensor<3xf32> : tensor<3xf32>
  %one = nn.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = nn.binary add %zero, %x : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.binary mul %0, %one : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.binary sub %1, %zero : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %3 = nn.binary div %2, %one : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %4 = nn.binary pow %3, %one : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %5 = nn.unary neg %4 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %6 = nn.unary neg %5 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %6 : tensor<2x3xf32>
}

// 0 - x, 1 / x, and a sum that broadcasts do something.
// CHECK: func.func @effects
// CHECK: nn.binary  sub
// CHECK: nn.binary  div
// CHECK: nn.binary  add
func.func @effects(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %zero = nn.constant dense<0.0> : tensor<2x3xf32> : tensor<2x3xf32>
  %none = nn.constant dense<0.0> : tensor<f32> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<f32> : tensor<f32>
  %0 = nn.binary sub %none, %x : (tensor<f32>, tensor<3xf32>) -> tensor<3xf32>
  %1 = nn.binary div %one, %0 : (tensor<f32>, tensor<3xf32>) -> tensor<3xf32>
  %2 = nn.binary add %1, %zero : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %2 : tensor<2x3xf32>
}

// The clamp of an addition of nothing stays.
// CHECK: func.func @clamped
// CHECK: nn.unary  relu %{{.*}} : (tensor<4xf32>)
func.func @clamped(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = nn.constant dense<0.0> : tensor<f32> : tensor<f32>
  %y = nn.binary add %x, %zero {act_min = 0.0 : f32} : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK: func.func @clamps
// CHECK: %[[Y:.*]] = nn.unary  clamp %{{.*}} {beta = 6.000000e+00 : f32}
// CHECK-NEXT: return %[[Y]]
func.func @clamps(%x: tensor<4xf32>) -> tensor<4xf32> {
  %low = nn.constant dense<0.0> : tensor<f32> : tensor<f32>
  %high = nn.constant dense<6.0> : tensor<f32> : tensor<f32>
  %0 = nn.binary max %low, %x : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = nn.binary min %0, %high : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = nn.unary relu %1 : (tensor<4xf32>) -> tensor<4xf32>
  %3 = nn.unary abs %2 : (tensor<4xf32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// u8 to f32 and back is exact; i32 is not.
// CHECK: func.func @casts(%[[X:.*]]: tensor<4xui8>, %[[Z:.*]]: tensor<4xi32>)
// CHECK: nn.cast %[[Z]]
// CHECK: %[[B:.*]] = nn.cast
// CHECK: return %[[X]], %[[B]]
func.func @casts(%x: tensor<4xui8>, %z: tensor<4xi32>) -> (tensor<4xui8>, tensor<4xi32>) {
  %0 = nn.cast %x : (tensor<4xui8>) -> tensor<4xf32>
  %1 = nn.cast %0 : (tensor<4xf32>) -> tensor<4xui8>
  %2 = nn.cast %z : (tensor<4xi32>) -> tensor<4xf32>
  %3 = nn.cast %2 : (tensor<4xf32>) -> tensor<4xi32>
  return %1, %3 : tensor<4xui8>, tensor<4xi32>
}

// CHECK: func.func @movements
// CHECK: %[[S:.*]] = nn.slice %{{.*}} offsets = [3, 0] sizes = [2, 4] strides = [2, 1]
// CHECK: %[[R:.*]] = nn.reshape %[[S]] : (tensor<2x4xf32>) -> tensor<1x2x4xf32>
// CHECK: nn.concat %[[R]], %[[R]], %[[R]] axis = 0
func.func @movements(%x: tensor<8x4xf32>) -> tensor<3x2x4xf32> {
  %0 = nn.slice %x offsets = [1, 0] sizes = [3, 4] strides = [2, 1] : (tensor<8x4xf32>) -> tensor<3x4xf32>
  %1 = nn.slice %0 offsets = [1, 0] sizes = [2, 4] strides = [1, 1] : (tensor<3x4xf32>) -> tensor<2x4xf32>
  %2 = nn.broadcast %1 : (tensor<2x4xf32>) -> tensor<1x2x4xf32>
  %3 = nn.reduce mean %2 axes = [0] {keep_dims} : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  %4 = nn.concat %3, %3 axis = 0 : (tensor<1x2x4xf32>, tensor<1x2x4xf32>) -> tensor<2x2x4xf32>
  %5 = nn.concat %4, %3 axis = 0 : (tensor<2x2x4xf32>, tensor<1x2x4xf32>) -> tensor<3x2x4xf32>
  return %5 : tensor<3x2x4xf32>
}

// The operation broadcasts itself, unless the result would be smaller.
// CHECK: func.func @broadcasts(%[[X:.*]]: tensor<2x3xf32>, %[[C:.*]]: tensor<3xf32>)
// CHECK: %[[B:.*]] = nn.broadcast %[[C]]
// CHECK: nn.binary  mul %[[X]], %[[C]]
// CHECK: nn.binary  mul %[[B]], %[[C]]
func.func @broadcasts(%x: tensor<2x3xf32>, %c: tensor<3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %b = nn.broadcast %c : (tensor<3xf32>) -> tensor<2x3xf32>
  %0 = nn.binary mul %x, %b : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.binary mul %b, %c : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<2x3xf32>
}
