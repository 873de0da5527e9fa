// RUN: thimble-opt %s --pass-pipeline='builtin.module(thimble-lower-to-mcu,mcu.program(thimble-schedule-order-calls,thimble-schedule-share-in-place,thimble-schedule-grow-scratch,thimble-schedule-plan-arena,thimble-verify-plan))' | FileCheck %s
// RUN: thimble-opt %s --pass-pipeline='builtin.module(thimble-lower-to-mcu,mcu.program(thimble-schedule-order-calls,thimble-schedule-share-in-place,thimble-schedule-plan-arena,thimble-verify-plan))' | FileCheck %s --check-prefix=PLAIN

// The wide map sets the height of the arena. Each call has what the others leave free in it, the second one nothing.
// CHECK: mcu.program @model attributes {arena_bytes = 2304 : i64, lower_bound = 2304 : i64}
// CHECK: mcu.call "tmb_conv2d_s8" {{.*}} blocks = 6 : i32{{.*}}memref<224xi8>
// CHECK: mcu.call "tmb_conv2d_s8" {{.*}} blocks = 1 : i32{{.*}}memref<256xi8>
// CHECK: mcu.call "tmb_conv2d_s8" {{.*}} blocks = 16 : i32{{.*}}memref<544xi8>
// PLAIN: mcu.program @model attributes {arena_bytes = 2304 : i64, lower_bound = 2304 : i64}
// PLAIN: mcu.call "tmb_conv2d_s8" {{.*}} blocks = 1 : i32
// PLAIN: mcu.call "tmb_conv2d_s8" {{.*}} blocks = 1 : i32
// PLAIN: mcu.call "tmb_conv2d_s8" {{.*}} blocks = 1 : i32{{.*}}memref<32xi8>
!q = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
func.func @main(%x: tensor<1x8x8x4x!q> {onnx.name = "x"}) -> (tensor<1x8x8x4x!q> {onnx.name = "y"}) {
  %u = nn.constant dense<1> : tensor<32x1x1x4xi8> : tensor<32x1x1x4x!w>
  %v = nn.constant dense<2> : tensor<4x1x1x32xi8> : tensor<4x1x1x32x!w>
  %w = nn.constant dense<3> : tensor<4x1x1x4xi8> : tensor<4x1x1x4x!w>
  %a = nn.conv2d %x, %u strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x4x!q>, tensor<32x1x1x4x!w>) -> tensor<1x8x8x32x!q> loc("widen")
  %b = nn.conv2d %a, %v strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x32x!q>, tensor<4x1x1x32x!w>) -> tensor<1x8x8x4x!q> loc("narrow")
  %c = nn.conv2d %b, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x8x8x4x!q>, tensor<4x1x1x4x!w>) -> tensor<1x8x8x4x!q> loc("last")
  return %c : tensor<1x8x8x4x!q>
}
