// RUN: thimble-opt %s -split-input-file -verify-diagnostics --thimble-lower-to-mcu

// A diagnostic after lowering still names the ONNX node: its location is the node's name.
func.func @main(%x: tensor<4xi32> {onnx.name = "x"}) -> tensor<4xi32> {
  // expected-error @+1 {{'relu' has no kernel for elements of type 'i32'}}
  %y = nn.unary relu %x : (tensor<4xi32>) -> tensor<4xi32>
  return %y : tensor<4xi32>
}

// -----

!q = !quant.uniform<i8:f32, 0.5:3>
func.func @main(%x: tensor<1x2x!q>, %w: tensor<3x2x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x3x!q> {
  // expected-error @+1 {{is quantized but its weights are not constant; int8 kernels need constant weights}}
  %y = nn.fully_connected %x, %w : (tensor<1x2x!q>, tensor<3x2x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x3x!q>
  return %y : tensor<1x3x!q>
}

// -----

// expected-error @+1 {{lowering needs a module with one function, got 0}}
module {}
