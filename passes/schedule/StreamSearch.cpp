// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dynamic programming over the places where streamed parts begin and end.
#include "passes/schedule/StreamSearch.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/RowKernels.h"
#include "passes/schedule/SharedMemory.h"
#include <set>

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

static constexpr size_t maxCalls = 40;       // of a streamed part
static constexpr int64_t partCost = 400;     // instructions; keeps parts few where it does not matter
static constexpr int64_t maxKernelCalls = 20000; // of a part at run time

static int64_t aligned(int64_t bytes) { return int64_t(llvm::alignTo(uint64_t(bytes), uint64_t(wordBytes))); }

// What is saved where an output lies over a dying input.
static int64_t overlappedBytes(int64_t input, int64_t output, int64_t distance) {
  return std::max<int64_t>(input + output - std::max(aligned(distance) + input, output), 0);
}

StreamSearch::StreamSearch(mcu::ProgramOp program, std::shared_ptr<StreamCosts> known)
    : program(program), costs(known ? std::move(known) : std::make_shared<StreamCosts>()), calls(mcu::getCalls(program)),
      parts(program) {
  for (const mcu::BufferPart &part : parts.all())
    if (!part.range.isEmpty())
      buffers.push_back({part.range.buffer, part.range.first, part.range.last, aligned(part.end) - aligned(part.begin)});
  measureCalls();
}

void StreamSearch::measureCalls() {
  for (auto [index, call] : llvm::enumerate(calls)) {
    int64_t position = int64_t(index), bytes = 0, saved = 0;
    for (const Live &live : buffers)
      if (live.first <= position && position <= live.last)
        bytes += live.bytes;
    // What is fed is never there as a whole.
    if (llvm::any_of(call.getIns(), [](Value in) { return mcu::isFed(mcu::getBuffer(in)); })) {
      plain.push_back(INT64_MAX);
      continue;
    }
    for (const Sharing &sharing : findSharing(call)) {
      bool dies =
          llvm::all_of(parts.of(sharing.input), [&](const mcu::BufferPart &part) { return part.range.last == position; });
      bool isBorn =
          llvm::all_of(parts.of(sharing.output), [&](const mcu::BufferPart &part) { return part.range.first == position; });
      if (dies && isBorn)
        saved = std::max(saved, overlappedBytes(aligned(mcu::byteSize(sharing.input)), aligned(mcu::byteSize(sharing.output)),
                                                sharing.distance));
    }
    plain.push_back(bytes - saved);
  }
}

bool StreamSearch::addOption(Interval &interval, size_t first, size_t last, StreamGrain grain) {
  std::optional<StreamCost> cost = interval.part->plan(grain, costs.get());
  if (!cost || cost->calls > maxKernelCalls)
    return cost && cost->slides;
  int64_t bytes = interval.outside + int64_t(llvm::alignTo(uint64_t(cost->scratchBytes), 8));
  if (mcu::BufferOp input = interval.part->getOverlapped())
    bytes -= overlappedBytes(aligned(mcu::byteSize(input.getMemory())),
                             aligned(mcu::byteSize(interval.part->getResult().getMemory())), cost->distance);
  interval.options.push_back({first, last, grain, bytes, *cost});
  return cost->slides;
}

StreamSearch::Interval &StreamSearch::get(size_t first, size_t last) {
  auto [entry, isNew] = intervals.try_emplace({first, last});
  Interval &interval = entry->second;
  if (!isNew)
    return interval;
  interval.part = StreamPart::create(calls, first, last);
  if (!interval.part)
    return interval;
  for (const Live &live : buffers) {
    // What only these calls use, but for the result, is replaced by the part's scratch.
    bool isNew = live.first >= int64_t(first) || (first == 0 && mcu::BufferOp(live.buffer).getRole() != mcu::Role::Input);
    bool isInside = isNew && live.last <= int64_t(last) && live.buffer != interval.part->getResult();
    if (live.first <= int64_t(last) && live.last >= int64_t(first) && !isInside)
      interval.outside += live.bytes;
  }
  addOption(interval, first, last, {1, 0});
  return interval;
}

void StreamSearch::complete(Interval &interval, size_t first, size_t last) {
  if (interval.isComplete || interval.options.empty())
    return;
  interval.isComplete = true;
  for (int64_t pixels : {1, 2, 4, 8, 32, 64, 128, 256, 512, 1024}) {
    bool slides = pixels == 1 ? interval.options.front().cost.slides : addOption(interval, first, last, {pixels, 0});
    for (int64_t slack : {1, 2, 4})
      if (slides)
        addOption(interval, first, last, {pixels, slack});
  }
}

std::optional<std::vector<StreamChoice>> StreamSearch::find(int64_t bytes) {
  size_t count = calls.size();
  std::vector<int64_t> best(count + 1, INT64_MAX);
  std::vector<std::optional<StreamChoice>> reached(count + 1);
  best[0] = 0;
  for (size_t first = 0; first < count; ++first) {
    if (best[first] == INT64_MAX)
      continue;
    if (plain[first] <= bytes && best[first] < best[first + 1]) {
      best[first + 1] = best[first];
      reached[first + 1].reset();
    }
    bool isTooMuch = false;
    for (size_t last = first; last < std::min(count, first + maxCalls); ++last) {
      if (!describeRows(calls[last]))
        break;
      isTooMuch |= plain[last] > bytes;
      // A part without a call that needs too much gains nothing, nor does one call alone unless it is fed: it has nothing between rows.
      if (!isTooMuch || (last == first && plain[first] != INT64_MAX))
        continue;
      Interval &interval = get(first, last);
      if (interval.options.empty() || interval.options.front().bytes > bytes)
        continue;
      complete(interval, first, last);
      for (const StreamChoice &option : interval.options) {
        int64_t cost = best[first] + std::max<int64_t>(option.cost.instructions, 0) + partCost;
        if (option.bytes <= bytes && cost < best[last + 1]) {
          best[last + 1] = cost;
          reached[last + 1] = option;
        }
      }
    }
  }
  if (best[count] == INT64_MAX)
    return std::nullopt;
  std::vector<StreamChoice> result;
  for (size_t at = count; at > 0; at = reached[at] ? reached[at]->first : at - 1)
    if (reached[at])
      result.insert(result.begin(), *reached[at]);
  return result;
}

int64_t StreamSearch::findLeast() {
  int64_t low = 0, high = 0;
  for (const Live &live : buffers)
    high += live.bytes;
  // A part that is fed may need more for its rows than its plain calls do.
  for (int doublings = 0; doublings < 8 && !find(high); ++doublings)
    high *= 2;
  while (high - low > wordBytes) {
    int64_t middle = low + (high - low) / 2;
    (find(middle) ? high : low) = middle;
  }
  return high / wordBytes * wordBytes; // as all that is counted
}

// Of all parts of buffers that the operands touch.
int64_t StreamSearch::bytesOf(llvm::ArrayRef<Value> operands) const {
  std::set<size_t> touched;
  for (Value operand : operands)
    if (mcu::getBuffer(operand))
      for (size_t part : parts.indicesOf(operand))
        touched.insert(part);
  int64_t bytes = 0;
  for (size_t part : touched)
    if (const mcu::BufferPart &piece = parts.all()[part]; !mcu::isFed(piece.range.buffer) && mcu::isInArena(piece.range.buffer))
      bytes += aligned(piece.end) - aligned(piece.begin);
  return bytes;
}

// Without what the calls [first, end) need.
int64_t StreamSearch::boundWithout(size_t first, size_t end) const {
  int64_t inputs = 0, outputs = 0, bound = 0;
  for (const Live &live : buffers) {
    mcu::Role role = mcu::BufferOp(live.buffer).getRole();
    inputs += role == mcu::Role::Input ? live.bytes : 0;
    outputs += role == mcu::Role::Output ? live.bytes : 0;
  }
  for (auto [index, entry] : llvm::enumerate(calls)) {
    if (first <= index && index < end)
      continue;
    mcu::CallOp call = entry;
    int64_t saved = 0;
    llvm::SmallVector<Value> needed;
    if (std::optional<RowKernel> kernel = describeRows(call)) {
      // The scratch of a kernel is needed even for one row.
      if (call.getScratch())
        needed.push_back(call.getScratch());
      for (const RowInput &input : kernel->inputs)
        if (input.stride == 0 || input.isPlanar)
          needed.push_back(call.getIns()[input.index]);
    } else {
      llvm::append_range(needed, call->getOperands());
      for (const Sharing &sharing : findSharing(call))
        saved = std::max(saved, overlappedBytes(aligned(mcu::byteSize(sharing.input)), aligned(mcu::byteSize(sharing.output)),
                                                sharing.distance));
    }
    bound = std::max(bound, bytesOf(needed) - saved);
  }
  return std::max({inputs, outputs, bound});
}

int64_t StreamSearch::boundForAllOrders() const { return boundWithout(0, 0); }

int64_t StreamSearch::boundForStrips(size_t first, size_t last) const {
  mcu::CallOp reader = calls[first], writer = calls[last];
  llvm::SmallVector<Value> whole = {writer.getOuts()[0]};
  llvm::append_range(whole, reader.getIns());
  return std::max(bytesOf(whole), boundWithout(first, last + 1));
}
