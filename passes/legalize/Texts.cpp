// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Casts that carry texts.
#include "passes/legalize/Texts.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

static constexpr llvm::StringLiteral tableName = "texts", keysName = "keys";

static Operation *castOf(Value value, llvm::StringRef attribute) {
  auto cast = value ? value.getDefiningOp<UnrealizedConversionCastOp>() : UnrealizedConversionCastOp();
  return cast && cast->hasAttr(attribute) ? cast.getOperation() : nullptr;
}

bool legalize::isText(Value value) { return castOf(value, tableName); }
bool legalize::isMap(Value value) { return castOf(value, keysName); }

Value legalize::carriedBy(Value value) { return value.getDefiningOp()->getOperand(0); }

ArrayAttr legalize::namesAttrOf(Value value) {
  Operation *cast = value.getDefiningOp();
  return cast->getAttrOfType<ArrayAttr>(isText(value) ? tableName : keysName);
}

llvm::SmallVector<llvm::StringRef> legalize::namesOf(Value value) {
  llvm::SmallVector<llvm::StringRef> names;
  for (Attribute name : namesAttrOf(value))
    names.push_back(mlir::cast<StringAttr>(name).getValue());
  return names;
}

static Value makeCast(NodeBinder &node, Value carried, llvm::StringRef attribute, llvm::ArrayRef<llvm::StringRef> names) {
  if (node.hasFailed() || !carried)
    return {};
  OpBuilder &builder = node.getBuilder();
  auto cast =
      builder.create<UnrealizedConversionCastOp>(node.getLoc(), TypeRange(onnx::ValueType::get(builder.getContext())), carried);
  cast->setAttr(attribute, builder.getStrArrayAttr(names));
  return cast.getResult(0);
}

Value legalize::makeTexts(NodeBinder &node, Value index, llvm::ArrayRef<llvm::StringRef> table) {
  if (table.empty()) {
    (void)node.fail("gives texts, but knows none");
    return {};
  }
  return makeCast(node, index, tableName, table);
}

Value legalize::makeMap(NodeBinder &node, Value values, llvm::ArrayRef<llvm::StringRef> keys) {
  return makeCast(node, values, keysName, keys);
}
