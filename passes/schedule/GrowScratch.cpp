// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gives convolutions the scratch that makes them faster, where the arena has room for it anyway.
#include "dialects/mcu/McuLiveness.h"
#include "dialects/mcu/McuRecords.h"
#include "mlir/IR/Builders.h"
#include "passes/schedule/Placement.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"
#include "thimble/tmb_layout.h"
#include <cstring>

namespace thimble::schedule {
#define GEN_PASS_DEF_GROWSCRATCH
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

namespace {

constexpr int64_t quickWork = 10'000'000;
constexpr size_t mostTrials = 32;
// Beyond this, blocks that are computed together save less than 2 % of the instructions.
constexpr int64_t mostBlocks = 16;

int64_t scratchBytes(mcu::CallOp call, const tmb_conv2d_s8_params &params) {
  return call.getKernel() == "tmb_conv2d_planes_s8" ? tmb_conv2d_planes_s8_scratch_bytes(&params)
                                                    : tmb_conv2d_s8_scratch_bytes(&params);
}

// A convolution whose scratch may grow.
struct Growing {
  mcu::BufferOp scratch;
  mcu::CallOp call;
  tmb_conv2d_s8_params params;
  size_t item;       // of the placement problem
  int64_t spare = 0; // bytes that are free while it runs
  int64_t blocks = 1;

  // The most blocks that `bytes` more than the least scratch have room for, in even shares of all positions.
  int64_t blocksIn(int64_t bytes) const {
    int64_t total = int64_t(params.groups > 1 ? 1 : params.batch) * params.out_h * params.out_w / 4, fit = 1;
    while (fit < std::min(total, mostBlocks) && bytesOf(fit + 1) - bytesOf(1) <= bytes)
      ++fit;
    int64_t shares = std::max<int64_t>(llvm::divideCeil(total, fit), 1);
    return std::max<int64_t>(llvm::divideCeil(total, shares), 1);
  }
  int64_t bytesOf(int64_t count) const {
    tmb_conv2d_s8_params grown = params;
    grown.blocks = int32_t(count);
    return scratchBytes(call, grown);
  }
};

// The bytes by which scratch item `grown`, which lives at one step only, may grow before this step needs more than `height`.
int64_t spareBytes(const PlacementProblem &problem, size_t grown, int64_t height) {
  constexpr int64_t beyond = int64_t(1) << 40; // makes the bound that of this step
  int64_t step = problem.items[grown].first;
  PlacementProblem part;
  std::vector<int64_t> indices(problem.items.size(), -1);
  for (auto [index, item] : llvm::enumerate(problem.items))
    if (item.first <= step && step <= item.last) {
      indices[index] = int64_t(part.items.size());
      part.items.push_back(item);
    }
  for (Overlap overlap : problem.overlaps)
    if (indices[overlap.input] >= 0 && indices[overlap.output] >= 0) {
      overlap.input = size_t(indices[overlap.input]);
      overlap.output = size_t(indices[overlap.output]);
      part.overlaps.push_back(overlap);
    }
  part.items[size_t(indices[grown])].bytes += beyond;
  return height + beyond - lowerBound(part);
}

std::optional<tmb_conv2d_s8_params> paramsOf(mcu::CallOp call) {
  static constexpr llvm::StringLiteral growing[] = {"tmb_conv2d_s8", "tmb_conv2d_add_s8", "tmb_conv2d_planes_s8"};
  if (!llvm::is_contained(growing, call.getKernel()) || !call.getScratch() || !mcu::getBuffer(call.getScratch()))
    return std::nullopt;
  const mcu::Record *record = mcu::Record::lookup(call.getRecord());
  FailureOr<std::vector<char>> bytes = record->pack(call.getParams(), [&] { return call.emitError(); });
  tmb_conv2d_s8_params params; // which other records begin with
  if (failed(bytes) || bytes->size() < sizeof(params))
    return std::nullopt;
  std::memcpy(&params, bytes->data(), sizeof(params));
  return params;
}

} // namespace

void thimble::schedule::shrinkScratch(mcu::ProgramOp program) {
  Builder builder(program.getContext());
  for (mcu::CallOp call : mcu::getCalls(program)) {
    std::optional<tmb_conv2d_s8_params> params = paramsOf(call);
    if (!params || params->blocks <= 1)
      continue;
    params->blocks = 1;
    NamedAttrList fields(call.getParams());
    fields.set("blocks", builder.getI32IntegerAttr(1));
    call.setParamsAttr(fields.getDictionary(call.getContext()));
    mcu::getBuffer(call.getScratch()).getMemory().setType(MemRefType::get({scratchBytes(call, *params)}, builder.getI8Type()));
  }
}

namespace {
struct GrowScratch : thimble::schedule::impl::GrowScratchBase<GrowScratch> {
  using GrowScratchBase::GrowScratchBase;

  void runOnOperation() override {
    auto [problem, buffers] = makeArenaProblem(getOperation());
    llvm::DenseMap<Operation *, size_t> itemOf;
    for (auto [index, buffer] : llvm::enumerate(buffers))
      itemOf[buffer] = index;
    std::vector<Growing> all;
    for (mcu::CallOp call : mcu::getCalls(getOperation()))
      if (std::optional<tmb_conv2d_s8_params> params = paramsOf(call); params && params->blocks <= 1)
        if (mcu::BufferOp scratch = mcu::getBuffer(call.getScratch()); itemOf.contains(scratch))
          all.push_back({scratch, call, *params, itemOf[scratch]});
    if (all.empty())
      return;
    int64_t height = place(problem, quickWork).height;
    for (Growing &growing : all)
      growing.spare = spareBytes(problem, growing.item, height);
    // What is free at a step may not be free in one piece: then less has to do.
    for (int64_t eighths : {8, 7, 6, 4, 2, 1}) {
      for (Growing &growing : all) {
        growing.blocks = growing.blocksIn(growing.spare * eighths / 8);
        problem.items[growing.item].bytes = growing.bytesOf(growing.blocks);
      }
      if (place(problem, quickWork).height > height)
        continue;
      if (eighths < 8)
        growFurther(problem, all, height);
      for (Growing &growing : all)
        if (growing.blocks > 1)
          grow(growing);
      return;
    }
  }

  // Those that can have all that is free for them while the others keep what they have.
  static void growFurther(PlacementProblem &problem, std::vector<Growing> &all, int64_t height) {
    if (all.size() > mostTrials)
      return;
    for (Growing &growing : all) {
      int64_t before = growing.blocks;
      growing.blocks = growing.blocksIn(growing.spare);
      problem.items[growing.item].bytes = growing.bytesOf(growing.blocks);
      if (growing.blocks == before || place(problem, quickWork).height <= height)
        continue;
      growing.blocks = before;
      problem.items[growing.item].bytes = growing.bytesOf(before);
    }
  }

  static void grow(Growing &growing) {
    Builder builder(growing.call.getContext());
    NamedAttrList fields(growing.call.getParams());
    fields.set("blocks", builder.getI32IntegerAttr(int32_t(growing.blocks)));
    growing.call.setParamsAttr(fields.getDictionary(growing.call.getContext()));
    growing.scratch.getMemory().setType(MemRefType::get({growing.bytesOf(growing.blocks)}, builder.getI8Type()));
  }
};

} // namespace
