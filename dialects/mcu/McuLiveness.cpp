// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// When each buffer of a program holds data that is still needed, in the order of its calls.
#include "dialects/mcu/McuLiveness.h"
#include "llvm/ADT/DenseMap.h"
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

std::vector<LiveRange> thimble::mcu::computeLiveRanges(ProgramOp program) {
  std::vector<LiveRange> ranges;
  llvm::DenseMap<Operation *, size_t> indexOf;
  for (BufferOp buffer : program.getBody().front().getOps<BufferOp>()) {
    indexOf[buffer] = ranges.size();
    bool isInput = buffer.getRole() == Role::Input;
    if (isFed(buffer)) { // not in the arena
      ranges.push_back({buffer, 0, -1});
      continue;
    }
    ranges.push_back({buffer, isInput ? int64_t(-1) : INT64_MAX, -1});
  }

  std::vector<CallOp> calls = getCalls(program);
  for (auto [index, call] : llvm::enumerate(calls)) {
    bool isFedCall = llvm::any_of(call.getIns(), [](Value in) { return isFed(getBuffer(in)); });
    for (Value operand : call->getOperands())
      if (BufferOp buffer = getBuffer(operand)) {
        LiveRange &range = ranges[indexOf.lookup(buffer)];
        if (isFed(buffer))
          continue;
        // Rows are fed before the other calls.
        range.first = std::min(range.first, isFedCall ? int64_t(-1) : int64_t(index));
        range.last = std::max(range.last, int64_t(index));
      }
  }

  int64_t end = int64_t(calls.size());
  for (LiveRange &range : ranges) {
    if (range.buffer.getRole() == Role::Output)
      range.last = end;
    if (isFed(range.buffer))
      continue;
    // An output that no call writes is memory only the caller looks at; anything else that nothing touches is never live.
    if (range.first == INT64_MAX)
      range.first = range.buffer.getRole() == Role::Output ? end : 0;
  }
  return ranges;
}
