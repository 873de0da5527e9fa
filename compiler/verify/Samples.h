// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Samples of a data set as the bytes of a model's inputs, for calibration, evaluation and verification.
#pragma once

#include "compiler/data/TensorFile.h"

namespace thimble {

/// An input (or an output, for expected values) as its caller sees it.
struct SampleInput {
  std::string name; // in the ONNX model
  std::vector<int64_t> shape;
  ElementType type = ElementType::F32;
  /// Of an int8 tensor; 0: plain numbers. With it, numbers become int8 (S8) and int8 data becomes numbers (F32).
  double scale = 0;
  int64_t zeroPoint = 0;

  int64_t getBytes() const;
};

/// sample -> input -> bytes
using Samples = std::vector<std::vector<std::vector<char>>>;

/// Arrays whose first dimension counts samples, one for each input, as the files have them.
struct SampleArrays {
  std::vector<Tensor> arrays; // in the order of the inputs; their first dimension is `count`
  int64_t count = 0;
  std::optional<Tensor> labels; // of a .npz file with an array `labels` or `y`
};

/// Reads samples from `files`, each PATH or INPUT=PATH. An array is one sample if it has an input's shape, else a set of
/// samples: N x shape, or N x the rest of a shape that begins with 1. Which array belongs to which input:
///   INPUT=PATH    the array of the file (of a .npz file, the one called INPUT or the only one)
///   .npz          the array with the input's name; for a single input also `inputs` or `x`, or the only one beside the labels
///   .npy, .pb     the model's only input, or the input whose name a .pb file holds
/// An error names the array, its shape, what was expected and what to do. `what` is "input" or "output" in messages.
llvm::Expected<SampleArrays> readSampleArrays(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs,
                                              TensorProtoReader readProto = nullptr, llvm::StringRef what = "input");

/// The first `limit` samples (0: all) as the inputs want them: numbers converted, quantized to int8 where `scale` is given
/// (sat(floor(x / scale + 0.5) + zeroPoint), NaN becomes the zero point) unless they are int8 already.
llvm::Expected<Samples> convertSamples(const SampleArrays &arrays, llvm::ArrayRef<SampleInput> inputs, int64_t limit = 0);

/// Both in one.
llvm::Expected<Samples> loadSamples(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs, int64_t limit = 0,
                                    TensorProtoReader readProto = nullptr);

/// Class numbers: an integer array of N or N x 1 elements; of a .npz file the array `labels` or `y`, or the only one.
llvm::Expected<std::vector<int64_t>> readLabels(llvm::StringRef path);
llvm::Expected<std::vector<int64_t>> convertLabels(const Tensor &labels, llvm::StringRef path);

} // namespace thimble
