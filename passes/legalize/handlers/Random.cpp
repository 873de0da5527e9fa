// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators that draw random numbers. A compiled model has no state that lasts from run to run, so it draws the same numbers in every
// run, and the compiler can draw them: a table of constants.
//
// The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The key is the bit pattern
// of the node's `seed` (a float, for Dropout an integer, of which the low 32 bits) and 0, or without a seed the two halves of the hash (xxh3) of the node's name; the counter is the number
// of the element divided by four. A uniform number is the upper 24 bits of a word divided by 2^24; a normal one is
// sqrt(-2 ln(1 - u)) cos(2 pi v) of two uniform ones (Box and Muller).
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Types.h"
#include "llvm/Support/xxhash.h"
#include <array>
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;
using nn::CompareKind;

namespace {

class Generator {
public:
  explicit Generator(NodeBinder &node) {
    if (node.has("seed")) {
      bool isInteger = isa<IntegerAttr>(node.getNode().getAttrsAttr().get("seed")); // Dropout's
      key = {isInteger ? uint32_t(node.integer("seed", 0)) : llvm::bit_cast<uint32_t>(node.real("seed", 0)), 0};
      return;
    }
    auto named = node.getLoc()->findInstanceOf<NameLoc>();
    StringRef name = named ? named.getName().getValue() : node.getOpType();
    uint64_t hash = llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(name.bytes_begin(), name.size()));
    key = {uint32_t(hash), uint32_t(hash >> 32)};
  }

  float uniform(uint64_t index) const { return float(word(index) >> 8) * 0x1p-24f; }

  float normal(uint64_t index) const {
    constexpr double pi = 3.14159265358979323846;
    double u = uniform(2 * index), v = uniform(2 * index + 1);
    return float(std::sqrt(-2 * std::log(1 - u)) * std::cos(2 * pi * v));
  }

private:
  // Word `index` of the stream.
  uint32_t word(uint64_t index) const {
    std::array<uint32_t, 4> x = {uint32_t(index / 4), uint32_t(index / 4 >> 32), 0, 0};
    std::array<uint32_t, 2> k = key;
    for (int round = 0; round < 10; ++round) {
      uint64_t a = uint64_t(0xD2511F53) * x[0], b = uint64_t(0xCD9E8D57) * x[2];
      x = {uint32_t(b >> 32) ^ x[1] ^ k[0], uint32_t(b), uint32_t(a >> 32) ^ x[3] ^ k[1], uint32_t(a)};
      k[0] += 0x9E3779B9;
      k[1] += 0xBB67AE85;
    }
    return x[index % 4];
  }

  std::array<uint32_t, 2> key;
};

} // namespace

// A table of numbers, each made by `draw` from its index. Null after an error.
static Value drawTable(NodeBinder &node, ShapeRef shape, llvm::function_ref<float(const Generator &, uint64_t)> draw) {
  std::optional<int64_t> count = elementCount(shape);
  if (!count || failed(node.checkTable(*count))) {
    (void)node.fail("draws too many numbers: shape " + shapeText(shape));
    return {};
  }
  Generator generator(node);
  std::vector<float> numbers(static_cast<size_t>(*count));
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = draw(generator, i);
  return node.constant<float>(shape, node.getBuilder().getF32Type(), numbers);
}

static Value drawUniform(NodeBinder &node, ShapeRef shape) {
  return drawTable(node, shape, [](const Generator &generator, uint64_t i) { return generator.uniform(i); });
}

// The element type of attribute dtype, else `fallback`.
static Type elementType(NodeBinder &node, Type fallback) {
  Type element = node.has("dtype") ? typeOfCode(node.getBuilder(), node.integer("dtype", 0)) : fallback;
  if (!element)
    (void)node.fail("attribute 'dtype' is an element type that Thimble does not support");
  return element;
}

static LogicalResult randomUniform(NodeBinder &node, ShapeRef shape, Type element) {
  float low = node.real("low", 0), high = node.real("high", 1);
  Value y = drawTable(node, shape, [=](const Generator &g, uint64_t i) { return low + (high - low) * g.uniform(i); });
  return node.hasFailed() ? failure() : node.setResult(node.cast(y, element));
}

static LogicalResult randomNormal(NodeBinder &node, ShapeRef shape, Type element) {
  float mean = node.real("mean", 0), scale = node.real("scale", 1);
  Value y = drawTable(node, shape, [=](const Generator &g, uint64_t i) { return mean + scale * g.normal(i); });
  return node.hasFailed() ? failure() : node.setResult(node.cast(y, element));
}

template <LogicalResult (*draw)(NodeBinder &, ShapeRef, Type)> static LogicalResult legalizeRandom(NodeBinder &node) {
  if (!node.has("shape"))
    return node.fail("attribute 'shape' is missing");
  Type element = elementType(node, node.getBuilder().getF32Type());
  return node.hasFailed() ? failure() : draw(node, node.integers("shape"), element);
}

template <LogicalResult (*draw)(NodeBinder &, ShapeRef, Type)> static LogicalResult legalizeRandomLike(NodeBinder &node) {
  Type element = elementType(node, elementOf(node.operand(0)));
  return node.hasFailed() ? failure() : draw(node, shapeOf(node.operand(0)), element);
}

// 1 with the probability that x gives.
static LogicalResult legalizeBernoulli(NodeBinder &node) {
  Value x = node.operand(0);
  Type element = elementType(node, elementOf(x));
  if (node.hasFailed() || failed(node.needFloat(x, "input")))
    return failure();
  return node.setResult(node.cast(node.compare(CompareKind::Less, drawUniform(node, shapeOf(x)), x), element));
}

// How many classes end, in the sum of the probabilities, at or below a uniform number.
static LogicalResult legalizeMultinomial(NodeBinder &node) {
  Value x = node.operand(0);
  Type i32 = node.getBuilder().getI32Type(), element = elementType(node, i32);
  int64_t samples = node.integer("sample_size", 1);
  ShapeRef shape = shapeOf(x);
  if (node.hasFailed() || failed(node.needFloat(x, "input")))
    return failure();
  if (shape.size() != 2 || shape[1] < 1 || samples < 1 || samples > 1 << 24)
    return node.fail("needs logarithms of probabilities [batch, classes] and a positive number of samples");
  int64_t batch = shape[0], classes = shape[1];
  Value ends = node.emit<nn::CumSumOp>(node.emit<nn::SoftmaxOp>(x, 1, /*log=*/false), node.integerVector({1}), false, false);
  Value u = node.reshape(drawUniform(node, {batch, samples}), {batch, samples, 1});
  Value isBelow = node.cast(node.compare(CompareKind::LessEqual, node.reshape(ends, {batch, 1, classes}), u), i32);
  Value drawn = node.binary(BinaryKind::Min, node.reduce(nn::ReduceKind::Sum, isBelow, {2}, false),
                            node.scalar(i32, double(classes - 1)));
  return node.setResult(node.cast(drawn, element));
}

// Training mode keeps an element with probability 1 - ratio and divides it by that.
static LogicalResult legalizeDropout(NodeBinder &node) {
  Value x = node.operand(0), ratio = node.operand(1), mode = node.operand(2);
  Type i1 = node.getBuilder().getI1Type();
  node.ignore({"seed", "ratio", "is_test"});
  if (mode && (!isBoolean(mode) || elementCount(shapeOf(mode)) != 1))
    return node.fail("input 'training_mode' must be a boolean");
  FailureOr<ConstantData> known = mode && isConstant(mode) ? ConstantData::get(mode) : FailureOr<ConstantData>();
  bool isInference = !mode || (succeeded(known) && known->number(0) == 0);
  if (isInference) {
    // Before operator set 10 the mask had no values then.
    if (node.isResultUsed(1) && node.getOpset() < 10)
      return node.fail("output 'mask' is used, but has no values in inference");
    if (node.isResultUsed(1) && failed(node.setResult(1, node.filled(shapeOf(x), i1, 1))))
      return failure();
    return node.setResult(x);
  }
  if (failed(node.needFloat(x, "data")) || failed(node.needFloat(ratio, "ratio")))
    return failure();
  if (ratio && elementCount(shapeOf(ratio)) != 1)
    return node.fail("input 'ratio' must be one number");
  ratio = ratio ? node.reshape(ratio, {}) : node.scalar(0.5f);
  if (!isConstant(mode)) // nothing is dropped with ratio 0
    ratio = node.select(node.reshape(mode, {}), ratio, node.scalar(0));
  Value isKept = node.compare(CompareKind::LessEqual, ratio, drawUniform(node, shapeOf(x)));
  Value y = node.select(isKept, node.div(x, node.sub(node.scalar(1), ratio)), node.scalar(0));
  return failed(node.setResult(1, node.broadcast(isKept, shapeOf(x)))) ? failure() : node.setResult(0, y);
}

void legalize::registerRandoms(Registry &registry) {
  registry.add("RandomUniform", {1, 22}, {0, 0}, legalizeRandom<randomUniform>);
  registry.add("RandomNormal", {1, 22}, {0, 0}, legalizeRandom<randomNormal>);
  registry.add("RandomUniformLike", {1, 22}, {1, 1}, legalizeRandomLike<randomUniform>);
  registry.add("RandomNormalLike", {1, 22}, {1, 1}, legalizeRandomLike<randomNormal>);
  registry.add("Bernoulli", {15, 22}, {1, 1}, legalizeBernoulli);
  registry.add("Multinomial", {7, 22}, {1, 1}, legalizeMultinomial);
  registry.add("Dropout", {1, 6, 7, 10}, {1, 1}, legalizeDropout);
  registry.add("Dropout", {12, 13, 22}, {1, 3}, legalizeDropout);
}
