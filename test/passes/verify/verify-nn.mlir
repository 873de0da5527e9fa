// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The contract of the nn level.
// RUN: thimble-opt --thimble-verify-nn %s --split-input-file --verify-diagnostics

func.func @fine(%x: tensor<2xf32>, %i: tensor<2xi64>) -> (tensor<2xf32>, tensor<2xi1>) {
  %y = nn.unary relu %x : (tensor<2xf32>) -> tensor<2xf32>
  %b = nn.compare equal %i, %i : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi1>
  return %y, %b : tensor<2xf32>, tensor<2xi1>
}

// -----

func.func @left(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+2 {{'onnx.node' is left, but only nn operations may be at this level}}
  // expected-error@+1 {{result of 'onnx.node' is no tensor of static shape}}
  %y = onnx.node "Relu" opset 13 (%x) : (tensor<2xf32>) -> !onnx.value
  return %x : tensor<2xf32>
}

// -----

// expected-error@+1 {{input 0 has elements of type f80, which kernels do not have}}
func.func @double(%x: tensor<2xf80>) -> tensor<2xf80> {
  return %x : tensor<2xf80>
}

// -----

// expected-error@+1 {{input 0 has 4000000000 bytes; kernels address fewer than 2^31}}
func.func @large(%x: tensor<1000000000xf32>) -> tensor<1000000000xf32> {
  return %x : tensor<1000000000xf32>
}

// -----

// expected-error@+1 {{input 0 is no tensor of static shape: tensor<?xf32>}}
func.func @dynamic(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}
