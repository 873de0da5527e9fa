// What is marked becomes symmetric int16, and what only moves elements hands that on; states of recurrent layers that are handed over
// from run to run are int16.
// RUN: thimble-opt %s -split-input-file -thimble-quantize -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @softmax
// CHECK-SAME: tensor<2x2x!quant.uniform<i8:f32
// CHECK: %[[wide:.*]] = nn.requantize
// CHECK-SAME: -> tensor<2x2x!quant.uniform<i16:f32
// CHECK: %[[x:.*]] = nn.lookup %[[wide]], %{{.*}} -> tensor<2x2x!quant.uniform<i16:f32
// CHECK: %[[turned:.*]] = nn.transpose %[[x]]
// CHECK: %[[flat:.*]] = nn.reshape %[[turned]]
// CHECK: nn.softmax %[[flat]]
// CHECK-SAME: -> tensor<1x4x!quant.uniform<i16:f32, 3.0517578125E-5>>
func.func @softmax(%x: tensor<2x2xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<1x4xf32> {
  %0 = nn.unary neg %x {thimble.range = array<f32: -1.0, 1.0>} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %1 = nn.transpose %0 permutation = [1, 0] {thimble.range = array<f32: -1.0, 1.0>} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %2 = nn.reshape %1 {thimble.range = array<f32: -1.0, 1.0>} : (tensor<2x2xf32>) -> tensor<1x4xf32>
  %y = nn.softmax %2 axis = 1 {thimble.int16 = "asked for", thimble.range = array<f32: 0.0, 1.0>} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

// CHECK-LABEL: func.func @lstm
// CHECK-SAME: %[[h:.*]]: tensor<1x2x!quant.uniform<i16:f32, {{.*}}>>
// CHECK: nn.requantize
// CHECK-SAME: -> tensor<1x2x!quant.uniform<i16:f32, 3.0517578125E-5>>
// CHECK: nn.lstm
// CHECK-SAME: -> (tensor<1x1x2x!quant.uniform<i8:f32, 7.812500e-03>>, tensor<1x2x!quant.uniform<i16:f32, 3.0517578125E-5>>, tensor<1x2x!quant.uniform<i16:f32, 4.8828125E-4>>)
func.func @lstm(%x: tensor<1x1x3xf32> {thimble.range = array<f32: -1.0, 1.0>}, %h0: tensor<1x2xf32> {thimble.range = array<f32: -0.5, 0.5>}, %c0: tensor<1x2xf32> {thimble.range = array<f32: -4.0, 4.0>}) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %w = nn.constant dense<0.5> : tensor<8x3xf32> : tensor<8x3xf32>
  %r = nn.constant dense<-0.25> : tensor<8x2xf32> : tensor<8x2xf32>
  %b = nn.constant dense<0.125> : tensor<8xf32> : tensor<8xf32>
  %y, %h, %c = nn.lstm %x, %w, %r, %b initial_h = %h0 initial_c = %c0 : (tensor<1x1x3xf32>, tensor<8x3xf32>, tensor<8x2xf32>, tensor<8xf32>, tensor<1x2xf32>, tensor<1x2xf32>) -> (tensor<1x1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>)
  return %h, %c : tensor<1x2xf32>, tensor<1x2xf32>
}

// -----

// Without a division or a kernel for int8 between.
// CHECK-LABEL: func.func @rectify_and_divide
// CHECK: %[[rectified:.*]] = nn.binary prelu %{{.*}}, %{{.*}} -> tensor<1x2x!quant.uniform<i16:f32
// CHECK: nn.binary div %[[rectified]], %{{.*}} -> tensor<1x2x!quant.uniform<i16:f32
// CHECK-NOT: requantize
func.func @rectify_and_divide(%x: tensor<1x2xf32> {thimble.int16 = "asked for", thimble.range = array<f32: -1.0, 1.0>}, %d: tensor<1x1xf32> {thimble.int16 = "asked for", thimble.range = array<f32: 1.0, 2.0>}) -> tensor<1x2xf32> {
  %slopes = nn.constant dense<[0.25, -0.5]> : tensor<2xf32> : tensor<2xf32>
  %0 = nn.binary prelu %x, %slopes {thimble.int16 = "asked for", thimble.range = array<f32: -1.0, 1.0>} : (tensor<1x2xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %y = nn.binary div %0, %d {thimble.int16 = "asked for", thimble.range = array<f32: -1.0, 1.0>} : (tensor<1x2xf32>, tensor<1x1xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
