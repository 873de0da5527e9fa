// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inputs and outputs of a model as the readers of data files describe them.
#pragma once

#include "compiler/verify/Samples.h"
#include "dialects/mcu/McuDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace thimble {

/// The inputs or outputs of a function of nn operations, by their ONNX names.
std::vector<SampleInput> describeInputs(mlir::func::FuncOp function);
std::vector<SampleInput> describeOutputs(mlir::func::FuncOp function);

} // namespace thimble
