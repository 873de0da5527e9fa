// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Roots of elementwise expressions, and their evaluation in f32.
#include "passes/quantize/ElementwiseFusion.h"
#include "codegen/kernels/KernelCall.h"
#include "compiler/execute/Executor.h"
#include "compiler/support/Constants.h"
#include "mlir/IR/IRMapping.h"
#include "passes/quantize/Range.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

static bool isScalarConstant(Value value) {
  return isa_and_nonnull<nn::ConstantOp>(value.getDefiningOp()) &&
         cast<RankedTensorType>(value.getType()).getNumElements() == 1;
}

// What shall run in float has no table.
static bool isElementwise(Operation *op) {
  return isa<nn::UnaryOp, nn::BinaryOp, nn::CompareOp, nn::SelectOp, nn::CastOp>(op) && !op->hasAttr(keepFloatAttrName);
}

// Values outside of any expression are their own root.
static Value lookup(const llvm::DenseMap<Value, Value> &map, Value value) {
  auto found = map.find(value);
  return found == map.end() ? value : found->second;
}

Value ElementwiseFusion::findDeepRoot(Operation *op) const {
  Value root;
  for (Value operand : op->getOperands()) {
    if (isScalarConstant(operand))
      continue;
    Value candidate = lookup(deepRoots, operand);
    if (root && candidate != root)
      return {};
    root = candidate;
  }
  if (!root || !isFloat(root) || shapeOf(root) != shapeOf(op->getResult(0)))
    return {};
  // Results of operations with several of them have no int8 form, from which a table could start, but for recurrent layers.
  Operation *producer = root.getDefiningOp();
  if (producer && producer->getNumResults() != 1 && !isa<nn::GruOp, nn::LstmOp>(producer))
    return {};
  return root;
}

Value ElementwiseFusion::findRoot(Operation *op) const {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    if (!isScalarConstant(operand) && !llvm::is_contained(operands, operand))
      operands.push_back(operand);
  // Of one tensor that is stored anyway: starting from it keeps nothing else alive.
  if (operands.size() == 1 && isFloat(operands[0]) && (!deepRoots.contains(operands[0]) || stored.contains(operands[0])))
    return operands[0];
  return operands.size() == 1 ? lookup(roots, operands[0]) : deepRoots.lookup(op->getResult(0));
}

ElementwiseFusion::ElementwiseFusion(func::FuncOp function) {
  SmallVector<Operation *> expressions;
  for (Operation &op : function.getBody().front()) {
    if (!isElementwise(&op) || !kernels::hasKernel(&op))
      continue;
    if (Value root = findDeepRoot(&op)) {
      deepRoots[op.getResult(0)] = root;
      expressions.push_back(&op);
    }
  }
  for (Operation *op : expressions)
    for (Operation *user : op->getUsers())
      if (user->getNumResults() != 1 || !deepRoots.contains(user->getResult(0)))
        stored.insert(op->getResult(0));
  for (Operation *op : expressions)
    roots[op->getResult(0)] = findRoot(op);
}

Value ElementwiseFusion::getRoot(Value value) const { return lookup(roots, value); }

namespace {
// Copies an expression into a function of its own, over a vector of numbers in place of the root.
struct ExpressionCopier {
  OpBuilder builder;
  int64_t count;
  IRMapping mapping;

  Value copy(Value value) {
    if (Value done = mapping.lookupOrNull(value))
      return done;
    Operation *op = value.getDefiningOp();
    if (auto constant = dyn_cast<nn::ConstantOp>(op)) {
      FailureOr<ConstantData> data = ConstantData::get(value);
      if (failed(data))
        return {};
      auto type = RankedTensorType::get({1}, data->getType().getElementType());
      Value flat = builder.create<nn::ConstantOp>(op->getLoc(), type, makeConstant(type, data->bytes()));
      mapping.map(value, flat);
      return flat;
    }
    for (Value operand : op->getOperands())
      if (!copy(operand))
        return {};
    Operation *clone = builder.clone(*op, mapping);
    Value result = clone->getResult(0);
    result.setType(RankedTensorType::get({count}, cast<RankedTensorType>(value.getType()).getElementType()));
    return result;
  }
};
} // namespace

FailureOr<std::vector<float>> ElementwiseFusion::evaluate(Value value, ArrayRef<float> rootElements) const {
  MLIRContext *context = value.getContext();
  Location loc = value.getLoc();
  auto type = RankedTensorType::get({int64_t(rootElements.size())}, Float32Type::get(context));
  OwningOpRef<func::FuncOp> function(func::FuncOp::create(loc, "expression", FunctionType::get(context, {type}, {type})));
  ExpressionCopier copier{OpBuilder::atBlockBegin(function->addEntryBlock()), type.getDimSize(0), {}};
  copier.mapping.map(getRoot(value), function->getArgument(0));
  Value result = copier.copy(value);
  if (!result)
    return emitError(loc) << "has a constant without data";
  copier.builder.create<func::ReturnOp>(loc, result);
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(*function);
  if (failed(executor))
    return failure();
  (*executor)->run({ArrayRef<char>(reinterpret_cast<const char *>(rootElements.data()), rootElements.size() * sizeof(float))});
  ArrayRef<char> bytes = (*executor)->getOutput(0);
  std::vector<float> numbers(rootElements.size());
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char *>(numbers.data()));
  return numbers;
}
