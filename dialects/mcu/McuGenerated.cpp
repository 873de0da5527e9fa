// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The code that TableGen wrote for the mcu dialect, apart from ours so that ours compiles fast.
#include "dialects/mcu/McuDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/mcu/McuDialect.cpp.inc"
#include "dialects/mcu/McuEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/mcu/McuAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/mcu/McuOps.cpp.inc"

using namespace thimble::mcu;

void McuDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/mcu/McuAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/mcu/McuOps.cpp.inc"
      >();
}
