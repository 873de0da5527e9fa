// RUN: thimble-opt %s --split-input-file --thimble-quantize-to-int8 | FileCheck %s
// RUN: thimble-opt %s --split-input-file --thimble-quantize-to-int8=io-float=1 | FileCheck %s --check-prefix=IO

// A convolution: asymmetric activations, one symmetric weight scale a channel, a bias at the product of scales; the range of the
// result is cut to its clamp. The weights of channel 1 are zero, so it takes the scale that gives its bias 22 bits.

// CHECK-LABEL: @conv(
// CHECK-SAME:    %[[X:.*]]: tensor<1x2x2x1x!quant.uniform<i8:f32, 0.0{{.*}}:-1>>) -> tensor<1x2x2x2x!quant.uniform<i8:f32, 0.0235294{{[0-9]+}}:-128>>
// CHECK-DAG:     %[[W:.*]] = nn.constant dense<{{\[\[\[\[}}127{{\]\]\]}}, {{\[\[\[}}0{{\]\]\]\]}}> : tensor<2x1x1x1xi8> : tensor<2x1x1x1x!quant.uniform<i8<-127:127>:f32:0, {0.00{{[0-9]+}},{{.*}}E-6}>>
// CHECK-DAG:     %[[B:.*]] = nn.constant dense<[8096, -4194304]> : tensor<2xi32>
// CHECK:         %[[Y:.*]] = nn.conv2d %[[X]], %[[W]], %[[B]] {{.*}} {act_max = 6.000000e+00 : f32, act_min = 0.000000e+00 : f32}
// CHECK:         return %[[Y]]
// IO-LABEL:    @conv(
// IO-SAME:       %[[X:.*]]: tensor<1x2x2x1xf32>) -> tensor<1x2x2x2xf32>
// IO:            nn.quantize %[[X]]
// IO:            nn.conv2d
// IO:            %[[Y:.*]] = nn.dequantize
// IO:            return %[[Y]]
func.func @conv(%x: tensor<1x2x2x1xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<1x2x2x2xf32> {
  %w = nn.constant dense<[[[[0.5]]], [[[0.0]]]]> : tensor<2x1x1x1xf32> : tensor<2x1x1x1xf32>
  %b = nn.constant dense<[0.25, -0.25]> : tensor<2xf32> : tensor<2xf32>
  %y = nn.conv2d %x, %w, %b strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 1
       {act_min = 0.0 : f32, act_max = 6.0 : f32, thimble.range = array<f32: -3.0, 8.0>}
       : (tensor<1x2x2x1xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  return %y : tensor<1x2x2x2xf32>
}

// -----

// Operations that only move elements keep the type of their operand, whatever their own range says; indices are left alone.

// CHECK-LABEL: @movement(
// CHECK-SAME:    tensor<2x6x[[T:!quant.uniform<.*>]]>, %{{.*}}: tensor<3xi64>)
// CHECK:         nn.transpose {{.*}} -> tensor<6x2x[[T]]>
// CHECK:         nn.slice {{.*}} -> tensor<4x2x[[T]]>
// CHECK:         nn.gather {{.*}}tensor<3xi64>) -> tensor<3x2x[[T]]>
// CHECK:         nn.pad {{.*}} -> tensor<5x2x[[T]]>
// CHECK:         nn.reduce max {{.*}} -> tensor<5x[[T]]>
func.func @movement(%x: tensor<2x6xf32> {thimble.range = array<f32: -2.0, 2.0>}, %i: tensor<3xi64>) -> tensor<5xf32> {
  %t = nn.transpose %x permutation = [1, 0] {thimble.range = array<f32: -1.0, 1.0>} : (tensor<2x6xf32>) -> tensor<6x2xf32>
  %s = nn.slice %t offsets = [1, 0] sizes = [4, 2] strides = [1, 1] : (tensor<6x2xf32>) -> tensor<4x2xf32>
  %g = nn.gather %s, %i axis = 0 : (tensor<4x2xf32>, tensor<3xi64>) -> tensor<3x2xf32>
  %p = nn.pad constant %g before = [1, 0] after = [1, 0] : (tensor<3x2xf32>) -> tensor<5x2xf32>
  %m = nn.reduce max %p axes = [1] : (tensor<5x2xf32>) -> tensor<5xf32>
  return %m : tensor<5xf32>
}

// -----

// x * sigmoid(x), then leaky relu: one table. Its range is no wider than what the table reaches.

// CHECK-LABEL: @expression(
// CHECK-SAME:    %[[X:.*]]: tensor<4x!quant
// CHECK:         %[[T:.*]] = nn.constant dense_resource<table> : tensor<256xi8>
// CHECK-NEXT:    %[[Y:.*]] = nn.lookup %[[X]], %[[T]]
// CHECK-NEXT:    return %[[Y]] : tensor<4x!quant.uniform<i8:f32, 0.0{{[0-9]+}}:-12{{[0-9]}}>>
func.func @expression(%x: tensor<4xf32> {thimble.range = array<f32: -4.0, 4.0>}) -> tensor<4xf32> {
  %s = nn.unary sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  %m = nn.binary mul %s, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %l = nn.unary leaky_relu %m {alpha = 0.1 : f32, thimble.range = array<f32: -100.0, 100.0>} : (tensor<4xf32>) -> tensor<4xf32>
  return %l : tensor<4xf32>
}

// -----

// A stored intermediate value starts a table of its own: relu is needed as it is, so tanh reads it instead of x.

// CHECK-LABEL: @stored(
// CHECK:         %[[R:.*]] = nn.lookup %{{.*}}
// CHECK:         nn.pool2d max %[[R]]
// CHECK:         nn.lookup %[[R]]
func.func @stored(%x: tensor<1x2x2x1xf32> {thimble.range = array<f32: -4.0, 4.0>}) -> (tensor<1x1x1x1xf32>, tensor<1x2x2x1xf32>) {
  %r = nn.unary relu %x {thimble.range = array<f32: 0.0, 4.0>} : (tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  %p = nn.pool2d max %r kernel = [2, 2] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] extra = [0, 0]
       : (tensor<1x2x2x1xf32>) -> tensor<1x1x1x1xf32>
  %t = nn.unary tanh %r {thimble.range = array<f32: 0.0, 1.0>} : (tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  return %p, %t : tensor<1x1x1x1xf32>, tensor<1x2x2x1xf32>
}

// -----

// The producer of a concatenated value rounds to the common scale at once if nothing else wants its own.

// CHECK-LABEL: @concat(
// CHECK:         %[[A:.*]] = nn.binary add {{.*}} -> tensor<1x4x[[T:!quant.uniform<i8:f32, 0.0313.*>]]>
// CHECK-NEXT:    %[[Q:.*]] = nn.requantize %{{.*}} -> tensor<1x4x[[T]]>
// CHECK-NEXT:    nn.concat %[[A]], %[[Q]] axis = 0 : (tensor<1x4x[[T]]>, tensor<1x4x[[T]]>) -> tensor<2x4x[[T]]>
func.func @concat(%x: tensor<1x4xf32> {thimble.range = array<f32: -1.0, 1.0>},
                  %y: tensor<1x4xf32> {thimble.range = array<f32: -4.0, 4.0>}) -> tensor<2x4xf32> {
  %a = nn.binary add %x, %x {thimble.range = array<f32: -2.0, 2.0>} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %b = nn.binary add %a, %y {thimble.range = array<f32: -4.0, 4.0>} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %c = nn.concat %b, %x axis = 0 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return %c : tensor<2x4xf32>
}

// -----

// A mask of -1e9 saturates in place of spoiling the scale; the other branch keeps its type.

// CHECK-LABEL: @mask(
// CHECK-SAME:    tensor<4xi1>, %[[X:.*]]: tensor<4x[[T:!quant.uniform<.*>]]>)
// CHECK:         nn.constant dense<-128>
// CHECK:         nn.select {{.*}} -> tensor<4x[[T]]>
// CHECK:         nn.softmax {{.*}} -> tensor<4x!quant.uniform<i8:f32, 3.906250e-03:-128>>
func.func @mask(%m: tensor<4xi1>, %x: tensor<4xf32> {thimble.range = array<f32: -4.0, 4.0>}) -> tensor<4xf32> {
  %c = nn.constant dense<-1.0e9> : tensor<1xf32> : tensor<1xf32>
  %s = nn.select %m, %x, %c : (tensor<4xi1>, tensor<4xf32>, tensor<1xf32>) -> tensor<4xf32>
  %y = nn.softmax %s axis = 0 : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// An average over the whole image is a mean, which has a scale of its own; others keep their operand's.

// CHECK-LABEL: @pools(
// CHECK:         nn.pool2d average {{.*}} : (tensor<1x4x4x1x[[T:!quant.uniform<.*>]]>) -> tensor<1x2x2x1x[[T]]>
// CHECK:         nn.reduce mean {{.*}} axes = [1, 2] {keep_dims} : {{.*}} -> tensor<1x1x1x1x!quant.uniform<i8:f32, 7.843{{[0-9]+}}E-4>>
func.func @pools(%x: tensor<1x4x4x1xf32> {thimble.range = array<f32: -1.0, 1.0>}) -> tensor<1x1x1x1xf32> {
  %a = nn.pool2d average %x kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] extra = [0, 0]
       : (tensor<1x4x4x1xf32>) -> tensor<1x2x2x1xf32>
  %g = nn.pool2d average %a kernel = [2, 2] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] extra = [0, 0]
       {thimble.range = array<f32: -0.1, 0.1>} : (tensor<1x2x2x1xf32>) -> tensor<1x1x1x1xf32>
  return %g : tensor<1x1x1x1xf32>
}

// -----

// Division by a constant is multiplication; integers are none of our business; the largest index needs no float.

// CHECK-LABEL: @others(
// CHECK:         nn.binary mul {{.*}} -> tensor<2x4x!quant
// CHECK:         %[[I:.*]] = nn.arg max {{.*}} -> tensor<2xi64>
// CHECK:         nn.binary add %[[I]], %{{.*}} : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
func.func @others(%x: tensor<2x4xf32> {thimble.range = array<f32: -1.0, 1.0>}, %i: tensor<2xi64>) -> tensor<2xi64> {
  %c = nn.constant dense<[1.0, 2.0, 4.0, 8.0]> : tensor<4xf32> : tensor<4xf32>
  %d = nn.binary div %x, %c {thimble.range = array<f32: -1.0, 1.0>} : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %a = nn.arg max %d axis = 1 : (tensor<2x4xf32>) -> tensor<2xi64>
  %s = nn.binary add %a, %i : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %s : tensor<2xi64>
}
