// RUN: thimble-opt %s | thimble-opt | FileCheck %s
// RUN: thimble-opt %s --emit-bytecode | thimble-opt | FileCheck %s

!q = !quant.uniform<i8:f32, 5.000000e-01:3>

// CHECK-LABEL: func @network
func.func @network(%x: tensor<1x8x8x2xf32> {onnx.name = "image"}) -> tensor<1x4xf32> {
  // CHECK: nn.constant dense<5.000000e-01> : tensor<4x3x3x2xf32> : tensor<4x3x3x2xf32>
  %w = nn.constant dense<0.5> : tensor<4x3x3x2xf32> : tensor<4x3x3x2xf32>
  // CHECK: nn.conv2d {{.*}} strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1 {act_min = 0.000000e+00 : f32}
  %c = nn.conv2d %x, %w strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1 {act_min = 0.0 : f32}
       : (tensor<1x8x8x2xf32>, tensor<4x3x3x2xf32>) -> tensor<1x8x8x4xf32>
  // CHECK: nn.pool2d max {{.*}} kernel = [2, 2] strides = [2, 2]
  %p = nn.pool2d max %c kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] extra = [0, 0]
       : (tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>
  // CHECK: nn.unary hard_swish
  %u = nn.unary hard_swish %p : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  // CHECK: nn.binary add
  %b = nn.binary add %u, %p : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  // CHECK: nn.reduce mean {{.*}} axes = [1, 2]
  %r = nn.reduce mean %b axes = [1, 2] : (tensor<1x4x4x4xf32>) -> tensor<1x4xf32>
  // CHECK: nn.softmax {{.*}} axis = 1 {log}
  %s = nn.softmax %r axis = 1 {log} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %s : tensor<1x4xf32>
}

// CHECK-LABEL: func @integers
func.func @integers(%x: tensor<2x4x!q>, %i: tensor<3xi64>) -> (tensor<3x4xf32>, tensor<2xi64>) {
  // CHECK: nn.gather {{.*}} axis = 0
  %g = nn.gather %x, %i axis = 0 : (tensor<2x4x!q>, tensor<3xi64>) -> tensor<3x4x!q>
  %d = nn.dequantize %g : (tensor<3x4x!q>) -> tensor<3x4xf32>
  // CHECK: nn.arg max {{.*}} axis = 1
  %a = nn.arg max %x axis = 1 : (tensor<2x4x!q>) -> tensor<2xi64>
  return %d, %a : tensor<3x4xf32>, tensor<2xi64>
}
