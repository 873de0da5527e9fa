// A model that quantizes itself becomes integer arithmetic in the types that it says; the rest stays f32.
// RUN: thimble-opt %s -split-input-file -pass-pipeline='builtin.module(thimble-quantize{adopt=true})' -verify-diagnostics | FileCheck %s

// Weights that are 1, 2, 3 or -4 times a quarter stay exact.
// CHECK-LABEL: func.func @layer
// CHECK-SAME: (%{{.*}}: tensor<1x4x!quant.uniform<i8:f32, 5.000000e-01:3>>) -> tensor<1x1x!quant.uniform<i8:f32, 2.500000e-01:-128>>
// CHECK: nn.fully_connected
// CHECK-NOT: nn.quantize
// CHECK-NOT: nn.dequantize
func.func @layer(%x: tensor<1x4xf32>) -> tensor<1x1xf32> {
  %q = nn.quantize %x : (tensor<1x4xf32>) -> tensor<1x4x!quant.uniform<i8:f32, 5.000000e-01:3>>
  %d = nn.dequantize %q : (tensor<1x4x!quant.uniform<i8:f32, 5.000000e-01:3>>) -> tensor<1x4xf32>
  %w = nn.constant dense<[[0.25, 0.5, 0.75, -1.0]]> : tensor<1x4xf32> : tensor<1x4xf32>
  %y = nn.fully_connected %d, %w {act_min = 0.0 : f32} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  %p = nn.quantize %y : (tensor<1x1xf32>) -> tensor<1x1x!quant.uniform<i8:f32, 2.500000e-01:-128>>
  %r = nn.dequantize %p : (tensor<1x1x!quant.uniform<i8:f32, 2.500000e-01:-128>>) -> tensor<1x1xf32>
  return %r : tensor<1x1xf32>
}

// -----

// CHECK-LABEL: func.func @float_weights
// CHECK: nn.dequantize
// CHECK: nn.fully_connected {{.*}}thimble.float
// CHECK: nn.quantize
func.func @float_weights(%x: tensor<1x4xf32>) -> tensor<1x1xf32> {
  %q = nn.quantize %x : (tensor<1x4xf32>) -> tensor<1x4x!quant.uniform<i8:f32, 5.000000e-01:3>>
  %d = nn.dequantize %q : (tensor<1x4x!quant.uniform<i8:f32, 5.000000e-01:3>>) -> tensor<1x4xf32>
  %w = nn.constant dense<[[0.2512, 0.51237, 0.7123, -1.0123]]> : tensor<1x4xf32> : tensor<1x4xf32>
  // expected-warning @below {{runs in float: no int8 kernel for 'fully_connected' whose weights the model does not quantize}}
  %y = nn.fully_connected %d, %w : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x1xf32>
  %p = nn.quantize %y : (tensor<1x1xf32>) -> tensor<1x1x!quant.uniform<i8:f32, 2.500000e-01:-128>>
  %r = nn.dequantize %p : (tensor<1x1x!quant.uniform<i8:f32, 2.500000e-01:-128>>) -> tensor<1x1xf32>
  return %r : tensor<1x1xf32>
}
