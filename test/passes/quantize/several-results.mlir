// RUN: thimble-opt %s --thimble-quantize 2>/dev/null | FileCheck %s

// An operation with several results carries a range for each: what reads one is quantized although the operation is not. A lower
// number above the upper one stands for a result that was not observed.

// CHECK-LABEL: @gru(
// CHECK:         %[[X:.*]] = nn.dequantize %{{.*}} : (tensor<2x1x3x!quant.uniform<i8:f32, {{.*}}>>) -> tensor<2x1x3xf32>
// CHECK:         %[[Y:.*]], %[[H:.*]] = nn.gru %[[X]]
// CHECK:         %[[Q:.*]] = nn.quantize %[[H]] : (tensor<1x2xf32>) -> tensor<1x2x!quant.uniform<i8:f32, 7.812500e-03>>
// CHECK:         nn.slice %[[Q]]
func.func @gru(%x: tensor<2x1x3xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<1x1xf32> {
  %w = nn.constant dense<0.5> : tensor<6x3xf32> : tensor<6x3xf32>
  %r = nn.constant dense<0.5> : tensor<6x2xf32> : tensor<6x2xf32>
  %b = nn.constant dense<0.0> : tensor<8xf32> : tensor<8xf32>
  %y, %h = nn.gru %x, %w, %r, %b {last_only, clip = 2.0 : f32, thimble.range = array<f32: 1.0, -1.0, -1.0, 1.0>}
    : (tensor<2x1x3xf32>, tensor<6x3xf32>, tensor<6x2xf32>, tensor<8xf32>) -> (tensor<0x1x2xf32>, tensor<1x2xf32>)
  %s = nn.slice %h offsets = [0, 1] sizes = [1, 1] strides = [1, 1] {thimble.range = array<f32: -1.0, 1.0>}
    : (tensor<1x2xf32>) -> tensor<1x1xf32>
  return %s : tensor<1x1xf32>
}
