// Recurrent layers compute in int8 with weights of one scale a row; what their kernels leave out stays float.
// RUN: thimble-opt %s -split-input-file -thimble-quantize -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @gru
// CHECK: nn.gru {{.*}}linear_before_reset
// CHECK-SAME: tensor<6x3x!quant.uniform<i8<-127:127>:f32:0, {
// CHECK-SAME: -> (tensor<4x1x2x!quant.uniform<i8:f32, 7.812500e-03>>, tensor<1x2x!quant.uniform<i8:f32, 7.812500e-03>>)
// CHECK-NOT: dequantize
func.func @gru(%x: tensor<4x1x3xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<1x2xf32> {
  %w = nn.constant dense<0.5> : tensor<6x3xf32> : tensor<6x3xf32>
  %r = nn.constant dense<-0.25> : tensor<6x2xf32> : tensor<6x2xf32>
  %b = nn.constant dense<0.125> : tensor<8xf32> : tensor<8xf32>
  %y, %h = nn.gru %x, %w, %r, %b {linear_before_reset} : (tensor<4x1x3xf32>, tensor<6x3xf32>, tensor<6x2xf32>, tensor<8xf32>) -> (tensor<4x1x2xf32>, tensor<1x2xf32>)
  return %h : tensor<1x2xf32>
}

// -----

// CHECK-LABEL: func.func @clipped
// CHECK: nn.gru {{.*}}thimble.float
func.func @clipped(%x: tensor<4x1x3xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<1x2xf32> {
  %w = nn.constant dense<0.5> : tensor<6x3xf32> : tensor<6x3xf32>
  %r = nn.constant dense<-0.25> : tensor<6x2xf32> : tensor<6x2xf32>
  %b = nn.constant dense<0.125> : tensor<8xf32> : tensor<8xf32>
  // expected-warning @below {{runs in float: no int8 kernel for 'gru' with a clip or activation functions of its own}}
  %y, %h = nn.gru %x, %w, %r, %b {clip = 1.0 : f32} : (tensor<4x1x3xf32>, tensor<6x3xf32>, tensor<6x2xf32>, tensor<8xf32>) -> (tensor<4x1x2xf32>, tensor<1x2xf32>)
  return %h : tensor<1x2xf32>
}

// -----

// CHECK-LABEL: func.func @kept
// CHECK: nn.softmax {{.*}}thimble.float
func.func @kept(%x: tensor<1x4xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<1x4xf32> {
  // expected-warning @below {{runs in float: someone said so}}
  %y = nn.softmax %x axis = 1 {thimble.keep_float = "someone said so", thimble.range = array<f32: 0.0, 1.0>} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}
