// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constants, and operations that move elements without changing them.
#ifndef THIMBLE_NN_SHAPE_OPS
#define THIMBLE_NN_SHAPE_OPS

include "dialects/nn/NNDialect.td"

def NN_ConstantOp : NN_Op<"constant", [ConstantLike]> {
  let summary = "A constant tensor";
  let description = [{
    `value` has the shape of the result and its element type, or the storage type where the result is quantized.
    Blobs of more than 64 bytes are resources; booleans are stored one byte each.
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$value attr-dict `:` type($y)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_ReshapeOp : NN_Op<"reshape"> {
  let summary = "The same elements in another shape";
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_TransposeOp : NN_ShapedOp<"transpose"> {
  let summary = "Permutation of dimensions: result dimension i is dimension permutation[i] of x";
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `permutation` `=` $permutation attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_ConcatOp : NN_ShapedOp<"concat"> {
  let summary = "Concatenation along an axis";
  let description = "Quantized: all operands have the scale and zero point of the result.";
  let arguments = (ins Variadic<NN_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$inputs `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_SliceOp : NN_ShapedOp<"slice"> {
  let summary = "A strided part of a tensor";
  let description = "Element i of dimension d is element offsets[d] + i * strides[d] of x, i < sizes[d]; strides may be negative.";
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes, DenseI64ArrayAttr:$strides);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $x `offsets` `=` $offsets `sizes` `=` $sizes `strides` `=` $strides attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_GatherOp : NN_ShapedOp<"gather"> {
  let summary = "Slices of x along an axis, chosen by indices";
  let description = [{
    The result has the shape of x with dimension `axis` replaced by the shape of `indices` (i32 or i64). Negative indices count
    from the end. An index out of range is clamped at run time.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$indices, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `,` $indices `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_PadMode : NN_Enum<"PadMode", "what lies outside a tensor", [
  I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Reflect", 1, "reflect">, I32EnumAttrCase<"Edge", 2, "edge">,
  I32EnumAttrCase<"Wrap", 3, "wrap">
]>;
def NN_PadModeAttr : NN_EnumAttr<NN_PadMode, "pad_mode">;

def NN_PadOp : NN_ShapedOp<"pad"> {
  let summary = "A tensor with a border";
  let description = "`before` and `after` are per dimension; negative numbers crop. `value` is the real value of a constant border.";
  let arguments = (ins NN_PadModeAttr:$mode, NN_Tensor:$x, DenseI64ArrayAttr:$before, DenseI64ArrayAttr:$after,
                       DefaultValuedAttr<F64Attr, "0.0">:$value);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$mode $x `before` `=` $before `after` `=` $after attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_BroadcastOp : NN_Op<"broadcast"> {
  let summary = "A tensor repeated to a larger shape, as NumPy broadcasts it";
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_QuantizeOp : NN_Op<"quantize", [SameOperandsAndResultShape]> {
  let summary = "f32 to per-tensor int8 or symmetric int16: sat(floor(x / scale + 1/2) + zero_point)";
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_DequantizeOp : NN_Op<"dequantize", [SameOperandsAndResultShape]> {
  let summary = "per-tensor int8 or symmetric int16 to f32: (q - zero_point) * scale";
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_RequantizeOp : NN_Op<"requantize", [SameOperandsAndResultShape]> {
  let summary = "per-tensor int8 or symmetric int16 to either, of another scale and zero point";
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif
