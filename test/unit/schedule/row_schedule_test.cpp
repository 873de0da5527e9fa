// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Schedules over rows are executed on memory whose cells know which row they hold; loops stand for the steps they replace.
#include "passes/schedule/RowSchedule.h"
#include "passes/schedule/StepLoops.h"
#include <catch2/catch.hpp>
#include <map>
#include <random>

using namespace thimble::schedule;

namespace {

// Runs a schedule. The result lies in the memory of `overlapped` (a whole map, or none), `distance` bytes before it.
void execute(const RowProblem &problem, const RowSchedule &schedule, size_t overlapped, int64_t distance) {
  size_t result = problem.stages.back().out;
  std::vector<std::vector<int64_t>> memory; // the row that each slot holds
  std::vector<bool> isWritten(problem.maps.size(), false);
  for (const RowStage &stage : problem.stages)
    isWritten[stage.out] = true;
  for (size_t map = 0; map < problem.maps.size(); ++map) {
    REQUIRE(schedule.capacity[map] <= problem.maps[map].rows);
    std::vector<int64_t> &slots = memory.emplace_back(size_t(schedule.capacity[map]), -1);
    if (!isWritten[map])
      for (size_t row = 0; row < slots.size(); ++row)
        slots[row] = int64_t(row);
  }
  int64_t resultBytes = 0; // written so far
  for (const RowStep &step : schedule.steps) {
    if (step.isSlide) {
      std::vector<int64_t> &slots = memory[step.index];
      REQUIRE(step.out.slot + step.out.rows <= int64_t(slots.size()));
      for (int64_t row = 0; row < step.out.rows; ++row) {
        REQUIRE(slots[size_t(step.out.slot + row)] == step.out.first + row);
        slots[size_t(row)] = slots[size_t(step.out.slot + row)];
      }
      continue;
    }
    const RowStage &stage = problem.stages[step.index];
    REQUIRE(step.out.rows <= stage.band);
    for (int64_t cut : stage.cuts)
      REQUIRE((step.out.first >= cut || step.out.first + step.out.rows <= cut));
    for (size_t i = 0; i < stage.reads.size(); ++i) {
      const RowRead &read = stage.reads[i];
      if (step.out.first < read.from || step.out.first >= read.to) {
        REQUIRE(step.in[i].rows == 0);
        continue;
      }
      int64_t first = step.out.first - read.from, last = first + step.out.rows - 1;
      int64_t begin = std::max<int64_t>(first / read.share * read.stride - read.pad, 0);
      int64_t end = std::min(last / read.share * read.stride - read.pad + read.extent, problem.maps[read.map].rows);
      REQUIRE(step.in[i].first == begin);
      REQUIRE(step.in[i].rows == end - begin);
      for (int64_t row = 0; row < step.in[i].rows; ++row)
        REQUIRE(memory[read.map].at(size_t(step.in[i].slot + row)) == begin + row);
      // While the step runs, the result may already reach to its end.
      if (read.map == overlapped) {
        int64_t reached = stage.out == result ? (step.out.first + step.out.rows) * problem.maps[result].rowBytes : resultBytes;
        REQUIRE(reached - distance <= begin * problem.maps[read.map].rowBytes);
      }
    }
    for (int64_t row = 0; row < step.out.rows; ++row)
      memory[stage.out].at(size_t(step.out.slot + row)) = step.out.first + row;
    if (stage.out == result)
      resultBytes = (step.out.first + step.out.rows) * problem.maps[result].rowBytes;
  }
  for (int64_t row = 0; row < problem.maps[result].rows; ++row)
    REQUIRE(memory[result][size_t(row)] == row);
}

class Generator {
public:
  explicit Generator(uint32_t seed) : random(seed) {}
  int64_t pick(int64_t low, int64_t high) { return low + int64_t(random() % uint32_t(high - low + 1)); }

  // Chains of windows, with sums of two maps of the same rows here and there.
  RowProblem make() {
    RowProblem problem;
    problem.maps.push_back({pick(1, 40), pick(1, 9), true});
    size_t last = 0;
    for (int64_t stages = pick(1, 7); stages > 0; --stages) {
      RowStage stage;
      stage.band = pick(1, 3);
      RowRead read{last, pick(1, 3), pick(1, 5), 0};
      read.pad = pick(0, read.extent - 1);
      int64_t rows = problem.maps[last].rows, after = pick(0, read.extent - 1);
      if (rows + read.pad + after < read.extent)
        read = {last, 1, 1, 0}, after = 0;
      int64_t outRows = (rows + read.pad + after - read.extent) / read.stride + 1;
      stage.reads.push_back(read);
      for (size_t other = 0; other < problem.maps.size(); ++other)
        if (other != last && problem.maps[other].rows == outRows && pick(0, 2) == 0)
          stage.reads.push_back({other, 1, 1, 0});
      stage.out = problem.maps.size();
      problem.maps.push_back({outRows, pick(1, 9), false});
      problem.stages.push_back(stage);
      last = stage.out;
      if (pick(0, 3) == 0)
        last = concatenate(problem, last);
    }
    problem.maps[last].isWhole = true;
    return problem;
  }

private:
  // Rows of nobody, then those of a map, of which each may be several, then those of another map.
  size_t concatenate(RowProblem &problem, size_t map) {
    RowStage stage;
    stage.band = pick(1, 4);
    int64_t rows = pick(0, 2);
    for (size_t part : {map, size_t(pick(0, int64_t(map)))}) {
      if (rows > 0)
        stage.cuts.push_back(rows);
      int64_t share = pick(1, 3), end = rows + problem.maps[part].rows * share;
      stage.reads.push_back({part, 1, 1, 0, share, rows, end});
      rows = end;
    }
    stage.out = problem.maps.size();
    problem.maps.push_back({rows, pick(1, 9), false});
    problem.stages.push_back(stage);
    return stage.out;
  }

  std::mt19937 random;
};

} // namespace

TEST_CASE("row schedules compute every row once from rows that are there") {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    Generator generator(seed);
    RowProblem problem = generator.make();
    for (int64_t slack : {0, 2}) {
      CAPTURE(seed, slack);
      std::optional<RowSchedule> schedule = scheduleRows(problem, slack);
      if (!schedule)
        continue; // a window in the padding
      int64_t distance = overlapDistance(problem, *schedule, 0);
      execute(problem, *schedule, 0, distance);
      // Each row once: no recomputation.
      std::map<size_t, int64_t> next;
      for (const RowStep &step : schedule->steps)
        if (!step.isSlide) {
          CHECK(step.out.first == next[step.index]);
          next[step.index] += step.out.rows;
        }
    }
  }
}

TEST_CASE("buffers of rows are as small as the windows") {
  // Two 3x3 convolutions of 32 rows: the map in between needs three rows.
  RowProblem problem;
  problem.maps = {{32, 96, true}, {32, 512, false}, {32, 512, true}};
  problem.stages = {{1, {{0, 1, 3, 1}}, 1}, {2, {{1, 1, 3, 1}}, 1}};
  std::optional<RowSchedule> schedule = scheduleRows(problem);
  REQUIRE(schedule);
  CHECK(schedule->capacity == std::vector<int64_t>{32, 3, 32});
}

TEST_CASE("a side branch runs before its input is dropped rather than keep it") {
  // The shortcut (1x1, stride 2) of a residual block beside two 3x3 convolutions.
  RowProblem problem;
  problem.maps = {{32, 96, true}, {32, 512, false}, {16, 512, false}, {16, 512, false}, {16, 512, false}, {16, 512, true}};
  problem.stages = {{1, {{0, 1, 3, 1}}, 1},
                    {2, {{1, 2, 3, 0}}, 1},
                    {3, {{2, 1, 3, 1}}, 1},
                    {4, {{1, 2, 1, 0}}, 1},
                    {5, {{3, 1, 1, 0}, {4, 1, 1, 0}}, 1}};
  std::optional<RowSchedule> schedule = scheduleRows(problem);
  REQUIRE(schedule);
  execute(problem, *schedule, 0, overlapDistance(problem, *schedule, 0));
  int64_t rows = 0;
  for (size_t map : {1, 2, 3, 4})
    rows += schedule->capacity[map];
  CHECK(rows <= 9);
}

TEST_CASE("a window that lies in the padding is refused") {
  RowProblem problem;
  problem.maps = {{4, 1, true}, {8, 1, true}};
  problem.stages = {{1, {{0, 1, 2, 4}}, 1}};
  CHECK(!scheduleRows(problem));
}

TEST_CASE("loops stand for all steps in order") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    // Pieces that repeat with constant advances, between single steps.
    std::vector<FlatStep> steps;
    for (int piece = 0; piece < 4; ++piece) {
      size_t period = 1 + random() % 4, count = 1 + random() % 6;
      std::vector<FlatStep> body(period);
      std::vector<int64_t> advance(period);
      for (size_t i = 0; i < period; ++i) {
        body[i] = {int64_t(random() % 3), {int64_t(random() % 100), int64_t(random() % 10)}};
        advance[i] = int64_t(random() % 5);
      }
      for (size_t n = 0; n < count; ++n)
        for (size_t i = 0; i < period; ++i)
          steps.push_back({body[i].kind, {body[i].offsets[0] + int64_t(n) * advance[i], body[i].offsets[1]}});
    }
    size_t at = 0, written = 0;
    for (const StepLoop &loop : findLoops(steps)) {
      REQUIRE(loop.begin == at);
      written += loop.period;
      for (size_t n = 0; n < loop.count; ++n)
        for (size_t i = 0; i < loop.period; ++i, ++at) {
          const FlatStep &body = steps[loop.begin + i];
          REQUIRE(steps[at].kind == body.kind);
          for (size_t k = 0; k < 2 && loop.count > 1; ++k) {
            int64_t advance = steps[loop.begin + loop.period + i].offsets[k] - body.offsets[k];
            REQUIRE(steps[at].offsets[k] == body.offsets[k] + int64_t(n) * advance);
          }
        }
    }
    REQUIRE(at == steps.size());
    CHECK(written <= steps.size());
  }
  // 100 rounds of three steps are three steps.
  std::vector<FlatStep> steps;
  for (int64_t n = 0; n < 100; ++n)
    for (int64_t i = 0; i < 3; ++i)
      steps.push_back({i, {n * 10 * i}});
  std::vector<StepLoop> loops = findLoops(steps);
  REQUIRE(loops.size() == 1);
  CHECK(loops[0].period == 3);
  CHECK(loops[0].count == 100);
}
