// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Orders the calls so that the peak of live bytes is small.
#include "codegen/kernels/KernelTable.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/Schedule.h"
#include "llvm/ADT/BitVector.h"
#include <map>
#include <numeric>
#include <queue>

namespace thimble::schedule {
#define GEN_PASS_DEF_ORDERCALLS
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;

namespace {

// The calls and buffers of a program as numbers.
class Graph {
public:
  explicit Graph(mcu::ProgramOp program) : calls(mcu::getCalls(program)) {
    llvm::DenseMap<Operation *, size_t> bufferIds;
    for (mcu::BufferOp buffer : program.getBody().front().getOps<mcu::BufferOp>()) {
      bufferIds[buffer] = bytes.size();
      bytes.push_back((mcu::byteSize(buffer.getMemory()) + 3) & ~int64_t(3));
      isInput.push_back(buffer.getRole() == mcu::Role::Input);
      isOutput.push_back(buffer.getRole() == mcu::Role::Output);
    }
    users.resize(bytes.size());
    before.resize(calls.size());
    touched.resize(calls.size());
    std::vector<std::vector<size_t>> readers(bytes.size());
    std::vector<int64_t> lastWriter(bytes.size(), -1);
    for (size_t i = 0; i < calls.size(); ++i) {
      auto touch = [&](Value memory) -> std::optional<size_t> {
        mcu::BufferOp buffer = mcu::getBuffer(memory);
        if (!buffer)
          return std::nullopt;
        size_t id = bufferIds[buffer];
        if (!llvm::is_contained(touched[i], id)) {
          touched[i].push_back(id);
          users[id].push_back(i);
        }
        return id;
      };
      auto follow = [&](int64_t other) {
        if (other >= 0 && other != int64_t(i) && !llvm::is_contained(before[i], size_t(other)))
          before[i].push_back(size_t(other));
      };
      for (Value in : calls[i].getIns())
        if (auto id = touch(in)) {
          follow(lastWriter[*id]);
          readers[*id].push_back(i);
        }
      for (Value out : calls[i].getOuts())
        if (auto id = touch(out)) {
          // Writers of one buffer keep their order, and do not overtake those who read what was there.
          follow(lastWriter[*id]);
          for (size_t reader : readers[*id])
            follow(int64_t(reader));
          readers[*id].clear();
          lastWriter[*id] = int64_t(i);
        }
      if (calls[i].getScratch())
        touch(calls[i].getScratch());
      findInPlace(i, bufferIds);
    }
  }

  size_t size() const { return calls.size(); }

  bool isReady(size_t call, const llvm::BitVector &done) const {
    return !done[call] && llvm::all_of(before[call], [&](size_t other) { return done[other]; });
  }

  // Bytes that hold data after the calls in `done`.
  int64_t liveAfter(const llvm::BitVector &done) const {
    int64_t sum = 0;
    for (size_t id = 0; id < bytes.size(); ++id) {
      bool isBorn = isInput[id] || llvm::any_of(users[id], [&](size_t call) { return done[call]; });
      bool isNeeded = isOutput[id] || llvm::any_of(users[id], [&](size_t call) { return !done[call]; });
      if (isBorn && isNeeded)
        sum += bytes[id];
    }
    return sum;
  }

  // Bytes in use while `call` runs after the calls in `done`, which hold `live` bytes.
  int64_t liveDuring(size_t call, const llvm::BitVector &done, int64_t live) const {
    for (size_t id : touched[call])
      if (isUntouched(id, done) && !takesOver(call, id, done))
        live += bytes[id];
    return live;
  }

  int64_t peak(llvm::ArrayRef<size_t> order) const {
    llvm::BitVector done(unsigned(calls.size()));
    int64_t result = liveAfter(done);
    for (size_t call : order) {
      result = std::max(result, liveDuring(call, done, liveAfter(done)));
      done.set(unsigned(call));
    }
    return result;
  }

  std::vector<size_t> greedy() const {
    llvm::BitVector done(unsigned(calls.size()));
    std::vector<size_t> order;
    while (order.size() < calls.size()) {
      size_t best = calls.size();
      int64_t bestLive = 0;
      for (size_t call = 0; call < calls.size(); ++call) {
        if (!isReady(call, done))
          continue;
        llvm::BitVector next = done;
        next.set(unsigned(call));
        int64_t live = liveAfter(next);
        if (best == calls.size() || live < bestLive) {
          best = call;
          bestLive = live;
        }
      }
      order.push_back(best);
      done.set(unsigned(best));
    }
    return order;
  }

  // The order with the least peak, or nothing if that takes more than `limit` states.
  std::optional<std::vector<size_t>> search(int64_t limit) const;

  std::vector<mcu::CallOp> calls;

private:
  // Which inputs of a call its output may take the place of.
  void findInPlace(size_t call, const llvm::DenseMap<Operation *, size_t> &bufferIds) {
    const kernels::Kernel *kernel = kernels::lookup(calls[call].getKernel());
    inPlace.emplace_back();
    mcu::BufferOp out = mcu::getBuffer(calls[call].getOuts()[0]);
    for (unsigned i = 0; kernel && i < calls[call].getIns().size() && i < 32; ++i) {
      mcu::BufferOp in = mcu::getBuffer(calls[call].getIns()[i]);
      if ((kernel->inPlace >> i & 1) && in && in != out && mcu::byteSize(in.getMemory()) == mcu::byteSize(out.getMemory()))
        inPlace[call].push_back({bufferIds.lookup(in), bufferIds.lookup(out)});
    }
  }

  bool isUntouched(size_t id, const llvm::BitVector &done) const {
    return !isInput[id] && llvm::none_of(users[id], [&](size_t other) { return done[other]; });
  }

  // True if `out` can lie where an input of `call` does that nobody reads afterwards, as ShareInPlace will arrange it.
  bool takesOver(size_t call, size_t out, const llvm::BitVector &done) const {
    return llvm::any_of(inPlace[call], [&](std::pair<size_t, size_t> pair) {
      bool isLastReader = llvm::all_of(users[pair.first], [&](size_t other) { return other == call || done[other]; });
      return pair.second == out && isLastReader && !isOutput[pair.first] && !(isInput[pair.first] && isOutput[out]);
    });
  }

  std::vector<int64_t> bytes;              // of each buffer
  std::vector<bool> isInput, isOutput;     // of the model
  std::vector<std::vector<size_t>> users;  // calls that touch a buffer
  std::vector<std::vector<size_t>> before; // calls that must run before a call
  std::vector<std::vector<size_t>> touched;
  std::vector<std::vector<std::pair<size_t, size_t>>> inPlace; // of each call: input and output buffer
};

struct State {
  int64_t peak;
  size_t count;    // calls executed
  int64_t number;  // position in `states`, and the tie-break that makes the search deterministic
  bool operator<(const State &other) const {
    // The queue gives its largest element: the least peak, then the most progress, then the oldest.
    return std::tie(other.peak, count, other.number) < std::tie(peak, other.count, number);
  }
};

} // namespace

std::optional<std::vector<size_t>> Graph::search(int64_t limit) const {
  struct Visit {
    llvm::BitVector done;
    int64_t previous;
    size_t call;
    bool isClosed = false;
  };
  std::vector<Visit> states = {{llvm::BitVector(unsigned(size())), -1, 0}};
  auto words = [](const llvm::BitVector &set) {
    auto data = set.getData();
    return std::vector<uintptr_t>(data.begin(), data.end());
  };
  std::map<std::vector<uintptr_t>, int64_t> bestPeak; // of each set of calls
  std::priority_queue<State> queue;
  queue.push({liveAfter(states[0].done), 0, 0});
  while (!queue.empty()) {
    State state = queue.top();
    queue.pop();
    if (state.count == size()) {
      std::vector<size_t> order;
      for (int64_t at = state.number; at > 0; at = states[size_t(at)].previous)
        order.push_back(states[size_t(at)].call);
      std::reverse(order.begin(), order.end());
      return order;
    }
    llvm::BitVector done = states[size_t(state.number)].done;
    if (bestPeak.count(words(done)) && bestPeak[words(done)] < state.peak)
      continue; // reached in a better way since
    int64_t live = liveAfter(done);
    for (size_t call = 0; call < size(); ++call) {
      if (!isReady(call, done))
        continue;
      int64_t peak = std::max(state.peak, liveDuring(call, done, live));
      llvm::BitVector next = done;
      next.set(unsigned(call));
      auto known = bestPeak.find(words(next));
      if (known != bestPeak.end() && known->second <= peak)
        continue;
      bestPeak[words(next)] = peak;
      states.push_back({next, state.number, call});
      queue.push({peak, state.count + 1, int64_t(states.size()) - 1});
      if (int64_t(states.size()) > limit)
        return std::nullopt;
    }
  }
  return std::nullopt;
}

namespace {
struct OrderCalls : thimble::schedule::impl::OrderCallsBase<OrderCalls> {
  using OrderCallsBase::OrderCallsBase;

  void runOnOperation() override {
    Graph graph(getOperation());
    std::vector<size_t> given(graph.size());
    std::iota(given.begin(), given.end(), size_t(0));
    std::vector<size_t> best = given;
    if (auto exact = graph.search(stateLimit)) {
      best = *exact;
    } else {
      std::vector<size_t> greedy = graph.greedy();
      if (graph.peak(greedy) < graph.peak(given))
        best = greedy;
    }
    // A given order that is as good is kept: it reads like the model.
    if (graph.peak(best) >= graph.peak(given))
      return markAllAnalysesPreserved();
    Block &block = getOperation().getBody().front();
    for (size_t call : best)
      graph.calls[call]->moveBefore(&block, block.end());
  }
};
} // namespace
