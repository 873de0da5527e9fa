// RUN: thimble-opt %s --split-input-file --verify-diagnostics --thimble-verify-quantized

!a = !quant.uniform<i8:f32, 0.5:0>
func.func @sound(%x: tensor<4xf32>) -> tensor<4xf32> {
  %q = nn.quantize %x : (tensor<4xf32>) -> tensor<4x!a>
  %f = nn.dequantize %q : (tensor<4x!a>) -> tensor<4xf32>
  %e = nn.unary exp %f {thimble.float} : (tensor<4xf32>) -> tensor<4xf32>
  return %e : tensor<4xf32>
}

// -----

func.func @silent(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{computes in f32 after quantization, and no warning said so; it lacks 'thimble.float'}}
  %e = nn.unary exp %x : (tensor<4xf32>) -> tensor<4xf32>
  return %e : tensor<4xf32>
}
