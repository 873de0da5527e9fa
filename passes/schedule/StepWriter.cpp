// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Steps as operations: equal ones at regular distances become loops.
#include "passes/schedule/StepWriter.h"
#include "passes/schedule/FusedAddition.h"
#include "passes/schedule/StepLoops.h"
#include <map>

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

// The convolution and the addition that reads the same rows in their place as one step; none if no kernel does both.
static std::optional<BoundStep> fuse(const BoundStep &conv, const BoundStep &add) {
  mcu::CallOp first = conv.call, second = add.call;
  if (!first || !second || first.getKernel() != "tmb_conv2d_s8" || second.getKernel() != "tmb_add_s8" ||
      first->getParentOp()->hasAttr(separateAdditionsName))
    return std::nullopt;
  auto isInPlace = [&](size_t argument) { // of the addition: where the convolution writes
    return add.operands[argument] == conv.operands[2] && add.offsets[argument] == conv.offsets[2];
  };
  // x, weights, y and scratch; a, b and y
  if (!isInPlace(2))
    return std::nullopt;
  for (size_t operand : {0, 1}) {
    if (!isInPlace(operand))
      continue;
    std::optional<DictionaryAttr> params = fuseAddition(conv.params, add.params, unsigned(operand));
    if (!params)
      return std::nullopt;
    size_t residual = 1 - operand;
    BoundStep fused = conv;
    fused.isFused = true;
    fused.params = *params;
    fused.operands.insert(fused.operands.begin() + 1, add.operands[residual]);
    fused.offsets.insert(fused.offsets.begin() + 1, add.offsets[residual]);
    fused.extents.insert(fused.extents.begin() + 1, add.extents[residual]);
    return fused;
  }
  return std::nullopt;
}

void schedule::fuseAdditions(std::vector<BoundStep> &steps) {
  std::vector<std::optional<BoundStep>> fused(steps.size());
  llvm::DenseSet<Operation *> separate; // convolutions of which some rows cannot be fused: all their rows have one origin
  for (size_t i = 0; i < steps.size(); ++i) {
    if (i + 1 < steps.size())
      fused[i] = fuse(steps[i], steps[i + 1]);
    if (!fused[i] && steps[i].call)
      separate.insert(steps[i].call);
  }
  std::vector<BoundStep> result;
  for (size_t i = 0; i < steps.size(); ++i) {
    bool isFused = fused[i] && !separate.contains(steps[i].call);
    result.push_back(isFused ? std::move(*fused[i]) : std::move(steps[i]));
    i += isFused;
  }
  steps = std::move(result);
}

namespace {
// Writes the steps of a schedule as operations.
class StepWriter {
public:
  StepWriter(OpBuilder &builder, mcu::CallOp stream) : builder(builder), stream(stream) {}

  void write(const std::vector<BoundStep> &steps) {
    std::map<std::vector<const void *>, int64_t> kinds;
    std::vector<FlatStep> flat;
    for (const BoundStep &step : steps) {
      std::vector<const void *> key = {mcu::CallOp(step.call).getAsOpaquePointer(), step.params.getAsOpaquePointer()};
      if (!step.call && step.fedBytes == 0)
        key.push_back(reinterpret_cast<const void *>(intptr_t(step.offsets[0])));
      flat.push_back({kinds.try_emplace(key, int64_t(kinds.size())).first->second, step.offsets});
    }
    builder.setInsertionPointToStart(&stream.getBody().emplaceBlock());
    for (const StepLoop &loop : findLoops(flat)) {
      OpBuilder::InsertionGuard guard(builder);
      if (loop.count > 1) {
        auto repeat = builder.create<mcu::RepeatOp>(stream.getLoc(), uint64_t(loop.count));
        builder.setInsertionPointToStart(&repeat.getBody().emplaceBlock());
      }
      for (size_t i = loop.begin; i < loop.begin + loop.period; ++i)
        writeStep(steps[i], loop.count > 1 ? &steps[i + loop.period] : nullptr);
    }
  }

private:
  void writeStep(const BoundStep &step, const BoundStep *next) {
    llvm::SmallVector<int64_t> advances(step.offsets.size(), 0);
    for (size_t i = 0; next && i < advances.size(); ++i)
      advances[i] = next->offsets[i] - step.offsets[i];
    if (step.fedBytes > 0) {
      builder.create<mcu::FeedOp>(stream.getLoc(), uint64_t(step.offsets[0]), uint64_t(advances[0]), uint64_t(step.fedBytes));
      return;
    }
    mcu::CallOp call = step.call;
    llvm::SmallVector<Type> elements;
    if (!call)
      elements.push_back(builder.getI8Type());
    else if (step.isFused) // codes but for the stream of weights
      elements = {builder.getI8Type(), builder.getI8Type(), builder.getI32Type(), builder.getI8Type(), builder.getI8Type()};
    else
      for (Value operand : call->getOperands())
        elements.push_back(cast<MemRefType>(operand.getType()).getElementType());
    llvm::StringRef kernel = step.isFused ? llvm::StringRef(fusedAdditionKernel) : call ? call.getKernel() : "tmb_slide";
    llvm::StringRef record = step.isFused ? llvm::StringRef(fusedAdditionRecord) : call ? call.getRecord() : "tmb_slide_params";
    builder.create<mcu::StepOp>(call ? locationOf(step) : stream.getLoc(), kernel, step.operands, step.offsets, advances, step.extents,
                                builder.getTypeArrayAttr(elements), record, step.params);
  }

  // That of the call with its number: several calls may come from one node.
  Location locationOf(const BoundStep &step) {
    auto numberOf = [&](mcu::CallOp call) {
      return builder.getI64IntegerAttr(numbers.try_emplace(call, int64_t(numbers.size())).first->second);
    };
    Attribute number = numberOf(step.call);
    if (step.group)
      number = builder.getArrayAttr({numberOf(step.group), number}); // VerifyPlan takes pieces for one stage
    mcu::CallOp first = step.group ? step.group : step.call;
    return FusedLoc::get({first.getLoc()}, number, builder.getContext());
  }

  OpBuilder &builder;
  mcu::CallOp stream;
  llvm::DenseMap<Operation *, int64_t> numbers;
};
} // namespace

void schedule::writeSteps(OpBuilder &builder, mcu::CallOp stream, const std::vector<BoundStep> &steps) {
  StepWriter(builder, stream).write(steps);
}
