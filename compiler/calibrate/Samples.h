// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Running a function on samples, with f32 seen from outside whatever the function computes in.
#pragma once

#include "compiler/execute/Executor.h"
#include <functional>

namespace thimble::calibrate {

/// One inference: the bytes of every input, dense and row-major. An input that the function takes as int8 or int16 may be given as
/// f32.
using Sample = std::vector<llvm::ArrayRef<char>>;

/// A function ready to run on samples.
class SampleRunner {
public:
  /// Fails with an error if an operation has no kernel.
  static mlir::FailureOr<SampleRunner> create(mlir::func::FuncOp function);

  /// Fails with an error that names the input if a sample does not fit the function. The states of the function are what the run
  /// before has left; the first one finds zeros.
  mlir::LogicalResult run(const Sample &sample);

  /// The real numbers of an f32, int8 or int16 value after a run; empty for other values.
  std::vector<float> getReals(mlir::Value value) const;
  /// The only element of an i32 or i64 value after a run; nothing for other values.
  std::optional<int64_t> getInteger(mlir::Value value) const;
  /// True if getReals gives the numbers of `value`.
  static bool hasReals(mlir::Value value);

private:
  SampleRunner(mlir::func::FuncOp function, std::unique_ptr<Executor> executor)
      : function(function), executor(std::move(executor)) {}

  mlir::func::FuncOp function;
  std::unique_ptr<Executor> executor;
};

/// Called after each sample with the number of samples done and of all.
using Progress = std::function<void(size_t done, size_t total)>;

} // namespace thimble::calibrate
