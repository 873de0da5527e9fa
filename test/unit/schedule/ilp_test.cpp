// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The planner against integer linear programs, solved by CBC: another method, written from the definitions alone.
#include "compiler/verify/Process.h"
#include "support.h"
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

using namespace thimble;
using namespace thimble::schedule;

// The least objective of a program in CPLEX LP form, or nothing without CBC.
static std::optional<int64_t> minimize(const std::string &program) {
  if (llvm::Error error = requireProgram("cbc")) {
    llvm::consumeError(std::move(error));
    return std::nullopt;
  }
  llvm::Expected<TemporaryFolder> folder = TemporaryFolder::create();
  REQUIRE(bool(folder));
  std::string path = folder->getPath().str();
  std::ofstream(path + "/model.lp") << program;
  llvm::Expected<ProcessResult> result = runCommand({"cbc", {"model.lp", "solve", "solution", "solution.txt"}, path}, 60);
  REQUIRE(bool(result));
  std::ifstream solution(path + "/solution.txt");
  std::string text;
  std::getline(solution, text);
  INFO(text);
  REQUIRE(text.find("Optimal - objective value ") == 0);
  return int64_t(std::stod(text.substr(26)) + 0.5);
}

// o_i: offset. For each pair that is live together, one of the ways to lie is chosen by a binary.
// Solutions above `height` are not of interest.
static std::string offsetProgram(const PlacementProblem &problem, int64_t height) {
  int64_t big = height + 16;
  std::ostringstream constraints, binaries;
  for (size_t i = 0; i < problem.items.size(); ++i) {
    constraints << " h - o" << i << " >= " << problem.items[i].bytes << "\n";
    for (size_t j = 0; j < i; ++j) {
      if (!problem.items[i].overlaps(problem.items[j]))
        continue;
      int64_t iBelow = problem.items[i].bytes, jBelow = problem.items[j].bytes; // how far before the other it must start
      for (const Overlap &overlap : problem.overlaps) {
        if (overlap.input == j && overlap.output == i)
          iBelow = std::min(iBelow, overlap.distance);
        if (overlap.input == i && overlap.output == j)
          jBelow = std::min(jBelow, overlap.distance);
      }
      std::string choice = "b" + std::to_string(i) + "_" + std::to_string(j);
      constraints << " o" << j << " - o" << i << " - " << big << " " << choice << " >= " << iBelow - big << "\n";
      constraints << " o" << i << " - o" << j << " + " << big << " " << choice << " >= " << jBelow << "\n";
      binaries << " " << choice << "\n";
    }
  }
  return "Minimize\n obj: h\nSubject To\n" + constraints.str() + "Bounds\n h <= " + std::to_string(height) + "\nBinaries\n" +
         binaries.str() + "End\n";
}

TEST_CASE("offsets are as low as an integer program's", "[schedule][ilp]") {
  std::mt19937 random(31);
  for (int round = 0; round < 20; ++round) {
    PlacementProblem problem = randomProblem(random, 8, 6, 9, round % 2 == 1);
    Placement placement = place(problem, 200000);
    REQUIRE(placement.isLeast);
    std::optional<int64_t> least = minimize(offsetProgram(problem, placement.height));
    if (!least) {
      WARN("CBC is not installed; the integer programs were not solved");
      return;
    }
    INFO("round " << round);
    REQUIRE(placement.height == *least);
  }
}

// y_o_t: task o has run by step t. l_v_t: buffer v is alive in step t.
static std::string orderProgram(const MemoryGraph &graph) {
  size_t n = graph.tasks.size();
  std::ostringstream constraints, binaries, bounds;
  auto y = [](size_t task, size_t step) { return "y" + std::to_string(task) + "_" + std::to_string(step); };
  auto l = [](size_t buffer, size_t step) { return "l" + std::to_string(buffer) + "_" + std::to_string(step); };
  for (size_t step = 1; step <= n; ++step) {
    for (size_t task = 0; task < n; ++task) {
      binaries << " " << y(task, step) << "\n";
      if (step > 1)
        constraints << " " << y(task, step) << " - " << y(task, step - 1) << " >= 0\n";
      for (size_t other : graph.tasks[task].before)
        if (step == 1)
          constraints << " " << y(task, step) << " = 0\n";
        else
          constraints << " " << y(other, step - 1) << " - " << y(task, step) << " >= 0\n";
    }
    for (size_t task = 0; task < n; ++task)
      constraints << (task ? " + " : " ") << y(task, step);
    constraints << " = " << step << "\n";
    for (size_t buffer = 0; buffer < graph.buffers.size(); ++buffer) {
      // Buffer b is made by task b - 1; the input is there from the start.
      std::string made = buffer == 0 ? "" : " - " + y(buffer - 1, step);
      int64_t always = buffer == 0 ? 1 : 0;
      if (graph.buffers[buffer].isOutput)
        constraints << " " << l(buffer, step) << made << " >= " << always << "\n";
      for (size_t task = 0; task < n; ++task)
        if (std::count(graph.tasks[task].touches.begin(), graph.tasks[task].touches.end(), buffer)) {
          std::string done = step == 1 ? "" : " + " + y(task, step - 1);
          constraints << " " << l(buffer, step) << made << done << " >= " << always << "\n";
        }
    }
    constraints << " p";
    for (size_t buffer = 0; buffer < graph.buffers.size(); ++buffer)
      constraints << " - " << graph.buffers[buffer].bytes << " " << l(buffer, step);
    constraints << " >= 0\n";
  }
  // What is alive before the first and after the last step.
  int64_t outputs = 0;
  for (const MemoryGraph::Buffer &buffer : graph.buffers)
    outputs += buffer.isOutput ? buffer.bytes : 0;
  bounds << " p >= " << std::max(outputs, graph.buffers[0].bytes) << "\n";
  return "Minimize\n obj: p\nSubject To\n" + constraints.str() + "Bounds\n" + bounds.str() + "Binaries\n" + binaries.str() +
         "End\n";
}

TEST_CASE("orders are as good as an integer program's", "[schedule][ilp]") {
  std::mt19937 random(33);
  for (int round = 0; round < 12; ++round) {
    MemoryGraph graph = randomGraph(random, 9, 4, /*withShares=*/false);
    OrderResult result = searchOrder(graph, programOrder(graph), 1'000'000);
    REQUIRE(result.peak == result.bound);
    std::optional<int64_t> least = minimize(orderProgram(graph));
    if (!least) {
      WARN("CBC is not installed; the integer programs were not solved");
      return;
    }
    INFO("round " << round);
    REQUIRE(result.peak == *least);
  }
}
