// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sampling kernels against their definitions, written down one element at a time in double.
#include "support.h"

#include <catch2/catch.hpp>

using namespace runtime_test;

namespace {

// An image that is defined everywhere: zeros, its edge, or its reflection outside.
struct Image {
  const float *data;
  Shape dims;
  int32_t border;
  bool alignCorners;

  int32_t reflect(int32_t i, int32_t size) const {
    if (alignCorners && size == 1)
      return 0;
    while (i < 0 || i >= size) {
      if (i < 0)
        i = alignCorners ? -i : -1 - i;
      else
        i = alignCorners ? 2 * size - 2 - i : 2 * size - 1 - i;
    }
    return i;
  }
  double at(Shape index) const {
    for (size_t d = 0; d < dims.size(); ++d) {
      if (index[d] >= 0 && index[d] < dims[d])
        continue;
      if (border == TMB_SAMPLE_ZEROS)
        return 0;
      index[d] = border == TMB_SAMPLE_EDGE ? std::min(std::max(index[d], 0), dims[d] - 1) : reflect(index[d], dims[d]);
    }
    return double(data[dot(index, denseStrides(dims))]);
  }
};

double cubic(double d) {
  const double a = -0.75;
  d = std::fabs(d);
  return d <= 1 ? (a + 2) * d * d * d - (a + 3) * d * d + 1 : d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a : 0;
}

// The sum of all elements near `position`, each with the weight that its distance gives.
double sample(const Image &image, const std::vector<double> &position, int32_t mode) {
  const size_t rank = image.dims.size();
  Shape range(rank, 6);
  double sum = 0;
  for (int32_t i = 0; i < elements(range); ++i) {
    Shape index = coordinates(range, i);
    double weight = 1;
    for (size_t d = 0; d < rank; ++d) {
      index[d] += int32_t(std::floor(position[d])) - 2;
      const double distance = std::fabs(position[d] - index[d]);
      if (mode == TMB_SAMPLE_NEAREST)
        weight *= index[d] == int32_t(std::nearbyint(position[d]));
      else
        weight *= mode == TMB_SAMPLE_LINEAR ? std::max(1 - distance, 0.0) : cubic(distance);
    }
    if (weight != 0)
      sum += weight * image.at(index);
  }
  return sum;
}

} // namespace

TEST_CASE("grid sample", "[runtime][sampling]") {
  Random random(100);
  for (int round = 0; round < 400; ++round) {
    tmb_grid_sample_params p = {};
    p.batch = random.integer(1, 2), p.channels = random.integer(1, 3), p.rank = random.integer(1, 3),
    p.out_count = random.integer(1, 8);
    p.mode = random.integer(0, 2), p.border = random.integer(0, 2), p.align_corners = random.integer(0, 1);
    Shape dims;
    for (int32_t d = 0; d < p.rank; ++d)
      dims.push_back(p.in_dims[d] = random.integer(1, 4));
    const int32_t plane = elements(dims);
    const auto x = random.reals(size_t(p.batch * p.channels * plane));
    const auto grid = random.reals(size_t(p.batch * p.out_count * p.rank), -2, 2);
    std::vector<float> y(size_t(p.batch * p.channels * p.out_count), kNaN);
    tmb_grid_sample_f32(x.data(), grid.data(), y.data(), &p);
    for (int32_t i = 0; i < int32_t(y.size()); ++i) {
      const Shape at = coordinates({p.batch, p.channels, p.out_count}, i);
      const Image image{x.data() + (at[0] * p.channels + at[1]) * plane, dims, p.border, p.align_corners != 0};
      std::vector<double> position;
      for (int32_t d = 0; d < p.rank; ++d) {
        const double g = double(grid[(at[0] * p.out_count + at[2]) * p.rank + p.rank - 1 - d]), size = dims[d];
        position.push_back(p.align_corners ? (g + 1) / 2 * (size - 1) : ((g + 1) * size - 1) / 2);
      }
      CAPTURE(p.mode, p.border, p.align_corners, p.rank);
      REQUIRE(close(y[i], sample(image, position, p.mode), 1e-4));
    }
  }
  // What is no position reads what is far outside.
  const float x[] = {1, 2}, grid[] = {kNaN, kInfinity, -kInfinity};
  float y[3];
  tmb_grid_sample_params p = {1, 1, 1, {2}, 3, TMB_SAMPLE_LINEAR, TMB_SAMPLE_EDGE, 0};
  tmb_grid_sample_f32(x, grid, y, &p);
  CHECK((y[0] == 1 && y[1] == 2 && y[2] == 1));
}

TEST_CASE("maximum pooling with indices", "[runtime][sampling]") {
  Random random(101);
  for (int round = 0; round < 300; ++round) {
    tmb_max_pool_indices_params p = {};
    p.outer = random.integer(1, 3), p.rank = random.integer(1, 3), p.column_major = random.integer(0, 1);
    Shape in, out, kernel;
    for (int32_t d = 0; d < p.rank; ++d) {
      in.push_back(p.in_dims[d] = random.integer(1, 5));
      kernel.push_back(p.kernel[d] = random.integer(1, 3));
      p.strides[d] = random.integer(1, 3), p.dilations[d] = random.integer(1, 2), p.pads[d] = random.integer(0, 2);
      out.push_back(p.out_dims[d] = random.integer(1, 3));
    }
    auto x = random.reals(size_t(p.outer * elements(in)));
    for (float &value : x)
      value = std::round(value * 3); // with equal elements
    std::vector<float> y(size_t(p.outer * elements(out)));
    std::vector<int64_t> indices(y.size());
    tmb_max_pool_indices_f32(x.data(), y.data(), indices.data(), &p);
    for (int32_t o = 0; o < p.outer; ++o)
      for (int32_t i = 0; i < elements(out); ++i) {
        const Shape at = coordinates(out, i);
        float best = -kInfinity;
        int64_t index = int64_t(o) * elements(in);
        for (int32_t k = 0; k < elements(kernel); ++k) {
          const Shape tap = coordinates(kernel, k);
          int64_t position = 0, column = 0, step = 1;
          bool inside = true;
          for (int32_t d = 0; d < p.rank; ++d) {
            const int32_t place = at[d] * p.strides[d] - p.pads[d] + tap[d] * p.dilations[d];
            inside = inside && place >= 0 && place < in[d];
            position = position * in[d] + place;
            column += place * step;
            step *= in[d];
          }
          if (inside && x[size_t(o * elements(in) + position)] > best) {
            best = x[size_t(o * elements(in) + position)];
            index = int64_t(o) * elements(in) + (p.column_major ? column : position);
          }
        }
        REQUIRE(y[o * elements(out) + i] == best);
        REQUIRE(indices[o * elements(out) + i] == index);
      }
  }
}

TEST_CASE("regions of interest, averaged", "[runtime][sampling]") {
  Random random(102);
  for (int round = 0; round < 200; ++round) {
    tmb_roi_params p = {};
    p.batch = 2, p.channels = random.integer(1, 2), p.in_h = random.integer(1, 6), p.in_w = random.integer(1, 6), p.regions = 3;
    p.out_h = random.integer(1, 3), p.out_w = random.integer(1, 3), p.samples = random.integer(0, 2),
    p.half_pixel = random.integer(0, 1);
    p.scale = random.real(0.5f, 1.5f);
    const auto x = random.reals(size_t(2 * p.channels * p.in_h * p.in_w));
    std::vector<float> rois;
    for (int r = 0; r < 3; ++r) {
      const float left = random.real(-2, 4), top = random.real(-2, 4);
      rois.insert(rois.end(), {left, top, left + random.real(0.1f, 5), top + random.real(0.1f, 5)});
    }
    const int64_t batches[] = {0, 1, 7}; // the last one is clamped
    std::vector<float> y(size_t(3 * p.channels * p.out_h * p.out_w), kNaN);
    tmb_roi_align_f32(x.data(), rois.data(), batches, y.data(), &p);
    for (int32_t i = 0; i < int32_t(y.size()); ++i) {
      const Shape at = coordinates({3, p.channels, p.out_h, p.out_w}, i);
      const float *roi = &rois[size_t(4 * at[0])];
      const Image image{x.data() + (std::min<int64_t>(batches[at[0]], 1) * p.channels + at[1]) * p.in_h * p.in_w,
                        {p.in_h, p.in_w},
                        TMB_SAMPLE_EDGE,
                        false};
      const double shift = p.half_pixel ? 0.5 : 0, x1 = double(roi[0]) * double(p.scale) - shift,
                   y1 = double(roi[1]) * double(p.scale) - shift;
      double width = (double(roi[2]) - double(roi[0])) * double(p.scale),
             height = (double(roi[3]) - double(roi[1])) * double(p.scale);
      if (!p.half_pixel)
        width = std::max(width, 1.0), height = std::max(height, 1.0);
      const double binH = height / p.out_h, binW = width / p.out_w;
      const int rows = p.samples ? p.samples : int(std::ceil(binH)), cols = p.samples ? p.samples : int(std::ceil(binW));
      double sum = 0;
      bool isNearLimit = false; // of what counts as outside: rounding decides
      for (int a = 0; a < rows; ++a)
        for (int b = 0; b < cols; ++b) {
          const double py = y1 + (at[2] + (a + 0.5) / rows) * binH, px = x1 + (at[3] + (b + 0.5) / cols) * binW;
          for (double limit : {std::fabs(py + 1), std::fabs(py - p.in_h), std::fabs(px + 1), std::fabs(px - p.in_w)})
            isNearLimit |= limit < 1e-4;
          if (py >= -1 && py <= p.in_h && px >= -1 && px <= p.in_w)
            sum += sample(image, {std::min(std::max(py, 0.0), p.in_h - 1.0), std::min(std::max(px, 0.0), p.in_w - 1.0)},
                          TMB_SAMPLE_LINEAR);
        }
      isNearLimit |= std::fabs(binH - std::round(binH)) < 1e-4 || std::fabs(binW - std::round(binW)) < 1e-4;
      if (!isNearLimit)
        REQUIRE(close(y[i], sum / (rows * cols), 1e-4));
    }
  }
}

TEST_CASE("regions of interest, largest elements", "[runtime][sampling]") {
  // A 4 by 4 image; the region 0..3 in bins of 2 by 2, and one beyond the image, whose bins are empty.
  std::vector<float> x;
  for (int i = 0; i < 16; ++i)
    x.push_back(float(i));
  const float rois[] = {0, 0, 0, 3, 3, 0, 5, 5, 6, 6, 0, 0.4f, 0.5f, 1.4f, 1.5f};
  tmb_roi_params p = {};
  p.batch = 1, p.channels = 1, p.in_h = p.in_w = 4, p.regions = 3, p.out_h = p.out_w = 2, p.scale = 1;
  float y[12];
  tmb_max_roi_pool_f32(x.data(), rois, y, &p);
  const float expected[] = {5, 7, 13, 15, 0, 0, 0, 0, 4, 5, 8, 9}; // the last one is rows 1 to 2, columns 0 to 1
  for (int i = 0; i < 12; ++i)
    CHECK(y[i] == expected[i]);
  // The largest of weighted neighbours.
  const float roi[] = {0, 0, 1, 1}, image[] = {1, 2, 3, 8};
  const int64_t batch = 0;
  tmb_roi_params q = {1, 1, 2, 2, 1, 1, 1, 1, 0, 1, 1.0f};
  float largest = 0;
  tmb_roi_align_f32(image, roi, &batch, &largest, &q);
  CHECK(largest == 2.0f); // a quarter of 8
}

TEST_CASE("deformable convolution", "[runtime][sampling]") {
  Random random(103);
  for (int round = 0; round < 100; ++round) {
    tmb_deform_conv2d_params p = {};
    p.batch = 2, p.groups = random.integer(1, 2), p.offset_groups = random.integer(1, 2);
    p.in_c = 2 * random.integer(1, 2), p.out_c = 2 * random.integer(1, 2), p.in_h = random.integer(1, 5),
    p.in_w = random.integer(1, 5);
    p.kernel_h = random.integer(1, 3), p.kernel_w = random.integer(1, 3), p.stride_h = random.integer(1, 2),
    p.stride_w = random.integer(1, 2);
    p.dilation_h = p.dilation_w = random.integer(1, 2), p.pad_top = random.integer(0, 2), p.pad_left = random.integer(0, 2);
    p.out_h = random.integer(1, 3), p.out_w = random.integer(1, 3), p.has_bias = random.integer(0, 1),
    p.has_mask = random.integer(0, 1);
    const int32_t taps = p.kernel_h * p.kernel_w, plane = p.out_h * p.out_w, depth = p.in_c / p.groups;
    const auto x = random.reals(size_t(2 * p.in_c * p.in_h * p.in_w)), w = random.reals(size_t(p.out_c * depth * taps));
    const auto offset = random.reals(size_t(2 * p.offset_groups * taps * 2 * plane), -1.5f, 1.5f);
    const auto mask = random.reals(size_t(2 * p.offset_groups * taps * plane)), bias = random.reals(size_t(p.out_c));
    std::vector<float> y(size_t(2 * p.out_c * plane), kNaN);
    tmb_deform_conv2d_f32(x.data(), w.data(), offset.data(), p.has_bias ? bias.data() : nullptr,
                          p.has_mask ? mask.data() : nullptr, y.data(), &p);
    for (int32_t i = 0; i < int32_t(y.size()); ++i) {
      const Shape at = coordinates({2, p.out_c, p.out_h, p.out_w}, i);
      double sum = p.has_bias ? double(bias[at[1]]) : 0;
      for (int32_t c = 0; c < depth; ++c)
        for (int32_t k = 0; k < taps; ++k) {
          const int32_t channel = at[1] / (p.out_c / p.groups) * depth + c;
          const int32_t tap = (at[0] * p.offset_groups + channel / (p.in_c / p.offset_groups)) * taps + k;
          const Image image{x.data() + (at[0] * p.in_c + channel) * p.in_h * p.in_w, {p.in_h, p.in_w}, TMB_SAMPLE_ZEROS, false};
          const int32_t place = at[2] * p.out_w + at[3];
          const double py =
              at[2] * p.stride_h - p.pad_top + k / p.kernel_w * p.dilation_h + double(offset[(2 * tap) * plane + place]);
          const double px =
              at[3] * p.stride_w - p.pad_left + k % p.kernel_w * p.dilation_w + double(offset[(2 * tap + 1) * plane + place]);
          const double factor = p.has_mask ? double(mask[tap * plane + place]) : 1;
          sum += factor * double(w[(at[1] * depth + c) * taps + k]) * sample(image, {py, px}, TMB_SAMPLE_LINEAR);
        }
      REQUIRE(close(y[i], sum, 1e-4));
    }
  }
}
