func.func @main(%x: tensor<4xi32> {onnx.name = "x"}) -> (tensor<4xi32> {onnx.name = "y"}) {
  %y = nn.unary relu %x : (tensor<4xi32>) -> tensor<4xi32> loc("layer1/the_relu")
  return %y : tensor<4xi32>
}
