// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators that draw random numbers. A compiled model has no state that lasts from run to run, so it draws the same numbers in
// every run, and the compiler can draw them: a table of constants.
//
// The numbers are those of NumPy's numpy.random.RandomState(seed): the generator is the Mersenne twister MT19937 (Matsumoto and
// Nishimura 1998); a uniform number has 53 bits of two words, a pair of normal ones is made by Marsaglia's polar method, second
// one first. The seed is the node's attribute (the bit pattern of a float that is no whole number from 0 to 2^32 - 1), or
// without one the low 32 bits of the hash (xxh3) of the node's name.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Types.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
#include <random>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;
using nn::CompareKind;

namespace {

class Generator {
public:
  explicit Generator(NodeBinder &node) : twister(seedOf(node)) {}

  double uniform() {
    uint32_t high = uint32_t(twister()) >> 5, low = uint32_t(twister()) >> 6;
    return (double(high) * 0x1p26 + double(low)) * 0x1p-53;
  }

  double normal() {
    if (spare) {
      double value = *spare;
      spare.reset();
      return value;
    }
    double a, b, square;
    do {
      a = 2 * uniform() - 1;
      b = 2 * uniform() - 1;
      square = a * a + b * b;
    } while (square >= 1 || square == 0);
    double factor = std::sqrt(-2 * std::log(square) / square);
    spare = factor * a;
    return factor * b;
  }

private:
  static uint32_t seedOf(NodeBinder &node) {
    if (!node.has("seed")) {
      auto named = node.getLoc()->findInstanceOf<NameLoc>();
      StringRef name = named ? named.getName().getValue() : node.getOpType();
      return uint32_t(llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(name.bytes_begin(), name.size())));
    }
    if (isa<IntegerAttr>(node.getNode().getAttrsAttr().get("seed"))) // Dropout's
      return uint32_t(node.integer("seed", 0));
    float seed = node.real("seed", 0);
    bool isWhole = seed >= 0 && seed < 0x1p32f && seed == std::floor(seed);
    return isWhole ? uint32_t(seed) : llvm::bit_cast<uint32_t>(seed);
  }

  std::mt19937 twister;
  std::optional<double> spare;
};

} // namespace

// A table of numbers, drawn one after the other. Null after an error.
static Value drawTable(NodeBinder &node, ShapeRef shape, llvm::function_ref<double(Generator &)> draw) {
  std::optional<int64_t> count = elementCount(shape);
  if (!count || failed(node.checkTable(*count))) {
    (void)node.fail("cannot draw so many numbers, of shape " + shapeText(shape));
    return {};
  }
  Generator generator(node);
  std::vector<float> numbers(static_cast<size_t>(*count));
  for (float &number : numbers)
    number = float(draw(generator));
  return node.constant<float>(shape, node.getBuilder().getF32Type(), numbers);
}

static Value drawUniform(NodeBinder &node, ShapeRef shape) {
  return drawTable(node, shape, [](Generator &generator) {
    return std::min(generator.uniform(), 1 - 0x1p-24); // 1 is excluded in float32, too
  });
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
  Value y = drawTable(node, shape, [=](Generator &g) { return low + (double(high) - low) * g.uniform(); });
  return node.hasFailed() ? failure() : node.setResult(node.cast(y, element));
}

static LogicalResult randomNormal(NodeBinder &node, ShapeRef shape, Type element) {
  float mean = node.real("mean", 0), scale = node.real("scale", 1);
  Value y = drawTable(node, shape, [=](Generator &g) { return mean + scale * g.normal(); });
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
