// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compilation from a model file to a scheduled program, stage by stage.
#pragma once

#include "compiler/import/OnnxImport.h"
#include "compiler/pipeline/Stages.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/mcu/McuDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <functional>
#include <string>
#include <vector>

namespace thimble {

enum class Quantization { None, Int8 };

/// What is measured on samples that took no part in the calibration.
struct HeldOutResult {
  int64_t samples = 0;
  double outputSqnrDb = 0; // of the quantized outputs against float
  bool hasLabels = false;
  double floatAccuracy = 0, compiledAccuracy = 0; // shares of right answers
  struct Layer {
    std::string node, op;
    double sqnrDb;
  };
  std::vector<Layer> layers;
};

struct CompileOptions {
  std::string model; // .onnx, .onnxtext; .mlir or .mlirbc with startFrom
  std::string name;  // prefix of symbols
  ImportOptions import;
  Quantization quantization = Quantization::None;
  std::vector<std::string> calibration; // data files
  int64_t calibrationSamples = 100;     // at most; the rest of the file is held out
  std::vector<std::string> evaluation;  // data files for the held-out measurement
  std::string labels;
  bool ioFloat = false; // float inputs and outputs of a quantized model
  bool nhwcIo = false;
  int64_t alignment = 16; // of the arena
  Stage startFrom = Stage::Import;
  Stage stopAfter = Stage::Schedule;
  std::string dumpDirectory; // the IR after each stage is written here
  std::function<void(llvm::StringRef what, int64_t done, int64_t total)> progress;
};

struct Compilation {
  mlir::OwningOpRef<mlir::ModuleOp> module;    // after the last stage
  mlir::OwningOpRef<mlir::ModuleOp> reference; // the float model after simplification; null if the start was later
  std::optional<HeldOutResult> heldOut;

  /// The scheduled program; only after the stage Schedule.
  mcu::ProgramOp getProgram() const;
};

/// Runs the stages. Errors are diagnostics of the context; then the result is null.
std::unique_ptr<Compilation> compile(mlir::MLIRContext *context, const CompileOptions &options);

} // namespace thimble
