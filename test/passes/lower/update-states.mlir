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
