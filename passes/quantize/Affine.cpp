// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The arithmetic of affine int8 as of Jacob et al. (CVPR 2018): r = scale * (q - zero point).
#include "passes/quantize/Affine.h"
#include "dialects/nn/NNDialect.h"
#include "passes/quantize/Grid.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

// Below this nothing is told apart from 0: the reciprocal of a scale must stay within f32.
constexpr double smallestScale = 1e-30;

// Scales are f32, so that the compiler, the header of the compiled model and the kernels mean the same number.
static double roundScale(double scale) { return double(float(scale)); }

Int8Type quantize::makeInt8Type(MLIRContext *context, double scale, int64_t zeroPoint) {
  return Int8Type::get(quant::QuantizationFlags::Signed, IntegerType::get(context, 8), Float32Type::get(context), scale,
                       zeroPoint, -128, 127);
}

Int8Type quantize::chooseInt8Type(MLIRContext *context, Range range) {
  double low = std::min<double>(range.low, 0), high = std::max<double>(range.high, 0);
  if ((high - low) / 255 < smallestScale)
    return makeInt8Type(context, 1, 0);
  double scale = roundScale((high - low) / 255);
  double zeroPoint = std::round(-128 - low / scale);
  return makeInt8Type(context, scale, int64_t(std::min(std::max(zeroPoint, -128.0), 127.0)));
}

Int8Type quantize::makeInt16Type(MLIRContext *context, double scale) {
  return Int8Type::get(quant::QuantizationFlags::Signed, IntegerType::get(context, 16), Float32Type::get(context), scale, 0,
                       -32768, 32767);
}

Int8Type quantize::chooseInt16Type(MLIRContext *context, Range range) {
  double largest = std::max(std::abs(double(range.low)), std::abs(double(range.high)));
  return makeInt16Type(context, largest / 32767 < smallestScale ? 1 : roundScale(largest / 32767));
}

// Codes of int8 differ from their zero point by 255 at most.
Int8Type quantize::widen(Int8Type type) {
  return isInt16(type) ? type : makeInt16Type(type.getContext(), roundScale(type.getScale() / 128));
}

Range quantize::rangeOf(Int8Type type) {
  double scale = type.getScale(), zeroPoint = double(type.getZeroPoint());
  return {float(scale * (double(type.getStorageTypeMin()) - zeroPoint)),
          float(scale * (double(type.getStorageTypeMax()) - zeroPoint))};
}

int32_t quantize::codeOf(double real, Int8Type type) {
  double code =
      std::isnan(real) ? double(type.getZeroPoint()) : std::floor(real / type.getScale() + 0.5) + double(type.getZeroPoint());
  return int32_t(std::min(std::max(code, double(type.getStorageTypeMin())), double(type.getStorageTypeMax())));
}

int8_t quantize::quantizeNumber(double real, Int8Type type) { return int8_t(codeOf(real, type)); }

ElementsAttr quantize::makeCodes(RankedTensorType type, llvm::ArrayRef<float> elements, StringRef name) {
  auto quantized = cast<Int8Type>(type.getElementType());
  if (!isInt16(quantized))
    return makeConstant<int8_t>(type, quantizeElements(elements, quantized), name);
  std::vector<int16_t> codes;
  for (float element : elements)
    codes.push_back(int16_t(codeOf(element, quantized)));
  return makeConstant<int16_t>(type, codes, name);
}

RankedTensorType quantize::withElement(Type type, Type element) {
  return RankedTensorType::get(cast<RankedTensorType>(type).getShape(), element);
}

FailureOr<Range> quantize::rangeOfConstant(llvm::ArrayRef<float> elements) {
  Range range{0, 0};
  for (float element : elements) {
    if (!std::isfinite(element))
      return failure();
    range = {std::min(range.low, element), std::max(range.high, element)};
  }
  return range;
}

FailureOr<Int8Type> quantize::chooseConstantType(MLIRContext *context, llvm::ArrayRef<float> elements) {
  FailureOr<Range> range = rangeOfConstant(elements);
  if (failed(range))
    return failure();
  std::optional<Grid> grid = findGrid(elements);
  if (!grid || grid->high - grid->low > 255 || grid->step < smallestScale)
    return chooseInt8Type(context, *range);
  // The finest step, for sums lose what is far below the larger of two scales.
  int64_t finer = std::max<int64_t>(1, 255 / (grid->high - grid->low)), low = finer * grid->low, high = finer * grid->high;
  return makeInt8Type(context, roundScale(grid->step / double(finer)),
                      std::min<int64_t>(127 - high, std::max<int64_t>(-128 - low, 0)));
}

std::vector<int8_t> quantize::quantizeElements(llvm::ArrayRef<float> elements, Int8Type type) {
  std::vector<int8_t> codes;
  codes.reserve(elements.size());
  for (float element : elements)
    codes.push_back(quantizeNumber(element, type));
  return codes;
}

static double weightedError(llvm::ArrayRef<float> row, llvm::ArrayRef<float> importance, double scale) {
  double sum = 0;
  for (auto [weight, matters] : llvm::zip(row, importance)) {
    double code = std::min(std::max(std::round(double(weight) / scale), -127.0), 127.0);
    double error = double(weight) - code * scale;
    sum += matters * error * error;
  }
  return sum;
}

// The largest magnitude that a row's codes should reach. Without importances it is that of the largest weight. Else inputs that
// were never seen do not count, and clipping a little may make all other weights more exact.
static double rowMagnitude(llvm::ArrayRef<float> row, llvm::ArrayRef<float> importance) {
  double all = 0, used = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    all = std::max(all, std::abs(double(row[i])));
    if (!importance.empty() && importance[i] > 0)
      used = std::max(used, std::abs(double(row[i])));
  }
  if (importance.empty() || used == 0)
    return all;
  double best = used, least = weightedError(row, importance, used / 127);
  for (int step = 1; step <= 20; ++step) {
    double magnitude = used * (1 - 0.025 * step), error = weightedError(row, importance, magnitude / 127);
    if (error < least) {
      least = error;
      best = magnitude;
    }
  }
  return best;
}

// The finest step that makes codes of bytes of a row that is a grid: biases are rounded to it as well.
static std::optional<double> gridScale(llvm::ArrayRef<float> row) {
  std::optional<Grid> grid = findGrid(row);
  if (!grid || grid->low < -128 || grid->high > 127)
    return std::nullopt;
  return grid->step / double(std::max<int64_t>(1, 127 / std::max(-grid->low, grid->high)));
}

// The scale of one row of weights, 0 if nothing demands any. A row of (almost) nothing but a bias would get a scale so small
// that the bias needs more than 32 bits, and its requantization factor too few.
static double rowScale(llvm::ArrayRef<float> row, llvm::ArrayRef<float> importance, double bias, double inputScale,
                       double largestBias) {
  double least = std::abs(bias) / (inputScale * largestBias);
  if (std::optional<double> exact = gridScale(row); exact && *exact >= least)
    return *exact;
  return std::max(rowMagnitude(row, importance) / 127, least);
}

FailureOr<QuantizedWeights> quantize::quantizeWeights(MLIRContext *context, llvm::ArrayRef<float> weights,
                                                      llvm::ArrayRef<float> bias, int64_t channels, double inputScale,
                                                      llvm::ArrayRef<float> importance, double largestBias) {
  if (failed(rangeOfConstant(weights)) || failed(rangeOfConstant(bias)))
    return failure();
  int64_t depth = channels == 0 ? 0 : int64_t(weights.size()) / channels;
  llvm::SmallVector<double> scales(channels);
  double largest = 0;
  for (int64_t o = 0; o < channels; ++o) {
    llvm::ArrayRef<float> matters = importance.empty() ? importance : importance.slice(o * depth, depth);
    scales[o] = rowScale(weights.slice(o * depth, depth), matters, bias.empty() ? 0 : bias[o], inputScale, largestBias);
    largest = std::max(largest, scales[o]);
  }
  // Rows of zeros take the scale of another row, since all factors of a layer share one shift.
  for (double &scale : scales) {
    scale = roundScale(scale < smallestScale ? (largest < smallestScale ? 1 : largest) : scale);
    if (!std::isfinite(scale))
      return failure();
  }
  QuantizedWeights result;
  int64_t lowest = -127;
  for (int64_t o = 0; o < channels; ++o) {
    llvm::ArrayRef<float> row = weights.slice(o * depth, depth);
    std::optional<double> exact = gridScale(row);
    double low = exact && roundScale(*exact) == scales[o] ? -128 : -127;
    for (float weight : row) {
      result.codes.push_back(int8_t(std::min(std::max(std::round(double(weight) / scales[o]), low), 127.0)));
      lowest = std::min<int64_t>(lowest, result.codes.back());
    }
    if (!bias.empty())
      result.bias.push_back(int32_t(std::llround(double(bias[o]) / (inputScale * scales[o]))));
  }
  llvm::SmallVector<int64_t> zeroPoints(channels, 0);
  result.element = quant::UniformQuantizedPerAxisType::get(quant::QuantizationFlags::Signed, IntegerType::get(context, 8),
                                                           Float32Type::get(context), scales, zeroPoints, 0, lowest, 127);
  return result;
}
