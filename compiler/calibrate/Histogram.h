// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What calibration remembers of the numbers that one value takes.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace thimble::calibrate {

/// A histogram of equal bins on both sides of 0, whose width doubles when a number does not fit. Widths are powers of two, so
/// that the result does not depend on the order of the numbers. Zeros are counted apart: every affine type holds them exactly,
/// and after a relu they are most of the numbers.
class Histogram {
public:
  static constexpr int binsPerSide = 4096;

  void add(llvm::ArrayRef<float> numbers);

  bool isEmpty() const { return count == 0; }
  /// False if one of the numbers was infinite or NaN. These are in no bin.
  bool isFinite() const { return finite && !lowest; }
  /// True if numbers were -infinity, but none +infinity or NaN: what a mask makes of what a softmax shall ignore.
  bool isMasked() const { return finite && lowest; }
  float getMin() const { return low; }
  float getMax() const { return high; }
  uint64_t getCount() const { return count; }
  uint64_t getZeros() const { return zeros; }

  /// One bin that holds something.
  struct Bin {
    double center;
    uint64_t count;
  };
  /// From the lowest number to the highest.
  std::vector<Bin> getBins() const;

private:
  void widenTo(double magnitude);

  double width = 0;
  std::vector<uint64_t> bins; // bin i holds [(i - binsPerSide) * width, (i + 1 - binsPerSide) * width)
  uint64_t count = 0, zeros = 0;
  float low = 0, high = 0;
  bool finite = true, lowest = false;
};

} // namespace thimble::calibrate
