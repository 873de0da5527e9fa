// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// C++ face of the pack dialect.
#pragma once

#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/Support/LLVM.h"
#include <vector>

#include "dialects/pack/PackInterfaces.h.inc"

#include "dialects/pack/PackDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/pack/PackAttrs.h.inc"
