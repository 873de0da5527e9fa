// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which buffers of a call may share memory.
#include "passes/schedule/SharedMemory.h"
#include "codegen/kernels/KernelTable.h"
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuLiveness.h"
#include <map>

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
    if (!mcu::isInArena(buffer) || mcu::isState(out) || buffer == out || buffer.getRole() == mcu::Role::Output ||
        (buffer.getRole() == mcu::Role::Input && out.getRole() == mcu::Role::Output))
      continue;
    // Other elements of the same buffer, from another place on, would be overwritten before they are read.
    auto isShifted = [&, in = in](Value other) {
      int64_t distance = mcu::getBuffer(other) == buffer ? std::abs(mcu::byteOffset(other) - mcu::byteOffset(in)) : 0;
      return distance != 0 && distance < std::max(mcu::byteSize(other), mcu::byteSize(in));
    };
    // So would the same elements as an argument that the kernel reads in another way.
    auto isReadElsewhere = [&](auto argument) {
      auto [j, other] = argument;
      return mcu::getBuffer(other) == buffer && (j >= 32 || !(kernel->inPlace >> j & 1));
    };
    if (i < 32 && (kernel->inPlace >> i & 1) && mcu::byteSize(in) == mcu::byteSize(call.getOuts()[0]) &&
        llvm::none_of(call.getIns(), isShifted) && llvm::none_of(llvm::enumerate(call.getIns()), isReadElsewhere))
      result.push_back({in, call.getOuts()[0], 0, true});
    // The kernel promises how it walks its first input; as another argument it would be read in another way.
    auto isSame = [&](Value other) { return mcu::getBuffer(other) == buffer; };
    if (i == 0 && call.getOverlap() && llvm::count_if(call->getOperands(), isSame) == 1)
      result.push_back({in, call.getOuts()[0], int64_t(llvm::alignTo(*call.getOverlap(), wordBytes)), false});
  }
  return result;
}

// Kernels read int8 data in words of four bytes, wider elements need their own size, and scratch may hold elements of any type.
int64_t thimble::schedule::alignmentOf(mcu::BufferOp buffer) {
  if (buffer.getRole() == mcu::Role::Scratch)
    return 8;
  return std::max(wordBytes, elementBytes(cast<MemRefType>(buffer.getMemory().getType()).getElementType()));
}

bool thimble::schedule::isWhole(Value memory) {
  return mcu::byteSize(memory) == mcu::byteSize(mcu::getBuffer(memory).getMemory());
}

void thimble::schedule::eraseUnused(Operation *op) {
  for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
    if (isa<mcu::ViewOp>(user))
      eraseUnused(user);
  auto buffer = dyn_cast<mcu::BufferOp>(op);
  if (op->use_empty() && !(buffer && buffer.getRole() == mcu::Role::Input))
    op->erase();
}

void thimble::schedule::replaceByView(mcu::BufferOp replaced, mcu::BufferOp kept, int64_t at) {
  if (replaced->isBeforeInBlock(kept))
    kept->moveBefore(replaced);
  OpBuilder builder(replaced);
  auto view = builder.create<mcu::ViewOp>(replaced.getLoc(), replaced.getMemory().getType(), kept.getMemory(), uint64_t(at));
  replaced.getMemory().replaceAllUsesWith(view.getMemory());
  replaced.erase();
}

schedule::MemoryGraph thimble::schedule::makeGraph(mcu::ProgramOp program) {
  MemoryGraph graph;
  mcu::BufferParts parts(program);
  llvm::DenseMap<Operation *, size_t> owners;
  for (const mcu::BufferPart &part : parts.all()) {
    mcu::BufferOp buffer = part.range.buffer;
    // Words, where a part may share its first or last one with its neighbour.
    int64_t bytes = int64_t(llvm::alignTo(uint64_t(std::max<int64_t>(part.end, 1)), uint64_t(wordBytes))) -
                    int64_t(llvm::alignTo(uint64_t(part.begin), uint64_t(wordBytes)));
    if (!mcu::isInArena(buffer))
      bytes = 0;
    size_t owner = owners.try_emplace(buffer, owners.size()).first->second;
    graph.buffers.push_back({bytes, buffer.getRole() == mcu::Role::Input, buffer.getRole() == mcu::Role::Output, owner});
  }
  std::vector<std::vector<size_t>> readers(graph.buffers.size());
  std::vector<std::optional<size_t>> lastWriter(graph.buffers.size());
  std::map<int64_t, std::vector<size_t>> stateReaders; // by index of the state
  for (auto [i, call] : llvm::enumerate(mcu::getCalls(program))) {
    MemoryGraph::Task task;
    auto follow = [&, i = i](std::optional<size_t> other) {
      if (other && *other != i && !llvm::is_contained(task.before, *other))
        task.before.push_back(*other);
    };
    auto idsOf = [&](ValueRange memory) {
      MemoryGraph::Parts ids;
      for (Value value : memory)
        llvm::append_range(ids, parts.indicesOf(value));
      return ids;
    };
    for (size_t id : idsOf(call->getOperands()))
      if (!llvm::is_contained(task.touches, id))
        task.touches.push_back(id);
    for (size_t id : idsOf(call.getIns())) {
      follow(lastWriter[id]);
      readers[id].push_back(i);
    }
    // What a run finds is read before what it leaves is written in its place.
    for (Value in : call.getIns())
      if (mcu::BufferOp buffer = mcu::getBuffer(in); mcu::isState(buffer) && buffer.getRole() == mcu::Role::State)
        stateReaders[int64_t(buffer.getIndex())].push_back(i);
    for (Value out : call.getOuts())
      if (mcu::BufferOp buffer = mcu::getBuffer(out); mcu::isState(buffer))
        for (size_t reader : stateReaders[int64_t(buffer.getIndex())])
          follow(reader);
    for (size_t id : idsOf(call.getOuts())) {
      // Writers of the same bytes keep their order, and do not overtake those who read what was there.
      follow(lastWriter[id]);
      for (size_t reader : readers[id])
        follow(reader);
      readers[id].clear();
      lastWriter[id] = i;
    }
    for (const Sharing &sharing : findSharing(call))
      task.shares.push_back({idsOf(sharing.input), idsOf(sharing.output), sharing.distance});
    graph.tasks.push_back(std::move(task));
  }
  return graph;
}

// The parts of a buffer that are not live all the time; none if all of it is.
static std::vector<schedule::ItemPart> partsOf(const mcu::LiveRange &whole, llvm::ArrayRef<mcu::BufferPart> parts) {
  std::vector<schedule::ItemPart> result;
  bool isUniform = true;
  for (const mcu::BufferPart &part : parts) {
    isUniform &= part.range.first == whole.first && part.range.last == whole.last;
    if (!part.range.isEmpty())
      result.push_back({part.begin, part.end - part.begin, part.range.first, part.range.last});
  }
  return isUniform ? std::vector<schedule::ItemPart>() : result;
}

schedule::ArenaProblem thimble::schedule::makeArenaProblem(mcu::ProgramOp program, bool isSpilled) {
  ArenaProblem result;
  std::vector<Item> &items = result.problem.items;
  llvm::DenseMap<Operation *, size_t> itemOf;
  mcu::BufferParts parts(program);
  for (mcu::LiveRange range : mcu::computeLiveRanges(program)) {
    if (!mcu::isInArena(range.buffer) || range.isEmpty() || mcu::isSpilled(range.buffer) != isSpilled)
      continue;
    Value memory = range.buffer.getMemory();
    itemOf[range.buffer] = items.size();
    items.push_back({range.first, range.last, std::max<int64_t>(mcu::byteSize(memory), 1), alignmentOf(range.buffer),
                     partsOf(range, parts.of(memory))});
    result.buffers.push_back(range.buffer);
  }
  for (auto [position, call] : llvm::enumerate(mcu::getCalls(program)))
    for (const Sharing &sharing : findSharing(call)) {
      auto isAt = [&, step = int64_t(position)](const mcu::BufferPart &part, bool isEnd) {
        return (isEnd ? part.range.last : part.range.first) == step;
      };
      if (sharing.isExact || !itemOf.contains(mcu::getBuffer(sharing.input)) ||
          !itemOf.contains(mcu::getBuffer(sharing.output)) ||
          !llvm::all_of(parts.of(sharing.input), [&](const mcu::BufferPart &part) { return isAt(part, true); }) ||
          !llvm::all_of(parts.of(sharing.output), [&](const mcu::BufferPart &part) { return isAt(part, false); }))
        continue;
      auto rangeOf = [&](Value memory) {
        size_t item = itemOf.lookup(mcu::getBuffer(memory));
        return items[item].parts.empty() && isWhole(memory) ? ItemRange()
                                                            : ItemRange{mcu::byteOffset(memory), mcu::byteSize(memory)};
      };
      result.problem.overlaps.push_back({itemOf.lookup(mcu::getBuffer(sharing.input)),
                                         itemOf.lookup(mcu::getBuffer(sharing.output)), sharing.distance,
                                         rangeOf(sharing.input), rangeOf(sharing.output)});
    }
  return result;
}
