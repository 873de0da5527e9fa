// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The operations of classical machine learning, round trip and errors.
// RUN: thimble-opt %s --split-input-file --verify-diagnostics | thimble-opt --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @round_trip
// CHECK: nn.tree_ensemble  sum %{{.*}} targets = 2
// CHECK: nn.squared_distance
// CHECK: nn.pair_coupling %{{.*}} classes = 3
func.func @round_trip(%x: tensor<1x3xf32>, %v: tensor<5x3xf32>) -> (tensor<1x2xf32>, tensor<1x5xf32>, tensor<1x3xf32>) {
  %nodes = nn.constant dense<[[0, 0, 32768, 32769]]> : tensor<1x4xui16> : tensor<1x4xui16>
  %thresholds = nn.constant dense<5> : tensor<1xi32> : tensor<1xi32>
  %trees = nn.constant dense<[[0, 1]]> : tensor<1x2xui16> : tensor<1x2xui16>
  %leaves = nn.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32> : tensor<2x1xf32>
  %0 = nn.tree_ensemble sum %x, %nodes, %thresholds, %trees, %leaves targets = 2
    : (tensor<1x3xf32>, tensor<1x4xui16>, tensor<1xi32>, tensor<1x2xui16>, tensor<2x1xf32>) -> tensor<1x2xf32>
  %1 = nn.squared_distance %x, %v : (tensor<1x3xf32>, tensor<5x3xf32>) -> tensor<1x5xf32>
  %2 = nn.pair_coupling %x classes = 3 : (tensor<1x3xf32>) -> tensor<1x3xf32>
  return %0, %1, %2 : tensor<1x2xf32>, tensor<1x5xf32>, tensor<1x3xf32>
}

// -----

func.func @words(%x: tensor<1x3xf32>, %n: tensor<1x4xi16>, %t: tensor<1xi32>, %r: tensor<1x2xi16>, %l: tensor<2x1xf32>) {
  // expected-error@+1 {{needs tables of ui16 or ui32}}
  %0 = nn.tree_ensemble sum %x, %n, %t, %r, %l targets = 2
    : (tensor<1x3xf32>, tensor<1x4xi16>, tensor<1xi32>, tensor<1x2xi16>, tensor<2x1xf32>) -> tensor<1x2xf32>
  return
}

// -----

func.func @depth(%x: tensor<1x3xf32>, %v: tensor<5x4xf32>) {
  // expected-error@+2 {{needs x [rows, depth] and v [cols, depth], got [1, 3] and [5, 4]}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = nn.squared_distance %x, %v : (tensor<1x3xf32>, tensor<5x4xf32>) -> tensor<1x5xf32>
  return
}

// -----

func.func @pairs(%x: tensor<1x4xf32>) {
  // expected-error@+2 {{needs one probability for each pair of 2 to 4096 classes}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = nn.pair_coupling %x classes = 3 : (tensor<1x4xf32>) -> tensor<1x3xf32>
  return
}
