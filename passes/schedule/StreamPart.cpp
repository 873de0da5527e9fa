// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a run of calls to a row problem, and from its schedule to the steps of one call.
#include "passes/schedule/StreamPart.h"
#include "codegen/kernels/KernelTable.h"
#include "compiler/support/Constants.h"
#include "passes/schedule/RowKernels.h"
#include "passes/schedule/RowSchedule.h"
#include "passes/schedule/SharedMemory.h"
#include "passes/schedule/StepWriter.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <map>

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

namespace {
// A stage of the row problem: calls that work on the same rows, each after the first one in place on the rows of the one before.
// Pieces of a concatenation come first: of them, the one computes a band in whose rows it lies.
struct Stage {
  size_t out;
  llvm::SmallVector<size_t, 2> calls;                 // positions in the part
  llvm::SmallVector<std::pair<size_t, size_t>>
      reads; // in the order of the row problem: position and index into RowKernel::inputs
};
} // namespace

struct StreamPart::Implementation {
  llvm::ArrayRef<mcu::CallOp> all;
  std::vector<mcu::CallOp> calls;
  std::vector<RowKernel> kernels;
  std::vector<Stage> stages;
  RowProblem problem;                      // bands are set by the grain
  std::vector<mcu::BufferOp> bufferOf;     // of each map
  std::vector<Value> memoryOf;             // of each map that is whole: what the calls read or write
  std::vector<std::vector<size_t>> mapsOf; // of each call: that of each input, then that of the output
  mcu::BufferOp overlapped, result, fed;
  size_t resultMap = SIZE_MAX;
  int64_t kernelScratch = 0;

  bool analyze(size_t first, size_t last);
  bool findMaps(size_t first, size_t last);
  bool findPieces(size_t first, size_t last, size_t position);
  bool findFed(size_t first, size_t last);
  void makeStages();
  void findOverlapped(size_t last);
  Value operandOf(size_t map) const;
  int64_t shareOf(size_t position, size_t input) const {
    return kernels[position].inputs[input].rows / problem.maps[mapsOf[position][input]].rows;
  }
  bool computes(size_t position, const RowBand &band) const {
    const RowKernel &kernel = kernels[position];
    return kernel.pieceOf == 0 || (band.first >= kernel.firstRow && band.first < kernel.firstRow + kernel.outRows);
  }
  std::optional<RowSchedule> schedule(StreamGrain grain, RowProblem &cut) const;
  int64_t ringOffsets(const RowSchedule &schedule, std::vector<int64_t> &offsets) const;
  std::vector<int64_t> describe(StreamGrain grain) const;
  std::optional<StreamCost> plan(StreamGrain grain) const;
  int64_t alignmentOf(size_t map) const {
    return std::max<int64_t>(
        4, elementBytes(cast<MemRefType>(mcu::BufferOp(bufferOf[map]).getMemory().getType()).getElementType()));
  }
};

StreamPart::StreamPart(std::unique_ptr<Implementation> implementation) : implementation(std::move(implementation)) {}
StreamPart::~StreamPart() = default;
StreamPart::StreamPart(StreamPart &&) = default;
StreamPart &StreamPart::operator=(StreamPart &&) = default;

static bool sharesBytes(Value a, Value b) {
  mcu::BufferOp buffer = mcu::getBuffer(a);
  int64_t beginA = mcu::byteOffset(a), beginB = mcu::byteOffset(b);
  return buffer && buffer == mcu::getBuffer(b) && beginA < beginB + mcu::byteSize(b) && beginB < beginA + mcu::byteSize(a);
}

// Whether the calls that write pieces of the output of `position` are all here and make it whole, before anybody reads it.
bool StreamPart::Implementation::findPieces(size_t first, size_t last, size_t position) {
  mcu::BufferOp out = mcu::getBuffer(calls[position].getOuts()[0]);
  bool isResult = out == mcu::getBuffer(calls.back().getOuts()[0]);
  std::vector<std::pair<int64_t, int64_t>> pieces;
  size_t lastPiece = 0, firstReader = SIZE_MAX;
  for (auto [index, call] : llvm::enumerate(all))
    for (auto [o, operand] : llvm::enumerate(mcu::CallOp(call)->getOperands())) {
      if (mcu::getBuffer(operand) != out)
        continue;
      bool isInside = first <= index && index <= last;
      if (o < mcu::CallOp(call).getIns().size()) {
        firstReader = std::min(firstReader, index);
        if (isInside == isResult)
          return false;
        continue;
      }
      if (!isInside || kernels[index - first].pieceOf != kernels[position].pieceOf)
        return false;
      pieces.push_back({kernels[index - first].firstRow, kernels[index - first].outRows});
      lastPiece = index;
    }
  llvm::sort(pieces);
  int64_t end = 0;
  for (auto [begin, rows] : pieces) {
    if (begin != end)
      return false;
    end += rows;
  }
  return end == kernels[position].pieceOf && lastPiece < firstReader && out.getRole() != mcu::Role::Input &&
         !mcu::isState(out) && (isResult || out.getRole() == mcu::Role::Temporary);
}

// Buffers become maps. A buffer that is whole can be read as rows in several ways.
bool StreamPart::Implementation::findMaps(size_t first, size_t last) {
  llvm::DenseMap<Operation *, size_t> ringOf;
  std::map<std::tuple<Operation *, int64_t, int64_t, int64_t>, size_t> wholeOf;
  auto addMap = [&](Value memory, int64_t rows, int64_t pitch, bool isWhole) {
    problem.maps.push_back({rows, pitch, isWhole});
    bufferOf.push_back(mcu::getBuffer(memory));
    memoryOf.push_back(memory);
    return problem.maps.size() - 1;
  };
  for (size_t position = 0; position < calls.size(); ++position) {
    mcu::CallOp call = calls[position];
    RowKernel &kernel = kernels[position];
    std::vector<size_t> &maps = mapsOf.emplace_back();
    for (const RowInput &input : kernel.inputs) {
      Value memory = call.getIns()[input.index];
      mcu::BufferOp buffer = mcu::getBuffer(memory);
      if (buffer == fed && !ringOf.count(buffer)) {
        if (input.isPlanar || !isWhole(memory))
          return false;
        ringOf[buffer] = addMap(memory, input.rows, input.pitch, false);
      }
      if (auto ring = ringOf.find(buffer); ring != ringOf.end()) {
        const RowMap &map = problem.maps[ring->second];
        // Pixels of a row of an image can be rows themselves, as tokens.
        bool isShare = input.stride == 1 && input.extent == 1 && input.pad == 0 && input.rows % map.rows == 0;
        if (input.isPlanar || !isWhole(memory) || (map.rows != input.rows && !isShare) ||
            map.rows * map.rowBytes != input.rows * input.pitch)
          return false;
        maps.push_back(ring->second);
        continue;
      }
      auto [entry, isNew] =
          wholeOf.try_emplace({buffer, mcu::byteOffset(memory), input.rows, input.pitch}, problem.maps.size());
      if (isNew)
        addMap(memory, input.rows, input.pitch, true);
      maps.push_back(entry->second);
    }
    mcu::BufferOp out = mcu::getBuffer(call.getOuts()[0]);
    bool isResult = position + 1 == calls.size();
    if (kernel.pieceOf > 0) {
      auto known = ringOf.find(out);
      bool isPiece = known != ringOf.end() || findPieces(first, last, position);
      if (isPiece && known == ringOf.end()) {
        bool isLastBuffer = out == mcu::getBuffer(calls.back().getOuts()[0]);
        known = ringOf.try_emplace(out, addMap(out.getMemory(), kernel.pieceOf, kernel.outPitch, isLastBuffer)).first;
        if (isLastBuffer) {
          result = out;
          resultMap = known->second;
        }
      }
      if (isPiece) {
        maps.push_back(known->second);
        continue;
      }
      // One piece alone is a result like others.
      if (!isResult || kernel.outRows < 2 || mcu::byteSize(call.getOuts()[0]) != kernel.outRows * kernel.outPitch)
        return false;
      kernel.pieceOf = kernel.firstRow = 0;
    }
    // A state is written at once: parts read its old value step by step.
    if (ringOf.count(out) || out.getRole() == mcu::Role::Input || mcu::isState(out))
      return false;
    Value written = call.getOuts()[0];
    if (llvm::any_of(call.getIns(), [&](Value in) { return sharesBytes(in, written); }) ||
        (!isResult && (!isWhole(written) || kernel.isPartial)))
      return false;
    // Only the result is seen by others, and nobody else writes to a buffer.
    for (size_t index = 0; index < all.size(); ++index) {
      mcu::CallOp other = all[index];
      if (index == first + position)
        continue;
      for (auto [o, operand] : llvm::enumerate(other->getOperands())) {
        if (!sharesBytes(operand, written))
          continue;
        bool isRead = o < other.getIns().size();
        if (!isRead && isResult && kernel.isPartial && (index < first || index > last))
          continue;
        if (!isRead || (isResult ? index < first + position : index < first || index > last))
          return false;
      }
    }
    if (!isResult && out.getRole() != mcu::Role::Temporary)
      return false;
    maps.push_back(addMap(written, kernel.outRows, kernel.outPitch, isResult));
    ringOf[out] = maps.back();
    if (isResult) {
      result = out;
      resultMap = maps.back();
    }
  }
  return true;
}

bool StreamPart::Implementation::findFed(size_t first, size_t last) {
  for (auto [index, call] : llvm::enumerate(all))
    for (Value in : mcu::CallOp(call).getIns())
      if (mcu::BufferOp buffer = mcu::getBuffer(in); mcu::isFed(buffer)) {
        bool isInside = first <= index && index <= last;
        if (isInside && fed && fed != buffer)
          return false;
        if (isInside)
          fed = buffer;
      }
  if (!fed)
    return true;
  for (auto [index, call] : llvm::enumerate(all)) {
    bool isInside = first <= index && index <= last;
    for (Value in : mcu::CallOp(call).getIns()) {
      mcu::BufferOp buffer = mcu::getBuffer(in);
      if (!isInside && buffer == fed)
        return false;
      // Other inputs may not be there yet when the rows come.
      bool isMadeHere =
          llvm::any_of(calls, [&](mcu::CallOp other) { return buffer && mcu::getBuffer(other.getOuts()[0]) == buffer; });
      if (isInside && buffer && buffer != fed && !isMadeHere)
        return false;
    }
  }
  return true;
}

// A call that can work in place on rows that only it reads becomes part of the stage that writes them.
void StreamPart::Implementation::makeStages() {
  std::vector<size_t> readers(problem.maps.size(), 0), stageOf(problem.maps.size(), SIZE_MAX);
  for (size_t position = 0; position < calls.size(); ++position)
    for (size_t i = 0; i < kernels[position].inputs.size(); ++i)
      ++readers[mapsOf[position][i]];
  std::vector<Stage> made;
  for (size_t position = 0; position < calls.size(); ++position) {
    unsigned inPlace = kernels::lookup(calls[position].getKernel())->inPlace;
    size_t out = mapsOf[position].back(), joined = SIZE_MAX;
    bool isPiece = kernels[position].pieceOf > 0;
    for (size_t i = 0; i < kernels[position].inputs.size() && joined == SIZE_MAX && !isPiece; ++i) {
      const RowInput &input = kernels[position].inputs[i];
      size_t map = mapsOf[position][i];
      bool isSame = input.stride == 1 && input.extent == 1 && input.pad == 0 && input.pitch == kernels[position].outPitch &&
                    shareOf(position, i) == 1;
      if (isSame && stageOf[map] != SIZE_MAX && readers[map] == 1 && input.index < 32 && (inPlace >> input.index & 1))
        joined = i;
    }
    Stage stage;
    size_t replaced = joined != SIZE_MAX ? stageOf[mapsOf[position][joined]] : isPiece ? stageOf[out] : SIZE_MAX;
    if (replaced != SIZE_MAX)
      stage = std::move(made[replaced]);
    stage.out = out;
    stage.calls.push_back(position);
    for (size_t i = 0; i < kernels[position].inputs.size(); ++i)
      if (i != joined)
        stage.reads.push_back({position, i});
    if (replaced != SIZE_MAX)
      made[replaced].calls.clear();
    stageOf[out] = made.size();
    made.push_back(std::move(stage));
  }
  // Rows that are fed come out of a stage without calls.
  if (fed) {
    size_t map = size_t(llvm::find(bufferOf, fed) - bufferOf.begin());
    problem.stages.push_back({map, {}, 1});
    stages.push_back({map, {}, {}});
  }
  for (Stage &stage : made) {
    if (stage.calls.empty())
      continue;
    RowStage row{stage.out, {}, 1};
    for (auto [position, i] : stage.reads) {
      const RowInput &input = kernels[position].inputs[i];
      row.reads.push_back({mapsOf[position][i], input.stride, input.extent, input.pad, shareOf(position, i)});
      if (kernels[position].pieceOf > 0) {
        row.reads.back().from = kernels[position].firstRow;
        row.reads.back().to = kernels[position].firstRow + kernels[position].outRows;
      }
    }
    for (size_t position : stage.calls)
      if (kernels[position].firstRow > 0)
        row.cuts.push_back(kernels[position].firstRow);
    problem.stages.push_back(row);
    stages.push_back(std::move(stage));
  }
}

// The largest input that dies here.
void StreamPart::Implementation::findOverlapped(size_t last) {
  for (size_t map = 0; map < problem.maps.size(); ++map) {
    mcu::BufferOp buffer = bufferOf[map];
    if (!problem.maps[map].isWhole || buffer == result || !isWhole(memoryOf[map]) || !isWhole(memoryOf[resultMap]) ||
        buffer.getRole() == mcu::Role::Output ||
        (buffer.getRole() == mcu::Role::Input && result.getRole() == mcu::Role::Output))
      continue;
    bool isReadLater = llvm::any_of(all.drop_front(last + 1), [&](mcu::CallOp call) {
      return llvm::any_of(call->getOperands(), [&](Value operand) { return mcu::getBuffer(operand) == buffer; });
    });
    if (!isReadLater && (!overlapped || mcu::byteSize(buffer.getMemory()) > mcu::byteSize(overlapped.getMemory())))
      overlapped = buffer;
  }
}

// What the streamed call has as its operand for a map that is whole: one for all maps of the same bytes.
Value StreamPart::Implementation::operandOf(size_t map) const {
  for (size_t other = 0; other < map; ++other)
    if (problem.maps[other].isWhole && bufferOf[other] == bufferOf[map] && other != resultMap &&
        mcu::byteOffset(memoryOf[other]) == mcu::byteOffset(memoryOf[map]) &&
        mcu::byteSize(memoryOf[other]) == mcu::byteSize(memoryOf[map]))
      return memoryOf[other];
  return memoryOf[map];
}

bool StreamPart::Implementation::analyze(size_t first, size_t last) {
  for (size_t index = first; index <= last; ++index) {
    std::optional<RowKernel> kernel = describeRows(all[index]);
    if (!kernel)
      return false;
    calls.push_back(all[index]);
    kernels.push_back(std::move(*kernel));
    if (Value scratch = calls.back().getScratch())
      kernelScratch = std::max(kernelScratch, mcu::byteSize(scratch));
  }
  if (!findFed(first, last) || !findMaps(first, last))
    return false;
  makeStages();
  if (!fed)
    findOverlapped(last);
  return true;
}

std::optional<StreamPart> StreamPart::create(llvm::ArrayRef<mcu::CallOp> calls, size_t first, size_t last) {
  auto implementation = std::make_unique<Implementation>();
  implementation->all = calls;
  if (!implementation->analyze(first, last))
    return std::nullopt;
  return StreamPart(std::move(implementation));
}

mcu::BufferOp StreamPart::getOverlapped() const { return implementation->overlapped; }
mcu::BufferOp StreamPart::getResult() const { return implementation->result; }

std::optional<RowSchedule> StreamPart::Implementation::schedule(StreamGrain grain, RowProblem &cut) const {
  cut = problem;
  for (auto [stage, row] : llvm::zip(stages, cut.stages)) {
    if (stage.calls.empty())
      continue;
    int64_t pixels = std::max<int64_t>(kernels[stage.calls.front()].rowPixels, 1);
    int64_t band = (grain.pixels + pixels - 1) / pixels;
    int64_t block = 1;
    for (size_t position : stage.calls)
      block = std::max(block, kernels[position].block);
    if (grain.pixels > 1)
      band = int64_t(llvm::alignTo(uint64_t(band), uint64_t(block)));
    row.band = std::clamp<int64_t>(band, 1, cut.maps[row.out].rows);
  }
  return scheduleRows(cut, grain.slack);
}

// Places the buffers of rows behind the kernels' own scratch, those that never hold rows at the same time over each other; returns
// the bytes of all.
int64_t StreamPart::Implementation::ringOffsets(const RowSchedule &schedule, std::vector<int64_t> &offsets) const {
  int64_t end = kernelScratch;
  offsets.assign(problem.maps.size(), 0);
  std::vector<std::vector<RowSpan>> spans = findSpans(problem, schedule);
  llvm::SmallVector<size_t> rings;
  for (const RowStage &stage : problem.stages)
    if (!problem.maps[stage.out].isWhole)
      rings.push_back(stage.out);
  auto bytesOf = [&](size_t map) { return schedule.capacity[map] * problem.maps[map].rowBytes; };
  llvm::sort(rings, [&](size_t a, size_t b) { return std::make_pair(-bytesOf(a), a) < std::make_pair(-bytesOf(b), b); });
  llvm::SmallVector<size_t> placed;
  for (size_t ring : rings) {
    // As low as those allow that are there already; what is fed has its place for itself, since the caller may write at any time.
    int64_t offset = kernelScratch;
    for (bool moves = true; moves;) {
      moves = false;
      offset = int64_t(llvm::alignTo(uint64_t(offset), uint64_t(alignmentOf(ring))));
      for (size_t other : placed) {
        bool isApart = bufferOf[ring] != fed && bufferOf[other] != fed && !meet(spans[ring], spans[other]);
        if (isApart || offset >= offsets[other] + bytesOf(other) || offsets[other] >= offset + bytesOf(ring))
          continue;
        offset = offsets[other] + bytesOf(other);
        moves = true;
      }
    }
    offsets[ring] = offset;
    placed.push_back(ring);
    end = std::max(end, offset + bytesOf(ring));
  }
  return fed ? int64_t(llvm::alignTo(uint64_t(end), 8)) + mcu::feedStateBytes : end;
}

// All that plan() depends on.
std::vector<int64_t> StreamPart::Implementation::describe(StreamGrain grain) const {
  std::vector<int64_t> key = {grain.pixels, grain.slack, kernelScratch, int64_t(problem.maps.size())};
  for (auto [index, map] : llvm::enumerate(problem.maps))
    llvm::append_values(key, map.rows, map.rowBytes, map.isWhole, alignmentOf(index), bufferOf[index] == fed,
                        overlapped && bufferOf[index] == overlapped);
  for (auto [stage, row] : llvm::zip(stages, problem.stages)) {
    llvm::append_values(key, int64_t(row.out), int64_t(row.reads.size()), int64_t(row.cuts.size()),
                        int64_t(stage.calls.size()));
    for (const RowRead &read : row.reads)
      llvm::append_values(key, int64_t(read.map), read.stride, read.extent, read.pad, read.share, read.from, read.to);
    llvm::append_range(key, row.cuts);
    for (size_t position : stage.calls) {
      const RowKernel &kernel = kernels[position];
      llvm::append_values(key, kernel.outRows, kernel.rowPixels, kernel.callInstructions, kernel.block,
                          kernel.looseInstructions, kernel.pieceOf, kernel.firstRow);
    }
  }
  return key;
}

std::optional<StreamCost> StreamPart::plan(StreamGrain grain, StreamCosts *known) const {
  if (!known)
    return implementation->plan(grain);
  auto [entry, isNew] = known->try_emplace(implementation->describe(grain));
  if (isNew)
    entry->second = implementation->plan(grain);
  return entry->second;
}

std::optional<StreamCost> StreamPart::Implementation::plan(StreamGrain grain) const {
  RowProblem cut;
  std::optional<RowSchedule> schedule = this->schedule(grain, cut);
  if (!schedule)
    return std::nullopt;
  std::vector<int64_t> offsets;
  StreamCost cost{ringOffsets(*schedule, offsets), 0, 0, 0};
  for (size_t map = 0; map < cut.maps.size(); ++map)
    if (overlapped && bufferOf[map] == overlapped)
      cost.distance = std::max(cost.distance, overlapDistance(cut, *schedule, map));
  for (const RowStep &step : schedule->steps) {
    if (step.isSlide) {
      cost.slides = true;
      cost.instructions += 20 + step.out.rows * cut.maps[step.index].rowBytes * 3 / 4;
      ++cost.calls;
      continue;
    }
    if (stages[step.index].calls.empty())
      cost.instructions += 30 + cut.maps[stages[step.index].out].rowBytes;
    for (size_t position : stages[step.index].calls) {
      if (!computes(position, step.out))
        continue;
      const RowKernel &kernel = kernels[position];
      cost.instructions += kernel.callInstructions + step.out.rows % kernel.block * kernel.looseInstructions;
      ++cost.calls;
    }
  }
  for (const RowKernel &kernel : kernels) // which the plain program spends too
    cost.instructions -= kernel.callInstructions + kernel.outRows % kernel.block * kernel.looseInstructions;
  return cost;
}

mcu::CallOp StreamPart::apply(StreamGrain grain) const {
  const Implementation &part = *implementation;
  RowProblem cut;
  RowSchedule schedule = *part.schedule(grain, cut);
  std::vector<int64_t> ringOffset;
  StreamCost cost = *plan(grain);
  part.ringOffsets(schedule, ringOffset);

  // Operands: inputs, the one that the result may overlap first; constants; the result; scratch.
  llvm::SetVector<Value> ins;
  for (size_t map = 0; map < cut.maps.size(); ++map)
    if (part.overlapped && part.bufferOf[map] == part.overlapped)
      ins.insert(part.operandOf(map));
  if (part.fed)
    ins.insert(mcu::BufferOp(part.fed).getMemory());
  for (size_t map = 0; map < cut.maps.size(); ++map)
    if (cut.maps[map].isWhole && map != part.resultMap)
      ins.insert(part.operandOf(map));
  for (mcu::CallOp call : part.calls)
    for (Value in : call.getIns())
      if (auto constant = dyn_cast<mcu::ConstantOp>(mcu::getRoot(in)))
        ins.insert(constant.getMemory());
  mcu::CallOp lastCall = part.calls.back();
  OpBuilder builder(lastCall);
  llvm::SmallVector<Location> locations;
  int64_t macs = 0;
  for (mcu::CallOp call : part.calls) {
    locations.push_back(call.getLoc());
    macs += call.getMacs();
  }
  Location loc = lastCall.getLoc();
  int64_t outOperand = int64_t(ins.size()), scratchOperand = outOperand + 1;
  auto scratchType = MemRefType::get({std::max<int64_t>(cost.scratchBytes, 8)}, builder.getI8Type());
  auto scratch = builder.create<mcu::BufferOp>(loc, scratchType, "rows", mcu::Role::Scratch, 0, mcu::IoAttr(), IntegerAttr());
  auto stream = builder.create<mcu::CallOp>(
      loc, mcu::streamKernel, ins.getArrayRef(), ValueRange{part.memoryOf[part.resultMap]}, scratch, "",
      builder.getDictionaryAttr({}), macs, part.overlapped ? builder.getI64IntegerAttr(cost.distance) : IntegerAttr());

  auto placeOf = [&](size_t map, const RowBand &band) {
    int64_t offset = band.slot * cut.maps[map].rowBytes;
    if (map == part.resultMap)
      return std::make_pair(outOperand, offset);
    if (cut.maps[map].isWhole)
      return std::make_pair(int64_t(llvm::find(ins, part.operandOf(map)) - ins.begin()), offset);
    return std::make_pair(scratchOperand, ringOffset[map] + offset);
  };
  std::vector<BoundStep> steps;
  for (const RowStep &step : schedule.steps) {
    if (step.isSlide) {
      int64_t rowBytes = cut.maps[step.index].rowBytes;
      auto params = builder.getDictionaryAttr(
          {builder.getNamedAttr("bytes", builder.getI32IntegerAttr(int32_t(step.out.rows * rowBytes))),
           builder.getNamedAttr("distance", builder.getI32IntegerAttr(int32_t(step.out.slot * rowBytes)))});
      int64_t extent = (step.out.slot + step.out.rows) * rowBytes;
      steps.push_back({mcu::CallOp(), params, {scratchOperand}, {ringOffset[step.index]}, {extent}, 0});
      continue;
    }
    const Stage &stage = part.stages[step.index];
    auto [outPlace, outOffset] = placeOf(stage.out, step.out);
    int64_t outBytes = step.out.rows * cut.maps[stage.out].rowBytes;
    if (stage.calls.empty())
      steps.push_back({mcu::CallOp(), {}, {outPlace}, {outOffset}, {outBytes}, outBytes});
    for (size_t position : stage.calls) {
      mcu::CallOp call = part.calls[position];
      const RowKernel &kernel = part.kernels[position];
      if (!part.computes(position, step.out))
        continue;
      bool isPiece = kernel.pieceOf > 0;
      int64_t firstRow = step.out.first - (isPiece ? kernel.firstRow : 0); // of those of the call
      BoundStep bound{call, {}, {}, {}, {}, 0, isPiece ? part.calls[stage.calls.front()] : mcu::CallOp()};
      auto add = [&](int64_t operand, int64_t offset, int64_t extent) {
        bound.operands.push_back(operand);
        bound.offsets.push_back(offset);
        bound.extents.push_back(extent);
      };
      int64_t inRows = step.out.rows;
      for (unsigned index = 0; index < call.getIns().size(); ++index) {
        auto input = llvm::find_if(kernel.inputs, [&](const RowInput &i) { return i.index == index; });
        if (input == kernel.inputs.end()) {
          // Rows of a constant, a mask say, go with those of the result.
          Value memory = call.getIns()[index], constant = mcu::getRoot(memory)->getResult(0);
          auto rows = llvm::find_if(kernel.constants, [&](auto constant) { return constant.first == index; });
          int64_t pitch = rows == kernel.constants.end() ? 0 : rows->second;
          add(int64_t(llvm::find(ins, constant) - ins.begin()), mcu::byteOffset(memory) + firstRow * pitch,
              mcu::byteSize(memory) - (kernel.outRows - step.out.rows) * pitch);
          continue;
        }
        size_t i = size_t(input - kernel.inputs.begin());
        auto read = llvm::find(stage.reads, std::make_pair(size_t(position), i));
        if (read == stage.reads.end()) { // what the call before has put where this one's output goes
          add(outPlace, outOffset, outBytes);
          continue;
        }
        const RowBand &band = step.in[size_t(read - stage.reads.begin())];
        if (i == 0)
          inRows = band.rows;
        size_t map = part.mapsOf[position][i];
        auto [place, offset] = placeOf(map, band);
        int64_t share = part.shareOf(position, i);
        if (share > 1)
          offset += firstRow % share * input->pitch;
        // The rows of a plane are followed by those of the next one.
        int64_t extent = (share > 1 ? step.out.rows : band.rows) * input->pitch;
        if (input->isPlanar)
          extent = mcu::byteSize(call.getIns()[index]) - (input->rows - band.rows) * input->pitch;
        add(place, offset, extent);
      }
      add(outPlace, outOffset, outBytes);
      if (call.getScratch())
        add(scratchOperand, 0, mcu::byteSize(call.getScratch()));
      bound.params = cutToRows(call, kernel, firstRow, step.out.rows, inRows);
      steps.push_back(std::move(bound));
    }
  }
  fuseAdditions(steps);
  writeSteps(builder, stream, steps);

  llvm::SmallVector<Operation *> dead;
  for (mcu::CallOp call : part.calls) {
    for (Value operand : call->getOperands())
      if (mcu::BufferOp buffer = mcu::getBuffer(operand))
        dead.push_back(buffer);
    call.erase();
  }
  llvm::SetVector<Operation *> unique(dead.begin(), dead.end());
  llvm::for_each(unique, eraseUnused);
  return stream;
}
