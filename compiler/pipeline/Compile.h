// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compilation from a model file to a scheduled program, stage by stage.
#pragma once

#include "compiler/calibrate/RangeChoice.h"
#include "compiler/data/Tensor.h"
#include "compiler/import/OnnxImport.h"
#include "compiler/pipeline/Stages.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/mcu/McuDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/lower/Lower.h"
#include "passes/schedule/CopyWeights.h"
#include "passes/schedule/FitRam.h"
#include "passes/schedule/PlaceConstants.h"
#include "passes/schedule/SpillBuffers.h"
#include "llvm/ADT/StringMap.h"
#include <functional>
#include <string>
#include <vector>

namespace thimble {

/// Adopt: int8 where the model itself says so (QDQ and QOperator graphs), float elsewhere.
enum class Quantization { None, Adopt, Int8 };

/// What layers that are not exact enough in int8 run in.
enum class Fallback { Float, Int16 };

/// A layer that does not run in int8, and why.
struct LayerChoice {
  std::string node;
  bool isInt16 = false;                       // else float
  std::string reason;
  std::optional<double> beforeDb, afterDb;    // SQNR of the layer in int8, and in what it runs in now
  int64_t bytes = 0, instructions = 0;        // what int16 costs, estimated; 0 for float
};

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

/// An output whose value is an input's in the next run; ONNX names.
struct StateOption {
  std::string output, input;
};

struct CompileOptions {
  std::string model; // .onnx, .onnxtext; .mlir or .mlirbc with startFrom
  std::string name;  // prefix of symbols
  ImportOptions import;
  std::vector<StateOption> states;
  // By input: what a sequence starts with, one number for all elements or one for each; else zeros.
  llvm::StringMap<Tensor> stateStarts;
  int64_t sequenceLength = 0; // samples after which states start anew, in calibration and measurements; 0: all are one sequence
  Quantization quantization = Quantization::None;
  std::vector<std::string> calibration; // data files
  calibrate::RangeMethod rangeMethod = calibrate::RangeMethod::Auto;
  double percentile = 99.99;            // of RangeMethod::Percentile
  double leastSqnrDb = 10;              // layers of int8 that are less exact run in what fallback says
  Fallback fallback = Fallback::Float;
  bool int16Activations = false;           // everywhere
  bool autoActivations = false;            // where the outputs gain most for each byte
  std::vector<std::string> int16Layers;    // names of nodes and inputs, with * and ?
  std::vector<std::string> floatLayers;    // names of nodes, with * and ?
  int64_t calibrationSamples = 100;     // at most; the rest of the file is held out
  std::vector<std::string> evaluation;  // data files for the held-out measurement
  std::string labels;
  bool ioFloat = false; // float inputs and outputs of a quantized model
  bool nhwcIo = false;
  bool fusesAttention = true; // attention row by row, else with matrices of scores
  std::optional<lower::FrameOptions> frames; // the program takes a few frames of the model's window at a time
  bool fusesAdditions = true; // residuals within int8 convolutions: Target::fusesAdditions
  int64_t alignment = 16; // of the arena
  bool showsFront = false; // plan executions that need less RAM, too, for the report
  bool feedsRows = false; // the first input is never whole in memory: the caller feeds its rows
  std::optional<uint64_t> ramBudget; // bytes; what the plain program exceeds, streaming over rows may save
  std::optional<uint64_t> externalRamBudget; // bytes; what ramBudget has no room for goes there
  int64_t externalRamSlowdown = 1; // times that a byte takes there of one in RAM
  std::vector<schedule::PlaceRule> weightsIn; // where constants lie; those in RAM take their part of the budget
  Stage startFrom = Stage::Import;
  Stage stopAfter = Stage::Schedule;
  std::string dumpDirectory; // the IR after each stage is written here
  std::function<void(llvm::StringRef what, int64_t done, int64_t total)> progress;
};

struct Compilation {
  mlir::OwningOpRef<mlir::ModuleOp> module;    // after the last stage
  mlir::OwningOpRef<mlir::ModuleOp> reference; // the float model after simplification; null if the start was later
  std::optional<HeldOutResult> heldOut;
  std::vector<LayerChoice> layerChoices; // layers that --least-sqnr and --activations take out of int8
  schedule::RamSearch ramSearch; // what was planned for ramBudget; only after the stage Schedule
  std::vector<schedule::SpilledBuffer> spilled; // to external RAM

  /// The scheduled program; only after the stage Schedule.
  mcu::ProgramOp getProgram() const;
};

/// Runs the stages. Errors are diagnostics of the context; then the result is null.
std::unique_ptr<Compilation> compile(mlir::MLIRContext *context, const CompileOptions &options);

} // namespace thimble
