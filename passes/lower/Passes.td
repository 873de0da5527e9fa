// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Passes of the lowering phase: from tensor operations to kernel calls on buffers.
#ifndef THIMBLE_LOWER_PASSES
#define THIMBLE_LOWER_PASSES

include "mlir/Pass/PassBase.td"

def RunFrames : Pass<"thimble-lower-run-frames", "::mlir::ModuleOp"> {
  let summary = "Turn a model over a window of frames into one that takes them a few at a time, with state";
  let description = [{
    Walks the time axis of an input through the function. What treats each frame by itself just shrinks. Convolutions and poolings over
    time read a state, which holds as many elements of their operand as their kernels reach back; padding in front is what this
    state begins with (real zeros; the least number for maxima). Recurrent layers make one step and keep their states. Where branches
    come together, the earlier one waits in a state. What needs all frames (global pooling, a flattened window, the last frame) reads a
    state of those that it needs, and its result is that of the window once the window's last frame has come. Until the first element
    of a window has come, elements that padding stands for, and states of recurrent layers, are kept as they are at the start.

    The arguments and results get "thimble.state" (NNStates.h), and those with frames "thimble.frames". Refused with the node's name: what
    looks ahead (right padding, backward layers), and what combines all frames and gives one value for each (softmax over time).
  }];
  let options = [
    Option<"input", "input", "std::string", "\"\"", "ONNX name of the input with frames">,
    Option<"frames", "frames", "int64_t", "0", "Frames of a run; 0: as few as the strides allow">,
    Option<"axis", "axis", "int64_t", "-1", "Dimension of the frames; -1: the only one that is possible">
  ];
  let dependentDialects = ["::thimble::nn::NNDialect"];
}

def FuseAttention : Pass<"thimble-lower-fuse-attention", "::mlir::ModuleOp"> {
  let summary = "Make one operation of scaled dot-product attention";
  let description = [{
    The product of queries and keys, what scales it and adds a constant mask, softmax over the keys and the product with the values
    become one `nn.attention`, if nothing else reads what lies between. Splits, reshapes, transposes and repetitions of heads before
    them (whatever the exporter's way) become places in the tensor from which they take their elements, and heads that are merged
    afterwards are written so at once. In int8 every rounding stays: the result is the same, bit for bit.
  }];
  let dependentDialects = ["::thimble::nn::NNDialect"];
}

def ReadPlanes : Pass<"thimble-lower-read-planes", "::mlir::ModuleOp"> {
  let summary = "Let int8 convolutions of few channels read images in planes";
  let description = [{
    Where nothing but a convolution reads an image that was transposed from planes (NCHW), as images of a model's inputs are, the
    convolution reads the planes itself, which takes no longer, if their channels are few. A conversion to int8 in between stays.
  }];
  let dependentDialects = ["::thimble::nn::NNDialect"];
}

def LowerToMcu : Pass<"thimble-lower-to-mcu", "::mlir::ModuleOp"> {
  let summary = "Turn the function of nn operations into an mcu.program of kernel calls";
  let description = [{
    Each operation becomes the kernel calls that codegen/kernels selects for it; each value becomes a buffer, except that a
    reshape shares its operand's memory. Constants that kernels read become `mcu.constant`s, once for equal bytes. Inputs and
    outputs keep their ONNX names. A result that is also an argument, a constant or another result is copied.
  }];
  let options = [Option<"programName", "name", "std::string", "\"model\"", "Symbol of the program">];
  let dependentDialects = ["::thimble::mcu::McuDialect"];
}

def UpdateStates : Pass<"thimble-lower-update-states", "::thimble::mcu::ProgramOp"> {
  let summary = "Write states in place where nobody reads the old one afterwards, else by a copy at the end";
  let description = [{
    Calls that read a state move before those that write the next one. Where one that writes leads to one that reads, or one call does
    both and its kernel must not, the next state is computed in a temporary and copied at the end, which costs as many bytes of the
    arena.
  }];
  let dependentDialects = ["::thimble::mcu::McuDialect"];
}

#endif
