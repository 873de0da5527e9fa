// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Verifier passes, one for each boundary between phases.
#pragma once

#include "mlir/Pass/Pass.h"
#include <memory>

namespace thimble::verify {

#define GEN_PASS_DECL
#include "passes/verify/Passes.h.inc"

/// Registers the passes of this folder.
void registerPasses();

} // namespace thimble::verify
