// RUN: thimble-opt %s --pass-pipeline='builtin.module(func.func(thimble-simplify-sink-reshapes))' | FileCheck %s

// CHECK: func.func @sinks(%[[X:.*]]: tensor<6x8xf32>)
// CHECK-DAG: %[[C:.*]] = nn.constant dense<2.000000e+00> : tensor<8xf32>
// CHECK: %[[A:.*]] = nn.binary  add %[[X]], %[[C]] : (tensor<6x8xf32>, tensor<8xf32>) -> tensor<6x8xf32>
// CHECK: %[[R:.*]] = nn.unary  relu %[[A]]
// CHECK: nn.reshape %[[R]] : (tensor<6x8xf32>) -> tensor<2x3x2x4xf32>
func.func @sinks(%x: tensor<6x8xf32>) -> tensor<2x3x2x4xf32> {
  %c = nn.constant dense<2.0> : tensor<1x1x2x4xf32> : tensor<1x1x2x4xf32>
  %0 = nn.reshape %x : (tensor<6x8xf32>) -> tensor<2x3x2x4xf32>
  %1 = nn.binary add %0, %c : (tensor<2x3x2x4xf32>, tensor<1x1x2x4xf32>) -> tensor<2x3x2x4xf32>
  %2 = nn.unary relu %1 : (tensor<2x3x2x4xf32>) -> tensor<2x3x2x4xf32>
  return %2 : tensor<2x3x2x4xf32>
}

// The constant differs along one half of a split dimension.
// CHECK: func.func @stays(%[[X:.*]]: tensor<6x8xf32>)
// CHECK: %[[R:.*]] = nn.reshape %[[X]]
// CHECK: nn.binary  add %[[R]]
func.func @stays(%x: tensor<6x8xf32>) -> tensor<6x2x4xf32> {
  %c = nn.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %0 = nn.reshape %x : (tensor<6x8xf32>) -> tensor<6x2x4xf32>
  %1 = nn.binary add %0, %c : (tensor<6x2x4xf32>, tensor<2x1xf32>) -> tensor<6x2x4xf32>
  return %1 : tensor<6x2x4xf32>
}
