// RUN: thimble-opt %s -split-input-file -verify-diagnostics

func.func @channels(%x: tensor<1x8x8x3xf32>, %w: tensor<4x3x3x2xf32>) -> tensor<1x8x8x4xf32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{weights for 2 input channels do not match an input of 3 channels in 1 groups}}
  %y = nn.conv2d %x, %w strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
       : (tensor<1x8x8x3xf32>, tensor<4x3x3x2xf32>) -> tensor<1x8x8x4xf32>
  return %y : tensor<1x8x8x4xf32>
}

// -----

func.func @kernel(%x: tensor<1x2x2x1xf32>, %w: tensor<1x5x5x1xf32>) -> tensor<1x1x1x1xf32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{kernel of size 5 with dilation 1 is larger than the padded input of size 2}}
  %y = nn.conv2d %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
       : (tensor<1x2x2x1xf32>, tensor<1x5x5x1xf32>) -> tensor<1x1x1x1xf32>
  return %y : tensor<1x1x1x1xf32>
}

// -----

func.func @broadcast(%a: tensor<2x3xf32>, %b: tensor<2x2xf32>) -> tensor<2x3xf32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{shapes do not broadcast: [2, 3] and [2, 2]}}
  %y = nn.binary add %a, %b : (tensor<2x3xf32>, tensor<2x2xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @result(%a: tensor<2x3xf32>) -> tensor<3x3xf32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{inferred type(s) 'tensor<3x2xf32>' are incompatible with return type(s) of operation 'tensor<3x3xf32>'}}
  %y = nn.transpose %a permutation = [1, 0] : (tensor<2x3xf32>) -> tensor<3x3xf32>
  return %y : tensor<3x3xf32>
}

// -----

func.func @axes(%a: tensor<2x3xf32>) -> tensor<f32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{axes must be sorted, unique and within a rank of 2}}
  %y = nn.reduce sum %a axes = [1, 0] : (tensor<2x3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @scale(%a: tensor<2x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x2x!quant.uniform<i8:f32, 0.25>> {
  // expected-error @+1 {{must keep the element type}}
  %y = nn.reshape %a : (tensor<2x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x2x!quant.uniform<i8:f32, 0.25>>
  return %y : tensor<1x2x!quant.uniform<i8:f32, 0.25>>
}

// -----

func.func @softmax(%a: tensor<2x!quant.uniform<i8:f32, 0.5>>) -> tensor<2x!quant.uniform<i8:f32, 0.5>> {
  // expected-error @+1 {{its result must have scale 1/256 and zero point -128}}
  %y = nn.softmax %a axis = 0 : (tensor<2x!quant.uniform<i8:f32, 0.5>>) -> tensor<2x!quant.uniform<i8:f32, 0.5>>
  return %y : tensor<2x!quant.uniform<i8:f32, 0.5>>
}

// -----

func.func @weights(%x: tensor<1x2x!quant.uniform<i8:f32, 0.5>>, %w: tensor<3x2x!quant.uniform<i8:f32, 0.5:7>>)
    -> tensor<1x3x!quant.uniform<i8:f32, 0.5>> {
  // expected-error @+1 {{needs symmetric int8 weights}}
  %y = nn.fully_connected %x, %w
       : (tensor<1x2x!quant.uniform<i8:f32, 0.5>>, tensor<3x2x!quant.uniform<i8:f32, 0.5:7>>)
       -> tensor<1x3x!quant.uniform<i8:f32, 0.5>>
  return %y : tensor<1x3x!quant.uniform<i8:f32, 0.5>>
}

// -----

func.func @elided() -> tensor<64xf32> {
  // expected-error @+2 {{constant holds no data of the size that its type 'tensor<64xf32>' needs}}
  // expected-note @+1 {{was this file printed with elided resources?}}
  %c = nn.constant dense_resource<missing> : tensor<64xf32> : tensor<64xf32>
  return %c : tensor<64xf32>
}

// -----

func.func @short() -> tensor<64xf32> {
  // expected-error @+2 {{constant holds no data of the size}}
  // expected-note @+1 {{was this file printed with elided resources?}}
  %c = nn.constant dense_resource<short> : tensor<64xf32> : tensor<64xf32>
  return %c : tensor<64xf32>
}

{-#
  dialect_resources: {
    builtin: {
      short: "0x100000000000803F"
    }
  }
#-}

// -----

func.func @gather_elements(%x: tensor<2x3xf32>, %i: tensor<3x3xi64>) -> tensor<3x3xf32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{has 3 indices in dimension 0 of size 2}}
  %y = nn.gather_elements %x, %i axis = 1 : (tensor<2x3xf32>, tensor<3x3xi64>) -> tensor<3x3xf32>
  return %y : tensor<3x3xf32>
}

// -----

func.func @gather_nd(%x: tensor<2x3xf32>, %i: tensor<4x3xi64>) -> tensor<4xf32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{indices of shape [4, 3] do not fit data of shape [2, 3]}}
  %y = nn.gather_nd %x, %i batch_dims = 0 : (tensor<2x3xf32>, tensor<4x3xi64>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @scatter_kind(%x: tensor<2xi8>, %i: tensor<1xi64>, %u: tensor<1xi8>) -> tensor<2xi8> {
  // expected-error @+1 {{needs f32, i32 or i64 elements, got 'i8'}}
  %y = nn.scatter_elements add %x, %i, %u axis = 0 : (tensor<2xi8>, tensor<1xi64>, tensor<1xi8>) -> tensor<2xi8>
  return %y : tensor<2xi8>
}

// -----

func.func @scatter_nd(%x: tensor<2x3xf32>, %i: tensor<1x1xi64>, %u: tensor<1x2xf32>) -> tensor<2x3xf32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{needs updates of shape [1, 3], got [1, 2]}}
  %y = nn.scatter_nd replace %x, %i, %u : (tensor<2x3xf32>, tensor<1x1xi64>, tensor<1x2xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @top_k(%x: tensor<2x3xf32>) -> tensor<2x4xf32> {
  // expected-error @+1 {{takes 4 of 3 elements}}
  %y, %i = nn.top_k %x axis = 1 : (tensor<2x3xf32>) -> (tensor<2x4xf32>, tensor<2x4xi64>)
  return %y : tensor<2x4xf32>
}

// -----

func.func @non_zero(%x: tensor<2x3xi1>) -> tensor<2x3xi64> {
  // expected-error @+1 {{has a result 'tensor<2x3xi64>' instead of 'tensor<2x6xi64>'}}
  %y, %n = nn.non_zero %x : (tensor<2x3xi1>) -> (tensor<2x3xi64>, tensor<1xi64>)
  return %y : tensor<2x3xi64>
}

// -----

func.func @reverse_sequence(%x: tensor<2x3xf32>, %n: tensor<3xi64>) -> tensor<2x3xf32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{needs one length for each of the 2 sequences}}
  %y = nn.reverse_sequence %x, %n time_axis = 1 : (tensor<2x3xf32>, tensor<3xi64>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @dft(%x: tensor<1x8x3xf32>) -> tensor<1x8x2xf32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{needs real or complex numbers in the last dimension, got shape [1, 8, 3]}}
  %y = nn.dft %x axis = 1 length = 8 bins = 8 : (tensor<1x8x3xf32>) -> tensor<1x8x2xf32>
  return %y : tensor<1x8x2xf32>
}

// -----

func.func @frames(%x: tensor<8xf32>) -> tensor<3x4xf32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{cannot take 3 frames of 4 every 3 elements of 8}}
  %y = nn.frames %x axis = 0 count = 3 length = 4 step = 3 : (tensor<8xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// -----

func.func @det(%x: tensor<2x3xf32>) -> tensor<f32> {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{needs square matrices, got shape [2, 3]}}
  %y = nn.det %x : (tensor<2x3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @widths(%a: tensor<4x!quant.uniform<i8:f32, 0.5>>, %b: tensor<4x!quant.uniform<i16:f32, 0.5>>) -> tensor<4x!quant.uniform<i16:f32, 0.5>> {
  // expected-error @+1 {{is quantized, so operands and result must be per-tensor int8, or all symmetric int16}}
  %y = nn.binary add %a, %b : (tensor<4x!quant.uniform<i8:f32, 0.5>>, tensor<4x!quant.uniform<i16:f32, 0.5>>) -> tensor<4x!quant.uniform<i16:f32, 0.5>>
  return %y : tensor<4x!quant.uniform<i16:f32, 0.5>>
}

// -----

func.func @entries(%x: tensor<4x!quant.uniform<i16:f32, 0.5>>, %t: tensor<256xi16>) -> tensor<4x!quant.uniform<i16:f32, 0.5>> {
  // expected-error @+1 {{needs a table of 256 entries of i8, or of 2^k + 1 (k from 2 to 16) of i16}}
  %y = nn.lookup %x, %t : (tensor<4x!quant.uniform<i16:f32, 0.5>>, tensor<256xi16>) -> tensor<4x!quant.uniform<i16:f32, 0.5>>
  return %y : tensor<4x!quant.uniform<i16:f32, 0.5>>
}
