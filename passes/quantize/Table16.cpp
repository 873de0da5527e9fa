// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The number of entries follows from the error at all 65536 codes.
#include "passes/quantize/Table16.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::quantize;

constexpr int leastBits = 4, mostBits = 10; // of the number of segments

std::optional<Range> quantize::getClamp(Value value, Value root) {
  auto unary = value.getDefiningOp<nn::UnaryOp>();
  if (!unary || unary.getX() != root)
    return std::nullopt;
  if (unary.getKind() == nn::UnaryKind::Relu)
    return Range{0, INFINITY};
  if (unary.getKind() == nn::UnaryKind::Clamp)
    return Range{unary.getAlpha().convertToFloat(), unary.getBeta().convertToFloat()};
  return std::nullopt;
}

// Every 2^shift-th of the codes at -32768, -32767, ..., 32768.
static std::vector<int16_t> takeEntries(ArrayRef<int16_t> codes, int shift) {
  std::vector<int16_t> entries;
  for (size_t at = 0; at < codes.size(); at += size_t(1) << shift)
    entries.push_back(codes[at]);
  return entries;
}

// The largest distance of tmb_lookup_s16 to the exact numbers, in units.
static double errorOf(ArrayRef<int16_t> entries, int shift, ArrayRef<float> reals, Int8Type type) {
  double largest = 0;
  for (int32_t place = 0; place < 65536; ++place) {
    int32_t low = entries[size_t(place >> shift)], rise = entries[size_t(place >> shift) + 1] - low;
    int32_t half = (1 << shift) >> 1, y = low + ((rise * (place & ((1 << shift) - 1)) + half) >> shift);
    double exact = double(reals[size_t(place)]) / type.getScale();
    if (!std::isnan(exact))
      largest = std::max(largest, std::abs(std::min(std::max(exact, -32768.0), 32767.0) - y));
  }
  return largest;
}

FailureOr<std::vector<int16_t>> quantize::makeTable16(const ElementwiseFusion &fusion, Value value, Int8Type rootType,
                                                      Int8Type type) {
  std::vector<float> inputs;
  for (int32_t code = -32768; code <= 32768; ++code)
    inputs.push_back(float(rootType.getScale() * code));
  FailureOr<std::vector<float>> reals = fusion.evaluate(value, inputs);
  if (failed(reals))
    return failure();
  std::vector<int16_t> codes;
  for (float real : *reals)
    codes.push_back(int16_t(codeOf(real, type)));
  double best = errorOf(takeEntries(codes, 16 - mostBits), 16 - mostBits, *reals, type);
  for (int bits = leastBits; bits < mostBits; ++bits) {
    std::vector<int16_t> entries = takeEntries(codes, 16 - bits);
    if (errorOf(entries, 16 - bits, *reals, type) <= std::max(1.0, best))
      return entries;
  }
  return takeEntries(codes, 16 - mostBits);
}
