// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recurrent layers in int8 against the float formulas of ONNX's operators on the same weights and inputs, and the kernels with
// DSP instructions against the portable ones.
#include "support.h"
#include "thimble/tmb_requant.h"
#include <catch2/catch.hpp>

// The same kernels with the inner product for Armv7E-M, through the software model of its instructions.
namespace armv7em {
#define tmb_gru_s8 armv7em_gru_s8
#define tmb_lstm_s8 armv7em_lstm_s8
#include "../../../runtime-mcu/src/kernels/tmb_recurrent_tanh.h"

#include "../../../runtime-mcu/src/arch/armv7em/tmb_recurrent_sums_s8.h"
#include "../../../runtime-mcu/src/kernels/tmb_recurrent_s8.h"
#include "../../../runtime-mcu/src/arch/armv7em/tmb_gru_update_s8.h"
#include "../../../runtime-mcu/src/arch/armv7em/tmb_lstm_update_s8.h"
#include "../../../runtime-mcu/src/kernels/tmb_gru_s8.c"
#include "../../../runtime-mcu/src/kernels/tmb_lstm_s8.c"
#undef tmb_gru_s8
#undef tmb_lstm_s8
} // namespace armv7em

using namespace runtime_test;

namespace {

int32_t padded(int32_t size) { return (size + 3) / 4 * 4; }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// A layer of random weights with one scale for all rows, and its streams.
struct Layer {
  int32_t gates, input, hidden;
  double inScale = 1.0 / 32, weightScale = 1.0 / 256;
  std::vector<int8_t> weights, recurrence, stream;
  std::vector<double> bias;
  std::vector<int32_t> words, constants;
  tmb_recurrent_s8_params p = {};

  Layer(Random &random, int32_t gates)
      : gates(gates), input(random.integer(1, 13)), hidden(random.integer(1, 13)) {
    weights = random.bytes(size_t(gates * hidden * input), -127, 127);
    recurrence = random.bytes(size_t(gates * hidden * hidden), -127, 127);
    for (int32_t i = 0; i < 4 * hidden; ++i)
      bias.push_back(std::round(random.real(-1, 1) * 4096) / 4096);
    p.time = random.integer(1, 9);
    p.batch = random.integer(1, 3);
    p.input = input;
    p.hidden = hidden;
    p.in_zero_point = random.integer(-20, 20);
    p.reverse = random.integer(0, 1);
    p.has_initial_h = p.has_initial_c = random.integer(0, 1);
    // int8 of scale 1/128 to 2^-15 and to 2^-11: powers of two.
    p.h_multiplier = p.c_multiplier = 1 << 30;
    p.h_start_shift = 8 + 2;
    p.c_start_shift = 4 + 2;
    // Factors 4096 * scale of x * scale of w, and 4096 * 2^-15 * scale of w.
    const double x = 4096 * inScale * weightScale, h = std::ldexp(4096 * weightScale, -15);
    p.x_shift = 2;
    for (int32_t unit = 0; unit < padded(hidden); unit += 4) {
      for (int32_t gate = 0; gate < gates; ++gate) {
        append(weights, input, gate, unit);
        append(recurrence, hidden, gate, unit);
      }
      for (int32_t gate = 0; gate < gates; ++gate)
        for (int32_t row = unit; row < unit + 4; ++row) {
          const bool isCandidate = gate == gates - 1, isInside = row < hidden;
          const double part = isCandidate ? 1 : 0.5; // gates with a sigmoid get half of their argument
          constants.push_back(isInside ? int32_t(std::lround(part * b(gate, row) * 4096)) : 0);
          constants.push_back(int32_t(std::llround(std::ldexp(part * x, 32 - p.x_shift))));
          constants.push_back(int32_t(std::llround(std::ldexp(part * h, 32))));
          if (isCandidate && gates == 3)
            constants.push_back(isInside ? int32_t(b(3, row) * 4096) : 0);
        }
    }
    words.resize(stream.size() / 4);
    std::memcpy(words.data(), stream.data(), stream.size());
    // y_c of scale 1/8
    p.c_out_multiplier = int32_t(std::llround(std::ldexp(8.0 / 2048, 32)));
  }

  void append(const std::vector<int8_t> &matrix, int32_t depth, int32_t gate, int32_t unit) {
    for (int32_t start = 0; start < padded(depth); start += 4)
      for (int32_t row = unit; row < unit + 4; ++row)
        for (int32_t column : {start, start + 2, start + 1, start + 3})
          stream.push_back(row < hidden && column < depth ? matrix[size_t((gate * hidden + row) * depth + column)] : int8_t(0));
  }

  // W x of a gate's row, R h, and the bias
  double dotX(const int8_t *x, int32_t gate, int32_t row) const {
    double sum = 0;
    for (int32_t i = 0; i < input; ++i)
      sum += (x[i] - p.in_zero_point) * inScale * weights[size_t((gate * hidden + row) * input + i)] * weightScale;
    return sum;
  }
  double dotH(const std::vector<double> &h, int32_t gate, int32_t row) const {
    double sum = 0;
    for (int32_t i = 0; i < hidden; ++i)
      sum += h[size_t(i)] * recurrence[size_t((gate * hidden + row) * hidden + i)] * weightScale;
    return sum;
  }
  double b(int32_t gate, int32_t row) const { return bias[size_t(gate * hidden + row)]; }
  size_t scratch() const { return size_t(2 * (padded(input) + 4 * padded(hidden))); }
};

std::vector<double> gruStep(const Layer &layer, const int8_t *x, const std::vector<double> &h) {
  const auto size = size_t(layer.hidden);
  std::vector<double> next(size), gated(size);
  for (int32_t u = 0; u < layer.hidden; ++u)
    gated[size_t(u)] = h[size_t(u)] * sigmoid(layer.dotX(x, 1, u) + layer.dotH(h, 1, u) + layer.b(1, u));
  for (int32_t u = 0; u < layer.hidden; ++u) {
    const double z = sigmoid(layer.dotX(x, 0, u) + layer.dotH(h, 0, u) + layer.b(0, u));
    const double r = sigmoid(layer.dotX(x, 1, u) + layer.dotH(h, 1, u) + layer.b(1, u));
    const double input = layer.dotX(x, 2, u) + layer.b(2, u);
    const double n = layer.p.linear_before_reset ? std::tanh(input + r * (layer.dotH(h, 2, u) + layer.b(3, u)))
                                                 : std::tanh(input + layer.dotH(gated, 2, u) + layer.b(3, u));
    next[size_t(u)] = (1 - z) * n + z * h[size_t(u)];
  }
  return next;
}

std::vector<double> lstmStep(const Layer &layer, const int8_t *x, const std::vector<double> &h, std::vector<double> &c) {
  std::vector<double> next(h.size());
  for (int32_t u = 0; u < layer.hidden; ++u) {
    auto gate = [&](int32_t g) { return layer.dotX(x, g, u) + layer.dotH(h, g, u) + layer.b(g, u); };
    double &cell = c[size_t(u)];
    cell = sigmoid(gate(2)) * cell + sigmoid(gate(0)) * std::tanh(gate(3));
    next[size_t(u)] = sigmoid(gate(1)) * std::tanh(cell);
  }
  return next;
}

// Runs the float layer on the whole input; y in units of 1/128.
template <typename Step>
void reference(const Layer &layer, const std::vector<int8_t> &x, const std::vector<int8_t> &h0, std::vector<double> &y,
               std::vector<double> &yH, Step step) {
  const tmb_recurrent_s8_params &p = layer.p;
  for (int32_t b = 0; b < p.batch; ++b) {
    std::vector<double> h(size_t(p.hidden), 0);
    for (int32_t i = 0; p.has_initial_h && i < p.hidden; ++i)
      h[size_t(i)] = h0[size_t(b * p.hidden + i)] / 128.0;
    for (int32_t s = 0; s < p.time; ++s) {
      const int32_t t = p.reverse ? p.time - 1 - s : s;
      h = step(b, x.data() + (t * p.batch + b) * p.input, h, s == 0);
      for (int32_t i = 0; i < p.hidden; ++i)
        y[size_t((t * p.batch + b) * p.hidden + i)] = 128 * h[size_t(i)];
    }
    for (int32_t i = 0; i < p.hidden; ++i)
      yH[size_t(b * p.hidden + i)] = 128 * h[size_t(i)];
  }
}

void requireNear(const std::vector<int8_t> &y, const std::vector<double> &expected) {
  for (size_t i = 0; i < y.size(); ++i)
    REQUIRE(std::fabs(y[i] - std::min(std::max(expected[i], -128.0), 127.0)) < 1.5);
}

} // namespace

TEST_CASE("GRU in int8", "[runtime][recurrent]") {
  Random random(81);
  for (int round = 0; round < 200; ++round) {
    Layer layer(random, 3);
    layer.p.linear_before_reset = random.integer(0, 1);
    const tmb_recurrent_s8_params &p = layer.p;
    const auto x = random.bytes(size_t(p.time * p.batch * p.input)), h0 = random.bytes(size_t(p.batch * p.hidden));
    std::vector<int8_t> y(size_t(p.time * p.batch * p.hidden)), yH(h0.size()), y2(y.size()), yH2(h0.size());
    std::vector<int64_t> scratch(layer.scratch() / 8 + 1);
    std::vector<double> expected(y.size()), expectedH(yH.size());
    tmb_gru_s8(x.data(), layer.words.data(), layer.constants.data(), h0.data(), y.data(), yH.data(), scratch.data(), &p);
    reference(layer, x, h0, expected, expectedH,
              [&](int32_t, const int8_t *at, const std::vector<double> &h, bool) { return gruStep(layer, at, h); });
    requireNear(y, expected);
    requireNear(yH, expectedH);
    armv7em::armv7em_gru_s8(x.data(), layer.words.data(), layer.constants.data(), h0.data(), y2.data(), yH2.data(),
                            scratch.data(), &p);
    REQUIRE(y == y2);
    REQUIRE(yH == yH2);
    layer.p.last_only = 1;
    std::vector<int8_t> untouched(y.size(), 77);
    tmb_gru_s8(x.data(), layer.words.data(), layer.constants.data(), h0.data(), untouched.data(), yH2.data(), scratch.data(),
               &p);
    REQUIRE(untouched == std::vector<int8_t>(y.size(), 77));
    REQUIRE(yH == yH2);
  }
}

TEST_CASE("LSTM in int8", "[runtime][recurrent]") {
  Random random(82);
  for (int round = 0; round < 200; ++round) {
    Layer layer(random, 4);
    const tmb_recurrent_s8_params &p = layer.p;
    const auto x = random.bytes(size_t(p.time * p.batch * p.input)), h0 = random.bytes(size_t(p.batch * p.hidden));
    const auto c0 = random.bytes(h0.size());
    std::vector<int8_t> y(size_t(p.time * p.batch * p.hidden)), yH(h0.size()), yC(h0.size()), y2(y.size()), yH2(h0.size()),
        yC2(h0.size());
    std::vector<int64_t> scratch(layer.scratch() / 8 + 1);
    std::vector<double> expected(y.size()), expectedH(yH.size()), expectedC(yC.size()), c;
    tmb_lstm_s8(x.data(), layer.words.data(), layer.constants.data(), h0.data(), c0.data(), y.data(), yH.data(), yC.data(),
                scratch.data(), &p);
    reference(layer, x, h0, expected, expectedH, [&](int32_t b, const int8_t *at, const std::vector<double> &h, bool isFirst) {
      if (isFirst) {
        c.assign(h.size(), 0);
        for (size_t i = 0; p.has_initial_c && i < c.size(); ++i)
          c[i] = c0[size_t(b) * h.size() + i] / 128.0;
      }
      std::vector<double> next = lstmStep(layer, at, h, c);
      for (size_t i = 0; i < c.size(); ++i)
        expectedC[size_t(b) * h.size() + i] = 8 * c[i];
      return next;
    });
    requireNear(y, expected);
    requireNear(yH, expectedH);
    requireNear(yC, expectedC);
    armv7em::armv7em_lstm_s8(x.data(), layer.words.data(), layer.constants.data(), h0.data(), c0.data(), y2.data(), yH2.data(),
                             yC2.data(), scratch.data(), &p);
    REQUIRE((y == y2 && yH == yH2 && yC == yC2));
  }
}

// States in int16 are the kernel's own: steps one by one, each from the states that the last one left, are the whole sequence.
TEST_CASE("int16 states carry on where they stopped", "[runtime][recurrent][int16]") {
  Random random(83);
  for (int round = 0; round < 100; ++round) {
    const bool isLstm = round % 2;
    Layer layer(random, isLstm ? 4 : 3);
    tmb_recurrent_s8_params &p = layer.p;
    p.linear_before_reset = random.integer(0, 1);
    p.reverse = 0;
    p.wide_states = p.has_initial_h = p.has_initial_c = 1;
    const auto x = random.bytes(size_t(p.time * p.batch * p.input));
    const auto states = size_t(p.batch * p.hidden);
    std::vector<int16_t> h0, c0, h(states), c(states), hTwin(states), cTwin(states);
    for (size_t i = 0; i < states; ++i) {
      h0.push_back(int16_t(random.integer(-32768, 32767)));
      c0.push_back(int16_t(random.integer(-8192, 8191)));
    }
    std::vector<int8_t> y(size_t(p.time) * states), whole(y.size()), twin(y.size());
    std::vector<int64_t> scratch(layer.scratch() / 8 + 1);
    const int32_t *words = layer.words.data(), *constants = layer.constants.data();
    if (isLstm) {
      tmb_lstm_s8(x.data(), words, constants, h0.data(), c0.data(), whole.data(), h.data(), c.data(), scratch.data(), &p);
      armv7em::armv7em_lstm_s8(x.data(), words, constants, h0.data(), c0.data(), twin.data(), hTwin.data(), cTwin.data(),
                               scratch.data(), &p);
    } else {
      tmb_gru_s8(x.data(), words, constants, h0.data(), whole.data(), h.data(), scratch.data(), &p);
      armv7em::armv7em_gru_s8(x.data(), words, constants, h0.data(), twin.data(), hTwin.data(), scratch.data(), &p);
    }
    REQUIRE((whole == twin && h == hTwin && c == cTwin));
    const int32_t time = p.time;
    p.time = 1;
    for (int32_t t = 0; t < time; ++t) {
      const int8_t *at = x.data() + t * p.batch * p.input;
      int8_t *to = y.data() + size_t(t) * states;
      if (isLstm)
        tmb_lstm_s8(at, words, constants, h0.data(), c0.data(), to, h0.data(), c0.data(), scratch.data(), &p);
      else
        tmb_gru_s8(at, words, constants, h0.data(), to, h0.data(), scratch.data(), &p);
    }
    REQUIRE((y == whole && h0 == h));
    REQUIRE((!isLstm || c0 == c));
  }
}
