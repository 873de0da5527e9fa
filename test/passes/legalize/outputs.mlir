// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The types that the file declares for its outputs are checked.
// RUN: thimble-opt --thimble-legalize-onnx %s --split-input-file --verify-diagnostics | FileCheck %s

!v = !onnx.value

func.func @shape(%x: tensor<1x12xf32>) -> (!v {onnx.name = "y", onnx.type = tensor<1x10xf32>}) {
  // expected-error@+1 {{the file declares output 'y' as 1x10, but the operators give 1x12}}
  %y = onnx.node "Relu" opset 13 (%x) : (tensor<1x12xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

func.func @rank(%x: tensor<1x12xf32>) -> (!v {onnx.name = "y", onnx.type = tensor<12xf32>}) {
  // expected-error@+1 {{the file declares output 'y' as 12, but the operators give 1x12}}
  %y = onnx.node "Relu" opset 13 (%x) : (tensor<1x12xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

func.func @element(%x: tensor<1x12xf32>) -> (!v {onnx.name = "y", onnx.type = tensor<1x12xi64>}) {
  // expected-error@+1 {{the file declares output 'y' with elements of type 'i64', but the operators give 'f32'}}
  %y = onnx.node "Relu" opset 13 (%x) : (tensor<1x12xf32>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// Floats of 16 bits are stored as such at inputs and outputs, and computed in f32.
// CHECK-LABEL: func.func @half(
// CHECK: %[[X:.*]] = nn.cast %{{.*}} : (tensor<1x12xf16>) -> tensor<1x12xf32>
// CHECK: %[[Y:.*]] = nn.unary relu %[[X]]
// CHECK: nn.cast %[[Y]] : (tensor<1x12xf32>) -> tensor<1x12xbf16>
func.func @half(%x: tensor<1x12xf16>) -> (!v {onnx.name = "y", onnx.type = tensor<1x12xbf16>}) {
  %y = onnx.node "Relu" opset 13 (%x) : (tensor<1x12xf16>) -> !v
  return %y : !v
}

// -----

!v = !onnx.value

// Open dimensions are filled in; names stay, the declared type goes; an input may be an output.
// CHECK-LABEL: func.func @open(
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x12xf32> {onnx.name = "x"}) -> (tensor<2x12xf32> {onnx.name = "y"}, tensor<2x12xf32> {onnx.name = "same"})
// CHECK: return %{{.*}}, %[[X]] : tensor<2x12xf32>, tensor<2x12xf32>
func.func @open(%x: tensor<2x12xf32> {onnx.name = "x"}) -> (!v {onnx.name = "y", onnx.type = tensor<?x12xf32>}, tensor<2x12xf32> {onnx.name = "same"}) {
  %y = onnx.node "Relu" opset 13 (%x) : (tensor<2x12xf32>) -> !v
  return %y, %x : !v, tensor<2x12xf32>
}
