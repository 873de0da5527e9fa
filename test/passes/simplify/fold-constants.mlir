// RUN: thimble-opt %s --pass-pipeline='builtin.module(func.func(thimble-simplify-fold-constants))' | FileCheck %s

// CHECK: func.func @folded
// CHECK: nn.constant dense<[2.000000e+00, 0.000000e+00]> : tensor<2xf32>
// CHECK-NOT: nn.unary
func.func @folded() -> tensor<2xf32> {
  %c = nn.constant dense<[1.0, -3.0]> : tensor<2xf32> : tensor<2xf32>
  %one = nn.constant dense<1.0> : tensor<f32> : tensor<f32>
  %sum = nn.binary add %c, %one : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %y = nn.unary relu %sum : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// A broadcast that its only user does itself would only cost flash.
// CHECK: func.func @large_broadcast
// CHECK: nn.broadcast
func.func @large_broadcast(%x: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %c = nn.constant dense<1.0> : tensor<64xf32> : tensor<64xf32>
  %b = nn.broadcast %c : (tensor<64xf32>) -> tensor<64x64xf32>
  %y = nn.binary add %x, %b : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %y : tensor<64x64xf32>
}

// What no kernel computes stays, without an error.
// CHECK: func.func @no_kernel
// CHECK: nn.unary  exp
func.func @no_kernel() -> tensor<2xi32> {
  %c = nn.constant dense<[1, 2]> : tensor<2xi32> : tensor<2xi32>
  %y = nn.unary exp %c : (tensor<2xi32>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}
