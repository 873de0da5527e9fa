// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations of signal processing and linear algebra that are no network layers.
#ifndef THIMBLE_NN_SIGNAL_OPS
#define THIMBLE_NN_SIGNAL_OPS

include "dialects/nn/NNDialect.td"

def NN_CumSumOp : NN_ShapedOp<"cumsum"> {
  let summary = "Sums of all elements up to each one along an axis (ONNX CumSum)";
  let description = [{
    `axis` is i64 [1], negative ones count from the end; what is out of range is clamped. `exclusive` leaves the element itself
    out, `reverse` sums from the end. Elements are f32, i32 or i64 (integers wrap around).
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `,` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_DetOp : NN_ShapedOp<"det"> {
  let summary = "Determinants of square matrices (ONNX Det)";
  let description = "x is f32 [..., n, n] and the result [...].";
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_DftOp : NN_ShapedOp<"dft"> {
  let summary = "Discrete Fourier transform along an axis (ONNX DFT)";
  let description = [{
    x is f32 [..., 1] (real) or [..., 2] (real and imaginary part); the result is [..., 2] with `bins` elements along `axis`.
    The signal is cut or padded with zeros to `length`: y[k] = sum over n of x[n] * exp(-2 pi i k n / length), k < bins. `inverse`
    changes the sign of the exponent and divides by the length.
  }];
  let arguments = (ins NN_Tensor:$x, I64Attr:$axis, I64Attr:$length, I64Attr:$bins, UnitAttr:$inverse);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $x `axis` `=` $axis `length` `=` $length `bins` `=` $bins attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def NN_FramesOp : NN_ShapedOp<"frames"> {
  let summary = "Overlapping parts of a signal";
  let description = [{
    Dimension `axis` of x becomes two: `count` frames of `length` elements each, which start every `step` elements.
  }];
  let arguments = (ins NN_Tensor:$x, I64Attr:$axis, I64Attr:$count, I64Attr:$length, I64Attr:$step);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $x `axis` `=` $axis `count` `=` $count `length` `=` $length `step` `=` $step attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def NN_CountNGramsOp : NN_Op<"count_ngrams"> {
  let summary = "How often each of a list of n-grams occurs in each row (ONNX TfIdfVectorizer)";
  let description = [{
    x is i64 [rows, cols], the result f32 [rows, size]. `grams` is i32 [count, 3]: the length of an n-gram, its first position in
    `pool` (i64), its column in the result. Elements of an n-gram stand 1, 2, ... `max_skip` + 1 positions apart (n-grams of one
    element count once).
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$pool, NN_Tensor:$grams, I64Attr:$max_skip);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `,` $pool `,` $grams `max_skip` `=` $max_skip attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif
