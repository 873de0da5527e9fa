// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Registration of the pack dialect and the code that TableGen wrote for it.
#include "dialects/pack/PackDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/pack/PackDialect.cpp.inc"
#include "dialects/pack/PackInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/pack/PackAttrs.cpp.inc"

using namespace thimble::pack;

void PackDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/pack/PackAttrs.cpp.inc"
      >();
}
