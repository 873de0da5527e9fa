// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gemm and MatMul: constant weights make fully connected layers.
// RUN: thimble-opt --thimble-legalize-onnx %s --split-input-file | FileCheck %s

!v = !onnx.value

// alpha is in the weights and beta in the bias; a scalar bias becomes one number a column.
// CHECK-LABEL: func.func @gemm(
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[\[}}2.000000e+00, 6.000000e+00], [4.000000e+00, 8.000000e+00]]>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<1.500000e+01> : tensor<2xf32>
// CHECK: nn.fully_connected %{{.*}}, %[[W]], %[[B]] : (tensor<3x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
func.func @gemm(%x: tensor<3x2xf32>) -> !v {
  %w = onnx.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32> : tensor<2x2xf32>
  %c = onnx.constant dense<5.0> : tensor<f32> : tensor<f32>
  %y = onnx.node "Gemm" opset 13 (%x, %w, %c) attributes {alpha = 2.0 : f32, beta = 3.0 : f32} : (tensor<3x2xf32>, tensor<2x2xf32>, tensor<f32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// transB weights are as they should be; a bias that differs between rows is added afterwards.
// CHECK-LABEL: func.func @gemm_rows(
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x3xf32>)
// CHECK: %[[T:.*]] = nn.transpose %[[X]] permutation = [1, 0]
// CHECK: %[[Y:.*]] = nn.fully_connected %[[T]], %{{[^,]*}} : (tensor<3x2xf32>, tensor<4x2xf32>)
// CHECK: nn.binary add %[[Y]], %{{.*}} : (tensor<3x4xf32>, tensor<3x1xf32>)
func.func @gemm_rows(%x: tensor<2x3xf32>) -> !v {
  %w = onnx.constant dense<1.0> : tensor<4x2xf32> : tensor<4x2xf32>
  %c = onnx.constant dense<[[1.0], [2.0], [3.0]]> : tensor<3x1xf32> : tensor<3x1xf32>
  %y = onnx.node "Gemm" opset 9 (%x, %w, %c) attributes {transA = 1 : i64, transB = 1 : i64} : (tensor<2x3xf32>, tensor<4x2xf32>, tensor<3x1xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// CHECK-LABEL: func.func @gemm_dynamic(
// CHECK: %[[P:.*]] = nn.matmul %{{.*}}, %{{.*}} {transpose_b}
// CHECK: %[[S:.*]] = nn.binary mul %[[P]], %{{.*}}
// CHECK: nn.binary add %[[S]], %{{.*}}
func.func @gemm_dynamic(%a: tensor<3x2xf32>, %b: tensor<4x2xf32>, %c: tensor<4xf32>) -> !v {
  %y = onnx.node "Gemm" opset 11 (%a, %b, %c) attributes {alpha = 0.5 : f32, transB = 1 : i64} : (tensor<3x2xf32>, tensor<4x2xf32>, tensor<4xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// CHECK-LABEL: func.func @matmul_constant(
// CHECK: nn.reshape %{{.*}} : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
// CHECK: nn.fully_connected {{.*}} (tensor<6x4xf32>, tensor<5x4xf32>) -> tensor<6x5xf32>
// CHECK: nn.reshape %{{.*}} : (tensor<6x5xf32>) -> tensor<2x3x5xf32>
func.func @matmul_constant(%x: tensor<2x3x4xf32>) -> !v {
  %w = onnx.constant dense<1.0> : tensor<4x5xf32> : tensor<4x5xf32>
  %y = onnx.node "MatMul" opset 13 (%x, %w) : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// A vector is a matrix with a dimension that the result does not have.
// CHECK-LABEL: func.func @matmul_vectors(
// CHECK: nn.matmul {{.*}} (tensor<1x4xf32>, tensor<2x4x5xf32>) -> tensor<2x1x5xf32>
// CHECK: nn.reshape {{.*}} -> tensor<2x5xf32>
// CHECK: nn.matmul {{.*}} (tensor<1x4xf32>, tensor<4x1xf32>) -> tensor<1x1xf32>
// CHECK: nn.reshape {{.*}} -> tensor<f32>
func.func @matmul_vectors(%a: tensor<4xf32>, %b: tensor<2x4x5xf32>, %c: tensor<4xf32>) -> (!v, !v) {
  %y = onnx.node "MatMul" opset 13 (%a, %b) : (tensor<4xf32>, tensor<2x4x5xf32>) -> !v
  %z = onnx.node "MatMul" opset 13 (%a, %c) : (tensor<4xf32>, tensor<4xf32>) -> !v
  return %y, %z : !v, !v
}
