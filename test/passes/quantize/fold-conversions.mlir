// RUN: thimble-opt %s --thimble-quantize-fold-conversions | FileCheck %s

!a = !quant.uniform<i8:f32, 0.5:0>
!b = !quant.uniform<i8:f32, 0.25:3>

// CHECK-LABEL: @identity(
// CHECK-SAME:    %[[X:.*]]: tensor
// CHECK-NEXT:    return %[[X]], %[[X]]
func.func @identity(%x: tensor<4x!a>) -> (tensor<4x!a>, tensor<4x!a>) {
  %y = nn.requantize %x : (tensor<4x!a>) -> tensor<4x!a>
  %f = nn.dequantize %x : (tensor<4x!a>) -> tensor<4xf32>
  %z = nn.quantize %f : (tensor<4xf32>) -> tensor<4x!a>
  return %y, %z : tensor<4x!a>, tensor<4x!a>
}

// CHECK-LABEL: @change(
// CHECK-NEXT:    nn.requantize
// CHECK-NEXT:    return
func.func @change(%x: tensor<4x!a>) -> tensor<4x!b> {
  %f = nn.dequantize %x : (tensor<4x!a>) -> tensor<4xf32>
  %z = nn.quantize %f : (tensor<4xf32>) -> tensor<4x!b>
  return %z : tensor<4x!b>
}

// CHECK-LABEL: @producer(
// CHECK-NEXT:    %[[S:.*]] = nn.binary add {{.*}} -> tensor<4x!quant.uniform<i8:f32, 2.500000e-01:3>>
// CHECK-NEXT:    return %[[S]]
func.func @producer(%x: tensor<4x!a>) -> tensor<4x!b> {
  %s = nn.binary add %x, %x : (tensor<4x!a>, tensor<4x!a>) -> tensor<4x!a>
  %y = nn.requantize %s : (tensor<4x!a>) -> tensor<4x!b>
  return %y : tensor<4x!b>
}

// Two uses of the sum: it keeps its scale.
// CHECK-LABEL: @used_twice(
// CHECK:         nn.binary add {{.*}} -> tensor<4x!quant.uniform<i8:f32, 5.000000e-01>>
// CHECK-NEXT:    nn.requantize
func.func @used_twice(%x: tensor<4x!a>) -> (tensor<4x!a>, tensor<4x!b>) {
  %s = nn.binary add %x, %x : (tensor<4x!a>, tensor<4x!a>) -> tensor<4x!a>
  %y = nn.requantize %s : (tensor<4x!a>) -> tensor<4x!b>
  return %s, %y : tensor<4x!a>, tensor<4x!b>
}
