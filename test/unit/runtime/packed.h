// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls of the int8 kernels whose weights come packed, from plain weights; scratch is exactly as large as promised.
#pragma once

#include "codegen/kernels/PackWeights.h"
#include "support.h"
#include "thimble/tmb_layout.h"

#include <catch2/catch.hpp>

namespace runtime_test {

constexpr uint8_t kScratchEnd = 0xa5;

// Working memory followed by bytes that must stay.
class Scratch {
public:
  explicit Scratch(int32_t size) : bytes(static_cast<size_t>(size) + 16, kScratchEnd), size(static_cast<size_t>(size)) {}
  void *data() { return bytes.data(); }
  bool isIntact() const {
    return std::all_of(bytes.begin() + static_cast<ptrdiff_t>(size), bytes.end(),
                       [](uint8_t byte) { return byte == kScratchEnd; });
  }

private:
  std::vector<uint8_t> bytes;
  size_t size;
};

using ConvolutionKernel = void (*)(const int8_t *, const int32_t *, int8_t *, void *, const tmb_conv2d_s8_params *);

inline void convolve(ConvolutionKernel kernel, const int8_t *x, const std::vector<int8_t> &w, const std::vector<int32_t> &bias,
                     const std::vector<int32_t> &multiplier, int8_t *y, const tmb_conv2d_s8_params *p) {
  const std::vector<int32_t> stream = thimble::kernels::packConvolution(w, bias, multiplier, *p);
  Scratch scratch(tmb_conv2d_s8_scratch_bytes(p));
  kernel(x, stream.data(), y, scratch.data(), p);
  REQUIRE(scratch.isIntact());
}

using PlanarKernel = void (*)(const int8_t *, const int32_t *, int8_t *, void *, const tmb_conv2d_planes_s8_params *);

// Weights are [out_c][kernel_h][kernel_w][in_c], as for the others.
inline void convolvePlanes(PlanarKernel kernel, const int8_t *x, const std::vector<int8_t> &w, const std::vector<int32_t> &bias,
                           const std::vector<int32_t> &multiplier, int8_t *y, const tmb_conv2d_planes_s8_params *p) {
  const std::vector<int32_t> stream = thimble::kernels::packPlanarConvolution(w, bias, multiplier, p->conv);
  Scratch scratch(tmb_conv2d_planes_s8_scratch_bytes(&p->conv));
  kernel(x, stream.data(), y, scratch.data(), p);
  REQUIRE(scratch.isIntact());
}

inline void convolve3x3(ConvolutionKernel kernel, const int8_t *x, const std::vector<int8_t> &w,
                        const std::vector<int32_t> &bias, const std::vector<int32_t> &multiplier, int8_t *y,
                        const tmb_conv2d_s8_params *p) {
  const std::vector<int32_t> stream = thimble::kernels::packDepthwise3x3(w, bias, multiplier);
  Scratch scratch(tmb_depthwise3x3_s8_scratch_bytes(p));
  kernel(x, stream.data(), y, scratch.data(), p);
  REQUIRE(scratch.isIntact());
}

using RowKernel = void (*)(const int8_t *, const int32_t *, int8_t *, const tmb_fully_connected_s8_params *);

inline void connect(RowKernel kernel, const int8_t *x, const std::vector<int8_t> &w, const std::vector<int32_t> &bias,
                    const std::vector<int32_t> &multiplier, int8_t *y, const tmb_fully_connected_s8_params *p) {
  const std::vector<int32_t> stream = thimble::kernels::packFullyConnected(w, bias, multiplier, p->depth);
  REQUIRE(stream.size() == static_cast<size_t>((p->cols + 3) / 4 * tmb_fully_connected_s8_words(p->depth)));
  kernel(x, stream.data(), y, p);
}

} // namespace runtime_test
