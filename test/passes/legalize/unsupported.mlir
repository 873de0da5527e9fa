// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// All nodes without a handler are listed at once.
// RUN: thimble-opt --thimble-legalize-onnx %s --split-input-file --verify-diagnostics

!v = !onnx.value

// expected-error@+1 {{1 node uses an operator that Thimble does not support: 'a' (ImageDecoder)}}
func.func @one(%x: tensor<2xf32>) -> !v {
  %a = onnx.node "ImageDecoder" opset 20 (%x) : (tensor<2xf32>) -> !v loc("a")
  return %a : !v
}

// -----

!v = !onnx.value

// expected-error@+1 {{3 nodes use operators that Thimble does not support: 'n1' (StringConcat), 'n2' (com.microsoft.FusedMatMul), 'n3' (Mod of operator set 7, supported from 10 on; convert the model to a newer operator set)}}
func.func @several(%x: tensor<2xf32>) -> !v {
  %a = onnx.node "StringConcat" opset 20 (%x) : (tensor<2xf32>) -> !v loc("n1")
  %b = onnx.node "Relu" opset 13 (%a) : (!v) -> !v loc("fine")
  %c = onnx.node "FusedMatMul" of "com.microsoft" opset 1 (%b, %b) : (!v, !v) -> !v loc("n2")
  %d = onnx.node "Mod" opset 7 (%c, %c) : (!v, !v) -> !v loc("n3")
  return %d : !v
}

// -----

!v = !onnx.value

// expected-error-re@+1 {{21 nodes use operators that Thimble does not support: {{.*}}'n20' (Foo), and 1 more}}
func.func @many(%x: tensor<2xf32>) -> !v {
  %1 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n1")
  %2 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n2")
  %3 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n3")
  %4 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n4")
  %5 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n5")
  %6 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n6")
  %7 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n7")
  %8 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n8")
  %9 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n9")
  %10 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n10")
  %11 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n11")
  %12 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n12")
  %13 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n13")
  %14 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n14")
  %15 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n15")
  %16 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n16")
  %17 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n17")
  %18 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n18")
  %19 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n19")
  %20 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n20")
  %21 = onnx.node "Foo" opset 13 (%x) : (tensor<2xf32>) -> !v loc("n21")
  return %21 : !v
}
