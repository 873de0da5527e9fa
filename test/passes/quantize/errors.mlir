// RUN: thimble-opt %s --split-input-file --verify-diagnostics --thimble-quantize

func.func @no_input_range(%x: tensor<4xf32>) -> tensor<4xf32> { // expected-error {{input 0 has no calibrated range; run calibration first}}
  return %x : tensor<4xf32>
}

// -----

func.func @no_range(%x: tensor<1x4xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<1x1xf32> {
  %w = nn.constant dense<1.0> : tensor<1x4xf32> : tensor<1x4xf32>
  // expected-error @below {{has no calibrated range; run calibration first}}
  %y = nn.fully_connected %x, %w : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

func.func @bad_range(%x: tensor<1x4xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<1x4xf32> {
  // expected-error @below {{'thimble.range' must be two finite numbers, the lower one first, got array<f32: 1.000000e+00, -1.000000e+00>}}
  %y = nn.unary relu %x {thimble.range = array<f32: 1.0, -1.0>} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  // expected-error @below {{'thimble.range' must be two finite numbers}}
  %z = nn.unary tanh %y {thimble.range = 3 : i32} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %z : tensor<1x4xf32>
}
