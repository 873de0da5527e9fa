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

// CHECK-LABEL: func @indexing
func.func @indexing(%x: tensor<2x4xf32>, %i: tensor<2x4xi64>, %t: tensor<3x1xi64>, %u: tensor<3x4xf32>, %n: tensor<2xi64>) {
  // CHECK: nn.gather_elements {{.*}} axis = 1
  %a = nn.gather_elements %x, %i axis = 1 : (tensor<2x4xf32>, tensor<2x4xi64>) -> tensor<2x4xf32>
  // CHECK: nn.gather_nd {{.*}} batch_dims = 0
  %b = nn.gather_nd %x, %t batch_dims = 0 : (tensor<2x4xf32>, tensor<3x1xi64>) -> tensor<3x4xf32>
  // CHECK: nn.scatter_elements add
  %c = nn.scatter_elements add %x, %i, %a axis = 0 : (tensor<2x4xf32>, tensor<2x4xi64>, tensor<2x4xf32>) -> tensor<2x4xf32>
  // CHECK: nn.scatter_nd replace
  %d = nn.scatter_nd replace %x, %t, %u : (tensor<2x4xf32>, tensor<3x1xi64>, tensor<3x4xf32>) -> tensor<2x4xf32>
  // CHECK: nn.top_k {{.*}} axis = 1 {smallest}
  %e:2 = nn.top_k %x axis = 1 {smallest} : (tensor<2x4xf32>) -> (tensor<2x3xf32>, tensor<2x3xi64>)
  // CHECK: nn.unique {{.*}} axis = 0 {sorted}
  %f:4 = nn.unique %x axis = 0 {sorted} : (tensor<2x4xf32>) -> (tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<1xi64>)
  // CHECK: nn.reverse_sequence {{.*}} time_axis = 1
  %g = nn.reverse_sequence %x, %n time_axis = 1 : (tensor<2x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return
}

// CHECK-LABEL: func @signals
func.func @signals(%x: tensor<1x8x1xf32>, %axis: tensor<1xi64>, %m: tensor<2x3x3xf32>) {
  // CHECK: nn.frames {{.*}} axis = 1 count = 3 length = 4 step = 2
  %f = nn.frames %x axis = 1 count = 3 length = 4 step = 2 : (tensor<1x8x1xf32>) -> tensor<1x3x4x1xf32>
  // CHECK: nn.dft {{.*}} axis = 2 length = 4 bins = 3
  %d = nn.dft %f axis = 2 length = 4 bins = 3 : (tensor<1x3x4x1xf32>) -> tensor<1x3x3x2xf32>
  // CHECK: nn.cumsum {{.*}} {exclusive, reverse}
  %c = nn.cumsum %x, %axis {exclusive, reverse} : (tensor<1x8x1xf32>, tensor<1xi64>) -> tensor<1x8x1xf32>
  // CHECK: nn.det
  %e = nn.det %m : (tensor<2x3x3xf32>) -> tensor<2xf32>
  return
}
