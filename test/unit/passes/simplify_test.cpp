// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Each simplification pass computes the same, where it applies and where it must not.
#include "network.h"
#include <catch2/catch.hpp>

using namespace mlir;
using namespace thimble;
using namespace thimble::test;
using nn::BinaryKind;
using nn::PoolKind;
using nn::ReduceKind;
using nn::UnaryKind;

// Between the named pass and the test: dead operations go away.
static Simplified run(Network &net, const std::string &pass) {
  return simplify(net, "thimble-simplify-" + pass + ",canonicalize");
}

TEST_CASE("constants are folded", "[simplify]") {
  Network net;
  Value c = net.random({1, 4, 3, 3});
  Value folded = net.relu(net.transpose(net.add(c, net.random({4, 1, 1})), {0, 2, 3, 1}));
  net.finish({net.add(net.input({1, 3, 3, 4}), folded)});
  CHECK(run(net, "fold-constants").countComputations() == 1);
}

TEST_CASE("broadcasts of constants that users do themselves are not folded", "[simplify]") {
  auto build = [](Network &net, bool isPadded) {
    auto type = RankedTensorType::get({64, 64}, net.getBuilder().getF32Type());
    Value large = net.make<nn::BroadcastOp>(type, net.random({64}));
    net.finish({isPadded ? net.pad(large, {1, 1}, {1, 1}) : net.add(net.input({64, 64}), large)});
  };
  Network kept, folded;
  build(kept, false);
  build(folded, true);
  CHECK(run(kept, "fold-constants").count<nn::BroadcastOp>() == 1);
  CHECK(run(kept, "remove-no-ops").countComputations() == 1);
  CHECK(run(folded, "fold-constants").countComputations() == 0);
}

TEST_CASE("operations without effect are removed", "[simplify]") {
  Network net;
  Value x = net.input({2, 3, 4, 5}), c = net.input({3, 1, 1});
  net.getBuilder().setInsertionPointToEnd(x.getParentBlock());
  Value zeros = net.constant({5}, {0, 0, 0, 0, 0}), one = net.number(1);
  SECTION("arithmetic") {
    x = net.div(net.mul(one, net.sub(net.add(zeros, x), net.number(0))), one);
    net.finish({net.binary(BinaryKind::Pow, x, one)});
    CHECK(run(net, "remove-no-ops").countComputations() == 0);
  }
  SECTION("arithmetic that broadcasts has an effect") {
    net.finish({net.add(c, net.constant({3, 4, 5}, std::vector<float>(60, 0.0f)))});
    CHECK(run(net, "remove-no-ops").countComputations() == 1);
  }
  SECTION("negations and magnitudes") {
    x = net.unary(UnaryKind::Neg, net.unary(UnaryKind::Neg, x));
    net.finish({net.unary(UnaryKind::Abs, net.unary(UnaryKind::Abs, net.relu(x)))});
    CHECK(run(net, "remove-no-ops").countComputations() == 1);
  }
  SECTION("clamps of clamps") {
    float infinity = std::numeric_limits<float>::infinity();
    Value y = net.clamp(net.relu(net.clamp(x, -1, 0.5f)), -infinity, infinity);
    net.finish({net.clamp(y, 0, 6), net.relu(net.unary(UnaryKind::Sigmoid, x)), net.clamp(net.clamp(x, 1, 2), -1, 0)});
    CHECK(run(net, "remove-no-ops").countComputations() == 3);
  }
  SECTION("a relu of a pooling whose windows may be empty stays") {
    Value y = net.relu(net.pool(PoolKind::Max, net.relu(x), 2, 2, {1, 1, 1, 1}));
    Value z = net.relu(net.pool(PoolKind::Average, net.relu(x), 2, 2, {1, 1, 1, 1}));
    net.finish({y, z});
    Simplified result = run(net, "remove-no-ops");
    CHECK(result.count<nn::UnaryOp>() == 3);
  }
  SECTION("minimum and maximum") {
    Value y = net.binary(BinaryKind::Min, net.binary(BinaryKind::Max, net.number(0), x), net.number(6));
    net.finish({net.binary(BinaryKind::Max, y, net.number(0))});
    Simplified result = run(net, "remove-no-ops");
    CHECK(result.countComputations() == 1);
    CHECK(result.count<nn::UnaryOp>() == 1);
  }
  SECTION("movements") {
    Value y = net.concat({net.concat({x, x}, 1)}, 0);
    y = net.slice(net.slice(y, {0, 1, 0, 1}, {2, 5, 4, 3}), {1, 1, 0, 0}, {1, 2, 4, 3});
    y = net.reduce(ReduceKind::Mean, net.reduce(ReduceKind::SumSquare, y, {0}), {0}, false);
    net.finish({net.concat({net.concat({y, y}, 0), y}, 0)});
    Simplified result = run(net, "remove-no-ops");
    CHECK(result.count<nn::SliceOp>() == 1);
    CHECK(result.count<nn::ConcatOp>() == 2);
    CHECK(result.count<nn::ReduceOp>() == 0);
  }
  SECTION("pooling of one element") {
    net.finish({net.pool(PoolKind::Average, x, 1, 1), net.pool(PoolKind::Max, x, 1, 2)});
    CHECK(run(net, "remove-no-ops").count<nn::Pool2DOp>() == 1);
  }
}

TEST_CASE("casts there and back are removed unless they change numbers", "[simplify]") {
  auto checkCasts = [](auto element, auto between, size_t left) {
    Network net;
    OpBuilder &builder = net.getBuilder();
    Value x = net.input({4, 3}, element(builder));
    Value wide = net.make<nn::CastOp>(RankedTensorType::get({4, 3}, between(builder)), x);
    net.finish({net.make<nn::CastOp>(x.getType(), wide)});
    CHECK(run(net, "remove-no-ops").count<nn::CastOp>() == left);
  };
  auto f32 = [](OpBuilder &b) -> Type { return b.getF32Type(); };
  auto i32 = [](OpBuilder &b) -> Type { return b.getI32Type(); };
  auto i8 = [](OpBuilder &b) -> Type { return b.getI8Type(); };
  auto i1 = [](OpBuilder &b) -> Type { return b.getI1Type(); };
  checkCasts(i8, f32, 0);
  checkCasts(i8, i32, 0);
  checkCasts(i1, f32, 0);
  checkCasts(i32, f32, 2);
  checkCasts(i32, i8, 2);
  checkCasts(f32, i32, 2);
}

TEST_CASE("reshapes sink below elementwise operations", "[simplify]") {
  Network net;
  Value x = net.fullyConnected(net.input({6, 4}), 8, false);
  SECTION("bias behind a matrix product") {
    Value y = net.add(net.reshape(x, {1, 6, 8}), net.random({8}));
    net.finish({net.relu(y)});
    Simplified result = simplifyModule(net, "thimble-simplify");
    CHECK(result.countComputations() == 1);
  }
  SECTION("constants of whole and of split dimensions") {
    Value y = net.add(net.reshape(x, {2, 3, 2, 4}), net.random({2, 3, 1, 1}));
    y = net.mul(net.random({1, 1, 2, 4}), y);
    y = net.mul(y, net.reshape(net.unary(UnaryKind::Sin, x), {2, 3, 2, 4}));
    net.finish({net.sub(net.number(1), y)});
    Simplified result = run(net, "sink-reshapes");
    CHECK(result.count<nn::ReshapeOp>() == 1);
  }
  SECTION("constants that differ within a joined dimension stay behind") {
    net.finish({net.add(net.reshape(x, {2, 3, 2, 4}), net.random({3, 1, 1}))});
    Simplified result = run(net, "sink-reshapes");
    bool isBehind = false;
    result.function.walk([&](nn::BinaryOp op) { isBehind = op.getA().getDefiningOp<nn::ReshapeOp>() != nullptr; });
    CHECK(isBehind);
  }
}

TEST_CASE("padding becomes part of convolutions and poolings", "[simplify]") {
  Network net;
  Value x = net.input({1, 4, 6, 7});
  auto spatial = [&](Value image, double value) { return net.pad(image, {0, 0, 1, 0}, {0, 0, 2, 1}, value); };
  auto padded = [&] {
    return simplify(net, "thimble-simplify-propagate-transposes,thimble-simplify-fold-padding,canonicalize");
  };
  float infinity = std::numeric_limits<float>::infinity();
  SECTION("folded") {
    Value a = net.conv(spatial(x, 0), 3, 3, 1, {0, 1, 0, 0});
    Value b = net.pool(PoolKind::Average, spatial(x, 0), 3, 2);
    Value c = net.pool(PoolKind::Average, spatial(x, 0), 3, 2, {1, 1, 1, 1}, true);
    Value d = net.pool(PoolKind::Max, spatial(x, -infinity), 3, 2);
    Value e = net.pool(PoolKind::Max, spatial(net.relu(x), 0), 3, 2);
    Value f = net.conv(net.pad(spatial(x, 0), {0, 0, 1, 1}, {0, 0, 1, 1}), 2, 3);
    net.finish({a, b, c, d, e, f});
    CHECK(padded().count<nn::PadOp>() == 0);
  }
  SECTION("not folded") {
    Value a = net.conv(spatial(x, 1), 3, 3);
    Value b = net.pool(PoolKind::Average, spatial(x, 0), 3, 2, {1, 1, 1, 1}, false);
    Value c = net.pool(PoolKind::Max, spatial(x, 0), 3, 2);
    Value d = net.pool(PoolKind::Max, net.pad(net.relu(x), {0, 0, 3, 0}, {0, 0, 0, 0}), 3, 1);
    Value e = net.conv(net.pad(x, {0, 0, 1, 1}, {0, 4, 1, 1}), 3, 3);
    Value f = net.conv(net.pad(x, {0, 0, -1, 0}, {0, 0, 0, 0}), 3, 3);
    net.finish({a, b, c, d, e, f});
    CHECK(padded().count<nn::PadOp>() == 6);
  }
}

TEST_CASE("affine functions become weights", "[simplify]") {
  Network net;
  Value x = net.input({2, 4, 6, 6});
  auto folded = [&] {
    return simplify(net, "thimble-simplify-propagate-transposes,thimble-simplify-fold-linear,canonicalize");
  };
  SECTION("behind a convolution") {
    for (int64_t groups : {1, 2, 4})
      for (bool hasBias : {false, true}) {
        Network each;
        Value y = each.conv(each.input({2, 4, 6, 6}), 8, 3, 1, {1, 1, 1, 1}, groups, hasBias);
        y = each.sub(each.number(2), each.div(each.batchNorm(y), each.random({8, 1, 1}, 1, 2)));
        each.finish({each.unary(UnaryKind::Neg, each.sub(y, each.random({1, 8, 1, 1})))});
        Simplified result = simplify(each, "thimble-simplify-propagate-transposes,thimble-simplify-fold-linear,canonicalize");
        CHECK(result.count<nn::BinaryOp>() == 0);
        CHECK(result.count<nn::UnaryOp>() == 0);
      }
  }
  SECTION("in front of a convolution") {
    for (int64_t groups : {1, 2, 4}) {
      Network each;
      Value y = each.add(each.mul(each.input({2, 4, 6, 6}), each.random({4, 1, 1})), each.random({1, 4, 1, 1}));
      Value z = each.mul(each.relu(y), each.random({4, 1, 1}));
      each.finish({each.conv(y, 8, 3, 1, {0, 0, 0, 0}, groups), each.conv(z, 8, 3, 1, {1, 1, 1, 1}, groups)});
      Simplified result = simplify(each, "thimble-simplify-propagate-transposes,thimble-simplify-fold-linear,canonicalize");
      // y has two users, so its two operations stay.
      CHECK(result.count<nn::BinaryOp>() == 2);
    }
    Value y = net.add(net.mul(x, net.random({4, 1, 1})), net.random({1, 4, 1, 1}));
    net.finish({net.conv(y, 8, 3)});
    CHECK(folded().count<nn::BinaryOp>() == 0);
  }
  SECTION("in front of several layers, if all of them take it") {
    Value y = net.add(net.mul(x, net.random({4, 1, 1})), net.random({4, 1, 1}));
    Value z = net.add(net.mul(net.relu(x), net.random({4, 1, 1})), net.random({4, 1, 1}));
    net.finish({net.conv(y, 8, 3), net.conv(y, 2, 1, 2), net.conv(z, 8, 3), net.conv(z, 4, 3, 1, {1, 1, 1, 1}, 4)});
    // The padded convolution cannot take the second sum, so the other one does not either.
    CHECK(folded().count<nn::BinaryOp>() == 2);
  }
  SECTION("additions do not pass padding") {
    Value y = net.mul(net.add(x, net.random({4, 1, 1})), net.random({4, 1, 1}));
    net.finish({net.conv(y, 8, 3, 1, {1, 0, 0, 0})});
    CHECK(folded().count<nn::BinaryOp>() == 1);
  }
  SECTION("around fully connected layers") {
    Value rows = net.reshape(net.input({3, 5}), {3, 5});
    Value y = net.fullyConnected(net.sub(net.mul(rows, net.random({5})), net.random({1, 5})), 4, false);
    net.finish({net.add(net.mul(y, net.number(0.5f)), net.random({4}))});
    CHECK(folded().countComputations() == 1);
  }
  SECTION("constants that are no channels") {
    Value a = net.mul(net.conv(x, 6, 3, 1, {1, 1, 1, 1}), net.random({1, 1, 6, 6}));
    Value b = net.add(net.fullyConnected(net.input({3, 5}), 3), net.random({3, 1}));
    Value c = net.conv(net.mul(x, net.random({2, 1, 1, 1})), 3, 3);
    net.finish({a, b, c});
    CHECK(folded().count<nn::BinaryOp>() == 3);
  }
  SECTION("a convolution with another user, or with a clamp") {
    Value y = net.conv(x, 8, 3);
    net.finish({y, net.mul(y, net.random({8, 1, 1}))});
    CHECK(folded().count<nn::BinaryOp>() == 1);
  }
  SECTION("shared weights are not doubled") {
    Value a = net.transpose(x, {0, 2, 3, 1}), weights = net.random({3, 1, 1, 4});
    auto conv = [&](Value image) {
      return net.make<nn::Conv2DOp>(image, weights, Value(), Shape{1, 1}, Shape{0, 0, 0, 0}, Shape{1, 1}, 1, FloatAttr(),
                                    FloatAttr());
    };
    net.finish({net.mul(conv(a), net.random({3})), net.add(conv(net.unary(UnaryKind::Sin, a)), net.random({3}))});
    CHECK(folded().count<nn::BinaryOp>() == 1);
  }
  SECTION("chains") {
    Value y = net.mul(net.mul(x, net.random({4, 1, 1})), net.number(2));
    y = net.sub(net.add(y, net.random({4, 1, 1})), net.random({6}));
    Value z = net.div(net.sub(x, net.random({4, 1, 1})), net.random({4, 1, 1}, 1, 2));
    z = net.mul(net.add(z, net.number(1)), net.random({4, 1, 1}));
    net.finish({y, z});
    // [4,1,1] and [6] would merge to something larger than both.
    CHECK(folded().countComputations() == 5);
  }
}

TEST_CASE("activations become clamps", "[simplify]") {
  Network net;
  Value x = net.input({1, 4, 6, 6});
  auto fused = [&] {
    return simplify(net, "thimble-simplify-propagate-transposes,thimble-simplify-fuse-activations,canonicalize");
  };
  SECTION("of their operand") {
    Value y = net.clamp(net.relu(net.conv(x, 4, 3, 1, {1, 1, 1, 1})), -1, 0.5f);
    y = net.relu(net.pool(PoolKind::Max, net.conv(y, 4, 1), 2, 2));
    y = net.clamp(net.sub(y, net.mul(y, y)), 1, 2);
    y = net.clamp(net.relu(net.fullyConnected(net.reshape(y, {4, 9}), 3)), -2, -1);
    net.finish({y});
    CHECK(fused().count<nn::UnaryOp>() == 0);
  }
  SECTION("not where there are other users or another function") {
    Value y = net.conv(x, 4, 1), z = net.conv(x, 4, 1);
    net.finish({net.add(net.relu(y), y), net.relu(net.div(x, net.relu(z))), net.unary(UnaryKind::Sigmoid, net.conv(x, 2, 1)),
                net.relu(net.pool(PoolKind::Average, net.conv(x, 2, 1), 2, 2))});
    CHECK(fused().count<nn::UnaryOp>() == 4);
  }
}
