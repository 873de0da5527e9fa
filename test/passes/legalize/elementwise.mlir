// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of elements: names, parameters, and the types in which integers are computed.
// RUN: thimble-opt --thimble-legalize-onnx %s | FileCheck %s

!v = !onnx.value

// Defaults are ONNX's.
// CHECK-LABEL: func.func @parameters(
// CHECK: nn.unary leaky_relu %{{.*}} {alpha = 0.00999999977 : f32}
// CHECK: nn.unary elu %{{.*}} {alpha = 1.000000e+00 : f32}
// CHECK: nn.unary hard_sigmoid %{{.*}} {alpha = 2.000000e-01 : f32, beta = 5.000000e-01 : f32}
// CHECK: nn.unary hard_sigmoid %{{.*}} {alpha = 0.166666672 : f32, beta = 5.000000e-01 : f32}
// CHECK: nn.unary gelu_tanh
// CHECK: nn.unary gelu %
// CHECK: nn.unary hard_swish
func.func @parameters(%x: tensor<4xf32>) -> (!v, !v, !v, !v, !v, !v, !v) {
  %a = onnx.node "LeakyRelu" opset 16 (%x) : (tensor<4xf32>) -> !v
  %b = onnx.node "Elu" opset 7 (%x) : (tensor<4xf32>) -> !v
  %c = onnx.node "HardSigmoid" opset 7 (%x) : (tensor<4xf32>) -> !v
  %d = onnx.node "HardSigmoid" opset 22 (%x) attributes {alpha = 0.166666672 : f32} : (tensor<4xf32>) -> !v
  %e = onnx.node "Gelu" opset 20 (%x) attributes {approximate = "tanh"} : (tensor<4xf32>) -> !v
  %f = onnx.node "Gelu" opset 20 (%x) : (tensor<4xf32>) -> !v
  %g = onnx.node "HardSwish" opset 14 (%x) : (tensor<4xf32>) -> !v
  return %a, %b, %c, %d, %e, %f, %g : !v, !v, !v, !v, !v, !v, !v
}

// Kernels compute integers in 32 and 64 bits.
// CHECK-LABEL: func.func @narrow(
// CHECK: %[[A:.*]] = nn.cast %{{.*}} : (tensor<4xui8>) -> tensor<4xi32>
// CHECK: %[[B:.*]] = nn.cast %{{.*}} : (tensor<1xui8>) -> tensor<1xi32>
// CHECK: %[[Y:.*]] = nn.binary add %[[A]], %[[B]]
// CHECK: nn.cast %[[Y]] : (tensor<4xi32>) -> tensor<4xui8>
// CHECK: nn.compare less %{{.*}}, %{{.*}} : (tensor<1xi64>, tensor<4xi64>) -> tensor<4xi1>
// CHECK: nn.compare equal %{{.*}}, %{{.*}} : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
func.func @narrow(%a: tensor<4xui8>, %b: tensor<1xui8>, %c: tensor<4xui32>, %d: tensor<1xui32>) -> (!v, !v) {
  %y = onnx.node "Add" opset 14 (%a, %b) : (tensor<4xui8>, tensor<1xui8>) -> !v
  %g = onnx.node "Greater" opset 9 (%c, %d) : (tensor<4xui32>, tensor<1xui32>) -> !v
  %e = onnx.node "Equal" opset 11 (%g, %g) : (!v, !v) -> !v
  return %y, %e : !v, !v
}

// CHECK-LABEL: func.func @remainders(
// CHECK: nn.binary mod %{{.*}} : (tensor<4xf32>, tensor<4xf32>)
// CHECK: nn.binary mod %{{.*}} : (tensor<4xi32>, tensor<4xi32>)
// CHECK: %[[Q:.*]] = nn.binary div %[[A:.*]], %[[B:.*]] : (tensor<4xi32>
// CHECK: %[[P:.*]] = nn.binary mul %[[Q]], %[[B]]
// CHECK: nn.binary sub %[[A]], %[[P]]
func.func @remainders(%x: tensor<4xf32>, %i: tensor<4xi32>) -> (!v, !v, !v) {
  %a = onnx.node "Mod" opset 13 (%x, %x) attributes {fmod = 1 : i64} : (tensor<4xf32>, tensor<4xf32>) -> !v
  %b = onnx.node "Mod" opset 13 (%i, %i) : (tensor<4xi32>, tensor<4xi32>) -> !v
  %c = onnx.node "Mod" opset 13 (%i, %i) attributes {fmod = 1 : i64} : (tensor<4xi32>, tensor<4xi32>) -> !v
  return %a, %b, %c : !v, !v, !v
}

// CHECK-LABEL: func.func @lists(
// CHECK-SAME: %[[X:[^:]*]]: tensor<4xf32>
// CHECK: %[[AB:.*]] = nn.binary max
// CHECK: nn.binary max %[[AB]]
// CHECK: nn.binary div %{{.*}}, %{{.*}} : (tensor<2x4xf32>, tensor<f32>)
// CHECK: return %[[X]]
func.func @lists(%a: tensor<4xf32>, %b: tensor<2x4xf32>) -> (!v, !v, !v) {
  %one = onnx.node "Sum" opset 8 (%a) : (tensor<4xf32>) -> !v
  %max = onnx.node "Max" opset 8 (%a, %b, %a) : (tensor<4xf32>, tensor<2x4xf32>, tensor<4xf32>) -> !v
  %mean = onnx.node "Mean" opset 13 (%a, %b) : (tensor<4xf32>, tensor<2x4xf32>) -> !v
  return %one, %max, %mean : !v, !v, !v
}

// CHECK-LABEL: func.func @conversions(
// CHECK: nn.cast %{{.*}} : (tensor<4xf32>) -> tensor<4xi64>
// CHECK: nn.cast %{{.*}} : (tensor<4xf32>) -> tensor<4xi1>
// CHECK: nn.select %{{.*}}, %{{.*}}, %{{.*}} : (tensor<4xi1>, tensor<4xf32>, tensor<4xf32>)
// CHECK: return %{{.*}}, %{{.*}}, %[[X:.*]] : tensor<4xi64>, tensor<4xf32>, tensor<4xf32>
func.func @conversions(%x: tensor<4xf32>) -> (!v, !v, !v) {
  %a = onnx.node "Cast" opset 13 (%x) attributes {to = 7 : i64} : (tensor<4xf32>) -> !v
  %b = onnx.node "Cast" opset 19 (%x) attributes {saturate = 1 : i64, to = 9 : i64} : (tensor<4xf32>) -> !v
  %h = onnx.node "Cast" opset 13 (%x) attributes {to = 10 : i64} : (tensor<4xf32>) -> !v
  %s = onnx.node "Where" opset 16 (%b, %h, %x) : (!v, !v, tensor<4xf32>) -> !v
  return %a, %s, %h : !v, !v, !v
}
