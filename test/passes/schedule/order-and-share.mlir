// RUN: thimble-opt %s --pass-pipeline='builtin.module(thimble-lower-to-mcu,mcu.program(thimble-schedule-order-calls,thimble-schedule-share-in-place,thimble-schedule-plan-arena,thimble-verify-plan))' | FileCheck %s

// Two wide branches: running one to its small end before the other starts saves memory, and the activation is in place.
// CHECK: mcu.program @model attributes {arena_bytes = 4608 : i64, lower_bound = 4608 : i64}
// CHECK: mcu.call "tmb_copy_nd"
// CHECK: mcu.call "tmb_relu_f32"
// CHECK: mcu.call "tmb_reduce_mean_f32"
// CHECK: mcu.call "tmb_copy_nd"
// CHECK: mcu.call "tmb_relu_f32"
// CHECK: mcu.call "tmb_reduce_mean_f32"
func.func @main(%x: tensor<1x64xf32> {onnx.name = "x"}) -> (tensor<1x64xf32> {onnx.name = "y"}) {
  %a = nn.broadcast %x : (tensor<1x64xf32>) -> tensor<16x64xf32> loc("a")
  %b = nn.broadcast %x : (tensor<1x64xf32>) -> tensor<16x64xf32> loc("b")
  %c = nn.unary relu %a : (tensor<16x64xf32>) -> tensor<16x64xf32> loc("c")
  %d = nn.unary relu %b : (tensor<16x64xf32>) -> tensor<16x64xf32> loc("d")
  %e = nn.reduce mean %c axes = [0] {keep_dims} : (tensor<16x64xf32>) -> tensor<1x64xf32> loc("e")
  %f = nn.reduce mean %d axes = [0] {keep_dims} : (tensor<16x64xf32>) -> tensor<1x64xf32> loc("f")
  %g = nn.binary add %e, %f : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32> loc("g")
  return %g : tensor<1x64xf32>
}
