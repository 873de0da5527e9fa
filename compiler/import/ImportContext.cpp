// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Emitting the diagnostics of an import.
#include "compiler/import/ImportContext.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace thimble;

ImportContext::~ImportContext() {
  if (errors > maxErrors)
    emitError(UnknownLoc::get(context)) << "and " << errors - maxErrors << " more errors";
}

void ImportContext::error(Location loc, const llvm::Twine &message) {
  if (++errors <= maxErrors)
    emitError(loc) << message;
}

void ImportContext::warning(const llvm::Twine &message) { emitWarning(UnknownLoc::get(context)) << message; }

void ImportContext::remark(const llvm::Twine &message) { emitRemark(UnknownLoc::get(context)) << message; }
