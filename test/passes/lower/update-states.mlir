// RUN: thimble-opt %s -split-input-file --pass-pipeline='builtin.module(thimble-lower)' | FileCheck %s

// Who reads the old state comes first; the addition writes in place.
// CHECK-LABEL: mcu.program
// CHECK-DAG: %[[S:.*]] = mcu.buffer "s" state 0 {io =
// CHECK-DAG: %[[T:.*]] = mcu.buffer "t" next_state 0
// CHECK-DAG: %[[X:.*]] = mcu.buffer "x" input 0
// CHECK-DAG: %[[Y:.*]] = mcu.buffer "y" output 0
// CHECK: mcu.call "tmb_mul_f32" ins(%[[S]], %[[X]]) outs(%[[Y]])
// CHECK: mcu.call "tmb_add_f32" ins(%[[S]], %[[X]]) outs(%[[T]])
// CHECK-NOT: mcu.call
func.func @main(%s: tensor<4xf32> {onnx.name = "s", thimble.state = "t"}, %x: tensor<4xf32> {onnx.name = "x"})
    -> (tensor<4xf32> {onnx.name = "t"}, tensor<4xf32> {onnx.name = "y"}) {
  %0 = nn.binary add %s, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = nn.binary mul %s, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// The product reads the old state and the new one: a copy.
// CHECK-LABEL: mcu.program
// CHECK-DAG: %[[S:.*]] = mcu.buffer "s" state 0 {io =
// CHECK-DAG: %[[W:.*]] = mcu.buffer "t" temporary
// CHECK-DAG: %[[T:.*]] = mcu.buffer "t" next_state 0
// CHECK: mcu.call "tmb_add_f32" ins(%[[S]], %{{.*}}) outs(%[[W]])
// CHECK: mcu.call "tmb_mul_f32" ins(%[[S]], %[[W]])
// CHECK: mcu.call "tmb_copy_bytes" ins(%[[W]]) outs(%[[T]])
func.func @main(%s: tensor<4xf32> {onnx.name = "s", thimble.state = "t"}, %x: tensor<4xf32> {onnx.name = "x"})
    -> (tensor<4xf32> {onnx.name = "t"}, tensor<4xf32> {onnx.name = "y"}) {
  %0 = nn.binary add %s, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = nn.binary mul %s, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// What the caller sees as well lies in the arena, and is copied; positions count without states.
// CHECK-LABEL: mcu.program
// CHECK-DAG: %[[Y:.*]] = mcu.buffer "y" output 0
// CHECK-DAG: %[[T:.*]] = mcu.buffer "t" next_state 0
// CHECK: mcu.call "tmb_add_f32" {{.*}} outs(%[[Y]])
// CHECK: mcu.call "tmb_copy_bytes" ins(%[[Y]]) outs(%[[T]])
func.func @main(%s: tensor<4xf32> {onnx.name = "s", thimble.state = "t"}, %x: tensor<4xf32> {onnx.name = "x"})
    -> (tensor<4xf32> {onnx.name = "t"}, tensor<4xf32> {onnx.name = "y"}) {
  %0 = nn.binary add %s, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %0 : tensor<4xf32>, tensor<4xf32>
}

// -----

// A window moves down in its own memory, its producer writes the newest row there, and readers see it there.
// CHECK-LABEL: mcu.program
// CHECK-DAG: %[[S:.*]] = mcu.buffer "s" state 0 {io =
// CHECK-DAG: %[[T:.*]] = mcu.buffer "t" next_state 0
// CHECK-DAG: %[[OLD:.*]] = mcu.view %[[S]] at 16 : memref<3x4xf32> to memref<8xf32>
// CHECK-DAG: %[[KEPT:.*]] = mcu.view %[[T]] : memref<3x4xf32> to memref<8xf32>
// CHECK-DAG: %[[ROW:.*]] = mcu.view %[[T]] at 32 : memref<3x4xf32> to memref<1x4xf32>
// CHECK: mcu.call "tmb_move_down" ins(%[[OLD]]) outs(%[[KEPT]]) {{.*}}overlap = 1
// CHECK-NEXT: mcu.call "tmb_relu_f32" ins(%{{.*}}) outs(%[[ROW]])
// CHECK-NEXT: mcu.call "tmb_reduce_sum_f32" ins(%[[T]])
// CHECK-NOT: mcu.call
func.func @main(%s: tensor<3x4xf32> {onnx.name = "s", thimble.state = "t"}, %x: tensor<1x4xf32> {onnx.name = "x"})
    -> (tensor<3x4xf32> {onnx.name = "t"}, tensor<4xf32> {onnx.name = "y"}) {
  %0 = nn.unary relu %x : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %1 = nn.slice %s offsets = [1, 0] sizes = [2, 4] strides = [1, 1] : (tensor<3x4xf32>) -> tensor<2x4xf32>
  %2 = nn.concat %1, %0 axis = 0 : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<3x4xf32>
  %3 = nn.reduce sum %2 axes = [0] : (tensor<3x4xf32>) -> tensor<4xf32>
  return %2, %3 : tensor<3x4xf32>, tensor<4xf32>
}

// -----

// The new row is made of the old window: it waits in the arena until all have read.
// CHECK-LABEL: mcu.program
// CHECK-DAG: %[[S:.*]] = mcu.buffer "s" state 0 {io =
// CHECK-DAG: %[[T:.*]] = mcu.buffer "t" next_state 0
// CHECK: mcu.call "tmb_reduce_sum_f32" ins(%[[S]]) outs(%[[ROW:[0-9]+]])
// CHECK: mcu.call "tmb_move_down"
// CHECK: mcu.call "tmb_copy_nd" ins(%[[ROW]])
// CHECK-NOT: mcu.call
func.func @main(%s: tensor<3x4xf32> {onnx.name = "s", thimble.state = "t"}) -> (tensor<3x4xf32> {onnx.name = "t"}) {
  %0 = nn.reduce sum %s axes = [0] {keep_dims} : (tensor<3x4xf32>) -> tensor<1x4xf32>
  %1 = nn.slice %s offsets = [1, 0] sizes = [2, 4] strides = [1, 1] : (tensor<3x4xf32>) -> tensor<2x4xf32>
  %2 = nn.concat %1, %0 axis = 0 : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<3x4xf32>
  return %2 : tensor<3x4xf32>
}
