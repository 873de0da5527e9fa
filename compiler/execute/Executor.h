// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a model on the host with the portable kernels of the runtime, at nn level or as the scheduled program.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "dialects/nn/NNDialect.h"
#include <memory>

namespace thimble {

/// A model made ready to run. Input and output bytes are dense tensors of the function's or the program's types.
class Executor {
public:
  /// Prepares a function of nn operations. Every value has memory of its own, so that all can be inspected after a run.
  /// Emits an error and fails if an operation has no kernel.
  static mlir::FailureOr<std::unique_ptr<Executor>> create(mlir::func::FuncOp function);
  /// Prepares a scheduled program: buffers lie in one arena and one state at their offsets, exactly as on the device.
  static mlir::FailureOr<std::unique_ptr<Executor>> create(mcu::ProgramOp program);
  ~Executor();

  // Inputs and outputs that are state are not among these.
  size_t getInputCount() const;
  size_t getOutputCount() const;
  size_t getInputBytes(size_t index) const;
  size_t getOutputBytes(size_t index) const;

  /// Runs once. `inputs` must be of the right number and sizes (asserted by the caller through getInputBytes).
  /// The program's arena is filled with a pattern first, so that reading what was never written shows. State lasts from run to run,
  /// within a sequence.
  void run(llvm::ArrayRef<llvm::ArrayRef<char>> inputs);
  /// Begins a sequence: states are again what they start with.
  void reset();
  /// So many runs make a sequence; 0: all do. From the start it is what the function says (nn::sequenceAttrName), for a program 0.
  void setSequenceLength(int64_t length);
  bool hasState() const;
  llvm::ArrayRef<char> getOutput(size_t index) const;

  /// The bytes of any value of the function after a run (nn level only).
  llvm::ArrayRef<char> getValue(mlir::Value value) const;

private:
  struct Implementation;
  explicit Executor(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

/// Computes one nn operation whose operands are all constants, with the runtime's kernels. Fails without a message if an operand
/// is not constant, and with one if no kernel does the operation. Results of more than `maxBytes` are not computed.
mlir::FailureOr<llvm::SmallVector<mlir::ElementsAttr>> evaluate(mlir::Operation *op, int64_t maxBytes = int64_t(1) << 28);

} // namespace thimble
