// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dispatch to the families, and the check that a kernel does what they propose.
#include "passes/quantize/RewriteInt8.h"
#include "codegen/kernels/KernelCall.h"
#include "passes/quantize/ScaleSharing.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

Value Int8Rewrite::recreate(Operation *op, ValueRange operands, Type resultElement) {
  OperationState state(op->getLoc(), op->getName());
  state.addOperands(operands);
  state.addTypes(withElement(op->getResult(0).getType(), resultElement));
  for (NamedAttribute attribute : op->getAttrs())
    state.attributes.append(attribute);
  Operation *made = forms.getBuilder().create(state);
  removeNotes(made);
  return made->getResult(0);
}

FailureOr<Value> Int8Rewrite::operand(Value original) {
  const TypePlan &plan = forms.getPlan();
  Int8Type type = plan.getType(original);
  if (bits == 16 && isa_and_nonnull<nn::ConstantOp>(original.getDefiningOp())) {
    FailureOr<ConstantData> data = ConstantData::get(original);
    FailureOr<Range> range = failed(data) ? FailureOr<Range>() : rangeOfConstant(data->as<float>());
    return succeeded(range) ? forms.getInt8(original, chooseInt16Type(original.getContext(), *range)) : forms.getInt8(original);
  }
  if (!type || isInt16(type) == (bits == 16))
    return forms.getInt8(original);
  return forms.getInt8(original, bits == 16 ? widen(type) : plan.getNarrowType(original));
}

FailureOr<Int8Type> Int8Rewrite::planned(Value original) {
  if (Int8Type type = forms.getPlan().getType(original))
    return isInt16(type) == (bits == 16) ? type : bits == 16 ? widen(type) : forms.getPlan().getNarrowType(original);
  return emitError(original.getLoc()) << "has no calibrated range; run calibration first";
}

// "binary div", "layer_norm": what the operation is in the words of the dialect.
static std::string describe(Operation *op) {
  std::string text = op->getName().stripDialect().str();
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](nn::UnaryOp typed) { text += " " + nn::stringifyUnaryKind(typed.getKind()).str(); })
      .Case([&](nn::BinaryOp typed) { text += " " + nn::stringifyBinaryKind(typed.getKind()).str(); })
      .Case([&](nn::CompareOp typed) { text += " " + nn::stringifyCompareKind(typed.getKind()).str(); })
      .Case([&](nn::ReduceOp typed) { text += " " + nn::stringifyReduceKind(typed.getKind()).str(); });
  return text;
}

// What only moves elements can saturate infinities, and so can sums.
static bool hasInfiniteConstant(Operation *op, Int8Rewrite &rewrite) {
  auto binary = dyn_cast<nn::BinaryOp>(op);
  bool saturates = getSharingOperands(op).size() > 1 ||
                   (binary && (binary.getKind() == nn::BinaryKind::Add || binary.getKind() == nn::BinaryKind::Sub));
  return !saturates && llvm::any_of(op->getOperands(), [&](Value operand) {
    return isFloat(operand) && isa_and_nonnull<nn::ConstantOp>(operand.getDefiningOp()) &&
           !rewrite.forms.getPlan().getType(operand);
  });
}

// True if the model quantizes what `op` takes and gives.
static bool isQuantizedByModel(Operation *op, Int8Rewrite &rewrite) {
  auto hasType = [&](Value value) { return !isFloat(value) || bool(rewrite.forms.getPlan().getType(value)); };
  auto isConstant = [](Value value) { return isa_and_nonnull<nn::ConstantOp>(value.getDefiningOp()); };
  return llvm::all_of(op->getResults(), hasType) &&
         llvm::all_of(op->getOperands(), [&](Value operand) { return isConstant(operand) || hasType(operand); });
}

static FailureOr<Value> dispatch(Operation *op, Int8Rewrite &rewrite) {
  if (isa<nn::Conv2DOp, nn::FullyConnectedOp>(op))
    return rewriteWeighted(op, rewrite);
  if (!getSharingOperands(op).empty())
    return rewriteSharing(op, rewrite);
  if (auto matmul = dyn_cast<nn::MatMulOp>(op))
    return rewriteMatMul(matmul, rewrite);
  if (auto binary = dyn_cast<nn::BinaryOp>(op))
    return rewriteBinary(binary, rewrite);
  if (auto pool = dyn_cast<nn::Pool2DOp>(op))
    return rewritePool(pool, rewrite);
  if (auto reduce = dyn_cast<nn::ReduceOp>(op))
    return rewriteReduce(reduce, rewrite);
  if (auto arg = dyn_cast<nn::ArgOp>(op))
    return rewriteArg(arg, rewrite);
  if (auto softmax = dyn_cast<nn::SoftmaxOp>(op))
    return rewriteSoftmax(softmax, rewrite);
  if (auto norm = dyn_cast<nn::LayerNormOp>(op))
    return rewriteNorm(norm, rewrite);
  return rewrite.refuse("");
}

// Null, with a reason, if there is no kernel of this width.
static FailureOr<Value> rewriteWidth(Operation *op, Int8Rewrite &rewrite) {
  rewrite.reason.clear();
  FailureOr<Value> result = hasInfiniteConstant(op, rewrite) ? rewrite.refuse("of a constant that is not finite")
                            : rewrite.adopt && !isQuantizedByModel(op, rewrite)
                                ? rewrite.refuse("whose operands and result the model does not all quantize")
                                : dispatch(op, rewrite);
  if (failed(result))
    return failure();
  if (*result && (*result).getDefiningOp() && !kernels::hasKernel((*result).getDefiningOp())) {
    (*result).getDefiningOp()->erase();
    result = rewrite.refuse("with these scales and sizes");
  }
  if (!*result)
    rewrite.reason = "'" + describe(op) + "'" + (rewrite.reason.empty() ? "" : " " + rewrite.reason);
  return result;
}

FailureOr<Value> quantize::rewriteInt8(Operation *op, Int8Rewrite &rewrite) {
  // What has no result of its own type (arg) goes by its operand.
  Value deciding = isFloat(op->getResult(0)) ? op->getResult(0) : op->getOperand(0);
  rewrite.bits = isInt16(rewrite.forms.getPlan().getType(deciding)) ? 16 : 8;
  FailureOr<Value> result = rewriteWidth(op, rewrite);
  if (failed(result) || *result || rewrite.bits == 8)
    return result;
  std::string reason = rewrite.reason;
  rewrite.bits = 8;
  result = rewriteWidth(op, rewrite);
  if (succeeded(result) && *result)
    emitWarning(op->getLoc()) << "computes in int8: no int16 kernel for " << reason;
  return result;
}
