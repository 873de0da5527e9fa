// RUN: thimble-opt %s -split-input-file --thimble-lower-run-frames=input=x | FileCheck %s
// RUN: thimble-opt %s -split-input-file --pass-pipeline='builtin.module(thimble-lower-run-frames{input=x},thimble-lower,thimble-schedule)' \
// RUN:   | FileCheck %s --check-prefix=MCU

// A causal convolution: its past lasts, and its padding is what the past begins with. The window moves down in the state, the
// producer writes the new frame there, and the convolution reads it there.
// CHECK-LABEL: func.func @causal(
// CHECK-SAME: %[[X:.*]]: tensor<1x1x1x4xf32> {onnx.name = "x", thimble.frames = array<i64: 2, 16, 0>}
// CHECK-SAME: %[[PAST:.*]]: tensor<1x1x3x4xf32> {onnx.name = ".past", thimble.state = ".past.next"}
// CHECK-SAME: -> (tensor<1x1x1x4xf32> {onnx.name = "y", thimble.frames = array<i64: 2, 16, 0>}, tensor<1x1x3x4xf32> {onnx.name = ".past.next"})
// CHECK: %[[R:.*]] = nn.unary relu %[[X]]
// CHECK: %[[KEPT:.*]] = nn.slice %[[PAST]] offsets = [0, 0, 1, 0] sizes = [1, 1, 2, 4]
// CHECK: %[[WINDOW:.*]] = nn.concat %[[KEPT]], %[[R]] axis = 2
// CHECK: %[[Y:.*]] = nn.conv2d %[[WINDOW]], %{{.*}} strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1]
// CHECK: return %[[Y]], %[[WINDOW]]
// MCU-LABEL: mcu.program
// MCU: %[[OLD:.*]] = mcu.buffer ".past" state 0
// MCU: %[[NEXT:.*]] = mcu.buffer ".past.next" next_state 0
// MCU-DAG: %[[FROM:.*]] = mcu.view %[[OLD]] at 16
// MCU-DAG: %[[TO:.*]] = mcu.view %[[NEXT]] : memref<1x1x3x4xf32> to memref<8xf32>
// MCU-DAG: %[[TAIL:.*]] = mcu.view %[[NEXT]] at 32
// MCU: mcu.call "tmb_move_down" ins(%[[FROM]]) outs(%[[TO]])
// MCU: mcu.call "tmb_relu_f32" ins(%{{.*}}) outs(%[[TAIL]])
// MCU: mcu.call "tmb_conv2d_f32" ins(%[[NEXT]],
// MCU-NOT: mcu.call
func.func @causal(%x: tensor<1x1x16x4xf32> {onnx.name = "x"}) -> (tensor<1x1x16x4xf32> {onnx.name = "y"}) {
  %w = nn.constant dense<0.5> : tensor<4x1x3x4xf32> : tensor<4x1x3x4xf32>
  %r = nn.unary relu %x : (tensor<1x1x16x4xf32>) -> tensor<1x1x16x4xf32>
  %y = nn.conv2d %r, %w strides = [1, 1] pads = [0, 2, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x1x16x4xf32>, tensor<4x1x3x4xf32>) -> tensor<1x1x16x4xf32>
  return %y : tensor<1x1x16x4xf32>
}

// -----

// A long past is a ring, of which the taps are gathered.
// CHECK-LABEL: func.func @ring(
// CHECK-SAME: tensor<257x16xf32> {onnx.name = ".past", thimble.state = ".past.next"}
// CHECK-SAME: tensor<1xi64> {onnx.name = "position in 257", thimble.state = "position in 257.next"}
// CHECK: %[[SUM:.*]] = nn.binary add %{{.*}}, %{{.*}} : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
// CHECK: %[[AT:.*]] = nn.binary mod %[[SUM]]
// CHECK: %[[RING:.*]] = nn.scatter_nd replace
// CHECK: %[[OFFSETS:.*]] = nn.constant dense<[-256, -128, 0]> : tensor<3xi64>
// CHECK: %[[TAPS:.*]] = nn.binary add %[[AT]], %[[OFFSETS]]
// CHECK: nn.gather %[[RING]], %[[TAPS]] axis = 0 : (tensor<257x16xf32>, tensor<3xi64>) -> tensor<3x16xf32>
// CHECK: nn.conv2d {{.*}} dilations = [1, 1]
// MCU-LABEL: mcu.program
// MCU: %[[OLD:.*]] = mcu.buffer ".past" state 0
// MCU: %[[NEXT:.*]] = mcu.buffer ".past.next" next_state 0
// MCU: mcu.call "tmb_scatter_nd" ins(%[[OLD]], {{.*}}) outs(%[[NEXT]])
func.func @ring(%x: tensor<1x1x400x16xf32> {onnx.name = "x"}) -> (tensor<1x1x400x16xf32> {onnx.name = "y"}) {
  %w = nn.constant dense<0.5> : tensor<16x1x3x16xf32> : tensor<16x1x3x16xf32>
  %y = nn.conv2d %x, %w strides = [1, 1] pads = [0, 256, 0, 0] dilations = [1, 128] groups = 1
    : (tensor<1x1x400x16xf32>, tensor<16x1x3x16xf32>) -> tensor<1x1x400x16xf32>
  return %y : tensor<1x1x400x16xf32>
}

// -----

// Padding behind is harmless where its results are cut off. Strides make a run of two frames.
// CHECK-LABEL: func.func @cut(
// CHECK-SAME: tensor<1x1x2x4xf32> {onnx.name = "x", thimble.frames = array<i64: 2, 16, 0>}
// CHECK-SAME: -> (tensor<1x1x1x4xf32> {onnx.name = "y", thimble.frames = array<i64: 2, 8, 0>}
// CHECK: nn.conv2d %{{.*}} strides = [1, 2] pads = [0, 0, 0, 0]
func.func @cut(%x: tensor<1x1x16x4xf32> {onnx.name = "x"}) -> (tensor<1x1x8x4xf32> {onnx.name = "y"}) {
  %w = nn.constant dense<0.5> : tensor<4x1x3x4xf32> : tensor<4x1x3x4xf32>
  %y = nn.conv2d %x, %w strides = [1, 2] pads = [0, 2, 0, 2] dilations = [1, 1] groups = 1
    : (tensor<1x1x16x4xf32>, tensor<4x1x3x4xf32>) -> tensor<1x1x9x4xf32>
  %z = nn.slice %y offsets = [0, 0, 0, 0] sizes = [1, 1, 8, 4] strides = [1, 1, 1, 1] : (tensor<1x1x9x4xf32>) -> tensor<1x1x8x4xf32>
  return %z : tensor<1x1x8x4xf32>
}

// -----

// The shortcut waits for what is not padded, and global pooling keeps the elements of a window. The least number fills maxima.
// CHECK-LABEL: func.func @heads(
// CHECK-SAME: thimble.state_start = dense<0xFF800000> : tensor<1x1x2x4xf32>
// CHECK: %[[SUM:.*]] = nn.binary add
// CHECK: %[[ALL:.*]] = nn.concat %{{.*}}, %[[SUM]] axis = 2 : (tensor<1x1x13x4xf32>, tensor<1x1x1x4xf32>) -> tensor<1x1x14x4xf32>
// CHECK: nn.reduce mean %[[ALL]] axes = [2]
func.func @heads(%x: tensor<1x1x16x4xf32> {onnx.name = "x"}) -> (tensor<1x1x4xf32> {onnx.name = "y"}) {
  %w = nn.constant dense<0.5> : tensor<4x1x3x4xf32> : tensor<4x1x3x4xf32>
  %m = nn.pool2d max %x kernel = [1, 2] strides = [1, 1] pads = [0, 1, 0, 0] dilations = [1, 1] extra = [0, 0]
    : (tensor<1x1x16x4xf32>) -> tensor<1x1x16x4xf32>
  %c = nn.conv2d %m, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x1x16x4xf32>, tensor<4x1x3x4xf32>) -> tensor<1x1x14x4xf32>
  %s = nn.slice %m offsets = [0, 0, 2, 0] sizes = [1, 1, 14, 4] strides = [1, 1, 1, 1] : (tensor<1x1x16x4xf32>) -> tensor<1x1x14x4xf32>
  %a = nn.binary add %c, %s : (tensor<1x1x14x4xf32>, tensor<1x1x14x4xf32>) -> tensor<1x1x14x4xf32>
  %y = nn.reduce mean %a axes = [2] : (tensor<1x1x14x4xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// -----

// A layer behind a convolution without padding keeps its state until the first element of the window has come.
// CHECK-LABEL: func.func @held(
// CHECK-SAME: tensor<1x4xf32> {onnx.name = ".h", thimble.state = ".h.next"}
// CHECK-SAME: tensor<1xi32> {onnx.name = "frames so far", thimble.state = "frames so far.next"}
// CHECK: %[[Y:.*]], %[[H:.*]] = nn.rnn
// CHECK: %[[MASK:.*]] = nn.compare less_equal
// CHECK: %[[ONE:.*]] = nn.reshape %[[MASK]]
// CHECK: nn.select %[[ONE]], %[[H]], %{{.*}} : (tensor<1x1xi1>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
func.func @held(%x: tensor<1x1x8x4xf32> {onnx.name = "x"}) -> (tensor<6x1x4xf32> {onnx.name = "y"}) {
  %w = nn.constant dense<0.5> : tensor<4x1x3x4xf32> : tensor<4x1x3x4xf32>
  %k = nn.constant dense<0.25> : tensor<4x4xf32> : tensor<4x4xf32>
  %b = nn.constant dense<0.0> : tensor<4xf32> : tensor<4xf32>
  %c = nn.conv2d %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x1x8x4xf32>, tensor<4x1x3x4xf32>) -> tensor<1x1x6x4xf32>
  %t = nn.reshape %c : (tensor<1x1x6x4xf32>) -> tensor<6x1x4xf32>
  %y, %h = nn.rnn %t, %k, %k, %b : (tensor<6x1x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> (tensor<6x1x4xf32>, tensor<1x4xf32>)
  return %y : tensor<6x1x4xf32>
}
