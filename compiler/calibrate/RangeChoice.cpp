// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Clipping thresholds, found on a histogram by exhaustive search as in Banner et al., "Post training 4-bit quantization of
// convolutional networks" (NeurIPS 2019), but on the observed distribution in place of a fitted one.
#include "compiler/calibrate/RangeChoice.h"
#include <cmath>

using namespace thimble;
using namespace thimble::calibrate;
using quantize::Range;

namespace {
// Moments of the bins below each bin, so that one threshold costs a binary search.
class ErrorModel {
public:
  explicit ErrorModel(const Histogram &histogram) : bins(histogram.getBins()) {
    sums.resize(bins.size() + 1);
    for (size_t i = 0; i < bins.size(); ++i) {
      double count = double(bins[i].count), center = bins[i].center;
      sums[i + 1] = {sums[i].count + count, sums[i].first + count * center, sums[i].second + count * center * center};
    }
    total = double(histogram.getCount());
  }

  double error(Range range) const {
    double low = std::min<double>(range.low, 0), high = std::max<double>(range.high, 0), step = (high - low) / 255;
    size_t first = indexOf(low), last = indexOf(high);
    Moments inside = sums[last] - sums[first];
    double clipped = (sums[first]).around(low) + (sums.back() - sums[last]).around(high);
    return total > 0 ? (inside.count * step * step / 12 + clipped) / total : 0;
  }

private:
  struct Moments {
    double count = 0, first = 0, second = 0;
    Moments operator-(const Moments &other) const { return {count - other.count, first - other.first, second - other.second}; }
    double around(double point) const { return std::max(0.0, second - 2 * point * first + point * point * count); }
  };
  size_t indexOf(double threshold) const {
    return size_t(llvm::partition_point(bins, [&](const Histogram::Bin &bin) { return bin.center < threshold; }) -
                  bins.begin());
  }
  std::vector<Histogram::Bin> bins;
  std::vector<Moments> sums;
  double total;
};
} // namespace

static Range percentileRange(const Histogram &histogram, double percentile) {
  double rarest = double(histogram.getCount()) * (100 - percentile) / 100;
  std::vector<Histogram::Bin> bins = histogram.getBins();
  // The threshold on one side of 0: beyond it are at most `rarest` numbers.
  auto threshold = [&](auto begin, auto end, double sign, float limit) -> float {
    double beyond = 0;
    for (auto bin = begin; bin != end && bin->center * sign > 0; ++bin) {
      beyond += double(bin->count);
      if (beyond > rarest)
        return sign > 0 ? std::min(float(bin->center), limit) : std::max(float(bin->center), limit);
    }
    return 0;
  };
  return {threshold(bins.begin(), bins.end(), -1, histogram.getMin()),
          threshold(bins.rbegin(), bins.rend(), 1, histogram.getMax())};
}

// One bound at a time; three rounds, since what is best for one depends on the other.
static Range meanSquareRange(const ErrorModel &model, Range all) {
  constexpr int steps = 200;
  Range best = all;
  double least = model.error(all);
  for (int round = 0; round < 3; ++round)
    for (bool isHigh : {true, false})
      for (int i = 1; i < steps; ++i) {
        Range candidate = best;
        float &bound = isHigh ? candidate.high : candidate.low;
        bound = (isHigh ? all.high : all.low) * float(i) / steps;
        if (candidate.low > candidate.high)
          continue;
        if (double error = model.error(candidate); error < least) {
          least = error;
          best = candidate;
        }
      }
  return best;
}

// The divergence of a distribution from the same one rounded to the codes of `range`, whose bins share what a code holds, as in
// Migacz, "8-bit inference with TensorRT" (GTC 2017). What is outside lies at the bounds.
static double divergence(llvm::ArrayRef<Histogram::Bin> bins, Range range) {
  double low = std::min<double>(range.low, 0), high = std::max<double>(range.high, 0), step = (high - low) / 255;
  std::vector<double> inside(bins.size());
  std::vector<double> sums(256), counts(256);
  std::vector<int> codes(bins.size());
  double total = 0, before = 0, after = 0;
  size_t first = bins.size(), last = 0;
  for (size_t i = 0; i < bins.size(); ++i) {
    double count = double(bins[i].count);
    total += count;
    if (bins[i].center < low) {
      before += count;
      continue;
    }
    if (bins[i].center > high) {
      after += count;
      continue;
    }
    first = std::min(first, i);
    last = i;
    inside[i] = count;
    codes[i] = int(std::min(255.0, std::max(0.0, std::floor((bins[i].center - low) / step + 0.5))));
    sums[size_t(codes[i])] += count;
    counts[size_t(codes[i])] += 1;
  }
  if (first == bins.size() || step == 0)
    return INFINITY;
  double result = 0, kept = total - before - after;
  for (size_t i = first; i <= last; ++i) {
    if (inside[i] == 0)
      continue;
    double p = (inside[i] + (i == first ? before : 0) + (i == last ? after : 0)) / total;
    double q = sums[size_t(codes[i])] / counts[size_t(codes[i])] / kept;
    result += p * std::log(p / q);
  }
  return result;
}

// One bound after the other.
static Range entropyRange(const Histogram &histogram, Range all) {
  constexpr int steps = 64;
  std::vector<Histogram::Bin> bins = histogram.getBins();
  Range best = all;
  double least = divergence(bins, all);
  for (bool isHigh : {true, false})
    for (int i = steps - 1; i >= 1; --i) {
      Range candidate = best;
      float &bound = isHigh ? candidate.high : candidate.low;
      bound = (isHigh ? all.high : all.low) * float(i) / steps;
      if (candidate.low > candidate.high)
        continue;
      if (double lost = divergence(bins, candidate); lost < least) {
        least = lost;
        best = candidate;
      }
    }
  return best;
}

Range calibrate::chooseRange(const Histogram &histogram, RangeMethod method, double percentile) {
  Range all{histogram.getMin(), histogram.getMax()};
  if (method == RangeMethod::MinMax || all.low == all.high)
    return all;
  if (method == RangeMethod::Entropy)
    return entropyRange(histogram, all);
  ErrorModel model(histogram);
  if (method == RangeMethod::MeanSquare)
    return meanSquareRange(model, all);
  Range common = percentileRange(histogram, percentile);
  if (method == RangeMethod::Percentile)
    return common;
  Range best = meanSquareRange(model, all);
  return model.error(common) < model.error(best) ? common : best;
}

double calibrate::meanSquaredError(const Histogram &histogram, Range range) { return ErrorModel(histogram).error(range); }
