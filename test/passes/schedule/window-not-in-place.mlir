// RUN: thimble-opt %s --pass-pipeline='builtin.module(thimble-lower-to-mcu,mcu.program(thimble-schedule-order-calls,thimble-schedule-share-in-place,thimble-schedule-plan-arena,thimble-verify-plan))' | FileCheck %s

// A pooling window reads its neighbours, which an earlier output would overwrite: it has a buffer of its own, although the
// sizes are equal. Two buffers of 400 bytes.
// CHECK: mcu.program @model attributes {arena_bytes = 800 : i64, lower_bound = 800 : i64}
// CHECK: mcu.call "tmb_relu_f32"
// CHECK-NEXT: %[[OUT:.*]] = mcu.buffer "y" output 0 at 400
// CHECK-NEXT: mcu.call "tmb_max_pool2d_f32" ins(%{{.*}}) outs(%[[OUT]])
func.func @main(%x: tensor<1x10x10x1xf32> {onnx.name = "x"}) -> (tensor<1x10x10x1xf32> {onnx.name = "y"}) {
  %0 = nn.unary relu %x : (tensor<1x10x10x1xf32>) -> tensor<1x10x10x1xf32> loc("relu")
  %1 = nn.pool2d max %0 kernel = [3, 3] strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] extra = [0, 0] : (tensor<1x10x10x1xf32>) -> tensor<1x10x10x1xf32> loc("pool")
  return %1 : tensor<1x10x10x1xf32>
}
