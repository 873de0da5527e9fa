// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-quantize-to-int8: the walk over a function, and what stays in f32.
#include "codegen/kernels/KernelCall.h"
#include "compiler/support/Constants.h"
#include "dialects/nn/NNStates.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/quantize/Quantize.h"
#include "passes/quantize/RewriteInt8.h"
#include "passes/quantize/ScaleSharing.h"
#include <cmath>

using namespace mlir;

namespace thimble::quantize {
#define GEN_PASS_DEF_QUANTIZETOINT8
#include "passes/quantize/Passes.h.inc"
} // namespace thimble::quantize

using namespace thimble;
using namespace thimble::quantize;

namespace {

// Builds a new body beside the old one, which stays intact until the new one is complete.
class FunctionQuantizer {
public:
  FunctionQuantizer(func::FuncOp function, const ElementwiseFusion &fusion, const TypePlan &plan, bool ioFloat, bool adopt)
      : function(function), oldBody(function.getBody().front()), fusion(fusion), builder(function.getContext()),
        forms(fusion, plan, builder), states(nn::getStates(function)), ioFloat(ioFloat), adopt(adopt) {}
  LogicalResult run();

private:
  LogicalResult addArguments();
  LogicalResult quantizeStart(BlockArgument argument, Int8Type element, ShapedType type);
  LogicalResult rewrite(Operation *op);
  LogicalResult rewriteRecurrentLayer(Operation *op);
  LogicalResult keepFloat(Operation *op);
  LogicalResult copy(Operation *op);
  LogicalResult addReturn(Operation *terminator);
  void replaceBody();

  func::FuncOp function;
  Block &oldBody;
  const ElementwiseFusion &fusion;
  OpBuilder builder;
  ValueForms forms;
  llvm::SmallVector<nn::StatePair> states;
  bool ioFloat, adopt;
  Block *newBody = nullptr;
};

bool touchesFloat(Operation *op) { return llvm::any_of(op->getOperands(), isFloat) || llvm::any_of(op->getResults(), isFloat); }

// What a state starts with, in its own units.
LogicalResult FunctionQuantizer::quantizeStart(BlockArgument argument, Int8Type element, ShapedType type) {
  Attribute start = function.getArgAttr(argument.getArgNumber(), nn::stateStartAttrName);
  FailureOr<ConstantData> data = start ? ConstantData::get(start) : FailureOr<ConstantData>();
  if (!start)
    return success();
  if (failed(data))
    return function.emitError("the start of state ") << argument.getArgNumber() << " holds no data";
  std::vector<char> bytes;
  for (float number : data->floats()) {
    double code = std::floor(double(number) / element.getScale() + 0.5) + double(element.getZeroPoint());
    auto integer = int16_t(std::clamp(code, double(element.getStorageTypeMin()), double(element.getStorageTypeMax())));
    bytes.push_back(char(integer));
    if (element.getStorageTypeIntegralWidth() == 16)
      bytes.push_back(char(integer >> 8));
  }
  function.setArgAttr(argument.getArgNumber(), nn::stateStartAttrName, makeConstant(type, bytes, "start"));
  return success();
}

LogicalResult FunctionQuantizer::addArguments() {
  for (BlockArgument argument : oldBody.getArguments()) {
    Type type = argument.getType();
    // Nobody sees the type of a state: its producer decides.
    bool isState = llvm::any_of(states, [&](nn::StatePair state) { return state.argument == argument.getArgNumber(); });
    bool becomesInt8 = isFloat(argument) && (isState ? !forms.getPlan().isFloatState(argument)
                                                     : !ioFloat && (!adopt || forms.getPlan().getType(argument)));
    if (becomesInt8) {
      Int8Type int8 = forms.getPlan().getType(argument);
      if (!int8)
        return function.emitError("input ") << argument.getArgNumber() << " has no calibrated range; run calibration first";
      type = withElement(type, int8);
      if (failed(quantizeStart(argument, int8, cast<ShapedType>(type))))
        return failure();
    }
    Value value = newBody->addArgument(type, argument.getLoc());
    if (becomesInt8)
      forms.setInt8(argument, value);
    else if (isFloat(argument))
      forms.setReal(argument, value);
    else
      forms.setOther(argument, value);
  }
  return success();
}

// Operations without f32, among them int8 ones that the model came with.
LogicalResult FunctionQuantizer::copy(Operation *op) {
  IRMapping mapping;
  for (Value operand : op->getOperands())
    mapping.map(operand, forms.getOther(operand));
  for (auto [from, to] : llvm::zip(op->getResults(), builder.clone(*op, mapping)->getResults()))
    forms.setOther(from, to);
  return success();
}

LogicalResult FunctionQuantizer::keepFloat(Operation *op) {
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    FailureOr<Value> value = isFloat(operand) ? forms.getReal(operand) : FailureOr<Value>(forms.getOther(operand));
    if (failed(value))
      return failure();
    mapping.map(operand, *value);
  }
  Operation *clone = builder.clone(*op, mapping);
  removeNotes(clone);
  clone->setDiscardableAttr(floatAttrName, builder.getUnitAttr());
  for (auto [from, to] : llvm::zip(op->getResults(), clone->getResults()))
    isFloat(from) ? forms.setReal(from, to) : forms.setOther(from, to);
  return success();
}

LogicalResult FunctionQuantizer::rewrite(Operation *op) {
  if (!touchesFloat(op))
    return copy(op);
  if (isa<nn::ConstantOp>(op))
    return success(); // made in the forms in which it is used
  if (auto dequantize = dyn_cast<nn::DequantizeOp>(op)) {
    forms.setInt8(dequantize.getY(), forms.getOther(dequantize.getX()));
    return success();
  }
  if (auto quantize = dyn_cast<nn::QuantizeOp>(op)) {
    FailureOr<Value> value = forms.getInt8(quantize.getX(), nn::getActivationType(quantize.getY().getType()));
    if (succeeded(value))
      forms.setOther(quantize.getY(), *value);
    return LogicalResult(value);
  }
  // Expressions become tables where an operation outside of them asks for their value. Conditions have no int8 form: those that
  // something else than a table needs are computed here.
  auto isInsideExpression = [&](Operation *user) {
    return user->getNumResults() == 1 && fusion.isExpression(user->getResult(0));
  };
  if (Value y = op->getResult(0); fusion.isExpression(y) && (isFloat(y) || llvm::all_of(op->getUsers(), isInsideExpression)))
    return success();
  if (auto reason = op->getAttrOfType<StringAttr>(keepFloatAttrName)) {
    emitWarning(op->getLoc()) << "runs in float: " << reason.getValue();
    return keepFloat(op);
  }
  if (isa<nn::GruOp, nn::LstmOp>(op))
    return rewriteRecurrentLayer(op);
  // Reshaping costs nothing in f32 either.
  if (isa<nn::ReshapeOp>(op) && forms.isReal(op->getOperand(0)) && !isa<BlockArgument>(op->getOperand(0)))
    return keepFloat(op);
  Int8Rewrite rewrite{forms, adopt, 8, {}};
  FailureOr<Value> result = rewriteInt8(op, rewrite);
  if (failed(result))
    return failure();
  if (!*result) {
    emitWarning(op->getLoc()) << "runs in float: no int8 kernel for " << rewrite.reason;
    return keepFloat(op);
  }
  if (isFloat(op->getResult(0)))
    forms.setInt8(op->getResult(0), *result);
  else
    forms.setOther(op->getResult(0), *result);
  return success();
}

LogicalResult FunctionQuantizer::rewriteRecurrentLayer(Operation *op) {
  Int8Rewrite rewrite{forms, adopt, 8, {}};
  FailureOr<SmallVector<Value>> results = rewriteRecurrent(op, rewrite);
  if (failed(results))
    return failure();
  if (!results->empty() && !kernels::hasKernel(results->front().getDefiningOp())) {
    results->front().getDefiningOp()->erase();
    results->clear();
    rewrite.reason = "with these scales and sizes";
  }
  if (results->empty()) {
    emitWarning(op->getLoc()) << "runs in float: no int8 kernel for '" << op->getName().stripDialect() << "' "
                              << rewrite.reason;
    return keepFloat(op);
  }
  for (auto [from, to] : llvm::zip(op->getResults(), *results))
    forms.setInt8(from, to);
  return success();
}

LogicalResult FunctionQuantizer::addReturn(Operation *terminator) {
  SmallVector<Value> results;
  for (auto [index, operand] : llvm::enumerate(terminator->getOperands())) {
    auto state = llvm::find_if(states, [&, index = index](nn::StatePair pair) { return pair.result == index; });
    if (state != states.end() && isFloat(operand)) {
      Int8Type type = nn::getActivationType(newBody->getArgument(state->argument).getType());
      FailureOr<Value> result = type ? forms.getInt8(operand, type) : forms.getReal(operand);
      if (failed(result))
        return failure();
      results.push_back(*result);
      continue;
    }
    bool staysFloat = ioFloat || (adopt && !forms.getPlan().getType(operand));
    FailureOr<Value> result = !isFloat(operand) ? FailureOr<Value>(forms.getOther(operand))
                              : staysFloat      ? forms.getReal(operand)
                                                : forms.getInt8(operand);
    if (failed(result))
      return failure();
    results.push_back(*result);
  }
  builder.create<func::ReturnOp>(terminator->getLoc(), results);
  return success();
}

void FunctionQuantizer::replaceBody() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*newBody)))
    if (isOpTriviallyDead(&op))
      op.erase();
  oldBody.erase();
  function.setFunctionType(
      FunctionType::get(function.getContext(), newBody->getArgumentTypes(), newBody->getTerminator()->getOperandTypes()));
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    for (StringRef note : {StringRef(rangeAttrName), StringRef(seenAttrName), StringRef(int16AttrName)})
      function.removeArgAttr(i, note);
}

LogicalResult FunctionQuantizer::run() {
  newBody = builder.createBlock(&function.getBody());
  LogicalResult result = addArguments();
  for (Operation &op : oldBody) {
    if (failed(result))
      break;
    result = op.hasTrait<OpTrait::IsTerminator>() ? addReturn(&op) : rewrite(&op);
  }
  if (failed(result)) {
    newBody->erase();
    return failure();
  }
  replaceBody();
  return success();
}

struct QuantizeToInt8 : quantize::impl::QuantizeToInt8Base<QuantizeToInt8> {
  using QuantizeToInt8Base::QuantizeToInt8Base;
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      if (!llvm::hasSingleElement(function.getBody())) {
        function.emitError("must have one block to be quantized");
        return signalPassFailure();
      }
      ElementwiseFusion fusion(function);
      FailureOr<TypePlan> plan = TypePlan::create(function, fusion);
      if (failed(plan) || failed(FunctionQuantizer(function, fusion, *plan, ioFloat, adopt).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
