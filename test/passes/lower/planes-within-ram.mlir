// RUN: thimble compile %s --start-from lower --name net --target cortex-m4 --ram 64K --stop-after schedule | FileCheck %s
// RUN: thimble compile %s --start-from lower --name net --target cortex-m4 --ram 4550 --stop-after schedule | FileCheck %s --check-prefix=PIXELS

// The convolution reads planes, unless only pixels, which its results can overwrite row by row, fit.
// CHECK: mcu.call "tmb_conv2d_planes_s8"
// PIXELS: mcu.call "tmb_transpose"
// PIXELS-NOT: call "tmb_conv2d_planes_s8"
!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8<-127:127>:f32, 0.25>
func.func @main(%x: tensor<1x3x32x32x!x> {onnx.name = "x"}) -> (tensor<1x32x32x1x!x> {onnx.name = "y"}) {
  %c = nn.constant dense<1> : tensor<4x3x3x3xi8> : tensor<4x3x3x3x!w>
  %d = nn.constant dense<2> : tensor<1x1x1x4xi8> : tensor<1x1x1x4x!w>
  %t = nn.transpose %x permutation = [0, 2, 3, 1] : (tensor<1x3x32x32x!x>) -> tensor<1x32x32x3x!x>
  %a = nn.conv2d %t, %c strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
    : (tensor<1x32x32x3x!x>, tensor<4x3x3x3x!w>) -> tensor<1x32x32x4x!x> loc("first")
  %y = nn.conv2d %a, %d strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
    : (tensor<1x32x32x4x!x>, tensor<1x1x1x4x!w>) -> tensor<1x32x32x1x!x> loc("second")
  return %y : tensor<1x32x32x1x!x>
}
