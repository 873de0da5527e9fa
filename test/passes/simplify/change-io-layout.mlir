// RUN: thimble-opt %s --pass-pipeline='builtin.module(func.func(thimble-simplify-change-io-layout))' 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=WARNING < %t

// CHECK: func.func @image(%[[X:.*]]: tensor<1x4x5x3xf32> {onnx.name = "image", thimble.layout = "nhwc"})
// CHECK-SAME: -> (tensor<1x4x5x3xf32> {onnx.name = "y", thimble.layout = "nhwc"})
// CHECK-NEXT: %[[Y:.*]] = nn.unary  relu %[[X]]
// CHECK-NEXT: return %[[Y]]
func.func @image(%x: tensor<1x3x4x5xf32> {onnx.name = "image"}) -> (tensor<1x3x4x5xf32> {onnx.name = "y"}) {
  %0 = nn.transpose %x permutation = [0, 2, 3, 1] : (tensor<1x3x4x5xf32>) -> tensor<1x4x5x3xf32>
  %1 = nn.unary relu %0 : (tensor<1x4x5x3xf32>) -> tensor<1x4x5x3xf32>
  %2 = nn.transpose %1 permutation = [0, 3, 1, 2] : (tensor<1x4x5x3xf32>) -> tensor<1x3x4x5xf32>
  return %2 : tensor<1x3x4x5xf32>
}

// With one channel, both layouts are the same bytes.
// CHECK: func.func @gray(%[[X:.*]]: tensor<1x4x5x1xf32> {thimble.layout = "nhwc"})
// CHECK: nn.reshape %[[X]] : (tensor<1x4x5x1xf32>) -> tensor<1x1x4x5xf32>
func.func @gray(%x: tensor<1x1x4x5xf32>) -> tensor<1x20xf32> {
  %0 = nn.reshape %x : (tensor<1x1x4x5xf32>) -> tensor<1x20xf32>
  return %0 : tensor<1x20xf32>
}

// CHECK: func.func @planes(%{{.*}}: tensor<1x3x4x5xf32>) -> tensor<1x3x4x5xf32>
// WARNING: input 0 stays NCHW, since 'nn.softmax' reads it in this order
// WARNING: output 0 stays NCHW, since it is computed in this order
func.func @planes(%x: tensor<1x3x4x5xf32>) -> tensor<1x3x4x5xf32> {
  %0 = nn.softmax %x axis = 1 : (tensor<1x3x4x5xf32>) -> tensor<1x3x4x5xf32>
  return %0 : tensor<1x3x4x5xf32>
}

// Codes of a quantized model are transposed between its conversions.
// CHECK: func.func @codes(%[[X:.*]]: tensor<1x4x5x3xf32> {thimble.layout = "nhwc"}) -> (tensor<1x4x5x3xf32> {thimble.layout = "nhwc"})
// CHECK-NEXT: %[[Q:.*]] = nn.quantize %[[X]] : (tensor<1x4x5x3xf32>) -> tensor<1x4x5x3x!quant.uniform<i8:f32, 5.000000e-01>>
// CHECK-NEXT: %[[Y:.*]] = nn.dequantize %[[Q]] : (tensor<1x4x5x3x!quant.uniform<i8:f32, 5.000000e-01>>) -> tensor<1x4x5x3xf32>
// CHECK-NEXT: return %[[Y]]
func.func @codes(%x: tensor<1x3x4x5xf32>) -> tensor<1x3x4x5xf32> {
  %0 = nn.quantize %x : (tensor<1x3x4x5xf32>) -> tensor<1x3x4x5x!quant.uniform<i8:f32, 0.5>>
  %1 = nn.transpose %0 permutation = [0, 2, 3, 1]
    : (tensor<1x3x4x5x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x4x5x3x!quant.uniform<i8:f32, 0.5>>
  %2 = nn.transpose %1 permutation = [0, 3, 1, 2]
    : (tensor<1x4x5x3x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x3x4x5x!quant.uniform<i8:f32, 0.5>>
  %3 = nn.dequantize %2 : (tensor<1x3x4x5x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x3x4x5xf32>
  return %3 : tensor<1x3x4x5xf32>
}

// CHECK: func.func @both_orders(%{{.*}}: tensor<1x3x4x5xf32>)
// WARNING: input 0 stays NCHW, since 'nn.quantize' reads it in this order
func.func @both_orders(%x: tensor<1x3x4x5xf32>) -> (tensor<1x60xf32>, tensor<1x4x5x3xf32>) {
  %0 = nn.quantize %x : (tensor<1x3x4x5xf32>) -> tensor<1x3x4x5x!quant.uniform<i8:f32, 0.5>>
  %1 = nn.transpose %0 permutation = [0, 2, 3, 1]
    : (tensor<1x3x4x5x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x4x5x3x!quant.uniform<i8:f32, 0.5>>
  %2 = nn.dequantize %0 : (tensor<1x3x4x5x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x3x4x5xf32>
  %3 = nn.reshape %2 : (tensor<1x3x4x5xf32>) -> tensor<1x60xf32>
  %4 = nn.dequantize %1 : (tensor<1x4x5x3x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x4x5x3xf32>
  return %3, %4 : tensor<1x60xf32>, tensor<1x4x5x3xf32>
}
