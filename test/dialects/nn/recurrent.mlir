// RUN: thimble-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @lstm
func.func @lstm(%x: tensor<5x2x3xf32>, %w: tensor<16x3xf32>, %r: tensor<16x4xf32>, %b: tensor<16xf32>, %h: tensor<2x4xf32>,
                %p: tensor<12xf32>, %l: tensor<2xi32>) -> tensor<2x4xf32> {
  // CHECK: nn.lstm %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} initial_h = %{{.*}} peepholes = %{{.*}} lengths = %{{.*}} {last_only, reverse}
  %y, %yh, %yc = nn.lstm %x, %w, %r, %b initial_h = %h peepholes = %p lengths = %l {reverse, last_only}
    : (tensor<5x2x3xf32>, tensor<16x3xf32>, tensor<16x4xf32>, tensor<16xf32>, tensor<2x4xf32>, tensor<12xf32>, tensor<2xi32>)
    -> (tensor<0x2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>)
  return %yc : tensor<2x4xf32>
}

// -----

// CHECK-LABEL: func.func @gru
func.func @gru(%x: tensor<5x2x3xf32>, %w: tensor<12x3xf32>, %r: tensor<12x4xf32>, %b: tensor<16xf32>) -> tensor<5x2x4xf32> {
  // CHECK: nn.gru {{.*}}activations = [#nn<recurrent_activation hard_sigmoid>, #nn<recurrent_activation relu>]
  %y, %yh = nn.gru %x, %w, %r, %b {linear_before_reset, alphas = array<f32: 0.2, 0.0>, betas = array<f32: 0.5, 0.0>,
    activations = [#nn<recurrent_activation hard_sigmoid>, #nn<recurrent_activation relu>]}
    : (tensor<5x2x3xf32>, tensor<12x3xf32>, tensor<12x4xf32>, tensor<16xf32>) -> (tensor<5x2x4xf32>, tensor<2x4xf32>)
  return %y : tensor<5x2x4xf32>
}

// -----

func.func @wrong_weights(%x: tensor<5x2x3xf32>, %w: tensor<4x4xf32>, %r: tensor<4x4xf32>, %b: tensor<4xf32>) -> tensor<5x2x4xf32> {
  // expected-error @+1 {{weights must have shape [4, 3], got [4, 4]}}
  %y, %yh = nn.rnn %x, %w, %r, %b : (tensor<5x2x3xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>)
  return %y : tensor<5x2x4xf32>
}

// -----

func.func @wrong_result(%x: tensor<5x2x3xf32>, %w: tensor<4x3xf32>, %r: tensor<4x4xf32>, %b: tensor<4xf32>) -> tensor<5x2x4xf32> {
  // expected-error @+1 {{y must have shape [0, 2, 4], got [5, 2, 4]}}
  %y, %yh = nn.rnn %x, %w, %r, %b {last_only} : (tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>)
    -> (tensor<5x2x4xf32>, tensor<2x4xf32>)
  return %y : tensor<5x2x4xf32>
}

// -----

func.func @wrong_functions(%x: tensor<5x2x3xf32>, %w: tensor<4x3xf32>, %r: tensor<4x4xf32>, %b: tensor<4xf32>) -> tensor<5x2x4xf32> {
  // expected-error @+1 {{needs 1 activation functions with as many alphas and betas}}
  %y, %yh = nn.rnn %x, %w, %r, %b {activations = [#nn<recurrent_activation relu>], alphas = array<f32: 0.2, 0.3>}
    : (tensor<5x2x3xf32>, tensor<4x3xf32>, tensor<4x4xf32>, tensor<4xf32>) -> (tensor<5x2x4xf32>, tensor<2x4xf32>)
  return %y : tensor<5x2x4xf32>
}
