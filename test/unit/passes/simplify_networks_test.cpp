// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Transposes disappear from networks, and whole networks compute the same after every pass and after the pipeline.
#include "compiler/support/Constants.h"
#include "network.h"
#include <catch2/catch.hpp>

using namespace mlir;
using namespace thimble;
using namespace thimble::test;
using nn::BinaryKind;
using nn::PoolKind;
using nn::ReduceKind;
using nn::UnaryKind;

static ShapeRef shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

static const std::string propagate = "thimble-simplify-propagate-transposes,canonicalize";

static size_t transposesAfter(Network &net) { return simplify(net, propagate).count<nn::TransposeOp>(); }

TEST_CASE("transposes disappear between operations that take any order", "[simplify]") {
  Network net;
  Value x = net.conv(net.reshape(net.input({36}), {1, 1, 6, 6}), 4, 3);
  SECTION("elementwise, with constants, scalars and other images") {
    Value y = net.add(net.mul(x, net.random({4, 1, 1})), net.random({1, 4, 1, 1}));
    y = net.sub(net.number(1), net.mul(y, net.random({4})));
    y = net.add(net.relu(y), net.conv(x, 4, 3, 1, {1, 1, 1, 1}));
    auto less = net.make<nn::CompareOp>(nn::CompareKind::Less, y, net.random({4, 4}));
    net.finish({net.reduce(ReduceKind::Sum, net.make<nn::SelectOp>(less, y, x), {0, 1, 2, 3})});
    CHECK(transposesAfter(net) == 0);
  }
  SECTION("reductions, poolings, softmax of channels") {
    Value gate = net.unary(UnaryKind::Sigmoid, net.conv(net.reduce(ReduceKind::Mean, x, {2, 3}), 4, 1));
    Value y = net.pool(PoolKind::Average, net.mul(gate, x), 2, 2);
    Value z = net.conv(net.softmax(y, 1), 3, 1);
    net.finish({net.reduce(ReduceKind::Max, z, {2, 3}, false), net.reduce(ReduceKind::L1, z, {1}, false),
                net.make<nn::ArgOp>(nn::ArgKind::Max, z, 1, false, false)});
    CHECK(transposesAfter(net) == 0);
  }
  SECTION("concatenations, slices, pads, casts") {
    Value y = net.concat({x, net.slice(x, {0, 1, 0, 0}, {1, 2, 4, 4}), net.random({1, 3, 4, 4})}, 1);
    y = net.pad(y, {0, 1, 0, 2}, {0, 0, 0, 1}, 0.5);
    y = net.make<nn::PadOp>(nn::PadMode::Reflect, y, Shape{0, 0, 1, 0}, Shape{0, 0, 0, 2}, llvm::APFloat(0.0));
    auto integers = RankedTensorType::get(shapeOf(y), net.getBuilder().getI32Type());
    y = net.make<nn::CastOp>(y.getType(), net.make<nn::CastOp>(integers, y));
    net.finish({net.reduce(ReduceKind::Mean, net.conv(y, 5, 3), {1, 2, 3})});
    CHECK(transposesAfter(net) == 0);
  }
  SECTION("flattening for a fully connected layer") {
    Value y = net.fullyConnected(net.relu(net.reshape(net.batchNorm(x), {1, 64})), 5);
    net.finish({y});
    CHECK(simplifyModule(net, "thimble-simplify").count<nn::TransposeOp>() == 0);
  }
  SECTION("flattening for two layers, with a batch") {
    Value images = net.conv(net.reshape(net.input({3, 50}), {3, 2, 5, 5}), 4, 3);
    Value flat = net.reshape(images, {3, 36});
    net.finish({net.fullyConnected(flat, 5), net.fullyConnected(flat, 2)});
    // Two channels come in, in planes.
    CHECK(transposesAfter(net) == 1);
  }
  SECTION("one-dimensional convolutions") {
    auto conv1d = [&](Value v, int64_t channels) {
      Value wide = net.reshape(v, {1, shapeOf(v)[1], 1, shapeOf(v)[2]});
      Value y = net.conv(wide, channels, 1);
      return net.reshape(y, {1, channels, shapeOf(v)[2]});
    };
    Value y = net.relu(conv1d(net.reshape(x, {1, 4, 16}), 5));
    y = net.add(conv1d(y, 5), y);
    net.finish({net.reduce(ReduceKind::Mean, y, {2}, false)});
    CHECK(transposesAfter(net) == 0);
  }
  SECTION("resizing by gathers, tiling, and a connection that skips them") {
    auto type = RankedTensorType::get({8}, net.getBuilder().getI64Type());
    std::vector<int64_t> twice = {0, 0, 1, 1, 2, 2, 3, 3};
    Value indices = net.make<nn::ConstantOp>(type, makeConstant(type, llvm::ArrayRef<int64_t>(twice)));
    Value y = net.make<nn::GatherOp>(net.make<nn::GatherOp>(x, indices, 2), indices, 3);
    auto repeated = RankedTensorType::get({1, 4, 2, 4, 2, 4}, net.getBuilder().getF32Type());
    Value z = net.make<nn::BroadcastOp>(repeated, net.reshape(x, {1, 4, 1, 4, 1, 4}));
    y = net.concat({y, net.reshape(z, {1, 4, 8, 8})}, 1);
    net.finish({net.reduce(ReduceKind::Mean, net.conv(y, 3, 3), {2, 3}, false)});
    CHECK(transposesAfter(net) == 0);
  }
  SECTION("a shuffle of channels keeps its own transpose only") {
    Value y = net.reshape(net.transpose(net.reshape(x, {1, 2, 2, 4, 4}), {0, 2, 1, 3, 4}), {1, 4, 4, 4});
    net.finish({net.reduce(ReduceKind::Mean, net.conv(y, 3, 3), {0, 1, 2, 3})});
    CHECK(transposesAfter(net) == 1);
  }
}

TEST_CASE("transposes that cannot disappear do not multiply", "[simplify]") {
  Network net;
  Value x = net.conv(net.input({1, 3, 8, 8}), 4, 3);
  SECTION("several readers in the original order") {
    Value y = net.relu(x);
    Value rows = net.reshape(y, {4, 36}), cols = net.reshape(y, {36, 4});
    net.finish({net.matmul(rows, cols), net.reshape(net.slice(y, {0, 0, 0, 0}, {1, 4, 3, 6}), {8, 9})});
    Simplified result = simplify(net, propagate);
    CHECK(result.count<nn::TransposeOp>() == 2);
  }
  SECTION("both orders are needed") {
    Value y = net.unary(UnaryKind::Sin, x);
    net.finish({net.conv(y, 2, 1), net.reshape(y, {8, 18})});
    // Input, first result, and one for the second.
    CHECK(transposesAfter(net) == 3);
  }
  SECTION("the smallest tensor of a chain is transposed") {
    Value y = net.slice(net.relu(x), {0, 0, 0, 0}, {1, 4, 2, 2});
    net.finish({net.reshape(net.concat({y, y, y}, 2), {6, 8})});
    Simplified result = simplify(net, propagate);
    result.function.walk([](nn::TransposeOp op) {
      auto type = cast<RankedTensorType>(op.getX().getType());
      if (!isa<BlockArgument>(op.getX()))
        CHECK(type.getNumElements() == 16);
    });
    CHECK(result.count<nn::TransposeOp>() == 2);
  }
  SECTION("normalization of the input moves behind its transpose") {
    Network other;
    Value image = other.div(other.sub(other.input({1, 3, 8, 8}), other.random({3, 1, 1})), other.random({3, 1, 1}, 1, 2));
    other.finish({other.conv(image, 4, 3)});
    Simplified result = simplifyModule(other, "thimble-simplify");
    // Both ends of the function; the arithmetic is in the weights.
    CHECK(result.countComputations() == 3);
  }
}

TEST_CASE("transposes in front of matrix products", "[simplify]") {
  Network net;
  Value a = net.input({2, 3, 5}), b = net.input({2, 4, 3});
  Value swapped = net.matmul(net.transpose(a, {0, 2, 1}), net.transpose(b, {0, 2, 1}));
  Value other = net.matmul(net.transpose(net.input({7, 2, 6}), {1, 0, 2}), net.input({2, 6, 3}));
  net.finish({swapped, other});
  CHECK(transposesAfter(net) == 1);
}

TEST_CASE("NHWC at the interface", "[simplify]") {
  Network net;
  Value x = net.input({1, 3, 6, 6}), mask = net.input({1, 1, 6, 6}), other = net.input({1, 2, 3, 4});
  Value y = net.mul(net.relu(net.conv(x, 4, 3, 1, {1, 1, 1, 1})), mask);
  func::FuncOp function = net.finish({y, net.reshape(other, {6, 4}), net.reduce(ReduceKind::Max, y, {1})});
  function.setArgAttr(0, "onnx.name", net.getBuilder().getStringAttr("image"));
  MLIRContext *context = net.getModule().getContext();
  ScopedDiagnosticHandler silence(context, [](Diagnostic &) { return success(); });

  OwningOpRef<ModuleOp> module = net.getModule().clone();
  func::FuncOp changed = runPasses(*module, "thimble-simplify{nhwc-io=true}");
  CHECK(shapeOf(changed.getArgument(0)) == ShapeRef{1, 6, 6, 3});
  CHECK(shapeOf(changed.getArgument(1)) == ShapeRef{1, 6, 6, 1});
  CHECK(shapeOf(changed.getArgument(2)) == ShapeRef{1, 2, 3, 4});
  CHECK(cast<RankedTensorType>(changed.getResultTypes()[0]).getShape() == ShapeRef{1, 6, 6, 4});
  CHECK(cast<RankedTensorType>(changed.getResultTypes()[2]).getShape() == ShapeRef{1, 6, 6, 1});
  CHECK(changed.getArgAttrOfType<StringAttr>(0, "onnx.name").getValue() == "image");
  CHECK(changed.getArgAttrOfType<StringAttr>(0, "thimble.layout").getValue() == "nhwc");
  CHECK(!changed.getArgAttr(2, "thimble.layout"));
  CHECK(changed.getResultAttrOfType<StringAttr>(0, "thimble.layout").getValue() == "nhwc");
  size_t transposes = 0;
  changed.walk([&](nn::TransposeOp) { ++transposes; });
  CHECK(transposes == 0);
  compareTransposed(function, changed);
}

namespace {

// A random network of the operations that occur in image classifiers, written as legalization leaves them.
class RandomNetwork {
public:
  explicit RandomNetwork(uint32_t seed) : net(seed), numbers(seed + 1000) {
    int64_t batch = 1 + numbers.below(2);
    images.push_back(net.input({batch, 1 + numbers.below(4), 6 + numbers.below(4), 6 + numbers.below(4)}));
    for (int64_t i = 0, count = 4 + numbers.below(10); i < count; ++i)
      step();
    finish();
  }
  Network net;

private:
  Value pick() { return images[size_t(numbers.below(int64_t(images.size())))]; }
  Value activate(Value x) {
    switch (numbers.below(7)) {
    case 0:
      return net.clamp(x, 0, 6);
    case 1:
      return net.mul(x, net.div(net.clamp(net.add(x, net.number(3)), 0, 6), net.number(6)));
    case 2:
      return net.mul(x, net.unary(UnaryKind::Sigmoid, x));
    case 3:
      return x;
    default:
      return net.relu(x);
    }
  }
  Value convolution(Value x) {
    int64_t channels = shapeOf(x)[1], kernel = 1 + 2 * numbers.below(2);
    bool isDepthwise = numbers.below(3) == 0;
    Shape pads(4, kernel / 2);
    if (numbers.below(4) == 0)
      pads[size_t(numbers.below(4))] += 1;
    Value y = net.conv(x, isDepthwise ? channels : 2 + numbers.below(5), kernel, 1 + numbers.below(2), pads,
                       isDepthwise ? channels : 1, numbers.below(2));
    return activate(numbers.below(2) ? net.batchNorm(y) : y);
  }
  Value squeezeAndExcite(Value x) {
    int64_t batch = shapeOf(x)[0], channels = shapeOf(x)[1];
    Value mean = net.reshape(net.reduce(ReduceKind::Mean, x, {2, 3}), {batch, channels});
    Value gate = net.fullyConnected(net.relu(net.fullyConnected(mean, 2)), channels);
    return net.mul(x, net.reshape(net.unary(UnaryKind::Sigmoid, gate), {batch, channels, 1, 1}));
  }
  void step() {
    Value x = pick();
    Shape shape(shapeOf(x));
    if (shape[2] < 3 || shape[3] < 3)
      x = images.front();
    shape.assign(shapeOf(x).begin(), shapeOf(x).end());
    switch (numbers.below(10)) {
    case 0:
      images.push_back(net.pool(numbers.below(2) ? PoolKind::Max : PoolKind::Average, x, 2, 1 + numbers.below(2), {0, 0, 1, 1},
                                numbers.below(2)));
      break;
    case 1:
      images.push_back(net.pad(x, {0, 0, 1, numbers.below(2)}, {0, 0, numbers.below(2), 1}));
      break;
    case 2:
      images.push_back(squeezeAndExcite(x));
      break;
    case 3: // a residual block
      images.push_back(activate(net.add(x, net.batchNorm(net.conv(x, shape[1], 3, 1, {1, 1, 1, 1})))));
      break;
    case 4: { // branches of equal size
      Value a = activate(net.conv(x, 2, 1)), b = net.conv(x, 3, 3, 1, {1, 1, 1, 1});
      images.push_back(net.concat({a, x, b}, 1));
      break;
    }
    case 5:
      images.push_back(net.slice(x, {0, 0, 1, 0}, {shape[0], shape[1], shape[2] - 1, shape[3] - 1}));
      break;
    case 6:
      images.push_back(activate(net.add(net.mul(x, net.random({shape[1], 1, 1})), net.random({1}))));
      break;
    default:
      images.push_back(convolution(x));
    }
  }
  void finish() {
    Value x = images.back();
    ShapeRef shape = shapeOf(x);
    int64_t batch = shape[0], features = shape[1] * shape[2] * shape[3];
    SmallVector<Value> outputs;
    if (numbers.below(2)) {
      outputs.push_back(net.fullyConnected(activate(net.reshape(x, {batch, features})), 4));
    } else {
      Value mean = net.reduce(ReduceKind::Mean, x, {2, 3}, numbers.below(2));
      outputs.push_back(net.softmax(net.fullyConnected(net.reshape(mean, {batch, shape[1]}), 3), 1));
    }
    if (numbers.below(3) == 0)
      outputs.push_back(pick());
    net.finish(outputs);
  }

  Random numbers;
  SmallVector<Value> images;
};

} // namespace

TEST_CASE("random convolutional networks", "[simplify]") {
  std::vector<std::string> passes = {"fold-constants", "remove-no-ops", "recognize-composites", "propagate-transposes",
                                     "sink-reshapes",  "fold-padding",  "fold-linear",          "fuse-activations"};
  for (uint32_t seed = 0; seed < 40; ++seed) {
    RandomNetwork random(seed);
    size_t before = 0;
    random.net.getModule().walk([&](nn::TransposeOp) { ++before; });
    std::string sofar;
    for (const std::string &pass : passes) {
      // Alone, and behind the passes before it.
      simplify(random.net, "thimble-simplify-" + pass);
      sofar += (sofar.empty() ? "" : ",") + ("thimble-simplify-" + pass);
    }
    simplify(random.net, sofar);
    Simplified result = simplifyModule(random.net, "thimble-simplify");
    INFO("seed " << seed);
    // What is left stands at inputs and at outputs that are images.
    size_t after = result.count<nn::TransposeOp>();
    CHECK(after <= before);
    CHECK(after <= result.function.getNumArguments() + result.function.getNumResults());
  }
}
