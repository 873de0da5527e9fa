// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Verifiers of the onnx dialect.
#include "dialects/onnx/OnnxDialect.h"
#include "compiler/support/Constants.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::onnx;

LogicalResult NodeOp::verify() {
  if (getOpType().empty())
    return emitOpError("has no operator type");
  if (getOpset() < 1)
    return emitOpError("operator set version must be at least 1, got ") << getOpset();
  DictionaryAttr attributes = getAttrsAttr();
  int64_t graphs = attributes ? llvm::count_if(attributes, [](NamedAttribute a) { return isa<UnitAttr>(a.getValue()); }) : 0;
  if (graphs != int64_t(getBodies().size()))
    return emitOpError("has ") << graphs << " graph attributes but " << getBodies().size() << " bodies";
  return success();
}

LogicalResult ConstantOp::verify() {
  return verifyConstant(getOperation(), getValue(), getOutput().getType());
}
