// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recognition of functions that exporters spell out: each variant computes the same, as one operation.
#include "network.h"
#include <catch2/catch.hpp>
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::test;
using nn::BinaryKind;
using nn::ReduceKind;
using nn::UnaryKind;

static const std::string recognize = "thimble-simplify-remove-no-ops,thimble-simplify-recognize-composites,canonicalize";

// Writes y = build(net, x) for an x that is computed, and requires that it is recognized as `kind`.
template <typename Build> static void checkUnary(UnaryKind kind, Build build, bool isRecognized = true) {
  Network net;
  Value input = net.input({2, 12}), x = net.unary(UnaryKind::Sin, input);
  net.finish({build(net, x)});
  Simplified result = simplify(net, recognize);
  size_t found = 0;
  result.function.walk([&](nn::UnaryOp op) { found += op.getKind() == kind; });
  CHECK(found == (isRecognized ? 1 : 0));
  if (isRecognized)
    CHECK(result.countComputations() == 2);
}

static const float rootHalf = float(std::sqrt(0.5)), rootTwo = float(std::sqrt(2.0)),
                   rootTwoOverPi = float(std::sqrt(2 / M_PI));

TEST_CASE("GELU by erf in all orders", "[simplify]") {
  auto gate = [](Network &net, Value x, bool divides) {
    Value scaled = divides ? net.div(x, net.number(rootTwo)) : net.mul(net.number(rootHalf), x);
    return net.add(net.unary(UnaryKind::Erf, scaled), net.number(1));
  };
  SECTION("PyTorch") {
    checkUnary(UnaryKind::Gelu,
               [&](Network &net, Value x) { return net.mul(net.mul(x, gate(net, x, true)), net.number(0.5f)); });
  }
  SECTION("TensorFlow") {
    checkUnary(UnaryKind::Gelu,
               [&](Network &net, Value x) { return net.mul(net.mul(net.number(0.5f), x), gate(net, x, false)); });
  }
  SECTION("half the gate") {
    checkUnary(UnaryKind::Gelu,
               [&](Network &net, Value x) { return net.mul(x, net.mul(gate(net, x, false), net.number(0.5f))); });
  }
  SECTION("division by two") {
    checkUnary(UnaryKind::Gelu, [&](Network &net, Value x) { return net.div(net.mul(gate(net, x, true), x), net.number(2)); });
  }
  SECTION("rounded constants") {
    checkUnary(UnaryKind::Gelu, [&](Network &net, Value x) {
      Value erf = net.unary(UnaryKind::Erf, net.div(x, net.number(1.41421f)));
      return net.mul(net.mul(x, net.add(net.number(1), erf)), net.number(0.5f));
    });
  }
  SECTION("another slope is no GELU") {
    checkUnary(
        UnaryKind::Gelu,
        [&](Network &net, Value x) {
          Value erf = net.unary(UnaryKind::Erf, net.mul(x, net.number(0.8f)));
          return net.mul(net.mul(x, net.add(net.number(1), erf)), net.number(0.5f));
        },
        false);
  }
  SECTION("a gate with other users is not computed twice") {
    checkUnary(
        UnaryKind::Gelu,
        [&](Network &net, Value x) {
          Value shared = gate(net, x, true);
          return net.add(net.mul(net.mul(x, shared), net.number(0.5f)), shared);
        },
        false);
  }
}

TEST_CASE("GELU by tanh in all orders", "[simplify]") {
  auto finish = [](Network &net, Value x, Value inner) {
    Value gate = net.add(net.number(1), net.unary(UnaryKind::Tanh, inner));
    return net.mul(net.mul(net.number(0.5f), x), gate);
  };
  SECTION("power") {
    checkUnary(UnaryKind::GeluTanh, [&](Network &net, Value x) {
      Value cube = net.binary(BinaryKind::Pow, x, net.number(3));
      Value sum = net.add(x, net.mul(net.number(0.044715f), cube));
      return finish(net, x, net.mul(sum, net.number(rootTwoOverPi)));
    });
  }
  SECTION("products") {
    checkUnary(UnaryKind::GeluTanh, [&](Network &net, Value x) {
      Value cube = net.mul(net.mul(x, x), x);
      Value sum = net.add(net.mul(cube, net.number(0.044715f)), x);
      return finish(net, x, net.mul(net.number(rootTwoOverPi), sum));
    });
  }
  SECTION("factored") {
    checkUnary(UnaryKind::GeluTanh, [&](Network &net, Value x) {
      Value factor = net.add(net.number(1), net.mul(net.mul(net.number(0.044715f), x), x));
      return finish(net, x, net.mul(net.mul(x, net.number(rootTwoOverPi)), factor));
    });
  }
}

TEST_CASE("SiLU, sigmoid, softplus, leaky ReLU", "[simplify]") {
  auto onePlusExp = [](Network &net, Value z) { return net.add(net.unary(UnaryKind::Exp, z), net.number(1)); };
  SECTION("SiLU") {
    checkUnary(UnaryKind::Silu, [](Network &net, Value x) { return net.mul(net.unary(UnaryKind::Sigmoid, x), x); });
  }
  SECTION("SiLU as a quotient") {
    checkUnary(UnaryKind::Silu,
               [&](Network &net, Value x) { return net.div(x, onePlusExp(net, net.unary(UnaryKind::Neg, x))); });
  }
  SECTION("the sigmoid of something else") {
    checkUnary(
        UnaryKind::Silu,
        [](Network &net, Value x) { return net.mul(net.unary(UnaryKind::Sigmoid, net.mul(x, net.number(1.702f))), x); }, false);
  }
  SECTION("sigmoid") {
    checkUnary(UnaryKind::Sigmoid,
               [&](Network &net, Value x) { return net.div(net.number(1), onePlusExp(net, net.mul(x, net.number(-1)))); });
  }
  SECTION("softplus") {
    checkUnary(UnaryKind::Softplus, [&](Network &net, Value x) { return net.unary(UnaryKind::Log, onePlusExp(net, x)); });
  }
  SECTION("leaky ReLU") {
    checkUnary(UnaryKind::LeakyRelu,
               [](Network &net, Value x) { return net.binary(BinaryKind::Max, net.mul(x, net.number(0.1f)), x); });
  }
  SECTION("maximum with a larger slope") {
    checkUnary(
        UnaryKind::LeakyRelu,
        [](Network &net, Value x) { return net.binary(BinaryKind::Max, net.mul(x, net.number(1.1f)), x); }, false);
  }
  SECTION("PReLU with one slope") {
    checkUnary(UnaryKind::LeakyRelu, [](Network &net, Value x) {
      return net.binary(BinaryKind::PRelu, x, net.constant({12}, std::vector<float>(12, 0.25f)));
    });
  }
  SECTION("PReLU with many slopes") {
    checkUnary(
        UnaryKind::LeakyRelu, [](Network &net, Value x) { return net.binary(BinaryKind::PRelu, x, net.random({12})); }, false);
  }
}

TEST_CASE("hard swish and hard sigmoid", "[simplify]") {
  auto relu6 = [](Network &net, Value x) { return net.clamp(net.add(x, net.number(3)), 0, 6); };
  SECTION("hard swish, division last") {
    checkUnary(UnaryKind::HardSwish, [&](Network &net, Value x) { return net.div(net.mul(x, relu6(net, x)), net.number(6)); });
  }
  SECTION("hard swish, factor on the gate") {
    checkUnary(UnaryKind::HardSwish,
               [&](Network &net, Value x) { return net.mul(net.mul(relu6(net, x), net.number(1.0f / 6)), x); });
  }
  SECTION("hard swish with minimum and maximum") {
    checkUnary(UnaryKind::HardSwish, [&](Network &net, Value x) {
      Value low = net.binary(BinaryKind::Max, net.number(0), net.add(net.number(3), x));
      return net.div(net.mul(x, net.binary(BinaryKind::Min, low, net.number(6))), net.number(6));
    });
  }
  SECTION("hard swish of a hard sigmoid") {
    checkUnary(UnaryKind::HardSwish,
               [](Network &net, Value x) { return net.mul(x, net.unary(UnaryKind::HardSigmoid, x, 1.0f / 6, 0.5f)); });
  }
  SECTION("another slope is no hard swish") {
    checkUnary(
        UnaryKind::HardSwish,
        [](Network &net, Value x) { return net.mul(x, net.unary(UnaryKind::HardSigmoid, x, 0.2f, 0.5f)); }, false);
  }
  SECTION("hard sigmoid") {
    checkUnary(UnaryKind::HardSigmoid, [&](Network &net, Value x) { return net.div(relu6(net, x), net.number(6)); });
  }
  SECTION("hard sigmoid, scaled first") {
    checkUnary(UnaryKind::HardSigmoid,
               [](Network &net, Value x) { return net.clamp(net.add(net.mul(x, net.number(0.2f)), net.number(0.5f)), 0, 1); });
  }
  SECTION("a clamp to [0, 1] stays one") {
    checkUnary(
        UnaryKind::HardSigmoid, [](Network &net, Value x) { return net.clamp(x, 0, 1); }, false);
  }
}

TEST_CASE("powers", "[simplify]") {
  for (float exponent : {2.0f, 0.5f, -1.0f, -0.5f}) {
    Network net;
    Value x = net.add(net.unary(UnaryKind::Abs, net.input({3, 5})), net.number(0.25f));
    net.finish({net.binary(BinaryKind::Pow, x, net.number(exponent))});
    Simplified result = simplify(net, recognize);
    result.function.walk([](nn::BinaryOp op) { CHECK(op.getKind() != BinaryKind::Pow); });
  }
}

// Layer normalization over `axes`, written like PyTorch does, with variations.
static Value layerNorm(Network &net, Value x, ShapeRef axes, bool usesPow, bool usesReciprocal, bool repeats) {
  Value centered = net.sub(x, net.reduce(ReduceKind::Mean, x, axes));
  Value again = repeats ? net.sub(x, net.reduce(ReduceKind::Mean, x, axes)) : centered;
  Value square = usesPow ? net.binary(BinaryKind::Pow, again, net.number(2)) : net.mul(again, again);
  Value variance = net.add(net.number(1e-5f), net.reduce(ReduceKind::Mean, square, axes));
  Value deviation = net.unary(UnaryKind::Sqrt, variance);
  return usesReciprocal ? net.mul(centered, net.div(net.number(1), deviation)) : net.div(centered, deviation);
}

TEST_CASE("layer normalization", "[simplify]") {
  for (int variant = 0; variant < 8; ++variant) {
    Network net;
    Value x = net.input({2, 4, 6});
    Value normalized = layerNorm(net, x, {2}, variant & 1, variant & 2, variant & 4);
    net.finish({net.add(net.mul(normalized, net.random({6})), net.random({6}))});
    Simplified result = simplify(net, recognize + ",thimble-simplify-fold-linear,canonicalize");
    CHECK(result.count<nn::LayerNormOp>() == 1);
    CHECK(result.countComputations() == 1);
  }
  SECTION("of two dimensions") {
    Network net;
    Value x = net.input({2, 4, 6});
    net.finish({net.mul(layerNorm(net, x, {1, 2}, true, false, false), net.random({4, 6}))});
    CHECK(simplify(net, recognize + ",thimble-simplify-fold-linear,canonicalize").countComputations() == 1);
  }
  SECTION("not of the last dimension") {
    Network net;
    net.finish({layerNorm(net, net.input({2, 4, 6}), {1}, true, false, false)});
    CHECK(simplify(net, recognize).count<nn::LayerNormOp>() == 0);
  }
  SECTION("of the channels of an image, after transposes moved them to the end") {
    Network net;
    Value x = net.conv(net.input({1, 3, 5, 5}), 8, 3);
    Value normalized =
        net.add(net.mul(layerNorm(net, x, {1}, true, false, true), net.random({8, 1, 1})), net.random({8, 1, 1}));
    net.finish({net.conv(normalized, 4, 1)});
    Simplified result = simplifyModule(net, "thimble-simplify");
    CHECK(result.count<nn::LayerNormOp>() == 1);
    // The input, the result of the function.
    CHECK(result.count<nn::TransposeOp>() == 2);
  }
  SECTION("factored, as TensorFlow writes it") {
    Network net;
    Value x = net.input({2, 4, 6});
    Value mean = net.reduce(ReduceKind::Mean, x, {2});
    Value centered = net.sub(x, mean);
    Value variance = net.reduce(ReduceKind::Mean, net.mul(centered, centered), {2});
    Value inverse = net.unary(UnaryKind::Reciprocal, net.unary(UnaryKind::Sqrt, net.add(variance, net.number(1e-3f))));
    Value factor = net.mul(inverse, net.random({6}));
    net.finish({net.add(net.mul(x, factor), net.sub(net.random({6}), net.mul(mean, factor)))});
    Simplified result = simplify(net, recognize + ",thimble-simplify-fold-linear,canonicalize");
    CHECK(result.countComputations() == 1);
  }
}

TEST_CASE("softmax", "[simplify]") {
  auto shifted = [](Network &net, Value x, int64_t axis) { return net.sub(x, net.reduce(ReduceKind::Max, x, {axis})); };
  for (int64_t axis : {1, 2}) {
    for (int variant = 0; variant < 4; ++variant) {
      Network net;
      Value x = net.input({2, 5, 4});
      Value exp = net.unary(UnaryKind::Exp, variant & 1 ? shifted(net, x, axis) : x);
      Value sum = net.reduce(ReduceKind::Sum, exp, {axis});
      net.finish({variant & 2 ? net.mul(net.unary(UnaryKind::Reciprocal, sum), exp) : net.div(exp, sum)});
      Simplified result = simplify(net, recognize);
      CHECK(result.count<nn::SoftmaxOp>() == 1);
      CHECK(result.countComputations() == 1);
    }
    Network net;
    Value z = shifted(net, net.input({2, 5, 4}), axis);
    net.finish({net.sub(z, net.unary(UnaryKind::Log, net.reduce(ReduceKind::Sum, net.unary(UnaryKind::Exp, z), {axis})))});
    CHECK(simplify(net, recognize).countComputations() == 1);
  }
  SECTION("logarithm") {
    Network net;
    net.finish({net.unary(UnaryKind::Log, net.softmax(net.input({2, 5}), 1))});
    CHECK(simplify(net, recognize).countComputations() == 1);
  }
  SECTION("logarithm of a softmax that is used") {
    Network net;
    Value y = net.softmax(net.input({2, 5}), 1);
    net.finish({y, net.unary(UnaryKind::Log, y)});
    CHECK(simplify(net, recognize).countComputations() == 2);
  }
  SECTION("the sum along another dimension is no softmax") {
    Network net;
    Value exp = net.unary(UnaryKind::Exp, net.input({2, 5, 5}));
    net.finish({net.div(exp, net.reduce(ReduceKind::Sum, exp, {1, 2}))});
    CHECK(simplify(net, recognize).count<nn::SoftmaxOp>() == 0);
  }
}
