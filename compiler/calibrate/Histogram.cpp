// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Filling histograms.
#include "compiler/calibrate/Histogram.h"
#include <algorithm>
#include <cmath>

using namespace thimble::calibrate;

void Histogram::widenTo(double magnitude) {
  if (bins.empty()) {
    bins.resize(2 * binsPerSide);
    width = std::ldexp(1.0, std::ilogb(magnitude) + 1) / binsPerSide;
  }
  while (magnitude >= width * binsPerSide) {
    // Bin 2i and 2i + 1, counted from 0 outwards, become bin i of their side.
    std::vector<uint64_t> merged(bins.size());
    for (int i = 0; i < 2 * binsPerSide; ++i)
      merged[size_t(binsPerSide + (i - binsPerSide >= 0 ? (i - binsPerSide) / 2 : -((binsPerSide - i + 1) / 2)))] +=
          bins[size_t(i)];
    bins = std::move(merged);
    width *= 2;
  }
}

void Histogram::add(llvm::ArrayRef<float> numbers) {
  for (float number : numbers) {
    if (!std::isfinite(number)) {
      (number < 0 ? lowest : finite) = number < 0;
      continue;
    }
    low = count == 0 ? number : std::min(low, number);
    high = count == 0 ? number : std::max(high, number);
    ++count;
    if (number == 0) {
      ++zeros;
      continue;
    }
    double magnitude = std::abs(double(number));
    if (magnitude >= width * binsPerSide)
      widenTo(magnitude);
    int64_t index = int64_t(std::floor(double(number) / width)) + binsPerSide;
    ++bins[size_t(std::min<int64_t>(std::max<int64_t>(index, 0), 2 * binsPerSide - 1))];
  }
}

std::vector<Histogram::Bin> Histogram::getBins() const {
  std::vector<Bin> result;
  for (size_t i = 0; i < bins.size(); ++i)
    if (bins[i] > 0)
      result.push_back({(double(i) - binsPerSide + 0.5) * width, bins[i]});
  return result;
}
