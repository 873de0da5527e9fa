// RUN: thimble-opt %s -split-input-file --pass-pipeline='builtin.module(thimble-lower-to-mcu,mcu.program(thimble-schedule-share-slices,thimble-schedule-order-calls,thimble-schedule-share-in-place,thimble-schedule-plan-arena,thimble-verify-plan))' | FileCheck %s

// The operands of a concatenation are computed where they belong: 64 bytes of input, 128 of result and no copy.
// CHECK-LABEL: mcu.program @model attributes {arena_bytes = 192 : i64, lower_bound = 192 : i64}
// CHECK-DAG: %[[Y:.*]] = mcu.buffer "y" output
// CHECK-DAG: mcu.view %[[Y]] : memref<8x4xf32> to memref<4x4xf32>
// CHECK-DAG: mcu.view %[[Y]] at 64 : memref<8x4xf32> to memref<4x4xf32>
// CHECK-NOT: tmb_copy_nd
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> (tensor<8x4xf32> {onnx.name = "y"}) {
  %a = nn.unary exp %x : (tensor<4x4xf32>) -> tensor<4x4xf32> loc("a")
  %b = nn.unary tanh %x : (tensor<4x4xf32>) -> tensor<4x4xf32> loc("b")
  %y = nn.concat %a, %b axis = 0 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32> loc("joined")
  return %y : tensor<8x4xf32>
}

// -----

// Slices are read where they are. What only the first one needs dies with it: the second result may lie there.
// CHECK-LABEL: mcu.program @model attributes {arena_bytes = 128 : i64, lower_bound = 128 : i64}
// CHECK: %[[X:.*]] = mcu.buffer "x" input
// CHECK-DAG: mcu.view %[[X]] at 64
// CHECK-NOT: tmb_copy_nd
func.func @main(%x: tensor<8x4xf32> {onnx.name = "x"}) -> (tensor<4xf32> {onnx.name = "y"}) {
  %a = nn.slice %x offsets = [0, 0] sizes = [4, 4] strides = [1, 1] : (tensor<8x4xf32>) -> tensor<4x4xf32> loc("first")
  %b = nn.slice %x offsets = [4, 0] sizes = [4, 4] strides = [1, 1] : (tensor<8x4xf32>) -> tensor<4x4xf32> loc("second")
  %c = nn.unary exp %a : (tensor<4x4xf32>) -> tensor<4x4xf32> loc("c")
  %d = nn.binary add %b, %c : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32> loc("d")
  %y = nn.reduce sum %d axes = [0] : (tensor<4x4xf32>) -> tensor<4xf32> loc("y")
  return %y : tensor<4xf32>
}

// -----

// Along an inner dimension the rows of an operand are apart: copies stay.
// CHECK-LABEL: mcu.program @model
// CHECK: tmb_copy_nd
// CHECK: tmb_copy_nd
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> (tensor<4x8xf32> {onnx.name = "y"}) {
  %a = nn.unary exp %x : (tensor<4x4xf32>) -> tensor<4x4xf32> loc("a")
  %b = nn.unary tanh %x : (tensor<4x4xf32>) -> tensor<4x4xf32> loc("b")
  %y = nn.concat %a, %b axis = 1 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x8xf32> loc("joined")
  return %y : tensor<4x8xf32>
}

// -----

// A buffer cannot be a piece of two others: one copy stays, and of the bytes of the input there is one more.
// CHECK-LABEL: mcu.program @model
// CHECK: tmb_copy_nd
// CHECK: tmb_copy_nd
// CHECK-NOT: tmb_copy_nd
func.func @main(%x: tensor<4x4xf32> {onnx.name = "x"}) -> (tensor<8x4xf32> {onnx.name = "y"}, tensor<8x4xf32> {onnx.name = "z"}) {
  %a = nn.unary exp %x : (tensor<4x4xf32>) -> tensor<4x4xf32> loc("a")
  %y = nn.concat %a, %a axis = 0 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32> loc("y")
  %b = nn.unary tanh %a : (tensor<4x4xf32>) -> tensor<4x4xf32> loc("b")
  %z = nn.concat %b, %a axis = 0 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32> loc("z")
  return %y, %z : tensor<8x4xf32>, tensor<8x4xf32>
}
