// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of attention.
#include "codegen/kernels/CallBuilder.h"
#include "thimble/tmb_layout.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

static void placeFields(CallBuilder &call, const std::string &name, ArrayRef<int64_t> place) {
  call.field(name + "_offset", place[0]).field(name + "_head_stride", place[1]).field(name + "_row_stride", place[2]);
}

// Operands that are left out are not read: one zero stands in their place.
static void addOptional(CallBuilder &call, nn::AttentionOp op, Value value, const std::string &name) {
  Type element = storageTensorType(tensorType(op.getQ())).getElementType();
  if (value)
    call.operand(unsigned(llvm::find(op->getOperands(), value) - op->operand_begin()));
  else
    call.constant(NewConstant{"none", RankedTensorType::get({4}, element), std::vector<char>(4 * elementBytes(element))});
  call.field("has_" + name, value ? 1 : 0);
}

static void shapeFields(CallBuilder &call, nn::AttentionOp op) {
  call.field("heads", op.getHeads())
      .field("shared", op.getShared())
      .field("queries", op.getQueries())
      .field("keys", op.getKeys());
  call.field("depth", op.getDepth()).field("value_depth", op.getValueDepth()).macs(op.getMacs());
  placeFields(call, "q", op.getQPlace());
  placeFields(call, "k", op.getKPlace());
  placeFields(call, "v", op.getVPlace());
  ArrayRef<int64_t> mask = op.getMaskPlace() ? *op.getMaskPlace() : ArrayRef<int64_t>();
  call.field("mask_head_stride", mask.empty() ? 0 : mask[0]).field("mask_row_stride", mask.empty() ? 0 : mask[1]);
}

// As selectMatMul, selectSoftmax and the int8 sum have them.
static FailureOr<Calls> selectInt8(nn::AttentionOp op) {
  CallBuilder call(op, "tmb_attention_s8");
  call.operand(0).operand(1).operand(2);
  addOptional(call, op, op.getTable(), "table");
  addOptional(call, op, op.getMask(), "mask");
  auto typeAt = [&](size_t i) { return nn::getInt8Type(cast<TypeAttr>((*op.getScoreTypes())[i]).getValue()); };
  auto q = nn::getInt8Type(op.getQ().getType()), k = nn::getInt8Type(op.getK().getType());
  auto v = nn::getInt8Type(op.getV().getType()), y = nn::getInt8Type(op.getY().getType());
  quant::UniformQuantizedType scores = typeAt(0), last = typeAt(op.getScoreTypes()->size() - 1);
  call.constant(int8Exponentials(last));
  shapeFields(call, op);
  call.field("q_zero_point", q.getZeroPoint()).field("k_zero_point", k.getZeroPoint()).field("v_zero_point", v.getZeroPoint());
  call.field("score_zero_point", scores.getZeroPoint()).field("out_zero_point", y.getZeroPoint());
  call.requantFields(q.getScale() * k.getScale() / scores.getScale(), "score_");
  call.requantFields(v.getScale() / 256 / y.getScale(), "out_");
  SumNumbers sum = {0, 0, 0, 0};
  if (op.getMask())
    sum = int8Sum(typeAt(op.getTable() ? 1 : 0), nn::getInt8Type(op.getMask().getType()), last, /*subtracts=*/false,
                  op->hasAttr(nn::exactAttrName));
  if (op.getMask() && sum.shift == 0)
    call.fail("scales of scores and mask differ too much for an int8 addition");
  call.field("mask_score_multiplier", sum.aMultiplier).field("mask_multiplier", sum.bMultiplier);
  call.field("mask_sum_offset", sum.offset).field("mask_shift", sum.shift);
  if (op.getDepth() > 32767 || op.getKeys() > 32767)
    call.fail("sums more than 32767 products, which can overflow its 32-bit accumulator");
  tmb_attention_s8_params p = {};
  p.depth = int32_t(op.getDepth());
  p.keys = int32_t(op.getKeys());
  return call.scratch(tmb_attention_s8_scratch_bytes(&p)).finishAlone();
}

FailureOr<Calls> thimble::kernels::selectAttention(nn::AttentionOp op) {
  if (nn::isQuantized(op.getQ().getType()))
    return selectInt8(op);
  CallBuilder call(op, "tmb_attention_f32");
  call.operand(0).operand(1).operand(2);
  addOptional(call, op, op.getMask(), "mask");
  shapeFields(call, op);
  call.scratch(int64_t(op.getKeys()) * 4);
  return call.real("scale", op.getScale().convertToFloat()).finishAlone();
}
