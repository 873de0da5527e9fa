// RUN: thimble-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(func.func(thimble-simplify-split-states))' | FileCheck %s

// Two parts, behind a reshape that adds a dimension of 1.
// CHECK-LABEL: func.func @parts
// CHECK-SAME: tensor<1x4xf32> {onnx.name = "s.0", thimble.state = "t.0"}, %{{.*}}: tensor<1x4xf32>,
// CHECK-SAME: tensor<1x4xf32> {onnx.name = "s.1", thimble.state = "t.1"})
// CHECK-SAME: -> (tensor<1x4xf32> {onnx.name = "t.0"}, tensor<1x4xf32> {onnx.name = "t.1"})
// CHECK-NOT: nn.slice
// CHECK-NOT: nn.concat
// CHECK: return
func.func @parts(%s: tensor<2x4x1xf32> {onnx.name = "s", thimble.state = "t"}, %x: tensor<1x4xf32>)
    -> (tensor<2x4x1xf32> {onnx.name = "t"}) {
  %0 = nn.slice %s offsets = [0, 0, 0] sizes = [1, 4, 1] strides = [1, 1, 1] : (tensor<2x4x1xf32>) -> tensor<1x4x1xf32>
  %1 = nn.slice %s offsets = [1, 0, 0] sizes = [1, 4, 1] strides = [1, 1, 1] : (tensor<2x4x1xf32>) -> tensor<1x4x1xf32>
  %2 = nn.reshape %0 : (tensor<1x4x1xf32>) -> tensor<1x4xf32>
  %3 = nn.reshape %1 : (tensor<1x4x1xf32>) -> tensor<1x4xf32>
  %4 = nn.binary add %2, %x : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %5 = nn.binary mul %3, %x : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %6 = nn.concat %4, %5 axis = 0 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  %7 = nn.reshape %6 : (tensor<2x4xf32>) -> tensor<2x4x1xf32>
  return %7 : tensor<2x4x1xf32>
}

// -----

// A window that moves: what is read is not what is written.
// CHECK-LABEL: func.func @window
// CHECK-SAME: tensor<3x4xf32> {onnx.name = "s", thimble.state = "t"}
// CHECK: nn.concat
func.func @window(%s: tensor<3x4xf32> {onnx.name = "s", thimble.state = "t"}, %x: tensor<1x4xf32>) -> (tensor<3x4xf32> {onnx.name = "t"}) {
  %0 = nn.slice %s offsets = [1, 0] sizes = [2, 4] strides = [1, 1] : (tensor<3x4xf32>) -> tensor<2x4xf32>
  %1 = nn.concat %0, %x axis = 0 : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
}

// -----

// Something reads it as a whole.
// CHECK-LABEL: func.func @whole
// CHECK-SAME: tensor<2x4xf32> {onnx.name = "s", thimble.state = "t"}
func.func @whole(%s: tensor<2x4xf32> {onnx.name = "s", thimble.state = "t"}, %x: tensor<1x4xf32>)
    -> (tensor<2x4xf32> {onnx.name = "t"}, tensor<2x4xf32> {onnx.name = "y"}) {
  %0 = nn.slice %s offsets = [0, 0] sizes = [1, 4] strides = [1, 1] : (tensor<2x4xf32>) -> tensor<1x4xf32>
  %1 = nn.binary add %0, %x : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %2 = nn.concat %1, %x axis = 0 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  %3 = nn.unary relu %s : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %2, %3 : tensor<2x4xf32>, tensor<2x4xf32>
}

// -----

// expected-error @+1 {{--state t=s: the output is 'tensor<2x4xf32>', but the input is 'tensor<4x2xf32>'}}
func.func @types(%s: tensor<4x2xf32> {onnx.name = "s", thimble.state = "t"}, %x: tensor<2x4xf32>) -> (tensor<2x4xf32> {onnx.name = "t"}) {
  return %x : tensor<2x4xf32>
}

// -----

// expected-error @+1 {{--state: the model has no output 'u' any more}}
func.func @gone(%s: tensor<4xf32> {onnx.name = "s", thimble.state = "u"}) -> (tensor<4xf32> {onnx.name = "t"}) {
  return %s : tensor<4xf32>
}
