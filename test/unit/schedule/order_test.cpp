// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Order of execution: exact against all permutations on random graphs, and quick on large ones.
#include "passes/schedule/JointSearch.h"
#include "support.h"
#include <algorithm>
#include <catch2/catch.hpp>
#include <ctime>
#include <tuple>

using namespace thimble::schedule;

static bool isValid(const MemoryGraph &graph, const std::vector<size_t> &order) {
  std::vector<bool> done(order.size());
  for (size_t task : order) {
    for (size_t other : graph.tasks[task].before)
      if (!done[other])
        return false;
    done[task] = true;
  }
  return std::count(done.begin(), done.end(), true) == int64_t(graph.tasks.size());
}

// An independent count of live bytes: from first to last user in the order.
static int64_t slowPeak(const MemoryGraph &graph, const std::vector<size_t> &order) {
  int64_t n = int64_t(order.size());
  std::vector<int64_t> first(graph.buffers.size(), n), last(graph.buffers.size(), -1);
  for (int64_t at = 0; at < n; ++at)
    for (size_t buffer : graph.tasks[order[size_t(at)]].touches) {
      first[buffer] = std::min(first[buffer], at);
      last[buffer] = std::max(last[buffer], at);
    }
  for (size_t i = 0; i < graph.buffers.size(); ++i) {
    first[i] = graph.buffers[i].isInput ? -1 : first[i];
    last[i] = graph.buffers[i].isOutput ? n : last[i];
  }
  int64_t peak = 0;
  for (int64_t at = -1; at <= n; ++at) {
    int64_t sum = 0, saved = 0;
    for (size_t i = 0; i < graph.buffers.size(); ++i)
      if (first[i] <= at && at <= last[i])
        sum += graph.buffers[i].bytes;
    if (at >= 0 && at < n)
      for (const MemoryGraph::Share &share : graph.tasks[order[size_t(at)]].shares)
        if (last[share.inputs[0]] == at && first[share.outputs[0]] == at)
          saved = std::max(saved, savedBytes(graph, share));
    peak = std::max(peak, sum - saved);
  }
  return peak;
}

TEST_CASE("orders have the least peak of all permutations", "[schedule]") {
  std::mt19937 random(3);
  int improved = 0;
  for (int round = 0; round < 400; ++round) {
    MemoryGraph graph = randomGraph(random, 2 + random() % 6, 6, round % 2 == 1);
    std::vector<size_t> order = programOrder(graph);
    int64_t given = slowPeak(graph, order), least = given;
    do {
      if (isValid(graph, order))
        least = std::min(least, slowPeak(graph, order));
    } while (std::next_permutation(order.begin(), order.end()));
    OrderResult result = searchOrder(graph, programOrder(graph), 1'000'000);
    REQUIRE(isValid(graph, result.order));
    REQUIRE(peakOf(graph, result.order) == slowPeak(graph, result.order));
    REQUIRE(result.peak == least);
    REQUIRE(result.bound == least);
    REQUIRE(slowPeak(graph, result.order) == least);
    improved += least < given;
  }
  REQUIRE(improved > 20);
}

// Cells as architecture search finds them: nodes that read one or two of the cell's inputs and earlier nodes; what no node of the
// cell reads is joined into its result, which the next two cells read.
static MemoryGraph cellNetwork(std::mt19937 &random, size_t cells, size_t nodes) {
  MemoryGraph graph;
  graph.buffers.push_back({4 * int64_t(50 + random() % 50), true, false});
  auto addTask = [&](std::vector<size_t> reads, int64_t bytes) {
    MemoryGraph::Task task;
    task.touches = reads;
    for (size_t buffer : reads)
      if (buffer > 0)
        task.before.push_back(buffer - 1); // buffer b is made by task b - 1
    task.touches.push_back(graph.buffers.size());
    graph.tasks.push_back(task);
    graph.buffers.push_back({bytes});
    return graph.buffers.size() - 1;
  };
  size_t older = 0, newer = 0;
  for (size_t cell = 0; cell < cells; ++cell) {
    std::vector<size_t> values = older == newer ? std::vector<size_t>{newer} : std::vector<size_t>{older, newer};
    std::vector<size_t> unread;
    for (size_t node = 0; node < nodes; ++node) {
      std::vector<size_t> reads = {values[random() % values.size()]};
      size_t second = values[random() % values.size()];
      if (second != reads[0])
        reads.push_back(second);
      size_t made = addTask(reads, 4 * int64_t(5 + random() % 60));
      for (size_t buffer : reads)
        unread.erase(std::remove(unread.begin(), unread.end(), buffer), unread.end());
      values.push_back(made);
      unread.push_back(made);
    }
    older = newer;
    newer = addTask(unread, 4 * int64_t(20 + random() % 60));
  }
  graph.buffers[newer].isOutput = true;
  return graph;
}

TEST_CASE("networks of hundreds of tasks are solved", "[schedule]") {
  std::mt19937 random(9);
  for (int round = 0; round < 40; ++round) {
    MemoryGraph graph = cellNetwork(random, round == 0 ? 100 : 22, 5 + size_t(round) % 5);
    OrderResult result = searchOrder(graph, programOrder(graph), 500'000);
    INFO("round " << round << ", " << graph.tasks.size() << " tasks, " << result.states << " sets");
    REQUIRE(isValid(graph, result.order));
    REQUIRE(result.peak == result.bound);
    REQUIRE(result.peak == slowPeak(graph, result.order));
  }
}

TEST_CASE("plans of random networks are certified optimal", "[schedule]") {
  std::mt19937 random(17);
  int raised = 0;
  for (int round = 0; round < 300; ++round) {
    MemoryGraph graph = cellNetwork(random, 3 + size_t(round) % 5, 4 + size_t(round) % 4);
    // Half of the networks have kernels that may write over what they read.
    for (MemoryGraph::Task &task : graph.tasks)
      if (round % 2 == 1 && random() % 2 == 0 && !graph.buffers[task.touches[0]].isInput)
        task.shares.push_back({{task.touches[0]}, {task.touches.back()}, 4 * int64_t(random() % 8)});
    JointResult result = searchJointly(graph, programOrder(graph));
    INFO("round " << round << ", " << graph.tasks.size() << " tasks");
    REQUIRE(isValid(graph, result.order));
    REQUIRE(slowPeak(graph, result.order) <= result.height);
    REQUIRE(result.height == result.bound);
    raised += result.bound > searchOrder(graph, programOrder(graph), 500'000).bound;
  }
  REQUIRE(raised > 0); // else nothing shows that the peak of an order is not always enough
}

TEST_CASE("bounds that were raised are bounds", "[schedule]") {
  // Against all orders, each placed with branch and bound to the end.
  std::mt19937 random(29);
  int above = 0, proven = 0;
  for (int round = 0; round < 400; ++round) {
    MemoryGraph graph = randomGraph(random, 4 + random() % 3, 4, true);
    // Like kernels that write somewhat before what they read: these stack up.
    for (MemoryGraph::Task &task : graph.tasks)
      if (round % 2 == 0)
        task.shares = {{{task.touches[0]}, {task.touches.back()}, 4 * int64_t(1 + random() % 20)}};
    std::vector<size_t> order = programOrder(graph);
    int64_t least = INT64_MAX;
    do {
      if (!isValid(graph, order))
        continue;
      Placement placement = place(makePlacementProblem(graph, order), 10'000'000);
      REQUIRE(placement.isLeast);
      least = std::min(least, placement.height);
    } while (std::next_permutation(order.begin(), order.end()));
    JointResult result = searchJointly(graph, programOrder(graph));
    INFO("round " << round);
    REQUIRE(result.bound <= least);
    REQUIRE(result.height >= least);
    above += least > searchOrder(graph, programOrder(graph), 500'000).bound;
    proven += result.bound == result.height;
  }
  INFO(above << " above the least peak, " << proven << " proven");
  REQUIRE(above > 4);
  REQUIRE(proven > 390);
}

TEST_CASE("plans of hundreds of tasks take a second, of a thousand half a minute", "[schedule]") {
  std::mt19937 random(31);
  for (auto [cells, nodes, seconds] :
       {std::make_tuple(22, 8, 1.0), std::make_tuple(25, 7, 1.0), std::make_tuple(110, 8, 30.0)}) {
    MemoryGraph graph = cellNetwork(random, size_t(cells), size_t(nodes));
    std::clock_t before = std::clock(); // of this process: others do not count
    JointResult result = searchJointly(graph, programOrder(graph));
    double spent = double(std::clock() - before) / CLOCKS_PER_SEC;
    INFO(graph.tasks.size() << " tasks, " << result.height << " bytes, bound " << result.bound << ", " << spent << " s");
    CHECK(isValid(graph, result.order));
    CHECK(double(result.height) <= 1.02 * double(result.bound));
    CHECK(spent < seconds);
  }
}

TEST_CASE("other orders are valid and as good", "[schedule]") {
  std::mt19937 random(23);
  size_t found = 0;
  for (int round = 0; round < 40; ++round) {
    MemoryGraph graph = cellNetwork(random, 4, 5);
    OrderResult order = searchOrder(graph, programOrder(graph), 500'000);
    for (const std::vector<size_t> &other : findOtherOrders(graph, order.peak, 6)) {
      REQUIRE(isValid(graph, other));
      REQUIRE(slowPeak(graph, other) <= order.peak);
      ++found;
    }
  }
  REQUIRE(found > 40);
}

TEST_CASE("a search that is cut short says what it knows", "[schedule]") {
  // Thirty independent chains into one sum: far too many sets.
  std::mt19937 random(21);
  MemoryGraph graph;
  graph.buffers.push_back({64, true, false});
  MemoryGraph::Task sum;
  for (int chain = 0; chain < 30; ++chain) {
    size_t previous = 0;
    for (int link = 0; link < 4; ++link) {
      size_t out = graph.buffers.size();
      graph.buffers.push_back({4 * int64_t(1 + random() % 60)});
      MemoryGraph::Task task;
      task.touches = {previous, out};
      if (previous > 0)
        task.before = {previous - 1};
      graph.tasks.push_back(task);
      previous = out;
    }
    sum.touches.push_back(previous);
    sum.before.push_back(previous - 1);
  }
  sum.touches.push_back(graph.buffers.size());
  graph.buffers.push_back({16, false, true});
  graph.tasks.push_back(sum);
  OrderResult result = searchOrder(graph, programOrder(graph), 2000);
  REQUIRE(isValid(graph, result.order));
  REQUIRE(result.bound <= result.peak);
  REQUIRE(result.peak == slowPeak(graph, result.order));
  REQUIRE(result.peak <= slowPeak(graph, programOrder(graph)));
  // With offsets, and the usual limits.
  JointResult joint = searchJointly(graph, programOrder(graph), {2000});
  REQUIRE(isValid(graph, joint.order));
  REQUIRE(joint.bound <= joint.height);
}
