// RUN: thimble-opt %s -split-input-file --pass-pipeline='builtin.module(thimble-lower-to-mcu,thimble-schedule)' | FileCheck %s

// The residual is the second operand or the first, and the result lies in its place.
// CHECK: %[[X:.*]] = mcu.buffer "x" input 0
// CHECK: mcu.call "tmb_conv2d_s8" ins(%[[X]], %{{.*}}) outs(%[[A:.*]]) scratch
// CHECK: mcu.call "tmb_conv2d_add_s8" ins(%[[A]], %[[X]], %{{.*}}) outs(%[[B:.*]]) scratch{{.*}}record "tmb_conv2d_add_s8_params"
// CHECK-SAME: c_multiplier = 524288 : i32
// CHECK-SAME: r_multiplier = 1048576 : i32
// CHECK-SAME: sum_max = 127 : i32, sum_min = -128 : i32, sum_offset = -2097152 : i32
// CHECK-NOT: "tmb_add_s8"
!q = !quant.uniform<i8:f32, 0.5:3>
!h = !quant.uniform<i8:f32, 0.25:5>
!s = !quant.uniform<i8:f32, 0.0625>
!w = !quant.uniform<i8:f32, 0.25>
func.func @main(%x: tensor<1x8x8x4x!q> {onnx.name = "x"}) -> (tensor<1x8x8x4x!q> {onnx.name = "y"}) {
  %v = nn.constant dense<2> : tensor<4x3x3x4xi8> : tensor<4x3x3x4x!w>
  %w = nn.constant dense<3> : tensor<4x1x1x4xi8> : tensor<4x1x1x4x!s>
  %a = nn.conv2d %x, %v strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x4x!q>, tensor<4x3x3x4x!w>) -> tensor<1x8x8x4x!q> loc("first")
  %b = nn.conv2d %a, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x4x!q>, tensor<4x1x1x4x!s>) -> tensor<1x8x8x4x!h> loc("second")
  %c = nn.binary add %x, %b : (tensor<1x8x8x4x!q>, tensor<1x8x8x4x!h>) -> tensor<1x8x8x4x!q> loc("sum")
  return %c : tensor<1x8x8x4x!q>
}

// -----

// Not with a clamp, not a broadcast sum, not where something else reads the result of the convolution.
// CHECK: mcu.program
// CHECK-NOT: "tmb_conv2d_add_s8"
!q = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
func.func @main(%x: tensor<1x8x8x4x!q> {onnx.name = "x"}, %z: tensor<1x1x1x4x!q> {onnx.name = "z"})
    -> (tensor<1x8x8x4x!q> {onnx.name = "y"}, tensor<1x8x8x4x!q> {onnx.name = "v"}, tensor<1x8x8x4x!q> {onnx.name = "s"}, tensor<1x8x8x4x!q> {onnx.name = "u"}) {
  %v = nn.constant dense<2> : tensor<4x3x3x4xi8> : tensor<4x3x3x4x!w>
  %a = nn.conv2d %x, %v strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x4x!q>, tensor<4x3x3x4x!w>) -> tensor<1x8x8x4x!q> loc("a")
  %b = nn.binary add %x, %a {act_min = 0.0 : f32, act_max = 6.0 : f32} : (tensor<1x8x8x4x!q>, tensor<1x8x8x4x!q>) -> tensor<1x8x8x4x!q> loc("clamped")
  %c = nn.conv2d %b, %v strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x4x!q>, tensor<4x3x3x4x!w>) -> tensor<1x8x8x4x!q> loc("c")
  %d = nn.binary add %c, %z : (tensor<1x8x8x4x!q>, tensor<1x1x1x4x!q>) -> tensor<1x8x8x4x!q> loc("broadcast")
  %e = nn.conv2d %d, %v strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x4x!q>, tensor<4x3x3x4x!w>) -> tensor<1x8x8x4x!q> loc("e")
  %f = nn.binary add %e, %d : (tensor<1x8x8x4x!q>, tensor<1x8x8x4x!q>) -> tensor<1x8x8x4x!q> loc("shared")
  return %b, %d, %e, %f : tensor<1x8x8x4x!q>, tensor<1x8x8x4x!q>, tensor<1x8x8x4x!q>, tensor<1x8x8x4x!q>
}

// -----

// Nor with positions that are left of blocks of four.
// CHECK: mcu.program
// CHECK-NOT: "tmb_conv2d_add_s8"
!q = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
func.func @main(%x: tensor<1x5x5x4x!q> {onnx.name = "x"}) -> (tensor<1x5x5x4x!q> {onnx.name = "y"}) {
  %v = nn.constant dense<2> : tensor<4x3x3x4xi8> : tensor<4x3x3x4x!w>
  %a = nn.conv2d %x, %v strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x5x5x4x!q>, tensor<4x3x3x4x!w>) -> tensor<1x5x5x4x!q> loc("a")
  %b = nn.binary add %a, %x : (tensor<1x5x5x4x!q>, tensor<1x5x5x4x!q>) -> tensor<1x5x5x4x!q> loc("b")
  return %b : tensor<1x5x5x4x!q>
}

// -----

// CHECK: {{/}}/ -----
// What is convolved is the residual: the result cannot take its place, since windows read it again.
// CHECK: %[[X:.*]] = mcu.buffer "x" input 0
// CHECK: mcu.call "tmb_conv2d_s8" ins(%[[X]], %{{.*}}) outs(%[[A:.*]]) scratch
// CHECK: mcu.call "tmb_conv2d_add_s8" ins(%[[A]], %[[A]], %{{.*}}) outs(%[[B:[a-z0-9]*]])
// CHECK-NOT: mcu.view %[[A]]
!q = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
func.func @main(%x: tensor<1x8x8x4x!q> {onnx.name = "x"}) -> (tensor<1x8x8x4x!q> {onnx.name = "y"}) {
  %v = nn.constant dense<2> : tensor<4x3x3x4xi8> : tensor<4x3x3x4x!w>
  %a = nn.conv2d %x, %v strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x4x!q>, tensor<4x3x3x4x!w>) -> tensor<1x8x8x4x!q> loc("a")
  %b = nn.conv2d %a, %v strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x4x!q>, tensor<4x3x3x4x!w>) -> tensor<1x8x8x4x!q> loc("b")
  %c = nn.binary add %b, %a : (tensor<1x8x8x4x!q>, tensor<1x8x8x4x!q>) -> tensor<1x8x8x4x!q> loc("sum")
  return %c : tensor<1x8x8x4x!q>
}
