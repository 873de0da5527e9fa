// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The tables of trees are checked before a kernel follows them.
// RUN: thimble-opt %s --thimble-lower-to-mcu --split-input-file --verify-diagnostics

func.func @child(%x: tensor<1x3xf32>) -> tensor<1x1xf32> {
  %nodes = nn.constant dense<[[0, 0, 32768, 0]]> : tensor<1x4xui16> : tensor<1x4xui16>
  %thresholds = nn.constant dense<5> : tensor<1xi32> : tensor<1xi32>
  %trees = nn.constant dense<[[0, 0]]> : tensor<1x2xui16> : tensor<1x2xui16>
  %leaves = nn.constant dense<1.0> : tensor<1x1xf32> : tensor<1x1xf32>
  // expected-error@+1 {{node 0 has a child that is neither a leaf nor a node before it}}
  %0 = nn.tree_ensemble sum %x, %nodes, %thresholds, %trees, %leaves targets = 1
    : (tensor<1x3xf32>, tensor<1x4xui16>, tensor<1xi32>, tensor<1x2xui16>, tensor<1x1xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}

// -----

func.func @feature(%x: tensor<1x3xf32>) -> tensor<1x1xf32> {
  %nodes = nn.constant dense<[[3, 0, 32768, 32768]]> : tensor<1x4xui16> : tensor<1x4xui16>
  %thresholds = nn.constant dense<5> : tensor<1xi32> : tensor<1xi32>
  %trees = nn.constant dense<[[0, 0]]> : tensor<1x2xui16> : tensor<1x2xui16>
  %leaves = nn.constant dense<1.0> : tensor<1x1xf32> : tensor<1x1xf32>
  // expected-error@+1 {{node 0 compares a feature or threshold that does not exist}}
  %0 = nn.tree_ensemble sum %x, %nodes, %thresholds, %trees, %leaves targets = 1
    : (tensor<1x3xf32>, tensor<1x4xui16>, tensor<1xi32>, tensor<1x2xui16>, tensor<1x1xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}

// -----

func.func @root(%x: tensor<1x3xf32>) -> tensor<1x1xf32> {
  %nodes = nn.constant dense<[[0, 0, 32768, 32768]]> : tensor<1x4xui16> : tensor<1x4xui16>
  %thresholds = nn.constant dense<5> : tensor<1xi32> : tensor<1xi32>
  %trees = nn.constant dense<[[1, 0]]> : tensor<1x2xui16> : tensor<1x2xui16>
  %leaves = nn.constant dense<1.0> : tensor<1x1xf32> : tensor<1x1xf32>
  // expected-error@+1 {{tree 0 has a root or target that does not exist}}
  %0 = nn.tree_ensemble sum %x, %nodes, %thresholds, %trees, %leaves targets = 1
    : (tensor<1x3xf32>, tensor<1x4xui16>, tensor<1xi32>, tensor<1x2xui16>, tensor<1x1xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}
