// RUN: thimble-opt %s --pass-pipeline='builtin.module(func.func(thimble-simplify-recognize-composites))' | FileCheck %s

// test/unit/passes/simplify_composites_test.cpp has the variants, and executes them.

// CHECK: func.func @gelu(%[[X:.*]]: tensor<4xf32>)
// CHECK-NEXT: nn.unary  gelu %[[X]] : (tensor<4xf32>) -> tensor<4xf32>
// CHECK-NEXT: return
func.func @gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %root = nn.constant dense<1.41421354> : tensor<f32> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<f32> : tensor<f32>
  %half = nn.constant dense<0.5> : tensor<f32> : tensor<f32>
  %0 = nn.binary div %x, %root : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = nn.unary erf %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = nn.binary add %1, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = nn.binary mul %x, %2 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = nn.binary mul %3, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// The gate of y is not that of x.
// CHECK: func.func @other_gate
// CHECK-NOT: silu
// CHECK: nn.unary  sigmoid
// CHECK: nn.binary  mul
func.func @other_gate(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = nn.unary sigmoid %y : (tensor<4xf32>) -> tensor<4xf32>
  %1 = nn.binary mul %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK: func.func @layer_norm(%[[X:.*]]: tensor<2x4xf32>)
// CHECK-DAG: %[[S:.*]] = nn.constant dense<1.000000e+00> : tensor<4xf32>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<0.000000e+00> : tensor<4xf32>
// CHECK: nn.layer_norm %[[X]], %[[S]], %[[B]] axis = 1 {epsilon = 9.99999974E-6 : f32}
func.func @layer_norm(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %two = nn.constant dense<2.0> : tensor<f32> : tensor<f32>
  %epsilon = nn.constant dense<1.0e-5> : tensor<f32> : tensor<f32>
  %mean = nn.reduce mean %x axes = [1] {keep_dims} : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %d = nn.binary sub %x, %mean : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %square = nn.binary pow %d, %two : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %variance = nn.reduce mean %square axes = [1] {keep_dims} : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %sum = nn.binary add %variance, %epsilon : (tensor<2x1xf32>, tensor<f32>) -> tensor<2x1xf32>
  %deviation = nn.unary sqrt %sum : (tensor<2x1xf32>) -> tensor<2x1xf32>
  %y = nn.binary div %d, %deviation : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// CHECK: func.func @softmax(%[[X:.*]]: tensor<2x4xf32>)
// CHECK-NEXT: nn.softmax %[[X]] axis = 1
func.func @softmax(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %max = nn.reduce max %x axes = [1] {keep_dims} : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %d = nn.binary sub %x, %max : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %e = nn.unary exp %d : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %sum = nn.reduce sum %e axes = [1] {keep_dims} : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %y = nn.binary div %e, %sum : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// The exponential is an output as well: it would be computed twice.
// CHECK: func.func @used_exponential
// CHECK-NOT: nn.softmax
func.func @used_exponential(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %e = nn.unary exp %x : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %sum = nn.reduce sum %e axes = [1] {keep_dims} : (tensor<2x4xf32>) -> tensor<2x1xf32>
  %y = nn.binary div %e, %sum : (tensor<2x4xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %e, %y : tensor<2x4xf32>, tensor<2x4xf32>
}
