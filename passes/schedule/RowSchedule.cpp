// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Simulates a part of a model that runs over rows, with buffers that grow until it works.
#include "passes/schedule/RowSchedule.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace thimble::schedule;

namespace {

// Rows [begin, end) of the map that a read needs for the output rows [first, first + rows), which are all or none in its range.
struct Window {
  int64_t begin, end;
};

Window windowOf(const RowProblem &problem, const RowRead &read, int64_t first, int64_t rows) {
  if (first < read.from || first >= read.to)
    return {0, 0};
  first -= read.from;
  if (read.share > 1)
    return {first / read.share, (first + rows - 1) / read.share + 1};
  int64_t begin = first * read.stride - read.pad;
  int64_t end = (first + rows - 1) * read.stride - read.pad + read.extent;
  return {std::max<int64_t>(begin, 0), std::min(end, problem.maps[read.map].rows)};
}

class Simulation {
public:
  Simulation(const RowProblem &problem, const std::vector<int64_t> &capacity)
      : problem(problem), capacity(capacity), writerOf(problem.maps.size(), SIZE_MAX), readersOf(problem.maps.size()),
        produced(problem.maps.size()), base(problem.maps.size(), 0), isRunning(problem.stages.size(), false) {
    for (auto [index, stage] : llvm::enumerate(problem.stages)) {
      writerOf[stage.out] = index;
      for (const RowRead &read : stage.reads)
        readersOf[read.map].push_back({index, &read});
    }
    for (auto [index, map] : llvm::enumerate(problem.maps))
      produced[index] = writerOf[index] == SIZE_MAX ? map.rows : 0;
  }

  /// False if a buffer is too small; then `tooSmall` is that map and `missing` the rows it lacks.
  bool run() {
    const RowMap &result = problem.maps[problem.stages.back().out];
    while (produced[problem.stages.back().out] < result.rows)
      if (!produce(problem.stages.size() - 1))
        return false;
    return true;
  }

  std::vector<RowStep> steps;
  size_t tooSmall = SIZE_MAX;
  int64_t missing = 0;

private:
  struct Reader {
    size_t stage;
    const RowRead *read;
  };

  int64_t bandOf(size_t stage) const {
    const RowStage &s = problem.stages[stage];
    int64_t end = std::min(produced[s.out] + s.band, problem.maps[s.out].rows);
    for (int64_t cut : s.cuts)
      if (cut > produced[s.out])
        end = std::min(end, cut);
    return end - produced[s.out];
  }

  // The first row that a reader may still read of its map; a large number if it is done with it.
  int64_t firstNeededBy(const Reader &reader) const {
    size_t out = problem.stages[reader.stage].out;
    const RowRead &read = *reader.read;
    if (produced[out] >= std::min(read.to, problem.maps[out].rows))
      return INT64_MAX;
    int64_t row = std::max<int64_t>(produced[out] - read.from, 0);
    return std::max<int64_t>(read.share > 1 ? row / read.share : row * read.stride - read.pad, 0);
  }

  // The first row of a map that somebody may still read.
  int64_t firstNeeded(size_t map) const {
    int64_t first = produced[map];
    for (const Reader &reader : readersOf[map])
      first = std::min(first, firstNeededBy(reader));
    return first;
  }

  bool hasRoom(size_t map, int64_t rows) const {
    return problem.maps[map].isWhole || produced[map] + rows - firstNeeded(map) <= capacity[map];
  }

  bool hasInputs(size_t stage) const {
    int64_t first = produced[problem.stages[stage].out];
    return llvm::all_of(problem.stages[stage].reads, [&](const RowRead &read) {
      return windowOf(problem, read, first, bandOf(stage)).end <= produced[read.map];
    });
  }

  // Makes `rows` new rows fit behind those that are there.
  bool makeRoom(size_t map, int64_t rows) {
    while (!hasRoom(map, rows)) {
      // A stage that lags behind keeps old rows alive: let it run if it can.
      int64_t needed = firstNeeded(map);
      bool hasRun = false;
      const Reader *blocked = nullptr;
      for (const Reader &reader : readersOf[map]) {
        size_t out = problem.stages[reader.stage].out;
        if (firstNeededBy(reader) > needed || isRunning[reader.stage] || !hasInputs(reader.stage))
          continue;
        if (!hasRoom(out, bandOf(reader.stage))) {
          blocked = &reader;
          continue;
        }
        emit(reader.stage);
        hasRun = true;
        break;
      }
      if (hasRun)
        continue;
      // Grow what costs least: this buffer, or the one that the lagging stage writes to.
      missing = produced[map] + rows - needed - capacity[map];
      tooSmall = map;
      if (blocked) {
        size_t out = problem.stages[blocked->stage].out;
        int64_t lacking = produced[out] + bandOf(blocked->stage) - firstNeeded(out) - capacity[out];
        if (lacking * problem.maps[out].rowBytes < missing * problem.maps[map].rowBytes) {
          tooSmall = out;
          missing = lacking;
        }
      }
      return false;
    }
    return true;
  }

  void emit(size_t index) {
    const RowStage &stage = problem.stages[index];
    int64_t first = produced[stage.out], rows = bandOf(index);
    bool isRing = !problem.maps[stage.out].isWhole;
    if (isRing && first + rows - base[stage.out] > capacity[stage.out]) {
      int64_t needed = firstNeeded(stage.out), kept = first - needed;
      if (kept > 0)
        steps.push_back({true, stage.out, {needed, kept, needed - base[stage.out]}, {}});
      base[stage.out] = needed;
    }
    RowStep step{false, index, {first, rows, first - (isRing ? base[stage.out] : 0)}, {}};
    for (const RowRead &read : stage.reads) {
      Window window = windowOf(problem, read, first, rows);
      if (window.begin == window.end) {
        step.in.push_back({0, 0, 0});
        continue;
      }
      int64_t slot = problem.maps[read.map].isWhole ? window.begin : window.begin - base[read.map];
      step.in.push_back({window.begin, window.end - window.begin, slot});
    }
    steps.push_back(std::move(step));
    produced[stage.out] = first + rows;
  }

  // One band of a stage, after what it needs.
  bool produce(size_t index) {
    const RowStage &stage = problem.stages[index];
    int64_t before = produced[stage.out];
    isRunning[index] = true;
    for (const RowRead &read : stage.reads)
      while (windowOf(problem, read, before, bandOf(index)).end > produced[read.map])
        if (!produce(writerOf[read.map]))
          return false;
    bool fits = makeRoom(stage.out, bandOf(index));
    isRunning[index] = false;
    if (!fits)
      return false;
    emit(index);
    return true;
  }

  const RowProblem &problem;
  const std::vector<int64_t> &capacity;
  std::vector<size_t> writerOf;
  std::vector<std::vector<Reader>> readersOf;
  std::vector<int64_t> produced, base;
  std::vector<char> isRunning;
};

} // namespace

std::optional<RowSchedule> thimble::schedule::scheduleRows(const RowProblem &problem, int64_t slack) {
  RowSchedule result;
  for (const RowMap &map : problem.maps)
    result.capacity.push_back(map.isWhole ? map.rows : 1);
  auto atLeast = [&](size_t map, int64_t rows) {
    result.capacity[map] = std::max(result.capacity[map], std::min(rows, problem.maps[map].rows));
  };
  for (const RowStage &stage : problem.stages) {
    atLeast(stage.out, stage.band);
    for (const RowRead &read : stage.reads) {
      // Every window must have a row, and the last one begins first.
      for (int64_t row = read.from; row < std::min(read.to, problem.maps[stage.out].rows); ++row)
        if (Window window = windowOf(problem, read, row, 1); window.begin >= window.end)
          return std::nullopt;
      atLeast(read.map, (stage.band - 1) * read.stride / read.share + read.extent);
    }
  }
  while (true) {
    Simulation simulation(problem, result.capacity);
    if (simulation.run()) {
      result.steps = std::move(simulation.steps);
      break;
    }
    result.capacity[simulation.tooSmall] += std::max<int64_t>(simulation.missing, 1);
  }
  if (slack == 0)
    return result;
  // Only buffers that slide gain from more room, and it can only make more things possible.
  std::vector<char> slides(problem.maps.size(), false);
  for (const RowStep &step : result.steps)
    if (step.isSlide)
      slides[step.index] = true;
  for (size_t map = 0; map < problem.maps.size(); ++map)
    if (slides[map])
      result.capacity[map] = std::min(result.capacity[map] + slack, problem.maps[map].rows);
  Simulation simulation(problem, result.capacity);
  if (!simulation.run())
    return std::nullopt;
  result.steps = std::move(simulation.steps);
  return result;
}

std::vector<std::vector<RowSpan>> thimble::schedule::findSpans(const RowProblem &problem, const RowSchedule &schedule) {
  // When the rows of each map are written, and when they are read last.
  std::vector<std::vector<RowSpan>> rows(problem.maps.size()), result(problem.maps.size());
  for (auto [index, step] : llvm::enumerate(schedule.steps)) {
    if (step.isSlide)
      continue;
    const RowStage &stage = problem.stages[step.index];
    for (int64_t row = 0; row < step.out.rows; ++row)
      rows[stage.out].push_back({index, index});
    for (auto [read, band] : llvm::zip(stage.reads, step.in))
      for (int64_t row = band.first; row < band.first + band.rows && row < int64_t(rows[read.map].size()); ++row)
        rows[read.map][size_t(row)].last = index;
  }
  for (auto [spans, merged] : llvm::zip(rows, result))
    for (RowSpan span : spans) {
      if (!merged.empty() && span.first <= merged.back().last)
        merged.back().last = std::max(merged.back().last, span.last);
      else
        merged.push_back(span);
    }
  return result;
}

bool thimble::schedule::meet(const std::vector<RowSpan> &a, const std::vector<RowSpan> &b) {
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i].last < b[j].first)
      ++i;
    else if (b[j].last < a[i].first)
      ++j;
    else
      return true;
  }
  return false;
}

int64_t thimble::schedule::overlapDistance(const RowProblem &problem, const RowSchedule &schedule, size_t input) {
  size_t result = problem.stages.back().out;
  // From the last step back: the lowest byte of the input that this step or a later one reads.
  int64_t lowest = INT64_MAX, distance = 0;
  for (const RowStep &step : llvm::reverse(schedule.steps)) {
    if (step.isSlide)
      continue;
    const RowStage &stage = problem.stages[step.index];
    for (auto [read, band] : llvm::zip(stage.reads, step.in))
      if (read.map == input && band.rows > 0)
        lowest = std::min(lowest, band.first * problem.maps[input].rowBytes);
    if (stage.out == result && lowest != INT64_MAX)
      distance = std::max(distance, (step.out.first + step.out.rows) * problem.maps[result].rowBytes - lowest);
  }
  return distance;
}
