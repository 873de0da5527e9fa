// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recurrent layers: one direction each, all time steps in one operation.
#ifndef THIMBLE_NN_RECURRENT_OPS
#define THIMBLE_NN_RECURRENT_OPS

include "dialects/nn/NNDialect.td"

def NN_RecurrentActivation : NN_Enum<"RecurrentActivation", "activation function of a recurrent layer", [
  I32EnumAttrCase<"Sigmoid", 0, "sigmoid">, I32EnumAttrCase<"Tanh", 1, "tanh">, I32EnumAttrCase<"Relu", 2, "relu">,
  I32EnumAttrCase<"Affine", 3, "affine">, I32EnumAttrCase<"LeakyRelu", 4, "leaky_relu">,
  I32EnumAttrCase<"ThresholdedRelu", 5, "thresholded_relu">, I32EnumAttrCase<"ScaledTanh", 6, "scaled_tanh">,
  I32EnumAttrCase<"HardSigmoid", 7, "hard_sigmoid">, I32EnumAttrCase<"Elu", 8, "elu">,
  I32EnumAttrCase<"Softsign", 9, "softsign">, I32EnumAttrCase<"Softplus", 10, "softplus">
]>;
def NN_RecurrentActivationAttr : NN_EnumAttr<NN_RecurrentActivation, "recurrent_activation">;
def NN_RecurrentActivations : TypedArrayAttrBase<NN_RecurrentActivationAttr, "list of activation functions">;

// What all recurrent operations share:
// - x is [time, batch, input], states are [batch, hidden], and gate g of the weights is rows [g * hidden, (g + 1) * hidden) of
//   `weights` [gates * hidden, input] and `recurrence` [gates * hidden, hidden]: each row is one inner product.
// - A missing initial state is 0. `lengths` (i32, [batch]) are the time steps that each sequence of the batch has, clamped to
//   [0, time]: steps behind give 0 in y, and the final state is that of the last step.
// - `reverse` runs from the last step of each sequence to the first; y stays in the order of x.
// - y is [time, batch, hidden], or [0, batch, hidden] with `last_only`, where only the final state is wanted.
// - `clip` limits the arguments of the activation functions of the gates to [-clip, clip].
// - `activations` are those of the operator documentation of ONNX, with one element of `alphas` and `betas` for each: affine
//   alpha * x + beta, leaky_relu x < 0 ? alpha * x : x, thresholded_relu x > alpha ? x : 0, scaled_tanh alpha * tanh(beta * x),
//   hard_sigmoid min(max(alpha * x + beta, 0), 1), elu x < 0 ? alpha * (exp(x) - 1) : x, softsign x / (1 + |x|),
//   softplus log(1 + exp(x)).
// - Quantized (gru and lstm, without lengths, activations, clip, peepholes and input_forget): x and states per-tensor int8, y and
//   y_h of scale 1/128 and zero point 0 (or all states symmetric int16, y_h and initial_h of scale 2^-15, y_c and initial_c of
//   2^-11), weights and recurrence symmetric int8 with one scale a row, the bias a constant of f32.
class NN_RecurrentOp<string mnemonic, dag extraOperands, dag extraAttributes, dag allResults>
    : NN_Op<mnemonic, [AttrSizedOperandSegments]> {
  let arguments = !con((ins NN_Tensor:$x, NN_Tensor:$weights, NN_Tensor:$recurrence, NN_Tensor:$bias,
                            Optional<NN_Tensor>:$initial_h), extraOperands,
                       (ins Optional<NN_Tensor>:$lengths, OptionalAttr<NN_RecurrentActivations>:$activations,
                            OptionalAttr<DenseF32ArrayAttr>:$alphas, OptionalAttr<DenseF32ArrayAttr>:$betas,
                            OptionalAttr<F32Attr>:$clip), extraAttributes,
                       (ins UnitAttr:$reverse, UnitAttr:$last_only));
  let results = allResults;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Multiply-accumulates of one execution.
    int64_t getMacs();
  }];
}

def NN_RnnOp : NN_RecurrentOp<"rnn", (ins), (ins), (outs NN_Tensor:$y, NN_Tensor:$y_h)> {
  let summary = "Elman network: h = f(W x + R h + bias)";
  let description = "One activation function, tanh if none is given. `bias` is `[hidden]`.";
  let assemblyFormat = [{
    $x `,` $weights `,` $recurrence `,` $bias (`initial_h` `=` $initial_h^)? (`lengths` `=` $lengths^)?
    attr-dict `:` functional-type(operands, results)
  }];
}

def NN_GruOp : NN_RecurrentOp<"gru", (ins), (ins UnitAttr:$linear_before_reset), (outs NN_Tensor:$y, NN_Tensor:$y_h)> {
  let summary = "Gated recurrent unit";
  let description = [{
    Gates z, r, h in this order; `bias` is `[4 * hidden]`: of z, of r, of h's input part, of h's recurrent part.
    z = f(W_z x + R_z h + b_z), r = f(W_r x + R_r h + b_r), n = g(W_h x + R_h (r * h) + b_h + b_rh), or with
    `linear_before_reset` n = g(W_h x + b_h + r * (R_h h + b_rh)); h' = (1 - z) * n + z * h.
    Two activation functions f, g; sigmoid and tanh if none are given.
  }];
  let assemblyFormat = [{
    $x `,` $weights `,` $recurrence `,` $bias (`initial_h` `=` $initial_h^)? (`lengths` `=` $lengths^)?
    attr-dict `:` functional-type(operands, results)
  }];
}

def NN_LstmOp : NN_RecurrentOp<"lstm", (ins Optional<NN_Tensor>:$initial_c, Optional<NN_Tensor>:$peepholes),
                               (ins UnitAttr:$input_forget), (outs NN_Tensor:$y, NN_Tensor:$y_h, NN_Tensor:$y_c)> {
  let summary = "Long short-term memory";
  let description = [{
    Gates i, o, f, c in this order; `bias` is `[4 * hidden]`, `peepholes` are `[3 * hidden]` of i, o, f.
    i = f(W_i x + R_i h + b_i + P_i * c), f = f(W_f x + R_f h + b_f + P_f * c) or 1 - i with `input_forget`,
    n = g(W_c x + R_c h + b_c), c' = f * c + i * n, o = f(W_o x + R_o h + b_o + P_o * c'), h' = o * h(c').
    Three activation functions f, g, h; sigmoid, tanh and tanh if none are given. `clip` does not apply to c'.
  }];
  let assemblyFormat = [{
    $x `,` $weights `,` $recurrence `,` $bias (`initial_h` `=` $initial_h^)? (`initial_c` `=` $initial_c^)?
    (`peepholes` `=` $peepholes^)? (`lengths` `=` $lengths^)? attr-dict `:` functional-type(operands, results)
  }];
}

#endif
