// RUN: thimble-opt %s -split-input-file --pass-pipeline='builtin.module(thimble-lower-to-mcu{name=net})' | FileCheck %s

// Depthwise weights are rearranged, reshapes share memory, equal constants are stored once.
// CHECK: mcu.program @net
// CHECK: %[[X:.*]] = mcu.buffer "image" input 0 {io = #mcu.io<"image", [1, 2, 2, 2], 5.000000e-01 : f64, 3>} : memref<1x2x2x2xi8>
// CHECK: mcu.constant "dw_weights" {{.*}} : memref<1x1x2xi8>
// CHECK: mcu.constant "dw_bias" dense<[-3, -6]> : tensor<2xi32>
// CHECK: mcu.constant "dw_multipliers"
// CHECK: mcu.call "tmb_depthwise_conv2d_s8" ins(%[[X]]
// CHECK: mcu.view {{.*}} : memref<1x2x2x2xi8> to memref<1x8xi8>
// CHECK: mcu.call "tmb_copy_bytes"
!q = !quant.uniform<i8:f32, 0.5:3>
func.func @main(%x: tensor<1x2x2x2x!q> {onnx.name = "image"}) -> (tensor<1x8x!q> {onnx.name = "y"}, tensor<1x8x!q> {onnx.name = "z"}) {
  %w = nn.constant dense<[[[[1]]], [[[2]]]]> : tensor<2x1x1x1xi8> : tensor<2x1x1x1x!quant.uniform<i8<-127:127>:f32:0, {0.5, 0.25}>>
  %y = nn.conv2d %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 2
    : (tensor<1x2x2x2x!q>, tensor<2x1x1x1x!quant.uniform<i8<-127:127>:f32:0, {0.5, 0.25}>>) -> tensor<1x2x2x2x!q> loc("dw")
  %r = nn.reshape %y : (tensor<1x2x2x2x!q>) -> tensor<1x8x!q> loc("flatten")
  return %r, %r : tensor<1x8x!q>, tensor<1x8x!q>
}
