// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations that multiply and accumulate: convolutions, fully connected layers, matrix products.
#ifndef THIMBLE_NN_CONVOLUTION_OPS
#define THIMBLE_NN_CONVOLUTION_OPS

include "dialects/nn/NNDialect.td"

def NN_Conv2DOp : NN_ShapedOp<"conv2d"> {
  let summary = "2-D convolution (cross-correlation) with bias and clamp";
  let description = [{
    `x` is NHWC, `weights` are OHWI `[out_c, kernel_h, kernel_w, in_c / groups]`, `bias` is `[out_c]`.
    `pads` are top, left, bottom, right; padding counts as the real value 0. `act_min`/`act_max` clamp the real result.
    1-D convolutions have height 1. With `groups == in_c` this is a depthwise convolution.

    Quantized: `x` and result per-tensor int8 (or both symmetric int16), `weights` symmetric int8 per-tensor or per-channel
    (axis 0), `bias` is `i32` in units of x scale times weight scale of its channel.

    `planar`, which lowering sets where it pays, says that `x` is NCHW. It has to be int8, with one group, three taps in a row,
    dilation 1 and stride 1 or 2 along rows.

    Of i32 (input, weights and result; no bias, no clamp) it is exact modulo 2^32.

    ```mlir
    %y = nn.conv2d %x, %w, %b strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] groups = 1
         : (tensor<1x8x8x3xf32>, tensor<16x3x3x3xf32>, tensor<16xf32>) -> tensor<1x8x8x16xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$weights, Optional<NN_Tensor>:$bias, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, I64Attr:$groups,
                       OptionalAttr<F32Attr>:$act_min, OptionalAttr<F32Attr>:$act_max, UnitAttr:$planar);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $x `,` $weights (`,` $bias^)? `strides` `=` $strides `pads` `=` $pads `dilations` `=` $dilations `groups` `=` $groups
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = shapedDeclaration # [{
    /// The shape of `x` as NHWC.
    ::llvm::SmallVector<int64_t, 4> getImageShape();
    /// True if each input channel is convolved on its own.
    bool isDepthwise();
    /// Multiply-accumulates of one execution.
    int64_t getMacs();
    /// The clamp of the real result; infinities where there is none.
    std::pair<float, float> getAct();
  }];
}

def NN_FullyConnectedOp : NN_ShapedOp<"fully_connected"> {
  let summary = "Matrix product with constant weights, bias and clamp";
  let description = [{
    `x` is `[rows, depth]`, `weights` are `[cols, depth]`, `bias` is `[cols]`, the result is `[rows, cols]`:
    y = clamp(x * weights^T + bias). Quantized as `nn.conv2d`.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$weights, Optional<NN_Tensor>:$bias,
                       OptionalAttr<F32Attr>:$act_min, OptionalAttr<F32Attr>:$act_max);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `,` $weights (`,` $bias^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let extraClassDeclaration = shapedDeclaration # [{
    int64_t getMacs();
    std::pair<float, float> getAct();
  }];
}

def NN_MatMulOp : NN_ShapedOp<"matmul"> {
  let summary = "Batched matrix product of two activations";
  let description = [{
    Both operands have rank 2 or more; leading dimensions broadcast. `transpose_a` and `transpose_b` swap the last two
    dimensions of an operand. Quantized: both operands and the result per-tensor int8, or all
    symmetric int16. Integers of 32 and 64 bits wrap around.
  }];
  let arguments = (ins NN_Tensor:$a, NN_Tensor:$b, UnitAttr:$transpose_a, UnitAttr:$transpose_b);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = shapedDeclaration # "int64_t getMacs();";
}

#endif
