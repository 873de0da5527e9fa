// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The dialects that Thimble works with, and all passes and stage pipelines under their command line names.
#pragma once

#include "mlir/IR/DialectRegistry.h"

namespace thimble {

void registerDialects(mlir::DialectRegistry &registry);
void registerPassesAndPipelines();

} // namespace thimble
