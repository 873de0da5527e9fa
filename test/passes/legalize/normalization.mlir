// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Normalizations: constants are computed at once.
// RUN: thimble-opt --thimble-legalize-onnx %s | FileCheck %s

!v = !onnx.value

// scale / sqrt(var) = 2 and B - mean * 2 = -3
// CHECK-LABEL: func.func @batch(
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x2x3x3xf32>)
// CHECK: %[[S:.*]] = nn.constant dense<2.000000e+00> : tensor<1x2x1x1xf32>
// CHECK: %[[M:.*]] = nn.binary mul %[[X]], %[[S]]
// CHECK: %[[B:.*]] = nn.constant dense<-3.000000e+00> : tensor<1x2x1x1xf32>
// CHECK: %[[Y:.*]] = nn.binary add %[[M]], %[[B]]
// CHECK: return %[[Y]]
func.func @batch(%x: tensor<1x2x3x3xf32>) -> !v {
  %scale = onnx.constant dense<4.0> : tensor<2xf32> : tensor<2xf32>
  %bias = onnx.constant dense<1.0> : tensor<2xf32> : tensor<2xf32>
  %mean = onnx.constant dense<2.0> : tensor<2xf32> : tensor<2xf32>
  %var = onnx.constant dense<3.5> : tensor<2xf32> : tensor<2xf32>
  %y = onnx.node "BatchNormalization" opset 9 (%x, %scale, %bias, %mean, %var) attributes {epsilon = 0.5 : f32, momentum = 0.9 : f32}
    : (tensor<1x2x3x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> !v
  return %y : !v
}

// CHECK-LABEL: func.func @layer(
// CHECK: %[[ZERO:.*]] = nn.constant dense<0.000000e+00> : tensor<3x4xf32>
// CHECK: nn.layer_norm %{{.*}}, %{{.*}}, %[[ZERO]] axis = 1 {epsilon
// CHECK: nn.reduce mean %{{.*}} axes = [1, 2] {keep_dims}
func.func @layer(%x: tensor<2x3x4xf32>, %scale: tensor<4xf32>) -> (!v, !v) {
  %y:2 = onnx.node "LayerNormalization" opset 17 (%x, %scale) attributes {axis = -2 : i64} : (tensor<2x3x4xf32>, tensor<4xf32>) -> (!v, !v)
  return %y#0, %y#1 : !v, !v
}

// Each channel of each image is a row.
// CHECK-LABEL: func.func @instance(
// CHECK: nn.reshape %{{.*}} : (tensor<2x3x4x4xf32>) -> tensor<6x16xf32>
// CHECK: nn.layer_norm {{.*}} axis = 1
// CHECK: nn.binary mul %{{.*}} : (tensor<2x3x4x4xf32>, tensor<1x3x1x1xf32>)
// CHECK: nn.binary add %{{.*}} : (tensor<2x3x4x4xf32>, tensor<1x3x1x1xf32>)
func.func @instance(%x: tensor<2x3x4x4xf32>, %s: tensor<3xf32>, %b: tensor<3xf32>) -> !v {
  %y = onnx.node "InstanceNormalization" opset 13 (%x, %s, %b) : (tensor<2x3x4x4xf32>, tensor<3xf32>, tensor<3xf32>) -> !v
  return %y : !v
}
