// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// When each buffer of a program holds data that is still needed, in the order of its calls.
#include "dialects/mcu/McuLiveness.h"
#include "llvm/ADT/MapVector.h"
#include <set>

using namespace mlir;
using namespace thimble;
using namespace thimble::mcu;

std::vector<CallOp> thimble::mcu::getCalls(ProgramOp program) {
  auto calls = program.getBody().front().getOps<CallOp>();
  return std::vector<CallOp>(calls.begin(), calls.end());
}

std::vector<std::string> thimble::mcu::getKernelNames(ProgramOp program) {
  std::set<std::string> names;
  for (CallOp call : getCalls(program)) {
    if (call.getKernel() != streamKernel)
      names.insert(call.getKernel().str());
    call.getBody().walk([&](StepOp step) { names.insert(step.getKernel().str()); });
  }
  return {names.begin(), names.end()};
}

BufferParts::BufferParts(ProgramOp program) {
  llvm::MapVector<Operation *, std::set<int64_t>> cuts;
  for (Operation &op : program.getBody().front()) {
    if (auto buffer = dyn_cast<BufferOp>(op))
      cuts[buffer].insert(byteSize(buffer.getMemory()));
    auto view = dyn_cast<ViewOp>(op);
    if (BufferOp buffer = view ? getBuffer(view.getMemory()) : BufferOp()) {
      int64_t begin = byteOffset(view.getMemory());
      cuts[buffer].insert({begin, begin + byteSize(view.getMemory())});
    }
  }
  for (auto &[op, ends] : cuts) {
    auto buffer = cast<BufferOp>(op);
    // Parts that nothing touches are never live.
    bool isInput = (buffer.getRole() == Role::Input && !isFed(buffer)) || buffer.getRole() == Role::State;
    size_t from = parts.size();
    if (ends.size() > 1)
      ends.erase(0);
    int64_t begin = 0;
    for (int64_t end : ends) {
      parts.push_back({{buffer, isInput ? int64_t(-1) : INT64_MAX, -1}, begin, end});
      begin = end;
    }
    partsOf[op] = {from, parts.size()};
  }

  std::vector<CallOp> calls = getCalls(program);
  for (auto [index, call] : llvm::enumerate(calls)) {
    // Rows are fed before the other calls.
    bool isFedCall = llvm::any_of(call.getIns(), [](Value in) { return isFed(getBuffer(in)); });
    for (Value operand : call->getOperands())
      for (size_t part : indicesOf(operand)) {
        LiveRange &range = parts[part].range;
        if (isFed(range.buffer))
          continue;
        range.first = std::min(range.first, isFedCall ? int64_t(-1) : int64_t(index));
        range.last = std::max(range.last, int64_t(index));
      }
  }

  int64_t end = int64_t(calls.size());
  for (BufferPart &part : parts) {
    bool isOutput = part.range.buffer.getRole() == Role::Output || part.range.buffer.getRole() == Role::NextState;
    if (isOutput)
      part.range.last = end;
    // An output that no call writes is memory only the caller looks at; anything else that nothing touches is never live.
    if (part.range.first == INT64_MAX)
      part.range.first = isOutput ? end : 0;
  }
}

llvm::iota_range<size_t> BufferParts::indicesOf(Value memory) const {
  BufferOp buffer = getBuffer(memory);
  if (!buffer)
    return llvm::seq<size_t>(0, 0);
  auto [from, to] = partsOf.lookup(buffer);
  int64_t begin = byteOffset(memory), end = begin + byteSize(memory);
  while (from + 1 < to && parts[from].end <= begin)
    ++from;
  while (to > from + 1 && parts[to - 1].begin >= end)
    --to;
  return llvm::seq(from, to);
}

llvm::ArrayRef<BufferPart> BufferParts::of(Value memory) const {
  llvm::iota_range<size_t> indices = indicesOf(memory);
  return llvm::ArrayRef<BufferPart>(parts).slice(*indices.begin(), size_t(indices.end() - indices.begin()));
}

std::vector<LiveRange> thimble::mcu::computeLiveRanges(ProgramOp program) {
  std::vector<LiveRange> ranges;
  BufferParts parts(program);
  for (const BufferPart &part : parts.all()) {
    if (ranges.empty() || ranges.back().buffer != part.range.buffer) {
      ranges.push_back(part.range);
      continue;
    }
    LiveRange &range = ranges.back();
    if (part.range.isEmpty())
      continue;
    range = range.isEmpty()
                ? part.range
                : LiveRange{range.buffer, std::min(range.first, part.range.first), std::max(range.last, part.range.last)};
  }
  return ranges;
}
