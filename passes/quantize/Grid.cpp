// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The largest number is some integer times the step, so all steps are tried.
#include "passes/quantize/Grid.h"
#include <cmath>

using namespace thimble;
using namespace thimble::quantize;

// A code of 255 times the error of a step that comes from one f32 number stays far below this.
constexpr double tolerance = 1e-4;

std::optional<Grid> quantize::findGrid(llvm::ArrayRef<float> numbers) {
  double largest = 0;
  for (float number : numbers) {
    if (!std::isfinite(number))
      return std::nullopt;
    largest = std::max(largest, std::abs(double(number)));
  }
  if (largest == 0)
    return std::nullopt;
  for (int64_t reach = 1; reach <= largestGridCode; ++reach) {
    double inverse = double(reach) / largest;
    bool fits = llvm::all_of(numbers, [&](float number) {
      double code = double(number) * inverse;
      return std::abs(code - std::nearbyint(code)) <= tolerance;
    });
    if (!fits)
      continue;
    // All numbers together say more exactly than the largest alone what the step is.
    Grid grid{0, 0, 0};
    double products = 0, squares = 0;
    for (float number : numbers) {
      double code = std::nearbyint(double(number) * inverse);
      products += code * double(number);
      squares += code * code;
      grid.low = std::min(grid.low, int64_t(code));
      grid.high = std::max(grid.high, int64_t(code));
    }
    grid.step = products / squares;
    return grid;
  }
  return std::nullopt;
}
