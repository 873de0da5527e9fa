// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Passes of the simplification phase: the same function of f32 tensors, with fewer operations.
#ifndef THIMBLE_SIMPLIFY_PASSES
#define THIMBLE_SIMPLIFY_PASSES

include "mlir/Pass/PassBase.td"

class Simplify<string verb> : Pass<"thimble-simplify-" # verb, "::mlir::func::FuncOp"> {
  let dependentDialects = ["::thimble::nn::NNDialect"];
}

def FoldConstants : Simplify<"fold-constants"> {
  let summary = "Compute operations whose operands are all constants";
  let description = [{
    The runtime's own kernels compute them, so that a folded result is the one that the device would have computed. A
    broadcast that makes a constant much larger is kept if all its users can broadcast themselves.
  }];
}

def RemoveNoOps : Simplify<"remove-no-ops"> {
  let summary = "Remove operations that change nothing, and spell the others in the simplest way";
  let description = [{
    x + 0, x * 1, x - 0, x / 1, pow(x, 1), casts there and back, relu of what is never negative, clamps that do not clamp,
    poolings of one element, reductions of dimensions of size 1, double negation, concatenations of one operand, a broadcast
    in front of an operation that broadcasts itself. max(x, c), min(x, c) and chains of clamps become one clamp or relu. An
    interval analysis decides what is never negative.
  }];
}

def RecognizeComposites : Simplify<"recognize-composites"> {
  let summary = "Recognize functions that exporters spell out";
  let description = [{
    GELU (erf and tanh), SiLU, sigmoid, softplus, hard swish, hard sigmoid, leaky ReLU, layer normalization, softmax and its
    logarithm, in the orders and variants in which PyTorch, TensorFlow and ONNX Runtime write them. The arguments are compared
    as polynomials, so that the order of factors and terms does not matter; constants match within 1e-4. An inner value that
    is also used elsewhere is not computed twice: the pattern then does not apply.
  }];
}

def PropagateTransposes : Simplify<"propagate-transposes"> {
  let summary = "Choose the dimension order of every value so that the fewest bytes are transposed";
  let description = [{
    Most operations compute on any order of dimensions if their axes and constants are permuted with them. For each of these
    the pass knows the order that would make transposes next to it disappear, and chooses between this and the present order
    by a minimum cut of the graph, where an edge costs the bytes that have to be transposed if both its ends choose
    differently. A round is applied only if it makes the sum of these bytes smaller, so the pass ends, and never adds a
    transpose where another is not saved.

    Transposes that move only dimensions of size 1 become reshapes. A transpose in front of `nn.matmul`, or in front of a
    reshape that flattens for `nn.fully_connected`, disappears in the operation or its weights. Where costs are equal,
    transposes go to the function's inputs and outputs.
  }];
}

def SinkReshapes : Simplify<"sink-reshapes"> {
  let summary = "Move reshapes behind elementwise operations";
  let description = [{
    A reshape costs nothing, but it keeps an operation from being fused with the one that computes its operand, as the
    addition of a bias behind a matrix product of a 3-D tensor. Constants are reshaped instead.
  }];
}

def FoldPadding : Simplify<"fold-padding"> {
  let summary = "Fold pads of height and width into convolutions and poolings";
  let description = [{
    Zeros in front of a convolution or an average pooling; in front of a max pooling, what never wins: minus infinity, or a
    value that is not above the smallest that the input can take, where no window lies in the padding alone.
  }];
}

def FoldLinear : Simplify<"fold-linear"> {
  let summary = "Fold additions and multiplications of constants into neighbouring weights";
  let description = [{
    Chains of +, -, *, / with a constant for each channel, behind or in front of a convolution, a fully connected layer or a
    layer normalization, become part of its weights and bias: batch normalization disappears. An addition in front of a
    convolution needs one without padding. Several layers that read the same result take it if all of them can. Elsewhere a
    chain becomes one multiplication and one addition. Everything is computed in double and rounded once.
    A number by which an operand of a matrix product is multiplied goes behind it if softmax follows: the scale of attention.
  }];
}

def FuseActivations : Simplify<"fuse-activations"> {
  let summary = "Turn relu and clamp into the clamp of the operation that computes their operand";
  let description = [{
    Of convolutions, fully connected layers, additions, subtractions and multiplications without other users. A max pooling in
    between does not matter, since it commutes with a clamp.
  }];
}

def ChangeIoLayout : Simplify<"change-io-layout"> {
  let summary = "Make 4-D inputs and outputs of the function NHWC";
  let description = [{
    Of inputs that are only transposed from NCHW to NHWC, and of outputs that are the result of the inverse. They get
    `thimble.layout = "nhwc"`; their other attributes stay. A warning names 4-D inputs and outputs that are used in another
    order.
  }];
}

def SplitStates : Simplify<"split-states"> {
  let summary = "Check states, and turn those that are put together only to be taken apart into their parts";
  let description = [{
    An argument with `thimble.state` and its result must have one type. Nobody sees how a state lies in memory: where the result is a
    concatenation and the argument is only read by slices of its parts (the layers of a KV cache, hidden and cell state of an LSTM in
    one tensor), each part becomes a state of its own, which a kernel can read and write in place. Transposes and reshapes in front
    of that disappear.
  }];
}

#endif
