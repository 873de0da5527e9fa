// RUN: thimble-opt %s -split-input-file -verify-diagnostics '--thimble-lower-run-frames=input=x axis=1'

func.func @ahead(%x: tensor<1x16x1x4xf32> {onnx.name = "x"}) -> tensor<1x16x1x4xf32> {
  %w = nn.constant dense<0.5> : tensor<4x3x1x4xf32> : tensor<4x3x1x4xf32>
  // expected-error @+1 {{cannot run frame by frame (--frames): it looks ahead by 2 frames. Pad in front alone (causally) and train again, or stream inside of one inference with --feed-rows}}
  %y = nn.conv2d %x, %w strides = [1, 1] pads = [2, 0, 2, 0] dilations = [2, 1] groups = 1
    : (tensor<1x16x1x4xf32>, tensor<4x3x1x4xf32>) -> tensor<1x16x1x4xf32>
  return %y : tensor<1x16x1x4xf32>
}

// -----

func.func @softmax(%x: tensor<1x16x4xf32> {onnx.name = "x"}) -> tensor<1x16x4xf32> {
  // expected-error @+1 {{it normalizes over time, which needs all frames at once}}
  %y = nn.softmax %x axis = 1 : (tensor<1x16x4xf32>) -> tensor<1x16x4xf32>
  return %y : tensor<1x16x4xf32>
}

// -----

func.func @squeeze_and_excite(%x: tensor<1x16x4xf32> {onnx.name = "x"}) -> tensor<1x16x4xf32> {
  %m = nn.reduce mean %x axes = [1] {keep_dims} : (tensor<1x16x4xf32>) -> tensor<1x1x4xf32>
  // expected-error @+1 {{it needs the whole window before its first frame}}
  %y = nn.binary mul %x, %m : (tensor<1x16x4xf32>, tensor<1x1x4xf32>) -> tensor<1x16x4xf32>
  return %y : tensor<1x16x4xf32>
}

// -----

func.func @positions(%x: tensor<1x4x2xf32> {onnx.name = "x"}) -> tensor<1x4x2xf32> {
  %p = nn.constant dense<0.5> : tensor<1x4x2xf32> : tensor<1x4x2xf32>
  // expected-error @+1 {{it has a constant for each frame of the window: all frames must be treated alike}}
  %y = nn.binary add %x, %p : (tensor<1x4x2xf32>, tensor<1x4x2xf32>) -> tensor<1x4x2xf32>
  return %y : tensor<1x4x2xf32>
}

// -----

func.func @backward(%x: tensor<1x8x4xf32> {onnx.name = "x"}) -> tensor<8x1x4xf32> {
  %k = nn.constant dense<0.25> : tensor<4x4xf32> : tensor<4x4xf32>
  %b = nn.constant dense<0.0> : tensor<4xf32> : tensor<4xf32>
  %t = nn.reshape %x : (tensor<1x8x4xf32>) -> tensor<8x1x4xf32>
  // expected-error @+1 {{it runs from the last frame to the first, which is not there yet. Train without bidirectional layers}}
  %y, %h = nn.rnn %t, %k, %k, %b {reverse} : (tensor<8x1x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> (tensor<8x1x4xf32>, tensor<1x4xf32>)
  return %y : tensor<8x1x4xf32>
}

// -----

func.func @attention(%x: tensor<1x16x4xf32> {onnx.name = "x"}) -> tensor<1x16x16xf32> {
  // expected-error @+1 {{it multiplies frames by frames, as attention does}}
  %y = nn.matmul %x, %x {transpose_b} : (tensor<1x16x4xf32>, tensor<1x16x4xf32>) -> tensor<1x16x16xf32>
  return %y : tensor<1x16x16xf32>
}

// -----

func.func @pad(%x: tensor<1x16x4xf32> {onnx.name = "x"}) -> tensor<1x18x4xf32> {
  // expected-error @+1 {{it pads in time apart from a convolution}}
  %y = nn.pad constant %x before = [0, 2, 0] after = [0, 0, 0] : (tensor<1x16x4xf32>) -> tensor<1x18x4xf32>
  return %y : tensor<1x18x4xf32>
}

// -----

func.func @average(%x: tensor<1x16x1x4xf32> {onnx.name = "x"}) -> tensor<1x16x1x4xf32> {
  // expected-error @+1 {{it averages over fewer frames at the beginning}}
  %y = nn.pool2d average %x kernel = [2, 1] strides = [1, 1] pads = [1, 0, 0, 0] dilations = [1, 1] extra = [0, 0]
    : (tensor<1x16x1x4xf32>) -> tensor<1x16x1x4xf32>
  return %y : tensor<1x16x1x4xf32>
}

// -----

// expected-error @+1 {{--frames: the model has no input 'x'; its inputs are 'z'}}
func.func @name(%x: tensor<1x16x4xf32> {onnx.name = "z"}) -> tensor<1x16x4xf32> {
  return %x : tensor<1x16x4xf32>
}

// -----

// expected-error @+1 {{--frames: the model has other inputs than 'x', which have no frames; make them constants (--bind)}}
func.func @inputs(%x: tensor<1x16x4xf32> {onnx.name = "x"}, %z: tensor<1x16x4xf32> {onnx.name = "z"}) -> tensor<1x16x4xf32> {
  return %x : tensor<1x16x4xf32>
}

// -----

// expected-error @+1 {{--time-axis: input 'x' has 1 dimensions, counted from 0}}
func.func @axis(%x: tensor<16xf32> {onnx.name = "x"}) -> tensor<16xf32> {
  return %x : tensor<16xf32>
}

// -----

// expected-error @+1 {{--frames makes the states of a model over a window; one with --state runs step by step already}}
func.func @state(%x: tensor<1x16x4xf32> {onnx.name = "x"}, %s: tensor<4xf32> {onnx.name = "s", thimble.state = "t"})
    -> (tensor<1x16x4xf32>, tensor<4xf32> {onnx.name = "t"}) {
  return %x, %s : tensor<1x16x4xf32>, tensor<4xf32>
}
