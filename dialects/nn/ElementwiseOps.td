// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations that treat each element on its own, with broadcasting.
#ifndef THIMBLE_NN_ELEMENTWISE_OPS
#define THIMBLE_NN_ELEMENTWISE_OPS

include "dialects/nn/NNDialect.td"

def NN_UnaryKind : NN_Enum<"UnaryKind", "function of one element", [
  I32EnumAttrCase<"Relu", 0, "relu">, I32EnumAttrCase<"LeakyRelu", 1, "leaky_relu">, I32EnumAttrCase<"Clamp", 2, "clamp">,
  I32EnumAttrCase<"Sigmoid", 3, "sigmoid">, I32EnumAttrCase<"Tanh", 4, "tanh">,
  I32EnumAttrCase<"HardSigmoid", 5, "hard_sigmoid">, I32EnumAttrCase<"HardSwish", 6, "hard_swish">,
  I32EnumAttrCase<"Exp", 7, "exp">, I32EnumAttrCase<"Log", 8, "log">, I32EnumAttrCase<"Sqrt", 9, "sqrt">,
  I32EnumAttrCase<"Erf", 10, "erf">, I32EnumAttrCase<"Gelu", 11, "gelu">, I32EnumAttrCase<"GeluTanh", 12, "gelu_tanh">,
  I32EnumAttrCase<"Silu", 13, "silu">, I32EnumAttrCase<"Abs", 14, "abs">, I32EnumAttrCase<"Neg", 15, "neg">,
  I32EnumAttrCase<"Reciprocal", 16, "reciprocal">, I32EnumAttrCase<"Floor", 17, "floor">, I32EnumAttrCase<"Ceil", 18, "ceil">,
  I32EnumAttrCase<"Round", 19, "round">, I32EnumAttrCase<"Sign", 20, "sign">, I32EnumAttrCase<"Elu", 21, "elu">,
  I32EnumAttrCase<"Softplus", 22, "softplus">, I32EnumAttrCase<"Sin", 23, "sin">, I32EnumAttrCase<"Cos", 24, "cos">,
  I32EnumAttrCase<"Not", 25, "not">, I32EnumAttrCase<"Asin", 26, "asin">, I32EnumAttrCase<"Acos", 27, "acos">,
  I32EnumAttrCase<"Atan", 28, "atan">, I32EnumAttrCase<"Sinh", 29, "sinh">, I32EnumAttrCase<"Asinh", 30, "asinh">,
  I32EnumAttrCase<"Acosh", 31, "acosh">, I32EnumAttrCase<"Atanh", 32, "atanh">
]>;
def NN_UnaryKindAttr : NN_EnumAttr<NN_UnaryKind, "unary_kind">;

def NN_UnaryOp : NN_ShapedOp<"unary"> {
  let summary = "A function of each element";
  let description = [{
    relu max(x,0); leaky_relu x<0 ? alpha*x : x; clamp min(max(x,alpha),beta); sigmoid 1/(1+exp(-x)); tanh;
    hard_sigmoid min(max(alpha*x+beta,0),1); hard_swish x*min(max(x/6+0.5,0),1); exp; log; sqrt; erf;
    gelu x/2*(1+erf(x/sqrt 2)); gelu_tanh its tanh approximation; silu x*sigmoid(x); abs; neg; reciprocal; floor; ceil;
    round (half to even); sign; elu x<0 ? alpha*(exp(x)-1) : x; softplus log(1+exp(x)); sin; cos; asin; acos; atan;
    sinh; asinh; acosh; atanh; not (of i1). Quantized: clamp of symmetric int16, which keeps the scale.

    ```mlir
    %y = nn.unary leaky_relu %x {alpha = 0.1 : f32} : tensor<4xf32>
    ```
  }];
  let arguments = (ins NN_UnaryKindAttr:$kind, NN_Tensor:$x, DefaultValuedAttr<F32Attr, "0.0f">:$alpha,
                       DefaultValuedAttr<F32Attr, "0.0f">:$beta);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$kind $x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_BinaryKind : NN_Enum<"BinaryKind", "function of two elements", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">, I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Div", 3, "div">, I32EnumAttrCase<"Pow", 4, "pow">, I32EnumAttrCase<"Min", 5, "min">,
  I32EnumAttrCase<"Max", 6, "max">, I32EnumAttrCase<"Mod", 7, "mod">, I32EnumAttrCase<"PRelu", 8, "prelu">,
  I32EnumAttrCase<"And", 9, "and">, I32EnumAttrCase<"Or", 10, "or">, I32EnumAttrCase<"Xor", 11, "xor">,
  I32EnumAttrCase<"BitAnd", 12, "bit_and">, I32EnumAttrCase<"BitOr", 13, "bit_or">, I32EnumAttrCase<"BitXor", 14, "bit_xor">,
  I32EnumAttrCase<"ShiftLeft", 15, "shift_left">, I32EnumAttrCase<"ShiftRight", 16, "shift_right">
]>;
def NN_BinaryKindAttr : NN_EnumAttr<NN_BinaryKind, "binary_kind">;

def NN_BinaryOp : NN_ShapedOp<"binary"> {
  let summary = "A function of pairs of elements, with broadcasting";
  let description = [{
    Shapes broadcast as in NumPy. Integer division truncates; `mod` has the sign of the divisor for integers and of the dividend
    for floats; `prelu` is a<0 ? a*b : a; `and`, `or`, `xor` take i1; `bit_and`, `bit_or`, `bit_xor` and the
    shifts take i64 as 64 unsigned bits, and shifting by 64 or more gives 0. Quantized: add, sub, mul and div on per-tensor int8, with
    `act_min`/`act_max` as a clamp of the real result, min and max on per-tensor int8 of one type; x / 0 saturates. All these and
    prelu on symmetric int16 too.
  }];
  let arguments = (ins NN_BinaryKindAttr:$kind, NN_Tensor:$a, NN_Tensor:$b, OptionalAttr<F32Attr>:$act_min,
                       OptionalAttr<F32Attr>:$act_max);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$kind $a `,` $b attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let extraClassDeclaration = shapedDeclaration # "std::pair<float, float> getAct();";
}

def NN_CompareKind : NN_Enum<"CompareKind", "comparison of two elements", [
  I32EnumAttrCase<"Equal", 0, "equal">, I32EnumAttrCase<"Less", 1, "less">, I32EnumAttrCase<"LessEqual", 2, "less_equal">
]>;
def NN_CompareKindAttr : NN_EnumAttr<NN_CompareKind, "compare_kind">;

def NN_CompareOp : NN_ShapedOp<"compare"> {
  let summary = "Comparison of pairs of elements, with broadcasting; the result is i1";
  let description = "Comparisons with a NaN are false.";
  let arguments = (ins NN_CompareKindAttr:$kind, NN_Tensor:$a, NN_Tensor:$b);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$kind $a `,` $b attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_SelectOp : NN_ShapedOp<"select"> {
  let summary = "condition ? a : b for each element, with broadcasting";
  let description = "The condition is i1; `a` and `b` have the same element type.";
  let arguments = (ins NN_Tensor:$condition, NN_Tensor:$a, NN_Tensor:$b);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$condition `,` $a `,` $b attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_CastOp : NN_Op<"cast", [SameOperandsAndResultShape]> {
  let summary = "Conversion of the element type";
  let description = [{
    float to integer truncates toward zero and saturates; integer to integer keeps the low bits; anything to i1 is x != 0.
  }];
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}

def NN_LookupOp : NN_Op<"lookup"> {
  let summary = "An int8 or int16 function as a table";
  let description = [{
    Of int8: y = table[x + 128] on the stored integers; `table` is a constant of type tensor<256xi8>. Operand and result are
    quantized, or i8 or ui8 as a model's caller sees codes; those of ui8 count as the i8 with the same bits. Of symmetric int16:
    `table` is a constant tensor<(2^k + 1)xi16> of the function at x + 32768 = 0, 2^(16-k), ..., 65536; y is linear in between,
    rounded half up.
  }];
  let arguments = (ins NN_Tensor:$x, TensorOf<[I8, I16]>:$table);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `,` $table attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif
