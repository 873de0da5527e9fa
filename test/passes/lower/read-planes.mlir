// RUN: thimble-opt %s -split-input-file --thimble-lower-read-planes | FileCheck %s
// RUN: thimble-opt %s -split-input-file --pass-pipeline='builtin.module(thimble-lower-read-planes,thimble-lower-to-mcu{name=net})' | FileCheck %s --check-prefix=MCU

// The convolution reads the model's input as it is.
// CHECK-LABEL: @main
// CHECK-NOT: nn.transpose
// CHECK: nn.conv2d %arg0, {{.*}} groups = 1 {planar} : (tensor<1x3x8x8x!quant
// MCU: mcu.call "tmb_conv2d_planes_s8" ins(%{{.*}}, %{{.*}}) {{.*}} "tmb_conv2d_planes_s8_params" {{.*}}in_c = 3 : i32, in_h = 8 : i32, in_w = 8 : i32{{.*}}plane = 64 : i32
!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8<-127:127>:f32, 0.25>
func.func @main(%x: tensor<1x3x8x8x!x> {onnx.name = "x"}) -> (tensor<1x4x4x4x!x> {onnx.name = "y"}) {
  %c = nn.constant dense<1> : tensor<4x3x3x3xi8> : tensor<4x3x3x3x!w>
  %t = nn.transpose %x permutation = [0, 2, 3, 1] : (tensor<1x3x8x8x!x>) -> tensor<1x8x8x3x!x>
  %y = nn.conv2d %t, %c strides = [2, 2] pads = [1, 1, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x3x!x>, tensor<4x3x3x3x!w>) -> tensor<1x4x4x4x!x>
  return %y : tensor<1x4x4x4x!x>
}

// -----

// A conversion of the elements may stand in between.
// CHECK-LABEL: @main
// CHECK: %[[Q:.*]] = nn.quantize %arg0 : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8x!quant
// CHECK-NEXT: nn.conv2d %[[Q]], {{.*}} {planar}
// MCU: mcu.call "tmb_quantize_f32_s8"
// MCU-NEXT: mcu.buffer
// MCU: mcu.call "tmb_conv2d_planes_s8"
!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8<-127:127>:f32, 0.25>
func.func @main(%x: tensor<1x3x8x8xf32> {onnx.name = "x"}) -> (tensor<1x8x8x4x!x> {onnx.name = "y"}) {
  %c = nn.constant dense<1> : tensor<4x3x3x3xi8> : tensor<4x3x3x3x!w>
  %t = nn.transpose %x permutation = [0, 2, 3, 1] : (tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32>
  %q = nn.quantize %t : (tensor<1x8x8x3xf32>) -> tensor<1x8x8x3x!x>
  %y = nn.conv2d %q, %c strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x3x!x>, tensor<4x3x3x3x!w>) -> tensor<1x8x8x4x!x>
  return %y : tensor<1x8x8x4x!x>
}

// -----

// Others want pixels: another reader, five taps in a row, many channels.
// CHECK-LABEL: @main
// CHECK-NOT: planar
// MCU-NOT: call "tmb_conv2d_planes
!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8<-127:127>:f32, 0.25>
func.func @main(%x: tensor<1x3x8x8x!x> {onnx.name = "x"}, %z: tensor<1x8x8x8x!x> {onnx.name = "z"})
    -> (tensor<1x8x8x4x!x> {onnx.name = "y"}, tensor<1x8x8x4x!x> {onnx.name = "v"}, tensor<1x8x8x4x!x> {onnx.name = "u"}) {
  %c = nn.constant dense<1> : tensor<4x3x3x3xi8> : tensor<4x3x3x3x!w>
  %d = nn.constant dense<1> : tensor<4x5x5x3xi8> : tensor<4x5x5x3x!w>
  %e = nn.constant dense<1> : tensor<4x3x3x8xi8> : tensor<4x3x3x8x!w>
  %t = nn.transpose %x permutation = [0, 2, 3, 1] : (tensor<1x3x8x8x!x>) -> tensor<1x8x8x3x!x>
  %y = nn.conv2d %t, %c strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x3x!x>, tensor<4x3x3x3x!w>) -> tensor<1x8x8x4x!x>
  %v = nn.conv2d %t, %d strides = [1, 1] pads = [2, 2, 2, 2] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x3x!x>, tensor<4x5x5x3x!w>) -> tensor<1x8x8x4x!x>
  %s = nn.transpose %z permutation = [0, 2, 3, 1] : (tensor<1x8x8x8x!x>) -> tensor<1x8x8x8x!x>
  %u = nn.conv2d %s, %e strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x8x!x>, tensor<4x3x3x8x!w>) -> tensor<1x8x8x4x!x>
  return %y, %v, %u : tensor<1x8x8x4x!x>, tensor<1x8x8x4x!x>, tensor<1x8x8x4x!x>
}
