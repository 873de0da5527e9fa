// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which buffers of a call may share memory.
#include "passes/schedule/SharedMemory.h"
#include "codegen/kernels/KernelTable.h"
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuLiveness.h"

using namespace mlir;
using namespace thimble;

std::vector<schedule::Sharing> thimble::schedule::findSharing(mcu::CallOp call) {
  std::vector<Sharing> result;
  const kernels::Kernel *kernel = kernels::lookup(call.getKernel());
  mcu::BufferOp out = call.getOuts().empty() ? mcu::BufferOp() : mcu::getBuffer(call.getOuts()[0]);
  if (!kernel || !out)
    return result;
  for (auto [i, in] : llvm::enumerate(call.getIns())) {
    mcu::BufferOp buffer = mcu::getBuffer(in);
    if (!buffer || mcu::isFed(buffer) || buffer == out || buffer.getRole() == mcu::Role::Output ||
        (buffer.getRole() == mcu::Role::Input && out.getRole() == mcu::Role::Output))
      continue;
    if (i < 32 && (kernel->inPlace >> i & 1) && mcu::byteSize(buffer.getMemory()) == mcu::byteSize(out.getMemory()))
      result.push_back({buffer, out, 0, true});
    // The kernel promises how it walks its first input; as another argument it would be read in another way.
    auto isSame = [&](Value other) { return mcu::getBuffer(other) == buffer; };
    if (i == 0 && call.getOverlap() && llvm::count_if(call->getOperands(), isSame) == 1)
      result.push_back({buffer, out, int64_t(llvm::alignTo(*call.getOverlap(), wordBytes)), false});
  }
  return result;
}

// Kernels read int8 data in words of four bytes, wider elements need their own size, and scratch may hold elements of any type.
int64_t thimble::schedule::alignmentOf(mcu::BufferOp buffer) {
  if (buffer.getRole() == mcu::Role::Scratch)
    return 8;
  return std::max(wordBytes, elementBytes(cast<MemRefType>(buffer.getMemory().getType()).getElementType()));
}

schedule::ArenaProblem thimble::schedule::makeArenaProblem(mcu::ProgramOp program) {
  ArenaProblem result;
  std::vector<Item> &items = result.problem.items;
  llvm::DenseMap<Operation *, size_t> itemOf;
  for (mcu::LiveRange range : mcu::computeLiveRanges(program)) {
    if (mcu::isFed(range.buffer) || range.isEmpty())
      continue;
    itemOf[range.buffer] = items.size();
    items.push_back({range.first, range.last, std::max<int64_t>(mcu::byteSize(range.buffer.getMemory()), 1), alignmentOf(range.buffer)});
    result.buffers.push_back(range.buffer);
  }
  for (auto [position, call] : llvm::enumerate(mcu::getCalls(program)))
    for (const Sharing &sharing : findSharing(call)) {
      size_t input = itemOf.lookup(sharing.input), output = itemOf.lookup(sharing.output);
      if (!sharing.isExact && items[input].last == int64_t(position) && items[output].first == int64_t(position))
        result.problem.overlaps.push_back({input, output, sharing.distance});
    }
  return result;
}
