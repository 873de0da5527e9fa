// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random programs of movements and arithmetic, in which nothing is arranged well: they compute the same after every pass.
#include "compiler/support/Constants.h"
#include "network.h"
#include <catch2/catch.hpp>
#include <numeric>

using namespace mlir;
using namespace thimble;
using namespace thimble::test;
using nn::BinaryKind;
using nn::ReduceKind;
using nn::UnaryKind;

static ShapeRef shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

namespace {

class RandomProgram {
public:
  explicit RandomProgram(uint32_t seed) : net(seed), numbers(seed + 77) {
    for (int64_t i = 0; i < 2; ++i)
      values.push_back(net.input(randomShape()));
    for (int64_t i = 0, count = 6 + numbers.below(14); i < count; ++i)
      step();
    SmallVector<Value> outputs = {values.back()};
    for (int64_t i = numbers.below(3); i > 0; --i)
      outputs.push_back(pick());
    net.finish(outputs);
  }
  Network net;

private:
  Shape randomShape() {
    static const int64_t sizes[] = {1, 2, 3, 4, 6};
    Shape shape;
    for (int64_t rank = 2 + numbers.below(3); rank > 0; --rank)
      shape.push_back(sizes[numbers.below(5)]);
    return shape;
  }
  // Recent values more often than others, so that chains arise.
  Value pick() {
    int64_t count = int64_t(values.size()), back = std::min(numbers.below(count), numbers.below(count));
    return values[size_t(count - 1 - back)];
  }
  Shape randomPermutation(size_t rank) {
    Shape result(rank);
    std::iota(result.begin(), result.end(), 0);
    for (size_t i = rank; i > 1; --i)
      std::swap(result[i - 1], result[size_t(numbers.below(int64_t(i)))]);
    return result;
  }
  // Splits, joins and inserts dimensions.
  Value regroup(Value x) {
    Shape shape(shapeOf(x));
    for (int64_t i = 1 + numbers.below(2); i > 0; --i) {
      size_t at = size_t(numbers.below(int64_t(shape.size())));
      if (numbers.below(2) && shape.size() < 5) {
        int64_t factor = shape[at] % 2 == 0 ? 2 : shape[at] % 3 == 0 ? 3 : 1;
        shape[at] /= factor;
        shape.insert(shape.begin() + at, factor);
      } else if (at + 1 < shape.size()) {
        shape[at] *= shape[at + 1];
        shape.erase(shape.begin() + at + 1);
      }
    }
    return net.reshape(x, shape);
  }
  // A constant that broadcasts to the shape.
  Value coefficients(ShapeRef shape) {
    Shape own(shape.drop_front(size_t(numbers.below(int64_t(shape.size() + 1)))));
    for (int64_t &dim : own)
      dim = numbers.below(2) ? dim : 1;
    return net.random(own, 0.5f, 1.5f);
  }
  Value arithmetic(Value x) {
    static const BinaryKind kinds[] = {BinaryKind::Add, BinaryKind::Sub, BinaryKind::Mul, BinaryKind::Div, BinaryKind::Max};
    BinaryKind kind = kinds[numbers.below(5)];
    for (Value other : values)
      if (other != x && kind != BinaryKind::Div && numbers.below(2) &&
          succeeded(nn::broadcastShapes({shapeOf(x), shapeOf(other)})))
        return net.binary(kind, x, other);
    Value c = coefficients(shapeOf(x));
    return numbers.below(4) == 0 && kind != BinaryKind::Div ? net.binary(kind, c, x) : net.binary(kind, x, c);
  }
  Value function(Value x) {
    static const UnaryKind kinds[] = {UnaryKind::Relu, UnaryKind::Tanh, UnaryKind::Neg, UnaryKind::Abs, UnaryKind::Sigmoid};
    int64_t choice = numbers.below(6);
    return choice == 5 ? net.clamp(x, -0.5f, 1) : net.unary(kinds[choice], x);
  }
  Value reduction(Value x) {
    int64_t rank = int64_t(shapeOf(x).size()), axis = numbers.below(rank);
    static const ReduceKind kinds[] = {ReduceKind::Mean, ReduceKind::Max, ReduceKind::Min, ReduceKind::L1};
    if (numbers.below(3) == 0)
      return net.softmax(x, axis);
    return net.reduce(kinds[numbers.below(4)], x, {axis}, rank <= 2 || numbers.below(2));
  }
  Value movement(Value x) {
    Shape shape(shapeOf(x)), zeros(shape.size(), 0);
    size_t axis = size_t(numbers.below(int64_t(shape.size())));
    switch (numbers.below(4)) {
    case 3: {
      auto type = RankedTensorType::get(numbers.below(2) ? Shape{3} : Shape{2, 2}, net.getBuilder().getI64Type());
      std::vector<int64_t> indices;
      for (int64_t i = 0; i < type.getNumElements(); ++i)
        indices.push_back(numbers.below(shape[axis]));
      if (shape.size() + size_t(type.getRank()) > 5)
        return net.reduce(ReduceKind::Max, x, {int64_t(axis)});
      Value constant = net.make<nn::ConstantOp>(type, makeConstant(type, llvm::ArrayRef<int64_t>(indices)));
      return net.make<nn::GatherOp>(x, constant, int64_t(axis));
    }
    case 0:
      return net.concat({x, net.unary(UnaryKind::Sin, x)}, int64_t(axis));
    case 1: {
      Shape after = zeros;
      after[axis] = 1;
      return net.pad(x, zeros, after, 0.25);
    }
    default: {
      Shape offsets = zeros;
      offsets[axis] = shape[axis] / 2;
      shape[axis] -= offsets[axis];
      return net.slice(x, offsets, shape);
    }
    }
  }
  Value product(Value x) {
    ShapeRef shape = shapeOf(x);
    if (numbers.below(2) && shape.size() <= 4) {
      Shape flat = {shape[0], std::accumulate(shape.begin() + 1, shape.end(), int64_t(1), std::multiplies<int64_t>())};
      return net.fullyConnected(net.reshape(x, flat), 1 + numbers.below(4), numbers.below(2));
    }
    Shape swap(shape.size());
    std::iota(swap.begin(), swap.end(), 0);
    std::swap(swap[shape.size() - 1], swap[shape.size() - 2]);
    return net.matmul(x, net.transpose(x, swap));
  }
  void step() {
    Value x = pick();
    if (cast<RankedTensorType>(x.getType()).getNumElements() > 400)
      x = values.front();
    if (shapeOf(x).size() < 2)
      x = net.reshape(x, {1, cast<RankedTensorType>(x.getType()).getNumElements()});
    switch (numbers.below(10)) {
    case 0:
    case 1:
    case 2:
      values.push_back(net.transpose(x, randomPermutation(shapeOf(x).size())));
      break;
    case 3:
      values.push_back(regroup(x));
      break;
    case 4:
      values.push_back(reduction(x));
      break;
    case 5:
      values.push_back(movement(x));
      break;
    case 6:
      values.push_back(product(x));
      break;
    case 7:
      values.push_back(function(x));
      break;
    default:
      values.push_back(arithmetic(x));
    }
  }

  Random numbers;
  SmallVector<Value> values;
};

// Bytes that transposes of values that are no constants move.
int64_t transposedElements(Operation *function) {
  int64_t total = 0;
  function->walk([&](nn::TransposeOp op) { total += cast<RankedTensorType>(op.getX().getType()).getNumElements(); });
  return total;
}

} // namespace

TEST_CASE("random programs", "[simplify]") {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    INFO("seed " << seed);
    RandomProgram random(seed);
    Simplified cleaned = simplify(random.net, "canonicalize");
    Simplified propagated = simplify(random.net, "canonicalize,thimble-simplify-propagate-transposes");
    CHECK(transposedElements(propagated.function) <= transposedElements(cleaned.function));
    for (const char *pass : {"fold-constants", "remove-no-ops", "recognize-composites", "sink-reshapes", "fold-linear"})
      simplify(random.net, std::string("thimble-simplify-") + pass);
    simplifyModule(random.net, "thimble-simplify");
  }
}
