// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The kernels for Armv8.1-M MVE that are written in C, as they compute on a model of its instructions.
#pragma once

#include "thimble/tmb_kernels.h"

namespace mve {

decltype(::tmb_add_s8) tmb_add_s8;
decltype(::tmb_fully_connected_s8) tmb_fully_connected_s8;
decltype(::tmb_max_pool2d_s8) tmb_max_pool2d_s8;
decltype(::tmb_average_pool2d_s8) tmb_average_pool2d_s8;
decltype(::tmb_mean_s8) tmb_mean_s8;
decltype(::tmb_attention_s8) tmb_attention_s8;
decltype(::tmb_conv2d_f32) tmb_conv2d_f32;
decltype(::tmb_fully_connected_f32) tmb_fully_connected_f32;
decltype(::tmb_matmul_f32) tmb_matmul_f32;
decltype(::tmb_softmax_f32) tmb_softmax_f32;
decltype(::tmb_attention_f32) tmb_attention_f32;
decltype(::tmb_add_f32) tmb_add_f32;
decltype(::tmb_sub_f32) tmb_sub_f32;
decltype(::tmb_mul_f32) tmb_mul_f32;
decltype(::tmb_relu_f32) tmb_relu_f32;
decltype(::tmb_clamp_f32) tmb_clamp_f32;

} // namespace mve
