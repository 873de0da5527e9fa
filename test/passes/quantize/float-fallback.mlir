// RUN: thimble-opt %s --split-input-file --thimble-quantize 2>&1 | FileCheck %s
// RUN: thimble-opt %s --split-input-file --thimble-quantize --verify-diagnostics -o /dev/null

// Two operations in a row that have no int8 kernel stay in float together.

// CHECK-LABEL: @chain(
// CHECK:         %[[A:.*]] = nn.dequantize %{{.*}} : (tensor<2x4x!quant
// CHECK:         %[[N:.*]] = nn.softmax %[[A]] axis = 0 {log, thimble.float}
// CHECK:         %[[L:.*]] = nn.softmax %[[N]] axis = 1 {log, thimble.float}
// CHECK-NEXT:    %[[Q:.*]] = nn.quantize %[[L]]
// CHECK-NEXT:    return %[[Q]]
func.func @chain(%x: tensor<2x4xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<2x4xf32> {
  // expected-warning @below {{runs in float: no int8 kernel for 'softmax' with log}}
  %n = nn.softmax %x axis = 0 {log, thimble.range = array<f32: -2.0, 2.0>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  // expected-warning @below {{runs in float: no int8 kernel for 'softmax' with log}}
  %y = nn.softmax %n axis = 1 {log, thimble.range = array<f32: -5.0, 0.0>} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

// CHECK-LABEL: @two_tensors(
// CHECK:         nn.binary pow {{.*}} {thimble.float} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK:         nn.binary mod {{.*}} {thimble.float} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func @two_tensors(%x: tensor<4xf32> {thimble.range = array<f32: -1.0, 1.0>},
                       %y: tensor<4xf32> {thimble.range = array<f32: 1.0, 2.0>}) -> tensor<4xf32> {
  // expected-warning @below {{no int8 kernel for 'binary pow'}}
  %d = nn.binary pow %x, %y {thimble.range = array<f32: -1.0, 1.0>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // expected-warning @below {{no int8 kernel for 'binary mod'}}
  %m = nn.binary mod %d, %y {thimble.range = array<f32: 1.0, 2.0>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %m : tensor<4xf32>
}

// -----

// CHECK-LABEL: @dynamic_weights(
// CHECK:         nn.fully_connected {{.*}} {thimble.float} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32>
func.func @dynamic_weights(%x: tensor<1x4xf32> {thimble.range = array<f32: -1.0, 1.0>},
                           %w: tensor<2x4xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<1x2xf32> {
  // expected-warning @below {{no int8 kernel for 'fully_connected' whose weights are not constant}}
  %y = nn.fully_connected %x, %w {thimble.range = array<f32: -4.0, 4.0>} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

// CHECK-LABEL: @scales(
// CHECK:         nn.binary add {{.*}} {thimble.float}
func.func @scales(%x: tensor<4xf32> {thimble.range = array<f32: -1.0e20, 1.0e20>},
                  %y: tensor<4xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<4xf32> {
  // expected-warning @below {{no int8 kernel for 'binary add' with these scales and sizes}}
  %a = nn.binary add %x, %y {thimble.range = array<f32: -1.0, 1.0>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}

// -----

// A condition has no int8 form, but the selection by it does.

// CHECK-LABEL: @condition(
// CHECK:         %[[C:.*]] = nn.compare less {{.*}} {thimble.float} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
// CHECK:         nn.select %[[C]], {{.*}} -> tensor<4x!quant
func.func @condition(%x: tensor<4xf32> {thimble.range = array<f32: -1.0, 1.0>},
                     %y: tensor<4xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<4xf32> {
  // expected-warning @below {{no int8 kernel for 'compare less'}}
  %c = nn.compare less %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  %s = nn.select %c, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %s : tensor<4xf32>
}

// -----

// CHECK-LABEL: @infinite_weights(
// CHECK:         nn.fully_connected {{.*}} {thimble.float}
func.func @infinite_weights(%x: tensor<1x2xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<1x1xf32> {
  %w = nn.constant dense<[[1.0, 0x7F800000]]> : tensor<1x2xf32> : tensor<1x2xf32>
  // expected-warning @below {{no int8 kernel for 'fully_connected' of a constant that is not finite}}
  %y = nn.fully_connected %x, %w {thimble.range = array<f32: -1.0, 1.0>} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}
