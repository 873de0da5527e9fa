// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations that combine many elements into one: pooling, reductions, softmax, normalization.
#ifndef THIMBLE_NN_REDUCTION_OPS
#define THIMBLE_NN_REDUCTION_OPS

include "dialects/nn/NNDialect.td"

def NN_PoolKind : NN_Enum<"PoolKind", "kind of pooling", [
  I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Average", 1, "average">
]>;
def NN_PoolKindAttr : NN_EnumAttr<NN_PoolKind, "pool_kind">;

def NN_Pool2DOp : NN_ShapedOp<"pool2d"> {
  let summary = "2-D pooling";
  let description = [{
    `x` is NHWC. `pads` are top, left, bottom, right. The output size is
    floor((in + before + after + extra - dilation * (kernel - 1) - 1) / stride) + 1; `extra` (height, width) is what ONNX's ceil_mode
    lets a last window reach past the padding. Maximum: only positions inside the image take part. Average: divided by the
    positions inside the image, or with `count_include_pad` inside the padded image without `extra`.
    Quantized: per-tensor int8, the result has the scale and zero point of `x`.
  }];
  let arguments = (ins NN_PoolKindAttr:$kind, NN_Tensor:$x, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$extra,
                       UnitAttr:$count_include_pad);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $kind $x `kernel` `=` $kernel `strides` `=` $strides `pads` `=` $pads `dilations` `=` $dilations `extra` `=` $extra
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def NN_ReduceKind : NN_Enum<"ReduceKind", "how elements are combined", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">, I32EnumAttrCase<"Max", 2, "max">,
  I32EnumAttrCase<"Min", 3, "min">, I32EnumAttrCase<"Prod", 4, "prod">, I32EnumAttrCase<"L1", 5, "l1">,
  I32EnumAttrCase<"L2", 6, "l2">, I32EnumAttrCase<"SumSquare", 7, "sum_square">
]>;
def NN_ReduceKindAttr : NN_EnumAttr<NN_ReduceKind, "reduce_kind">;

def NN_ReduceOp : NN_ShapedOp<"reduce"> {
  let summary = "Reduction over dimensions";
  let description = [{
    `axes` are sorted, unique and not negative. With `keep_dims` reduced dimensions stay as 1.
    Quantized: mean and sum of per-tensor int8 or symmetric int16; max with the scale and zero point of `x`.
  }];
  let arguments = (ins NN_ReduceKindAttr:$kind, NN_Tensor:$x, DenseI64ArrayAttr:$axes, UnitAttr:$keep_dims);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$kind $x `axes` `=` $axes attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_ArgKind : NN_Enum<"ArgKind", "which element an arg op looks for", [
  I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Min", 1, "min">
]>;
def NN_ArgKindAttr : NN_EnumAttr<NN_ArgKind, "arg_kind">;

def NN_ArgOp : NN_ShapedOp<"arg"> {
  let summary = "Index of the largest or smallest element along an axis";
  let description = [{
    The result is i64. `select_last` takes the last of equal elements. Quantized input: max of per-tensor int8 or symmetric int16.
  }];
  let arguments = (ins NN_ArgKindAttr:$kind, NN_Tensor:$x, I64Attr:$axis, UnitAttr:$keep_dims, UnitAttr:$select_last);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$kind $x `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_SoftmaxOp : NN_ShapedOp<"softmax"> {
  let summary = "exp(x) / sum exp(x) along an axis, or its logarithm";
  let description = [{
    Quantized (not with `log`): per-tensor int8, the result has scale 1/256 and zero point -128; or symmetric int16, of scale 2^-15.
  }];
  let arguments = (ins NN_Tensor:$x, I64Attr:$axis, UnitAttr:$log);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_LayerNormOp : NN_ShapedOp<"layer_norm"> {
  let summary = "Normalization over the last dimensions";
  let description = [{
    y = (x - mean) / sqrt(variance + epsilon) * scale + bias; mean and (biased) variance are over dimensions from `axis` on.
    `scale` and `bias` have the shape of those dimensions. With `rms`, root-mean-square normalization: the mean is taken for 0.
    Quantized: `x` and result per-tensor int8 or both symmetric int16, `scale` and `bias` constants of f32, which compilation
    turns into integers.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$scale, NN_Tensor:$bias, I64Attr:$axis, F32Attr:$epsilon, UnitAttr:$rms);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `,` $scale `,` $bias `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif
