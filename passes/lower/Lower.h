// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The lowering phase as the pipeline and thimble-opt see it: nn to mcu.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "mlir/Pass/Pass.h"
#include <optional>
#include <string>

namespace thimble::lower {

#define GEN_PASS_DECL
#include "passes/lower/Passes.h.inc"

/// How a model over a window of frames runs frame by frame.
struct FrameOptions {
  std::string input; // its ONNX name
  int64_t frames = 0; // of a run; 0: as few as the strides allow
  int64_t axis = -1; // dimension of the frames; -1: the only one that is possible
};

struct LowerOptions {
  std::string name = "model"; // symbol of the program, prefix of all C symbols
  bool fusesAttention = true; // attention row by row; else with matrices of scores
  std::optional<FrameOptions> frames = std::nullopt;
  bool readsPlanes = true; // convolutions of images in planes
};

void buildLowerPipeline(mlir::OpPassManager &manager, const LowerOptions &options = {});

/// Registers the passes of this phase, and the pipeline as `thimble-lower`.
void registerPasses();

} // namespace thimble::lower
