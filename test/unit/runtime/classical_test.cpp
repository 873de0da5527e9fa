// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of classical machine learning against definitions in double precision. test/classical compares whole operators.
#include "thimble/tmb_kernels.h"
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

namespace {

// What tmb_abi.h defines as the key of a number.
int32_t keyOf(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits < 0 ? bits ^ 0x7fffffff : bits;
}

// A random forest in the tables of one word width; nodes only lead to earlier ones.
template <typename Word> struct Forest {
  static constexpr Word flag = Word(Word(1) << (8 * sizeof(Word) - 1));
  std::vector<Word> nodes, trees;
  std::vector<float> limits, leaves;
  std::vector<int32_t> thresholds;
  int32_t features = 5, targets = 3, width;

  Forest(unsigned seed, int32_t width) : width(width) {
    std::mt19937 random(seed);
    auto below = [&](size_t limit) { return size_t(random()) % limit; };
    for (int i = 0; i < 8; ++i) {
      limits.push_back(float(int(below(9)) - 4) / 2);
      thresholds.push_back(std::max(keyOf(limits.back()), limits.back() == 0 ? 0 : INT32_MIN));
    }
    for (int32_t i = 0; i < 10 * width; ++i)
      leaves.push_back(float(int(below(100)) - 50) / 8);
    auto reference = [&](size_t count) { return count > 0 && below(3) != 0 ? Word(below(count)) : Word(flag | below(10)); };
    for (size_t i = 0; i < 40; ++i) {
      Word feature = Word(below(size_t(features)) | (below(2) ? flag : 0));
      nodes.insert(nodes.end(), {feature, Word(below(8)), reference(i), reference(i)});
    }
    for (int i = 0; i < 6; ++i)
      trees.insert(trees.end(), {reference(40), Word(below(size_t(targets - width + 1)))});
  }

  std::vector<double> expect(const float *x, int32_t aggregate) const {
    std::vector<double> y(size_t(targets), aggregate == TMB_TREE_SUM ? 0.0 : aggregate == TMB_TREE_MIN ? 1e9 : -1e9);
    for (size_t tree = 0; tree < trees.size(); tree += 2) {
      Word at = trees[tree];
      while (!(at & flag)) {
        const Word *node = &nodes[size_t(at) * 4];
        float value = x[node[0] & Word(~flag)];
        bool goesLeft = std::isnan(value) ? (node[0] & flag) != 0 : value <= limits[node[1]];
        at = goesLeft ? node[2] : node[3];
      }
      for (int32_t i = 0; i < width; ++i) {
        double leaf = leaves[size_t(at & Word(~flag)) * size_t(width) + size_t(i)],
               &target = y[size_t(trees[tree + 1]) + size_t(i)];
        target = aggregate == TMB_TREE_SUM   ? target + leaf
                 : aggregate == TMB_TREE_MIN ? std::min(target, leaf)
                                             : std::max(target, leaf);
      }
    }
    return y;
  }

  void run(const float *x, float *y, int32_t rows, int32_t aggregate) const {
    float initial = aggregate == TMB_TREE_SUM ? 0.0f : aggregate == TMB_TREE_MIN ? 1e9f : -1e9f;
    tmb_tree_ensemble_params p{rows, features, int32_t(trees.size() / 2), targets, width, aggregate, initial};
    if constexpr (sizeof(Word) == 2)
      tmb_tree_ensemble_u16(x, nodes.data(), thresholds.data(), trees.data(), leaves.data(), y, &p);
    else
      tmb_tree_ensemble_u32(x, nodes.data(), thresholds.data(), trees.data(), leaves.data(), y, &p);
  }
};

template <typename Word> void checkForests() {
  const float numbers[] = {-INFINITY, -2, -1.5, -0.0f, 0, 1e-40f, -1e-40f, 0.5, 1, 1.25, INFINITY, NAN, -NAN};
  std::mt19937 random(7);
  for (unsigned seed = 0; seed < 60; ++seed) {
    Forest<Word> forest(seed, seed % 2 ? 3 : 1);
    int32_t aggregate = int32_t(seed % 3), rows = 4;
    std::vector<float> x(size_t(rows * forest.features)), y(size_t(rows * forest.targets));
    for (float &value : x)
      value = numbers[random() % std::size(numbers)];
    forest.run(x.data(), y.data(), rows, aggregate);
    for (int32_t row = 0; row < rows; ++row) {
      std::vector<double> expected = forest.expect(&x[size_t(row * forest.features)], aggregate);
      for (int32_t i = 0; i < forest.targets; ++i)
        CHECK(double(y[size_t(row * forest.targets + i)]) == expected[size_t(i)]);
    }
  }
}

} // namespace

TEST_CASE("tree ensembles", "[runtime]") {
  checkForests<uint16_t>();
  checkForests<uint32_t>();
}

TEST_CASE("squared distances", "[runtime]") {
  const float x[] = {1, 2, 3, -1, 0, 0.5f}, v[] = {0, 0, 0, 1, 2, 3, 4, -4, 1};
  const float expected[] = {14, 0, 9 + 36 + 4, 1.25f, 4 + 4 + 6.25f, 25 + 16 + 0.25f};
  float y[6];
  tmb_squared_distance_params p{2, 3, 3};
  tmb_squared_distance_f32(x, v, y, &p);
  for (int i = 0; i < 6; ++i)
    CHECK(y[i] == Approx(expected[i]));
}

// Pairs that agree with probabilities p are p_i / (p_i + p_j), and p is found again as far as the stopping rule goes.
TEST_CASE("probabilities of pairs", "[runtime]") {
  for (int32_t classes : {2, 3, 6}) {
    std::vector<double> p;
    double total = 0;
    for (int32_t i = 0; i < classes; ++i) {
      p.push_back(1.0 + (i * 7) % 4);
      total += p.back();
    }
    std::vector<float> pairs, y(size_t(classes), 0), scratch(size_t(classes * (classes + 1)));
    for (int32_t i = 0; i < classes; ++i)
      for (int32_t j = i + 1; j < classes; ++j)
        pairs.push_back(float(p[size_t(i)] / (p[size_t(i)] + p[size_t(j)])));
    tmb_pair_coupling_params params{1, classes};
    tmb_pair_coupling_f32(pairs.data(), y.data(), scratch.data(), &params);
    double sum = 0;
    for (int32_t i = 0; i < classes; ++i) {
      CHECK(y[size_t(i)] == Approx(p[size_t(i)] / total).margin(0.02));
      sum += double(y[size_t(i)]);
    }
    CHECK(sum == Approx(1));
  }
}
