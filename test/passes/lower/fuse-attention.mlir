// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: thimble-opt %s -split-input-file --thimble-lower-fuse-attention | FileCheck %s

// As torch exports it: one layer for all three, split by Gather. No copy is left.
!x = !quant.uniform<i8:f32, 0.02:9>
!s = !quant.uniform<i8:f32, 0.2:4>
!t = !quant.uniform<i8:f32, 0.05:4>
!p = !quant.uniform<i8:f32, 0.00390625:-128>
!y = !quant.uniform<i8:f32, 0.01:-6>
// CHECK-LABEL: func.func @packed
// CHECK-NOT: nn.slice
// CHECK: %[[Y:.*]] = nn.attention %[[X:.*]] at [0, 16, 192], %[[X]] at [64, 16, 192], %[[X]] at [128, 16, 192] table = %{{.*}} heads = 4
// CHECK-SAME: shared = 1 queries = 50 keys = 50 depth = 16 value_depth = 16 {score_types = [!quant.uniform<i8:f32, 2.000000e-01:4>, !quant.uniform<i8:f32, 5.000000e-02:4>]}
// CHECK: nn.reshape %[[Y]]
// CHECK-NEXT: return
func.func @packed(%x: tensor<50x192x!x>, %table: tensor<256xi8>) -> tensor<50x64x!y> {
  %0 = nn.reshape %x : (tensor<50x192x!x>) -> tensor<1x50x3x4x16x!x>
  %1 = nn.transpose %0 permutation = [2, 0, 3, 1, 4] : (tensor<1x50x3x4x16x!x>) -> tensor<3x1x4x50x16x!x>
  %2 = nn.slice %1 offsets = [0, 0, 0, 0, 0] sizes = [1, 1, 4, 50, 16] strides = [1, 1, 1, 1, 1] : (tensor<3x1x4x50x16x!x>) -> tensor<1x1x4x50x16x!x>
  %3 = nn.slice %1 offsets = [1, 0, 0, 0, 0] sizes = [1, 1, 4, 50, 16] strides = [1, 1, 1, 1, 1] : (tensor<3x1x4x50x16x!x>) -> tensor<1x1x4x50x16x!x>
  %4 = nn.slice %1 offsets = [2, 0, 0, 0, 0] sizes = [1, 1, 4, 50, 16] strides = [1, 1, 1, 1, 1] : (tensor<3x1x4x50x16x!x>) -> tensor<1x1x4x50x16x!x>
  %q = nn.reshape %2 : (tensor<1x1x4x50x16x!x>) -> tensor<1x4x50x16x!x>
  %k = nn.reshape %3 : (tensor<1x1x4x50x16x!x>) -> tensor<1x4x50x16x!x>
  %v = nn.reshape %4 : (tensor<1x1x4x50x16x!x>) -> tensor<1x4x50x16x!x>
  %s = nn.matmul %q, %k {transpose_b} : (tensor<1x4x50x16x!x>, tensor<1x4x50x16x!x>) -> tensor<1x4x50x50x!s>
  %l = nn.lookup %s, %table : (tensor<1x4x50x50x!s>, tensor<256xi8>) -> tensor<1x4x50x50x!t>
  %w = nn.softmax %l axis = 3 : (tensor<1x4x50x50x!t>) -> tensor<1x4x50x50x!p>
  %o = nn.matmul %w, %v : (tensor<1x4x50x50x!p>, tensor<1x4x50x16x!x>) -> tensor<1x4x50x16x!y>
  %m = nn.transpose %o permutation = [0, 2, 1, 3] : (tensor<1x4x50x16x!y>) -> tensor<1x50x4x16x!y>
  %y = nn.reshape %m : (tensor<1x50x4x16x!y>) -> tensor<50x64x!y>
  return %y : tensor<50x64x!y>
}

// -----

// Heads of keys and values that several heads of queries share, a causal mask, and keys that come transposed.
// CHECK-LABEL: func.func @shared
// CHECK-NOT: nn.broadcast
// CHECK: nn.attention %arg0 at [0, 8, 64], %arg1 at [0, 8, 32], %arg2 at [0, 8, 32] mask = %{{.*}} at [0, 6] heads = 8 shared = 2 queries = 6
// CHECK-SAME: {scale = 3.500000e-01 : f32}
// CHECK-NOT: nn.softmax
func.func @shared(%q: tensor<6x64xf32>, %k: tensor<6x32xf32>, %v: tensor<6x32xf32>) -> tensor<6x64xf32> {
  %scale = nn.constant dense<0.35> : tensor<f32> : tensor<f32>
  %mask = nn.constant dense<-1.0> : tensor<6x6xf32> : tensor<6x6xf32>
  %q0 = nn.reshape %q : (tensor<6x64xf32>) -> tensor<6x8x8xf32>
  %q1 = nn.transpose %q0 permutation = [1, 0, 2] : (tensor<6x8x8xf32>) -> tensor<8x6x8xf32>
  %k0 = nn.reshape %k : (tensor<6x32xf32>) -> tensor<6x4x8xf32>
  %k1 = nn.transpose %k0 permutation = [1, 2, 0] : (tensor<6x4x8xf32>) -> tensor<4x8x6xf32>
  %k2 = nn.reshape %k1 : (tensor<4x8x6xf32>) -> tensor<4x1x8x6xf32>
  %k3 = nn.broadcast %k2 : (tensor<4x1x8x6xf32>) -> tensor<4x2x8x6xf32>
  %k4 = nn.reshape %k3 : (tensor<4x2x8x6xf32>) -> tensor<8x8x6xf32>
  %v0 = nn.reshape %v : (tensor<6x32xf32>) -> tensor<6x4x8xf32>
  %v1 = nn.transpose %v0 permutation = [1, 0, 2] : (tensor<6x4x8xf32>) -> tensor<4x6x8xf32>
  %v2 = nn.reshape %v1 : (tensor<4x6x8xf32>) -> tensor<4x1x6x8xf32>
  %v3 = nn.broadcast %v2 : (tensor<4x1x6x8xf32>) -> tensor<4x2x6x8xf32>
  %v4 = nn.reshape %v3 : (tensor<4x2x6x8xf32>) -> tensor<8x6x8xf32>
  %s = nn.matmul %q1, %k4 : (tensor<8x6x8xf32>, tensor<8x8x6xf32>) -> tensor<8x6x6xf32>
  %t = nn.binary mul %s, %scale : (tensor<8x6x6xf32>, tensor<f32>) -> tensor<8x6x6xf32>
  %u = nn.binary add %t, %mask : (tensor<8x6x6xf32>, tensor<6x6xf32>) -> tensor<8x6x6xf32>
  %w = nn.softmax %u axis = 2 : (tensor<8x6x6xf32>) -> tensor<8x6x6xf32>
  %o = nn.matmul %w, %v4 : (tensor<8x6x6xf32>, tensor<8x6x8xf32>) -> tensor<8x6x8xf32>
  %m = nn.transpose %o permutation = [1, 0, 2] : (tensor<8x6x8xf32>) -> tensor<6x8x8xf32>
  %y = nn.reshape %m : (tensor<6x8x8xf32>) -> tensor<6x64xf32>
  return %y : tensor<6x64xf32>
}

// -----

// Heads that nobody merges come out as they did.
// CHECK-LABEL: func.func @apart
// CHECK: %[[Y:.*]] = nn.attention %arg0 at [0, 15, 3], %arg0 at [0, 15, 3], %arg0 at [0, 15, 3] heads = 2
// CHECK: nn.transpose %[[Y]] permutation = [1, 0, 2]
func.func @apart(%x: tensor<2x5x3xf32>) -> tensor<2x5x3xf32> {
  %s = nn.matmul %x, %x {transpose_b} : (tensor<2x5x3xf32>, tensor<2x5x3xf32>) -> tensor<2x5x5xf32>
  %w = nn.softmax %s axis = 2 : (tensor<2x5x5xf32>) -> tensor<2x5x5xf32>
  %y = nn.matmul %w, %x : (tensor<2x5x5xf32>, tensor<2x5x3xf32>) -> tensor<2x5x3xf32>
  return %y : tensor<2x5x3xf32>
}

// -----

// Weights that somebody else reads stay, and so does softmax along another axis.
// CHECK-LABEL: func.func @read
// CHECK-NOT: nn.attention
// CHECK: nn.softmax
func.func @read(%x: tensor<2x5x3xf32>) -> (tensor<2x5x3xf32>, tensor<2x5x5xf32>) {
  %s = nn.matmul %x, %x {transpose_b} : (tensor<2x5x3xf32>, tensor<2x5x3xf32>) -> tensor<2x5x5xf32>
  %w = nn.softmax %s axis = 2 : (tensor<2x5x5xf32>) -> tensor<2x5x5xf32>
  %y = nn.matmul %w, %x : (tensor<2x5x5xf32>, tensor<2x5x3xf32>) -> tensor<2x5x3xf32>
  return %y, %w : tensor<2x5x3xf32>, tensor<2x5x5xf32>
}

// CHECK-LABEL: func.func @axis
// CHECK-NOT: nn.attention
// CHECK: nn.softmax
func.func @axis(%x: tensor<2x5x3xf32>) -> tensor<2x5x3xf32> {
  %s = nn.matmul %x, %x {transpose_b} : (tensor<2x5x3xf32>, tensor<2x5x3xf32>) -> tensor<2x5x5xf32>
  %w = nn.softmax %s axis = 1 : (tensor<2x5x5xf32>) -> tensor<2x5x5xf32>
  %y = nn.matmul %w, %x : (tensor<2x5x5xf32>, tensor<2x5x3xf32>) -> tensor<2x5x3xf32>
  return %y : tensor<2x5x3xf32>
}
