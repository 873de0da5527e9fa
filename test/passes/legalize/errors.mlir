// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every refused node says why, under its own name.
// RUN: thimble-opt --thimble-legalize-onnx %s --split-input-file --verify-diagnostics

!v = !onnx.value

// Independent errors are all reported; what depends on a refused node is silent.
func.func @several(%x: tensor<2x3xf32>, %i: tensor<3xi64>) -> (!v, !v) {
  // expected-error@+1 {{Add: inputs have different element types f32 and i64}}
  %a = onnx.node "Add" opset 13 (%x, %i) : (tensor<2x3xf32>, tensor<3xi64>) -> !v
  %b = onnx.node "Relu" opset 13 (%a) : (!v) -> !v
  // expected-error@+1 {{Exp: input has elements of type i64, but Thimble computes this function of float32 only}}
  %c = onnx.node "Exp" opset 13 (%i) : (tensor<3xi64>) -> !v
  return %b, %c : !v, !v
}

// -----

!v = !onnx.value

func.func @broadcast(%x: tensor<2x3xf32>, %y: tensor<4xf32>) -> !v {
  // expected-error@+1 {{Mul: shapes do not broadcast: [2, 3] and [4]}}
  %a = onnx.node "Mul" opset 13 (%x, %y) : (tensor<2x3xf32>, tensor<4xf32>) -> !v
  return %a : !v
}

// -----

!v = !onnx.value

func.func @not_constant(%x: tensor<2x3xf32>, %shape: tensor<2xi64>) -> !v {
  // expected-error@+1 {{Reshape: input 'shape' depends on the model's inputs, and the file does not say which shape the result has}}
  %a = onnx.node "Reshape" opset 13 (%x, %shape) : (tensor<2x3xf32>, tensor<2xi64>) -> !v
  return %a : !v
}

// -----

!v = !onnx.value

func.func @reshape(%x: tensor<2x3xf32>) -> (!v, !v, !v) {
  %five = onnx.constant dense<[5, -1]> : tensor<2xi64> : tensor<2xi64>
  %zeros = onnx.constant dense<[0, 0, 0]> : tensor<3xi64> : tensor<3xi64>
  %huge = onnx.constant dense<9223372036854775807> : tensor<2xi64> : tensor<2xi64>
  // expected-error@+1 {{Reshape: cannot turn 6 elements of shape 2x3 into shape 5x-1}}
  %a = onnx.node "Reshape" opset 13 (%x, %five) : (tensor<2x3xf32>, tensor<2xi64>) -> !v
  // expected-error@+1 {{Reshape: shape copies dimension 2, but the input has 2 dimensions}}
  %b = onnx.node "Reshape" opset 13 (%x, %zeros) : (tensor<2x3xf32>, tensor<3xi64>) -> !v
  // expected-error@+1 {{Reshape: cannot turn 6 elements}}
  %c = onnx.node "Reshape" opset 13 (%x, %huge) : (tensor<2x3xf32>, tensor<2xi64>) -> !v
  return %a, %b, %c : !v, !v, !v
}

// -----

!v = !onnx.value

func.func @too_large(%x: tensor<2xf32>) -> (!v, !v, !v) {
  %huge = onnx.constant dense<1000000> : tensor<3xi64> : tensor<3xi64>
  %many = onnx.constant dense<4611686018427387904> : tensor<1xi64> : tensor<1xi64>
  // expected-error@+1 {{ConstantOfShape: gives a tensor of shape 1000000x1000000x1000000, which has too many bytes}}
  %a = onnx.node "ConstantOfShape" opset 9 (%huge) : (tensor<3xi64>) -> !v
  // expected-error@+1 {{Tile: cannot repeat 4611686018427387904 times}}
  %b = onnx.node "Tile" opset 13 (%x, %many) : (tensor<2xf32>, tensor<1xi64>) -> !v
  // expected-error@+1 {{Expand: input of shape 2 does not broadcast to 4611686018427387904}}
  %c = onnx.node "Expand" opset 13 (%x, %many) : (tensor<2xf32>, tensor<1xi64>) -> !v
  return %a, %b, %c : !v, !v, !v
}

// -----

!v = !onnx.value

func.func @convolution(%x: tensor<1x3x8x8xf32>, %volume: tensor<1x3x8x8x8xf32>, %kernel: tensor<1x3x9x2x2xf32>) -> (!v, !v, !v, !v, !v, !v) {
  %w = onnx.constant dense<0.5> : tensor<4x2x3x3xf32> : tensor<4x2x3x3xf32>
  %w3 = onnx.constant dense<0.5> : tensor<4x3x3x3xf32> : tensor<4x3x3x3xf32>
  // expected-error@+1 {{Conv: weights for 2 input channels do not match an input of 3 channels in 1 groups}}
  %a = onnx.node "Conv" opset 13 (%x, %w) : (tensor<1x3x8x8xf32>, tensor<4x2x3x3xf32>) -> !v
  // expected-error@+1 {{Conv: kernel of size 9 with dilation 1 is larger than the padded input of size 8}}
  %b = onnx.node "Conv" opset 13 (%volume, %kernel) : (tensor<1x3x8x8x8xf32>, tensor<1x3x9x2x2xf32>) -> !v
  // expected-error@+1 {{Conv: attribute 'kernel_shape' is 5x5, but the weights have shape 4x3x3x3}}
  %c = onnx.node "Conv" opset 13 (%x, %w3) attributes {kernel_shape = array<i64: 5, 5>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> !v
  // expected-error@+1 {{Conv: attribute 'strides' must have 2 entries, got 1}}
  %d = onnx.node "Conv" opset 13 (%x, %w3) attributes {strides = array<i64: 5>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> !v
  // expected-error@+1 {{Conv: attribute 'pads' holds -1, which is out of range}}
  %e = onnx.node "Conv" opset 13 (%x, %w3) attributes {pads = array<i64: 0, 0, -1, 0>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> !v
  // expected-error@+1 {{Conv: attribute 'dilations' must be a list of integers}}
  %f = onnx.node "Conv" opset 13 (%x, %w3) attributes {dilations = 2 : i64} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> !v
  return %a, %b, %c, %d, %e, %f : !v, !v, !v, !v, !v, !v
}

// -----

!v = !onnx.value

func.func @pool(%x: tensor<1x1x4x4xf32>) -> (!v, !v, !v) {
  // expected-error@+1 {{MaxPool: kernel of size 9 with dilation 1 is larger than the padded input of size 4}}
  %a = onnx.node "MaxPool" opset 12 (%x) attributes {kernel_shape = array<i64: 9, 9>} : (tensor<1x1x4x4xf32>) -> !v
  // expected-error@+1 {{MaxPool: kernel of size 9 is larger than the padded input}}
  %b:2 = onnx.node "MaxPool" opset 12 (%x) attributes {kernel_shape = array<i64: 9, 9>} : (tensor<1x1x4x4xf32>) -> (!v, !v)
  // expected-error@+1 {{AveragePool: attribute 'kernel_shape' is missing}}
  %c = onnx.node "AveragePool" opset 12 (%x) : (tensor<1x1x4x4xf32>) -> !v
  return %a, %b#1, %c : !v, !v, !v
}

// -----

!v = !onnx.value

func.func @axes(%x: tensor<2x3xf32>) -> (!v, !v, !v, !v) {
  %twice = onnx.constant dense<[0, -2]> : tensor<2xi64> : tensor<2xi64>
  %zero = onnx.constant dense<0> : tensor<1xi64> : tensor<1xi64>
  %six = onnx.constant dense<6> : tensor<i64> : tensor<i64>
  // expected-error@+1 {{Concat: axis 2 is outside a tensor of 2 dimensions}}
  %a = onnx.node "Concat" opset 13 (%x, %x) attributes {axis = 2 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> !v
  // expected-error@+1 {{ReduceSum: axes must not repeat}}
  %b = onnx.node "ReduceSum" opset 13 (%x, %twice) : (tensor<2x3xf32>, tensor<2xi64>) -> !v
  // expected-error@+1 {{Squeeze: cannot remove dimension 0 of shape 2x3}}
  %c = onnx.node "Squeeze" opset 13 (%x, %zero) : (tensor<2x3xf32>, tensor<1xi64>) -> !v
  // expected-error@+1 {{Gather: index 6 is outside a dimension of size 2}}
  %d = onnx.node "Gather" opset 13 (%x, %six) : (tensor<2x3xf32>, tensor<i64>) -> !v
  return %a, %b, %c, %d : !v, !v, !v, !v
}

// -----

!v = !onnx.value

func.func @training(%x: tensor<1x2xf32>, %p: tensor<3xf32>) -> !v {
  %ratio = onnx.constant dense<0.5> : tensor<f32> : tensor<f32>
  // expected-error@+1 {{Dropout: input 'training_mode' must be a boolean}}
  %b = onnx.node "Dropout" opset 13 (%x, %ratio, %p) : (tensor<1x2xf32>, tensor<f32>, tensor<3xf32>) -> !v
  return %b : !v
}

// -----

!v = !onnx.value

func.func @selection(%x: tensor<2x3xf32>, %i: tensor<2xi64>, %f: tensor<2xf32>) -> (!v, !v, !v, !v, !v) {
  %nine = onnx.constant dense<9> : tensor<i64> : tensor<i64>
  // expected-error@+1 {{TopK: takes 9 elements of 3}}
  %a, %a2 = onnx.node "TopK" opset 13 (%x, %nine) : (tensor<2x3xf32>, tensor<i64>) -> (!v, !v)
  // expected-error@+1 {{Compress: input 'condition' must be a vector of booleans}}
  %b = onnx.node "Compress" opset 13 (%x, %f) : (tensor<2x3xf32>, tensor<2xf32>) -> !v
  // expected-error@+1 {{NonMaxSuppression: needs boxes [batches, n, 4] and scores [batches, classes, n], got 2x3 and 2x3}}
  %c = onnx.node "NonMaxSuppression" opset 13 (%x, %x) : (tensor<2x3xf32>, tensor<2x3xf32>) -> !v
  // expected-error@+1 {{ScatterElements: attribute 'reduction' must be 'none', 'add', 'mul', 'min' or 'max', got 'xor'}}
  %d = onnx.node "ScatterElements" opset 18 (%f, %i, %f) attributes {reduction = "xor"} : (tensor<2xf32>, tensor<2xi64>, tensor<2xf32>) -> !v
  // expected-error@+1 {{GatherElements: indices must be integers, got f32}}
  %e = onnx.node "GatherElements" opset 13 (%f, %f) : (tensor<2xf32>, tensor<2xf32>) -> !v
  return %a, %b, %c, %d, %e : !v, !v, !v, !v, !v
}

// -----

!v = !onnx.value

func.func @signals(%x: tensor<1x8x3xf32>, %n: tensor<i64>) -> (!v, !v, !v, !v) {
  %one = onnx.constant dense<1> : tensor<i64> : tensor<i64>
  // expected-error@+1 {{DFT: needs 1 (real) or 2 (complex) numbers in the last dimension, got shape 1x8x3}}
  %a = onnx.node "DFT" opset 17 (%x) : (tensor<1x8x3xf32>) -> !v
  // expected-error@+1 {{STFT: needs a signal [batch, length, 1 or 2], got shape 1x8x3}}
  %b = onnx.node "STFT" opset 17 (%x, %one) : (tensor<1x8x3xf32>, tensor<i64>) -> !v
  // expected-error@+1 {{HannWindow: input 'size' depends on the model's inputs}}
  %c = onnx.node "HannWindow" opset 17 (%n) : (tensor<i64>) -> !v
  // expected-error@+1 {{NegativeLogLikelihoodLoss: needs integer targets of shape 1x3, got}}
  %d = onnx.node "NegativeLogLikelihoodLoss" opset 13 (%x, %n) : (tensor<1x8x3xf32>, tensor<i64>) -> !v
  return %a, %b, %c, %d : !v, !v, !v, !v
}

// -----

!v = !onnx.value

func.func @inputs(%x: tensor<2xf32>) -> (!v, !v, !v) {
  %none = onnx.none
  // expected-error@+1 {{Add: takes at least 2 inputs, got 1}}
  %a = onnx.node "Add" opset 13 (%x) : (tensor<2xf32>) -> !v
  // expected-error@+1 {{Relu: takes at most 1 inputs, got 2}}
  %b = onnx.node "Relu" opset 13 (%x, %x) : (tensor<2xf32>, tensor<2xf32>) -> !v
  // expected-error@+1 {{Add: input 1 is required, but left out}}
  %c = onnx.node "Add" opset 13 (%x, %none) : (tensor<2xf32>, !v) -> !v
  return %a, %b, %c : !v, !v, !v
}

// -----

!v = !onnx.value

func.func @control(%x: tensor<2xf32>, %z: tensor<3xf32>, %c: tensor<i1>) -> !v {
  // expected-error@+1 {{If: the branches give tensor<2xf32> and tensor<3xf32>, so that Thimble must know at compile time which one to take}}
  %y = onnx.node "If" opset 13 (%c) attributes {else_branch, then_branch} bodies {
    onnx.return %z : tensor<3xf32>
  }, {
    onnx.return %x : tensor<2xf32>
  } : (tensor<i1>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

func.func @left_out(%x: tensor<2xf32>, %c: tensor<i1>) -> !v {
  // expected-error@+1 {{If: a body gives a value that is left out}}
  %y = onnx.node "If" opset 13 (%c) attributes {else_branch, then_branch} bodies {
    onnx.return %x : tensor<2xf32>
  }, {
    %none = onnx.none
    onnx.return %none : !v
  } : (tensor<i1>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// The declared shape stands for what is not known; the user is told.
func.func @declared(%x: tensor<4xf32>, %s: tensor<2xi64>) -> (!v {onnx.type = tensor<2x2xf32>}) {
  // expected-remark@+1 {{Reshape: the result has the shape 2x2 that the file declares, whatever input 'shape' holds at run time}}
  %y = onnx.node "Reshape" opset 13 (%x, %s) : (tensor<4xf32>, tensor<2xi64>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// A loop without a bound.
func.func @endless(%x: tensor<f32>) -> !v {
  %none = onnx.none
  // expected-error@+1 {{Loop: has no trip count, and nothing says how often the body runs at most}}
  %y = onnx.node "Loop" opset 13 (%none, %none, %x) attributes {body} bodies {
  ^bb0(%i: !v, %c: !v, %v: !v):
    %d = onnx.node "Less" opset 13 (%v, %x) : (!v, tensor<f32>) -> !v
    onnx.return %d, %v : !v, !v
  } : (!v, !v, tensor<f32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// Attributes that mean something that Thimble does not do are not ignored in silence.
func.func @attribute(%x: tensor<2xf32>) -> !v {
  // expected-warning@+1 {{Relu: attribute 'slope' is unknown for operator set 13 and was ignored}}
  %a = onnx.node "Relu" opset 13 (%x) attributes {slope = 1.0 : f32} : (tensor<2xf32>) -> !v
  return %a : !v
}

// -----

!v = !onnx.value

func.func @newer(%x: tensor<2xf32>) -> !v {
  // expected-warning@+1 {{the model is of operator set 30; Thimble knows sets up to 22}}
  %a = onnx.node "Relu" opset 30 (%x) : (tensor<2xf32>) -> !v
  return %a : !v
}

// -----

!v = !onnx.value

// expected-error@+2 {{input 'h' has 4-bit elements, which are only supported in constants}}
// expected-error@+1 {{input 'z' must be a tensor with fixed dimensions, got 'tensor<?xf32>'}}
func.func @inputs_types(%h: tensor<2xi4> {onnx.name = "h"}, %z: tensor<?xf32> {onnx.name = "z"}) -> !v {
  %a = onnx.node "Relu" opset 13 (%h) : (tensor<2xi4>) -> !v
  return %a : !v
}
