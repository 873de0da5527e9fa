// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Signal processing, determinants, cumulative sums, n-grams.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Types.h"
#include "passes/legalize/handlers/Work.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;

static LogicalResult legalizeCumSum(NodeBinder &node) {
  Value x = node.operand(0), axis = node.operand(1);
  Type element = elementOf(x), i64 = node.getBuilder().getI64Type();
  bool isExclusive = node.flag("exclusive", false), isReverse = node.flag("reverse", false);
  if (!isInteger(axis) || elementCount(shapeOf(axis)) != 1)
    return node.fail("input 'axis' must be one integer");
  if (isConstant(axis)) {
    FailureOr<int64_t> given = node.constantInteger(1, "axis");
    if (failed(given) || failed(node.axis(*given, shapeOf(x).size())))
      return failure();
  }
  bool isDirect = element.isF32() || element.isSignlessInteger(32);
  if (!isDirect && !isInteger(x))
    return node.fail("cannot add elements of type " + typeText(element));
  Value wide = isDirect ? x : node.cast(x, i64);
  Value y = node.emit<nn::CumSumOp>(wide, node.reshape(node.cast(axis, i64), {1}), isExclusive, isReverse);
  return node.setResult(node.cast(y, element));
}

static LogicalResult legalizeDet(NodeBinder &node) {
  Value x = node.operand(0);
  if (failed(node.needFloat(x, "X")) || shapeOf(x).empty())
    return node.fail("needs square matrices, got shape " + shapeText(shapeOf(x)));
  if (failed(checkWork(node, x, double(*elementCount(shapeOf(x))) * double(shapeOf(x).back()))))
    return failure();
  return node.setResult(node.emit<nn::DetOp>(x));
}

// The length of a transform or frame, from an input that is known or from the size that the file declares.
static FailureOr<int64_t> knownLength(NodeBinder &node, size_t index, StringRef name) {
  FailureOr<int64_t> length = node.constantInteger(index, name);
  if (succeeded(length) && (*length < 1 || *length > 1 << 20))
    return node.fail("input '" + name + "' is " + Twine(*length) + ", which is out of range");
  return length;
}

static LogicalResult dft(NodeBinder &node, int64_t givenAxis) {
  Value x = node.operand(0);
  bool isInverse = node.flag("inverse", false), isOneSided = node.flag("onesided", false);
  int64_t rank = int64_t(shapeOf(x).size());
  if (failed(node.needFloat(x, "input")))
    return failure();
  if (rank < 2 || (shapeOf(x).back() != 1 && shapeOf(x).back() != 2))
    return node.fail("needs 1 (real) or 2 (complex) numbers in the last dimension, got shape " + shapeText(shapeOf(x)));
  FailureOr<int64_t> axis = node.axis(givenAxis, size_t(rank));
  if (failed(axis))
    return failure();
  if (*axis == rank - 1)
    return node.fail("cannot transform the dimension of real and imaginary parts");
  if (isOneSided && (isInverse || shapeOf(x).back() == 2))
    return node.fail("'onesided' needs a real input and no 'inverse'");
  int64_t length = shapeOf(x)[*axis];
  if (Value given = node.operand(1)) {
    FailureOr<int64_t> known = knownLength(node, 1, "dft_length");
    if (failed(known))
      return failure();
    length = *known;
  }
  if (length < 1 || length > 1 << 20)
    return node.fail("cannot transform a signal of " + Twine(length) + " elements");
  if (failed(checkWork(node, x, double(*elementCount(shapeOf(x))) * double(length))))
    return failure();
  return node.setResult(node.emit<nn::DftOp>(x, *axis, length, isOneSided ? length / 2 + 1 : length, isInverse));
}

static LogicalResult legalizeDft17(NodeBinder &node) { return dft(node, node.integer("axis", 1)); }

static LogicalResult legalizeDft20(NodeBinder &node) {
  FailureOr<int64_t> axis = node.operand(2) ? node.constantInteger(2, "axis") : FailureOr<int64_t>(-2);
  return failed(axis) ? failure() : dft(node, *axis);
}

// Length and step of the frames. Where they are known at run time only, they are those that give the shape that the file
// declares, if there are no others.
static FailureOr<std::pair<int64_t, int64_t>> readFraming(NodeBinder &node, int64_t size, Value window, bool isOneSided) {
  bool isStepKnown = isConstant(node.operand(1)), isLengthKnown = window || !node.operand(3) || isConstant(node.operand(3));
  int64_t length = window ? shapeOf(window)[0] : size, step = 0;
  if (!window && node.operand(3) && isLengthKnown) {
    FailureOr<int64_t> known = knownLength(node, 3, "frame_length");
    if (failed(known))
      return failure();
    length = *known;
  }
  if (isStepKnown) {
    FailureOr<int64_t> known = knownLength(node, 1, "frame_step");
    if (failed(known))
      return failure();
    step = *known;
  }
  if (!isStepKnown || !isLengthKnown) {
    FailureOr<Shape> shape = node.shapeInsteadOf(isStepKnown ? "frame_length" : "frame_step");
    if (failed(shape))
      return failure();
    SmallVector<std::pair<int64_t, int64_t>> found;
    if (shape->size() == 4 && (*shape)[1] >= 1 && (*shape)[2] >= 1) {
      int64_t frames = (*shape)[1], bins = (*shape)[2], first = isOneSided ? std::max<int64_t>(2 * (bins - 1), 1) : bins;
      for (int64_t n = first; n <= (isOneSided ? 2 * bins - 1 : bins); ++n) {
        if (n > size || (isLengthKnown && n != length))
          continue;
        // Steps that fit (frames - 1) times, but not `frames` times, between the first and the last frame.
        int64_t span = size - n, least = span / frames + 1, most = frames > 1 ? span / (frames - 1) : least;
        if (isStepKnown) {
          if (step >= least && (step <= most || frames == 1))
            found.push_back({n, step});
          continue;
        }
        for (int64_t s = least; s <= std::min(most, least + 1); ++s) // two are too many already
          found.push_back({n, s});
      }
    }
    if (found.size() != 1)
      return node.fail("frame_step and frame_length must be known at compile time: the shape that the file declares, " +
                       shapeText(*shape) + ", does not follow from one pair of them alone");
    return found.front();
  }
  if (length < 1 || length > size)
    return node.fail("frames of " + Twine(length) + " elements do not fit a signal of " + Twine(size));
  return std::make_pair(length, step);
}

// Frames of the signal, times the window, transformed.
static LogicalResult legalizeStft(NodeBinder &node) {
  Value signal = node.operand(0), window = node.operand(2);
  bool isOneSided = node.flag("onesided", true);
  ShapeRef shape = shapeOf(signal);
  if (failed(node.needFloat(signal, "signal")) || failed(node.needFloat(window, "window")))
    return failure();
  if (shape.size() != 3 || (shape[2] != 1 && shape[2] != 2))
    return node.fail("needs a signal [batch, length, 1 or 2], got shape " + shapeText(shape));
  if (isOneSided && shape[2] == 2)
    return node.fail("'onesided' needs a real signal");
  if (window && shapeOf(window).size() != 1)
    return node.fail("needs a window of one dimension");
  FailureOr<std::pair<int64_t, int64_t>> framing = readFraming(node, shape[1], window, isOneSided);
  if (failed(framing))
    return failure();
  auto [length, step] = *framing;
  Value frames = node.emit<nn::FramesOp>(signal, 1, (shape[1] - length) / step + 1, length, step);
  if (window)
    frames = node.mul(frames, node.reshape(window, {length, 1}));
  return node.setResult(node.emit<nn::DftOp>(frames, 2, length, isOneSided ? length / 2 + 1 : length, /*inverse=*/false));
}

// a - b * cos(2 pi i / d) + c * cos(4 pi i / d), i < size, d = size or (symmetric) size - 1. A size that is known at run time
// only is the one that the file declares, and the formula is computed then.
static LogicalResult window(NodeBinder &node, float a, float b, float c) {
  constexpr double pi = 3.14159265358979323846;
  bool isPeriodic = node.flag("periodic", true);
  Type element = typeOfCode(node.getBuilder(), node.integer("output_datatype", 1)), f32 = node.getBuilder().getF32Type();
  Value given = node.operand(0);
  if (!element || elementCount(shapeOf(given)) != 1 || !isInteger(given))
    return node.fail("needs one integer as size, and an element type that Thimble supports");
  int64_t size;
  if (isConstant(given)) {
    FailureOr<int64_t> known = node.constantInteger(0, "size");
    if (failed(known))
      return failure();
    size = *known;
  } else {
    FailureOr<Shape> shape = node.shapeInsteadOf("size");
    if (failed(shape))
      return failure();
    if (shape->size() != 1)
      return node.fail("gives one dimension, but the file declares " + shapeText(*shape));
    size = (*shape)[0];
  }
  if (size < 0 || failed(node.checkTable(size)))
    return node.fail("cannot make a window of " + Twine(size) + " elements");
  std::vector<float> positions(static_cast<size_t>(size));
  for (size_t i = 0; i < positions.size(); ++i)
    positions[i] = float(2 * pi * double(i));
  Value period = node.reshape(node.cast(given, f32), {});
  if (!isPeriodic)
    period = node.binary(BinaryKind::Max, node.sub(period, node.scalar(1)), node.scalar(1));
  Value angle = node.div(node.constant<float>({size}, f32, positions), period);
  Value y = node.sub(node.scalar(a), node.mul(node.scalar(b), node.unary(nn::UnaryKind::Cos, angle)));
  if (c != 0)
    y = node.add(y, node.mul(node.scalar(c), node.unary(nn::UnaryKind::Cos, node.mul(angle, node.scalar(2)))));
  return node.setResult(node.cast(y, element));
}

static LogicalResult legalizeHannWindow(NodeBinder &node) { return window(node, 0.5f, 0.5f, 0); }
static LogicalResult legalizeHammingWindow(NodeBinder &node) { return window(node, 25.0f / 46, 21.0f / 46, 0); }
static LogicalResult legalizeBlackmanWindow(NodeBinder &node) { return window(node, 0.42f, 0.5f, 0.08f); }

// The same formula in float32, for numbers that are known at run time only; the file declares the shape.
static LogicalResult melAtRunTime(NodeBinder &node) {
  FailureOr<Shape> shape = node.shapeInsteadOf("num_mel_bins");
  Type element = typeOfCode(node.getBuilder(), node.integer("output_datatype", 1)), f32 = node.getBuilder().getF32Type();
  if (failed(shape))
    return failure();
  if (shape->size() != 2 || (*shape)[0] < 1 || (*shape)[1] < 1 || !element ||
      failed(node.checkTable((*shape)[0] + (*shape)[1])))
    return node.fail("needs a declared shape of bins and bands and an element type that Thimble supports");
  int64_t bins = (*shape)[0], bands = (*shape)[1];
  auto number = [&](size_t index) { return node.reshape(node.cast(node.operand(index), f32), {}); };
  auto count = [&](int64_t size) {
    std::vector<float> positions(static_cast<size_t>(size));
    for (size_t i = 0; i < positions.size(); ++i)
      positions[i] = float(i);
    return node.constant<float>({size}, f32, positions);
  };
  auto toMel = [&](Value hertz) {
    Value logarithm = node.unary(nn::UnaryKind::Log, node.add(node.div(hertz, node.scalar(700)), node.scalar(1)));
    return node.mul(logarithm, node.scalar(float(2595 / std::log(10.0))));
  };
  Value low = toMel(number(3)), step = node.div(node.sub(toMel(number(4)), low), node.scalar(float(bands + 2)));
  Value mel = node.add(node.mul(count(bands + 2), step), low);
  Value power = node.unary(nn::UnaryKind::Exp, node.mul(mel, node.scalar(float(std::log(10.0) / 2595))));
  Value hertz = node.mul(node.sub(power, node.scalar(1)), node.scalar(700));
  Value corners = node.unary(nn::UnaryKind::Floor, node.div(node.mul(node.add(number(1), node.scalar(1)), hertz), number(2)));
  Value lower = node.slice(corners, 0, 0, bands), center = node.slice(corners, 0, 1, bands);
  Value higher = node.slice(corners, 0, 2, bands), bin = node.reshape(count(bins), {bins, 1});
  auto isAtMost = [&](Value a, Value b) { return node.compare(nn::CompareKind::LessEqual, a, b); };
  auto both = [&](Value a, Value b) { return node.binary(BinaryKind::And, a, b); };
  auto share = [&](Value part, Value whole) { return node.div(part, node.binary(BinaryKind::Max, whole, node.scalar(1))); };
  Value isFlat = node.compare(nn::CompareKind::Equal, lower, center);
  Value rising = node.select(isFlat, node.scalar(1), share(node.sub(bin, lower), node.sub(center, lower)));
  Value y = node.select(both(isAtMost(lower, bin), isAtMost(bin, center)), rising, node.scalar(0));
  Value isFalling = both(isAtMost(center, bin), node.compare(nn::CompareKind::Less, bin, higher));
  y = node.select(isFalling, share(node.sub(higher, bin), node.sub(higher, center)), y);
  return node.setResult(node.cast(y, element));
}

// Triangles over the bins of a spectrum whose corners are equally spaced on the mel scale, as ONNX's text computes them.
static LogicalResult legalizeMelWeightMatrix(NodeBinder &node) {
  double given[5];
  for (size_t i = 0; i < 5; ++i)
    if (elementCount(shapeOf(node.operand(i))) != 1 || isBoolean(node.operand(i)))
      return node.fail("input " + Twine(i) + " must be one number");
  for (size_t i = 0; i < 5; ++i) {
    FailureOr<ConstantData> data = isConstant(node.operand(i)) ? ConstantData::get(node.operand(i)) : FailureOr<ConstantData>();
    if (failed(data))
      return melAtRunTime(node);
    given[i] = data->number(0);
  }
  auto [bands, length, rate, low, high] = given;
  if (!(bands >= 1 && bands <= 1 << 16 && length >= 1 && length <= 1 << 24 && rate >= 1 && low >= 0 && high >= low &&
        high <= rate))
    return node.fail("needs positive numbers of bands and points, a sample rate, and frequencies below it");
  int64_t count = int64_t(bands), bins = int64_t(length) / 2 + 1;
  Type element = typeOfCode(node.getBuilder(), node.integer("output_datatype", 1));
  if (!element || failed(node.checkTable(bins * count)))
    return node.fail("has an element type that Thimble does not support, or too large a table");
  auto toMel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  double step = (toMel(high) - toMel(low)) / double(count + 2);
  std::vector<int64_t> corners;
  for (int64_t i = 0; i < count + 2; ++i) {
    double hertz = 700 * (std::pow(10.0, (double(i) * step + toMel(low)) / 2595) - 1);
    corners.push_back(std::min(int64_t(std::floor((double(int64_t(length)) + 1) * hertz / rate)), bins - 1));
  }
  std::vector<float> weights(size_t(bins * count));
  for (int64_t i = 0; i < count; ++i) {
    int64_t lower = corners[i], center = corners[i + 1], higher = corners[i + 2];
    if (center == lower)
      weights[center * count + i] = 1;
    for (int64_t j = lower; j <= center && center > lower; ++j)
      weights[j * count + i] = float(j - lower) / float(center - lower);
    for (int64_t j = center; j < higher; ++j)
      weights[j * count + i] = float(higher - j) / float(higher - center);
  }
  return node.setResult(node.cast(node.constant<float>({bins, count}, node.getBuilder().getF32Type(), weights), element));
}

namespace {
// The n-grams of a TfIdfVectorizer.
struct NGrams {
  Shape pool;
  std::vector<int32_t> table; // {length, first element in pool, column}
  int64_t columns = 0;
};
} // namespace

// ngram_counts[n - 1] is where the n-grams of length n begin in the pool.
static FailureOr<NGrams> readNGrams(NodeBinder &node, int64_t shortest, int64_t longest) {
  NGrams grams;
  grams.pool = node.integers("pool_int64s");
  Shape begins = node.integers("ngram_counts"), columns = node.integers("ngram_indexes");
  int64_t size = int64_t(grams.pool.size()), index = 0;
  for (int64_t column : columns) {
    if (column < 0 || column > 1 << 24)
      return node.fail("attribute 'ngram_indexes' has the index " + Twine(column));
    grams.columns = std::max(grams.columns, column + 1);
  }
  for (size_t i = 0; i < begins.size(); ++i) {
    int64_t length = int64_t(i) + 1, begin = begins[i], end = i + 1 < begins.size() ? begins[i + 1] : size;
    if (begin < 0 || end < begin || end > size || (end - begin) % length != 0)
      return node.fail("attribute 'ngram_counts' does not divide a pool of " + Twine(size) + " elements into n-grams");
    for (int64_t at = begin; at < end; at += length, ++index) {
      if (index >= int64_t(columns.size()))
        return node.fail("attribute 'ngram_indexes' has fewer elements than there are n-grams");
      if (length >= shortest && length <= longest)
        grams.table.insert(grams.table.end(), {int32_t(length), int32_t(at), int32_t(columns[index])});
    }
  }
  if (grams.columns == 0)
    return node.fail("attribute 'ngram_indexes' is empty");
  return grams;
}

static LogicalResult legalizeTfIdfVectorizer(NodeBinder &node) {
  Value x = node.operand(0);
  Builder &builder = node.getBuilder();
  StringRef mode = node.text("mode", "");
  int64_t shortest = node.integer("min_gram_length", 1), longest = node.integer("max_gram_length", 1);
  int64_t skip = node.integer("max_skip_count", 0);
  SmallVector<float> weights = node.reals("weights");
  ShapeRef shape = shapeOf(x);
  if (node.has("pool_strings") || !isInteger(x))
    return node.fail("counts n-grams of integers only");
  if (shape.empty() || shape.size() > 2)
    return node.fail("needs an input of one or two dimensions, got shape " + shapeText(shape));
  if ((mode != "TF" && mode != "IDF" && mode != "TFIDF") || shortest < 1 || longest < shortest || skip < 0 || skip > INT16_MAX)
    return node.fail("needs mode 'TF', 'IDF' or 'TFIDF', lengths from 1 on and a skip that is not negative");
  FailureOr<NGrams> grams = readNGrams(node, shortest, longest);
  if (failed(grams))
    return failure();
  int64_t rows = shape.size() == 2 ? shape[0] : 1;
  Shape result{grams->columns};
  if (shape.size() == 2)
    result.insert(result.begin(), rows);
  if (grams->table.empty())
    return node.setResult(node.filled(result, builder.getF32Type(), 0));
  Value words = node.reshape(node.cast(x, builder.getI64Type()), {rows, shape.back()});
  Value table = node.constant<int32_t>({int64_t(grams->table.size() / 3), 3}, builder.getI32Type(), grams->table);
  Value y = node.emitAs<nn::CountNGramsOp>({rows, grams->columns}, builder.getF32Type(), words, node.integerVector(grams->pool),
                                           table, skip);
  if (mode == "IDF")
    y = node.binary(BinaryKind::Min, y, node.scalar(1));
  if (mode != "TF" && !weights.empty()) {
    // Weights are those of the n-grams in the order of the pool; columns may permute them.
    Shape columns = node.integers("ngram_indexes");
    if (weights.size() != columns.size())
      return node.fail("needs a weight for each n-gram");
    std::vector<float> scale(size_t(grams->columns), 1);
    for (auto [column, weight] : llvm::zip(columns, weights))
      scale[column] = weight;
    y = node.mul(y, node.constant<float>({grams->columns}, builder.getF32Type(), scale));
  }
  return node.setResult(node.reshape(y, result));
}

void legalize::registerSignals(Registry &registry) {
  registry.add("CumSum", {11, 14}, {2, 2}, legalizeCumSum);
  registry.add("Det", {11, 22}, {1, 1}, legalizeDet);
  registry.add("DFT", {17}, {1, 2}, legalizeDft17);
  registry.add("DFT", {20}, {1, 3}, legalizeDft20);
  registry.add("STFT", {17}, {2, 4}, legalizeStft);
  registry.add("HannWindow", {17}, {1, 1}, legalizeHannWindow);
  registry.add("HammingWindow", {17}, {1, 1}, legalizeHammingWindow);
  registry.add("BlackmanWindow", {17}, {1, 1}, legalizeBlackmanWindow);
  registry.add("MelWeightMatrix", {17}, {5, 5}, legalizeMelWeightMatrix);
  registry.add("TfIdfVectorizer", {9}, {1, 1}, legalizeTfIdfVectorizer);
}
