// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Passes of the quantization phase: from float arithmetic to 8-bit integers.
#ifndef THIMBLE_QUANTIZE_PASSES
#define THIMBLE_QUANTIZE_PASSES

include "mlir/Pass/PassBase.td"

def QuantizeToInt8 : Pass<"thimble-quantize-to-int8", "::mlir::ModuleOp"> {
  let summary = "Compute in int8 wherever a kernel does";
  let description = [{
    Rewrites functions of f32 nn operations whose values carry a `thimble.range` (the real numbers that they take, written by
    calibration) to affine int8 arithmetic as of Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference" (CVPR 2018).

    Activations are per-tensor and asymmetric, weights symmetric with one scale an output channel, biases i32. Operations that only
    move elements keep the scale of their operand; what is concatenated gets one scale. An elementwise expression of one tensor, such
    as x * sigmoid(x), becomes a table of 256 entries, whatever the number of its operations.

    An operation without an int8 kernel, or with `thimble.keep_float`, stays in f32 between a `nn.dequantize` and a `nn.quantize`; it gets the attribute
    `thimble.float` and a warning that names its node. A value without a range that needs one is an error.

    What the model quantizes itself (`nn.quantize`, `nn.dequantize`) has the type that the model says, whatever its range, and
    weights that are a grid of codes stay exact: QDQ models compute in integers as their author meant. With `adopt` only this is
    done: values without a type of the model's stay f32, and no ranges are needed.

    How near this is to ONNX Runtime: codes of weights and biases, scales and zero points are the file's (uint8 codes are stored less
    128), a Q/DQ pair is one rounding, and none is merged into another. Convolutions, fully connected layers and matrix products
    round the exact accumulator half up where ONNX Runtime rounds an f32 product half to even; sums have multipliers of 20 bits;
    means round ties to even; functions of one tensor are exact tables; softmax is exact to 2^-16. So every operator is within one
    step of its definition, and differs at all only next to a tie: chains of them are bit-exact in practice (all but 2 of 12,000
    outputs of the quantized keyword spotter, all of the other MLPerf Tiny models). Constants without codes of their own, such as an
    f32 factor between Q and DQ, are rounded to int8. Weights whose zero point gives them codes of nine bits are exact as two bytes,
    at twice the products. int16 and uint16 activations compute in int16 where their zero point is 0 (32768); with another one they
    stay f32 and are reported.

    With `thimble.int16` on an operation its operands and its results are symmetric int16, on an argument that is; reshaping and the
    like hand the width on in both directions. Where widths meet, a requantization stands: from int8 without loss, since the
    scale is 128 times finer. An operation that has no int16 kernel computes in int8 between two of them, with a warning. States of recurrent
    layers that come from outside or go there (an initial state that is not constant, a cell that is used) are int16.

    The function's inputs and outputs become int8, unless `io-float` keeps them f32.
  }];
  let options = [Option<"ioFloat", "io-float", "bool", /*default=*/"false", "Keep inputs and outputs f32">,
                 Option<"adopt", "adopt", "bool", /*default=*/"false", "Quantize nothing but what the model quantizes">];
  let dependentDialects = ["::thimble::nn::NNDialect", "::mlir::quant::QuantizationDialect"];
}

def FoldConversions : Pass<"thimble-quantize-fold-conversions", "::mlir::ModuleOp"> {
  let summary = "Remove conversions between scales that an operation before them can do itself";
  let description = [{
    A conversion to the same scale goes away, quantize(dequantize(x)) becomes a requantization, and a requantization moves into the
    operation that computes its operand if that has no other use: the operation then rounds once, to the final scale. With `exact`
    this last step, which changes numbers, is left out.
  }];
  let options = [Option<"exact", "exact", "bool", /*default=*/"false", "Keep every rounding">];
  let dependentDialects = ["::thimble::nn::NNDialect"];
}

def VerifyQuantized : Pass<"thimble-verify-quantized", "::mlir::ModuleOp"> {
  let summary = "Check that no float arithmetic is left that was not reported";
  let description = [{
    After quantization, operations on f32 are conversions, constants, or carry `thimble.float`, which says that a warning named them.
  }];
}

#endif
