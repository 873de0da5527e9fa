// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a model's inputs and outputs look like, and what the compiler itself computes for samples.
#pragma once

#include "compiler/verify/Samples.h"
#include "dialects/mcu/McuDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace thimble {

/// The element type that files and callers know `type` as; nothing if there is none.
std::optional<ElementType> getElementType(mlir::Type type);

/// Inputs or outputs of a model, in their order.
struct ModelPorts {
  std::vector<SampleInput> inputs, outputs;
};
/// Without those that are state. Names are those that the importer left as "onnx.name". Types of int8 tensors bring scale and zero point.
llvm::Expected<ModelPorts> describePorts(mlir::func::FuncOp function);
/// As `io` of the buffers has them.
llvm::Expected<ModelPorts> describePorts(mcu::ProgramOp program);

/// For each sample the bytes of all outputs, one after the other.
using SampleOutputs = std::vector<std::vector<char>>;

using ProgressFunction = llvm::function_ref<void(int64_t done, int64_t total)>;

/// Runs the executor on each sample, whose bytes must fit `ports`. Errors of the executor come back in the message. The states of
/// the model last from sample to sample, and start anew after `sequenceLength` of them (0: never).
llvm::Expected<SampleOutputs> runModel(mlir::func::FuncOp function, const ModelPorts &ports, const Samples &samples,
                                       ProgressFunction progress, int64_t sequenceLength = 0);
llvm::Expected<SampleOutputs> runModel(mcu::ProgramOp program, const ModelPorts &ports, const Samples &samples,
                                       ProgressFunction progress, int64_t sequenceLength = 0);

/// The outputs of one sample as real numbers: int8 elements with a scale are dequantized.
std::vector<double> decodeOutputs(llvm::ArrayRef<SampleInput> outputs, llvm::ArrayRef<char> bytes);

} // namespace thimble
