// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The quantization stage: calibrate, rewrite, and measure on samples that were held out.
#pragma once

#include "compiler/pipeline/Compile.h"

namespace thimble {

/// Quantizes compilation.module, whose float form is compilation.reference. Fills compilation.heldOut if there are samples for it.
mlir::LogicalResult quantizeStage(Compilation &compilation, const CompileOptions &options);

} // namespace thimble
