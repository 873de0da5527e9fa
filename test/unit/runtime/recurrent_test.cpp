// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recurrent kernels against the equations of ONNX's operators, written down in double without any sharing of work.
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

namespace {

using Reals = std::vector<double>;

double activate(double x, int32_t function, double alpha, double beta) {
  switch (function) {
  case TMB_RECURRENT_SIGMOID:
    return 1 / (1 + std::exp(-x));
  case TMB_RECURRENT_TANH:
    return std::tanh(x);
  case TMB_RECURRENT_RELU:
    return std::max(x, 0.0);
  case TMB_RECURRENT_AFFINE:
    return alpha * x + beta;
  case TMB_RECURRENT_LEAKY_RELU:
    return x >= 0 ? x : alpha * x;
  case TMB_RECURRENT_THRESHOLDED_RELU:
    return x > alpha ? x : 0;
  case TMB_RECURRENT_SCALED_TANH:
    return alpha * std::tanh(beta * x);
  case TMB_RECURRENT_HARD_SIGMOID:
    return std::min(std::max(alpha * x + beta, 0.0), 1.0);
  case TMB_RECURRENT_ELU:
    return x >= 0 ? x : alpha * (std::exp(x) - 1);
  case TMB_RECURRENT_SOFTSIGN:
    return x / (1 + std::fabs(x));
  default:
    return std::log(1 + std::exp(x));
  }
}

// A random layer with `gates` gates, and its equations.
struct Layer {
  tmb_recurrent_params p = {};
  int32_t gates;
  std::vector<float> x, w, r, bias, h0, c0, peepholes;
  std::vector<int32_t> lengths;

  Layer(Random &random, int32_t gates, int32_t biases, bool isCustom) : gates(gates) {
    p.time = random.integer(1, 5), p.batch = random.integer(1, 3), p.input = random.integer(1, 7),
    p.hidden = random.integer(1, 9);
    p.reverse = random.integer(0, 1), p.last_only = random.integer(0, 3) == 0;
    p.has_initial_h = random.integer(0, 1), p.has_initial_c = random.integer(0, 1), p.has_peepholes = random.integer(0, 1);
    p.has_lengths = random.integer(0, 1), p.input_forget = random.integer(0, 1), p.linear_before_reset = random.integer(0, 1);
    p.clip = random.integer(0, 1) ? 0.5f : std::numeric_limits<float>::max();
    p.g = p.h = TMB_RECURRENT_TANH;
    if (gates == 1)
      p.f = TMB_RECURRENT_TANH;
    if (isCustom) {
      p.f = random.integer(0, 10), p.g = random.integer(0, 10), p.h = random.integer(0, 10);
      p.f_alpha = random.real(0, 1), p.g_alpha = random.real(0, 1), p.h_alpha = random.real(0, 1);
      p.f_beta = random.real(0, 1), p.g_beta = random.real(0, 1), p.h_beta = random.real(0, 1);
    }
    x = random.reals(size_t(p.time * p.batch * p.input));
    w = random.reals(size_t(gates * p.hidden * p.input));
    r = random.reals(size_t(gates * p.hidden * p.hidden));
    bias = random.reals(size_t(biases * p.hidden));
    h0 = random.reals(size_t(p.batch * p.hidden));
    c0 = random.reals(size_t(p.batch * p.hidden));
    peepholes = random.reals(size_t(3 * p.hidden));
    lengths = random.integers(size_t(p.batch), -1, p.time + 1);
  }

  double f(double v) const { return activate(v, p.f, double(p.f_alpha), double(p.f_beta)); }
  double g(double v) const { return activate(v, p.g, double(p.g_alpha), double(p.g_beta)); }
  double h(double v) const { return activate(v, p.h, double(p.h_alpha), double(p.h_beta)); }
  double clip(double v) const { return std::min(std::max(v, -double(p.clip)), double(p.clip)); }

  // Row `row` of W x_t and of R h.
  double inputPart(int32_t row, int32_t t, int32_t n) const {
    double sum = 0;
    for (int32_t k = 0; k < p.input; ++k)
      sum += double(w[row * p.input + k]) * double(x[(t * p.batch + n) * p.input + k]);
    return sum;
  }
  double statePart(int32_t row, const Reals &state) const {
    double sum = 0;
    for (int32_t k = 0; k < p.hidden; ++k)
      sum += double(r[row * p.hidden + k]) * state[k];
    return sum;
  }

  template <typename Step> void run(Step step, Reals &y, Reals &yh, Reals &yc) const {
    y.assign(size_t(p.time * p.batch * p.hidden), 0);
    for (int32_t n = 0; n < p.batch; ++n) {
      const int32_t length = p.has_lengths ? std::min(std::max(lengths[n], 0), p.time) : p.time;
      Reals state(size_t(p.hidden), 0), cell(size_t(p.hidden), 0);
      for (int32_t j = 0; j < p.hidden; ++j) {
        state[j] = p.has_initial_h ? double(h0[n * p.hidden + j]) : 0;
        cell[j] = p.has_initial_c ? double(c0[n * p.hidden + j]) : 0;
      }
      for (int32_t i = 0; i < length; ++i) {
        const int32_t t = p.reverse ? length - 1 - i : i;
        step(t, n, state, cell);
        std::copy(state.begin(), state.end(), y.begin() + (t * p.batch + n) * p.hidden);
      }
      yh.insert(yh.end(), state.begin(), state.end());
      yc.insert(yc.end(), cell.begin(), cell.end());
    }
  }
};

void check(const std::vector<float> &actual, const Reals &expected) {
  for (size_t i = 0; i < expected.size(); ++i)
    REQUIRE(close(actual[i], expected[i], 2e-4));
}

void checkSequence(const Layer &layer, const std::vector<float> &actual, const Reals &expected) {
  if (!layer.p.last_only)
    return check(actual, expected);
  for (float value : actual)
    REQUIRE(std::isnan(value)); // not written
}

} // namespace

TEST_CASE("RNN", "[runtime][recurrent]") {
  Random random(80);
  for (int round = 0; round < 300; ++round) {
    const bool isCustom = round % 2 != 0;
    const Layer layer(random, 1, 1, isCustom);
    const auto &p = layer.p;
    Reals y, yh, yc;
    layer.run(
        [&](int32_t t, int32_t n, Reals &state, Reals &) {
          const Reals old = state;
          for (int32_t j = 0; j < p.hidden; ++j)
            state[j] = layer.f(layer.clip(layer.inputPart(j, t, n) + layer.statePart(j, old) + double(layer.bias[j])));
        },
        y, yh, yc);
    std::vector<float> actual(y.size(), kNaN), last(yh.size(), kNaN), scratch(size_t(p.hidden));
    (isCustom ? tmb_rnn_custom_f32 : tmb_rnn_f32)(layer.x.data(), layer.w.data(), layer.r.data(), layer.bias.data(),
                                                  layer.h0.data(), layer.lengths.data(), actual.data(), last.data(),
                                                  scratch.data(), &p);
    checkSequence(layer, actual, y);
    check(last, yh);
  }
}

TEST_CASE("GRU", "[runtime][recurrent]") {
  Random random(81);
  for (int round = 0; round < 300; ++round) {
    const bool isCustom = round % 2 != 0;
    const Layer layer(random, 3, 4, isCustom);
    const auto &p = layer.p;
    const int32_t H = p.hidden;
    Reals y, yh, yc;
    layer.run(
        [&](int32_t t, int32_t n, Reals &state, Reals &) {
          const Reals old = state;
          Reals reset(old), r(old);
          for (int32_t j = 0; j < H; ++j) {
            r[j] = layer.f(layer.clip(layer.inputPart(H + j, t, n) + layer.statePart(H + j, old) + double(layer.bias[H + j])));
            reset[j] = r[j] * old[j];
          }
          for (int32_t j = 0; j < H; ++j) {
            const double z = layer.f(layer.clip(layer.inputPart(j, t, n) + layer.statePart(j, old) + double(layer.bias[j])));
            const double recurrent = p.linear_before_reset
                                         ? r[j] * (layer.statePart(2 * H + j, old) + double(layer.bias[3 * H + j]))
                                         : layer.statePart(2 * H + j, reset) + double(layer.bias[3 * H + j]);
            const double next =
                layer.g(layer.clip(layer.inputPart(2 * H + j, t, n) + double(layer.bias[2 * H + j]) + recurrent));
            state[j] = (1 - z) * next + z * old[j];
          }
        },
        y, yh, yc);
    std::vector<float> actual(y.size(), kNaN), last(layer.h0), scratch(size_t(4 * H));
    // The state may be updated in place.
    const float *initial = round % 3 ? layer.h0.data() : last.data();
    (isCustom ? tmb_gru_custom_f32 : tmb_gru_f32)(layer.x.data(), layer.w.data(), layer.r.data(), layer.bias.data(), initial,
                                                  layer.lengths.data(), actual.data(), last.data(), scratch.data(), &p);
    checkSequence(layer, actual, y);
    check(last, yh);
  }
}

TEST_CASE("LSTM", "[runtime][recurrent]") {
  Random random(82);
  for (int round = 0; round < 300; ++round) {
    const bool isCustom = round % 2 != 0;
    const Layer layer(random, 4, 4, isCustom);
    const auto &p = layer.p;
    const int32_t H = p.hidden;
    Reals y, yh, yc;
    layer.run(
        [&](int32_t t, int32_t n, Reals &state, Reals &cell) {
          const Reals old = state, oldCell = cell;
          auto sum = [&](int32_t gate, int32_t j, int32_t peephole, double c) {
            const double seen = p.has_peepholes && peephole >= 0 ? double(layer.peepholes[peephole * H + j]) * c : 0;
            const int32_t row = gate * H + j;
            return layer.clip(layer.inputPart(row, t, n) + layer.statePart(row, old) + double(layer.bias[row]) + seen);
          };
          for (int32_t j = 0; j < H; ++j) {
            const double i = layer.f(sum(0, j, 0, oldCell[j]));
            const double forget = p.input_forget ? 1 - i : layer.f(sum(2, j, 2, oldCell[j]));
            cell[j] = forget * oldCell[j] + i * layer.g(sum(3, j, -1, 0));
            state[j] = layer.f(sum(1, j, 1, cell[j])) * layer.h(cell[j]);
          }
        },
        y, yh, yc);
    std::vector<float> actual(y.size(), kNaN), last(yh.size(), kNaN), lastCell(yc.size(), kNaN), scratch(size_t(4 * H));
    (isCustom ? tmb_lstm_custom_f32 : tmb_lstm_f32)(
        layer.x.data(), layer.w.data(), layer.r.data(), layer.bias.data(), layer.h0.data(), layer.c0.data(),
        layer.peepholes.data(), layer.lengths.data(), actual.data(), last.data(), lastCell.data(), scratch.data(), &p);
    checkSequence(layer, actual, y);
    check(last, yh);
    check(lastCell, yc);
  }
}
