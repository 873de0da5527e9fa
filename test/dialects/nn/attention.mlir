// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attention, round trip and errors.
// RUN: thimble-opt %s --split-input-file --verify-diagnostics | thimble-opt --split-input-file | FileCheck %s

!s = !quant.uniform<i8:f32, 0.5:3>
!p = !quant.uniform<i8:f32, 0.25:0>

// CHECK-LABEL: func.func @round_trip
// CHECK: nn.attention %{{.*}} at [0, 4, 24], %{{.*}} at [8, 4, 24], %{{.*}} at [16, 4, 24] heads = 2 shared = 1 queries = 5 keys = 5
// CHECK-SAME: {scale = 5.000000e-01 : f32}
// CHECK: nn.attention {{.*}} table = %{{.*}} mask = %{{.*}} at [0, 5] heads = 4 shared = 2
func.func @round_trip(%x: tensor<5x24xf32>, %q: tensor<5x16x!s>, %k: tensor<5x8x!s>, %t: tensor<256xi8>, %m: tensor<5x5x!p>)
    -> (tensor<5x2x4xf32>, tensor<5x4x4x!p>) {
  %0 = nn.attention %x at [0, 4, 24], %x at [8, 4, 24], %x at [16, 4, 24] heads = 2 shared = 1 queries = 5 keys = 5 depth = 4
    value_depth = 4 {scale = 0.5 : f32} : (tensor<5x24xf32>, tensor<5x24xf32>, tensor<5x24xf32>) -> tensor<5x2x4xf32>
  %1 = nn.attention %q at [0, 4, 16], %k at [0, 4, 8], %k at [0, 4, 8] table = %t mask = %m at [0, 5] heads = 4 shared = 2 queries = 5
    keys = 5 depth = 4 value_depth = 4 {score_types = [!s, !p, !p]}
    : (tensor<5x16x!s>, tensor<5x8x!s>, tensor<5x8x!s>, tensor<256xi8>, tensor<5x5x!p>) -> tensor<5x4x4x!p>
  return %0, %1 : tensor<5x2x4xf32>, tensor<5x4x4x!p>
}

// -----

func.func @bounds(%x: tensor<5x24xf32>) {
  // expected-error@+1 {{v has 120 elements, but its last row ends at 121}}
  %0 = nn.attention %x at [0, 4, 24], %x at [8, 4, 24], %x at [17, 4, 24] heads = 2 shared = 1 queries = 5 keys = 5 depth = 4
    value_depth = 4 : (tensor<5x24xf32>, tensor<5x24xf32>, tensor<5x24xf32>) -> tensor<5x2x4xf32>
  return
}

// -----

func.func @heads(%x: tensor<5x24xf32>) {
  // expected-error@+1 {{3 heads do not divide among those that are shared by 2}}
  %0 = nn.attention %x at [0, 4, 24], %x at [8, 4, 24], %x at [16, 4, 24] heads = 3 shared = 2 queries = 5 keys = 5 depth = 4
    value_depth = 4 : (tensor<5x24xf32>, tensor<5x24xf32>, tensor<5x24xf32>) -> tensor<5x3x4xf32>
  return
}

// -----

!s = !quant.uniform<i8:f32, 0.5:3>
func.func @types(%x: tensor<5x24x!s>) {
  // expected-error@+1 {{is quantized, so it needs 1 per-tensor int8 score_types}}
  %0 = nn.attention %x at [0, 4, 24], %x at [8, 4, 24], %x at [16, 4, 24] heads = 2 shared = 1 queries = 5 keys = 5 depth = 4
    value_depth = 4 : (tensor<5x24x!s>, tensor<5x24x!s>, tensor<5x24x!s>) -> tensor<5x2x4x!s>
  return
}

// -----

func.func @shape(%x: tensor<5x24xf32>) {
  // expected-error@+2 {{failed to infer returned types}}
  // expected-error@+1 {{inferred type(s) 'tensor<5x2x4xf32>' are incompatible with return type(s) of operation 'tensor<2x5x4xf32>'}}
  %0 = nn.attention %x at [0, 4, 24], %x at [8, 4, 24], %x at [16, 4, 24] heads = 2 shared = 1 queries = 5 keys = 5 depth = 4
    value_depth = 4 : (tensor<5x24xf32>, tensor<5x24xf32>, tensor<5x24xf32>) -> tensor<2x5x4xf32>
  return
}
