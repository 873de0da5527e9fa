// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Makes one call of a convolution and the addition of a residual to its result.
#include "dialects/mcu/McuLiveness.h"
#include "mlir/IR/Builders.h"
#include "mlir/Pass/PassManager.h"
#include "passes/schedule/FusedAddition.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"
#include "thimble/tmb_abi.h"

namespace thimble::schedule {
#define GEN_PASS_DEF_FUSEADDITIONS
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

std::optional<DictionaryAttr> thimble::schedule::fuseAddition(DictionaryAttr convolution, DictionaryAttr addition,
                                                              unsigned operand) {
  auto field = [](DictionaryAttr params, llvm::StringRef name) {
    auto value = dyn_cast_or_null<IntegerAttr>(params.get(name));
    return value ? value.getInt() : 0;
  };
  auto first = [&](llvm::StringRef name) -> int64_t {
    auto list = dyn_cast_or_null<DenseI32ArrayAttr>(addition.get(name));
    return list && !list.empty() ? list[0] : 0;
  };
  // Element by element, in blocks of four positions: the kernel is slow with what is left of them.
  int64_t positions = 1;
  for (llvm::StringRef name : {"batch", "out_h", "out_w"})
    positions *= field(convolution, name);
  int64_t outputs = positions * field(convolution, "out_c");
  if (positions % 4 != 0)
    return std::nullopt;
  if (field(addition, "rank") != 1 || first("dims") != outputs || first("a_strides") != 1 || first("b_strides") != 1)
    return std::nullopt;
  for (DictionaryAttr params : {convolution, addition})
    if (field(params, "act_min") != -128 || field(params, "act_max") != 127)
      return std::nullopt;
  int64_t scale = TMB_CONV2D_ADD_S8_SHIFT - field(addition, "shift");
  if (field(convolution, "shift") != 0 || scale < 0)
    return std::nullopt;
  // The largest and the least sum that there can be.
  int64_t a = field(addition, "a_multiplier"), b = field(addition, "b_multiplier"), offset = field(addition, "offset");
  int64_t reach = 128 * (std::abs(a) + std::abs(b)) + std::abs(offset);
  auto fits = [&](int64_t value) { return std::abs(value) <= INT32_MAX >> scale; };
  if (!fits(reach))
    return std::nullopt;
  Builder builder(convolution.getContext());
  NamedAttrList fields(convolution);
  auto set = [&](llvm::StringRef name, int64_t value) { fields.set(name, builder.getI32IntegerAttr(int32_t(value))); };
  set("c_multiplier", (operand == 0 ? a : b) * (int64_t(1) << scale));
  set("r_multiplier", (operand == 0 ? b : a) * (int64_t(1) << scale));
  set("sum_offset", offset * (int64_t(1) << scale));
  set("sum_min", -128);
  set("sum_max", 127);
  return fields.getDictionary(convolution.getContext());
}

// True if `value` is nothing but memory that `conv` writes and `add` reads.
static bool isBetween(mcu::ProgramOp program, Value value, mcu::CallOp conv, mcu::CallOp add) {
  mcu::BufferOp buffer = mcu::getBuffer(value);
  if (!buffer || buffer.getRole() != mcu::Role::Temporary || !isWhole(value) || !isWhole(conv.getOuts()[0]) ||
      mcu::getBuffer(conv.getOuts()[0]) != buffer)
    return false;
  unsigned uses = 0;
  for (mcu::CallOp call : mcu::getCalls(program))
    for (Value operand : call->getOperands())
      if (mcu::getBuffer(operand) == buffer) {
        if (call != conv && call != add)
          return false;
        ++uses;
      }
  return uses == 2;
}

// Both calls as one, or nothing.
static mcu::CallOp fuse(mcu::ProgramOp program, mcu::CallOp conv, mcu::CallOp add) {
  if (conv.getKernel() != "tmb_conv2d_s8" || add.getKernel() != "tmb_add_s8")
    return {};
  for (unsigned operand : {0, 1}) {
    if (!isBetween(program, add.getIns()[operand], conv, add))
      continue;
    Value residual = add.getIns()[1 - operand], y = add.getOuts()[0];
    // The result must not take the place of what the windows are in, as pieces of one buffer might; nor is a state written early.
    auto isIn = [&](Value value) { return mcu::getBuffer(value) && mcu::getBuffer(value) == mcu::getBuffer(y); };
    if (llvm::any_of(conv.getIns(), isIn) || mcu::isState(mcu::getBuffer(y)))
      return {};
    std::optional<DictionaryAttr> params = fuseAddition(conv.getParams(), add.getParams(), operand);
    if (!params)
      return {};
    OpBuilder builder(add);
    auto fused = builder.create<mcu::CallOp>(
        conv.getLoc(), fusedAdditionKernel, ValueRange{conv.getIns()[0], residual, conv.getIns()[1]}, ValueRange{y},
        conv.getScratch(), fusedAdditionRecord, *params, conv.getMacs(), conv.getOverlapAttr());
    mcu::BufferOp between = mcu::getBuffer(conv.getOuts()[0]);
    conv.erase();
    add.erase();
    eraseUnused(between);
    return fused;
  }
  return {};
}

namespace {
struct FuseAdditions : thimble::schedule::impl::FuseAdditionsBase<FuseAdditions> {
  void runOnOperation() override {
    if (getOperation()->hasAttr(separateAdditionsName))
      return markAllAnalysesPreserved();
    bool changed = false;
    std::vector<mcu::CallOp> calls = mcu::getCalls(getOperation());
    for (size_t i = 0; i + 1 < calls.size(); ++i)
      if (fuse(getOperation(), calls[i], calls[i + 1])) {
        changed = true;
        ++i;
      }
    if (!changed)
      return markAllAnalysesPreserved();
    OpPassManager again(mcu::ProgramOp::getOperationName());
    again.addPass(createOrderCalls());
    if (failed(runPipeline(again, getOperation())))
      signalPassFailure();
  }
};
} // namespace
