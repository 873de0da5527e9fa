// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The quantization phase as the pipeline and thimble-opt see it.
#pragma once

#include "mlir/Pass/Pass.h"
#include <memory>

namespace mlir {
class OpPassManager;
}

namespace thimble::quantize {

#define GEN_PASS_DECL
#include "passes/quantize/Passes.h.inc"

struct QuantizeOptions {
  bool ioFloat = false; // keep the function's inputs and outputs f32
  bool adopt = false;   // quantize nothing but what the model quantizes itself
};

/// f32 nn operations with `thimble.range` attributes to verified int8.
void buildQuantizePipeline(mlir::OpPassManager &manager, const QuantizeOptions &options = {});

/// Registers the passes of this phase, and the pipeline as `thimble-quantize`.
void registerPasses();

} // namespace thimble::quantize
