// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Weights in the order in which the int8 kernels read them (thimble/tmb_layout.h), and how far their output may overlap the input.
#pragma once

#include "thimble/tmb_abi.h"
#include "llvm/ADT/ArrayRef.h"
#include <optional>
#include <vector>

namespace thimble::kernels {

/// The stream of tmb_conv2d_s8 from weights [out_c][kernel_h][kernel_w][in_c / groups] and one bias and multiplier a channel.
std::vector<int32_t> packConvolution(llvm::ArrayRef<int8_t> weights, llvm::ArrayRef<int32_t> bias,
                                     llvm::ArrayRef<int32_t> multipliers, const tmb_conv2d_s8_params &params);

/// The stream of tmb_conv2d_planes_s8 from weights [out_c][kernel_h][kernel_w][in_c].
std::vector<int32_t> packPlanarConvolution(llvm::ArrayRef<int8_t> weights, llvm::ArrayRef<int32_t> bias,
                                           llvm::ArrayRef<int32_t> multipliers, const tmb_conv2d_s8_params &params);

/// The stream of tmb_conv2d_s16 and tmb_conv2d_wide_s16 from weights [out_c][kernel_h][kernel_w][in_c / groups].
std::vector<int32_t> packConvolution16(llvm::ArrayRef<int8_t> weights, llvm::ArrayRef<int32_t> bias,
                                       llvm::ArrayRef<int32_t> multipliers, const tmb_conv2d_s8_params &params);

/// The stream of tmb_depthwise3x3_s8 from weights [channels][3][3].
std::vector<int32_t> packDepthwise3x3(llvm::ArrayRef<int8_t> weights, llvm::ArrayRef<int32_t> bias,
                                      llvm::ArrayRef<int32_t> multipliers);

/// The stream of tmb_fully_connected_s8 from weights [cols][depth].
std::vector<int32_t> packFullyConnected(llvm::ArrayRef<int8_t> weights, llvm::ArrayRef<int32_t> bias,
                                        llvm::ArrayRef<int32_t> multipliers, int32_t depth);

/// How many bytes before its input the output of a convolution must start so that no output is written over activations that a
/// later window reads; any greater distance is good too. Holds for kernels that read up to four windows before they write the
/// outputs of these. Nothing for groups, whose outputs are not written in order.
std::optional<int64_t> convolutionOverlap(const tmb_conv2d_s8_params &params);

/// The same for tmb_conv2d_planes_s8.
std::optional<int64_t> planarConvolutionOverlap(const tmb_conv2d_s8_params &params);

/// The same for tmb_depthwise_conv2d_f32, in elements of 4 bytes.
std::optional<int64_t> depthwiseFloatOverlap(const tmb_conv2d_s8_params &params);

/// The same for tmb_depthwise3x3_s8 with stride 2, which may read the windows of a row after it has written a part of that row.
/// Nothing for stride 1, which runs in place.
std::optional<int64_t> depthwise3x3Overlap(const tmb_conv2d_s8_params &params);

} // namespace thimble::kernels
