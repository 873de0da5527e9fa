// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Includes the kernels for Armv8.1-M MVE as source; <arm_mve.h> is the model of this folder. Headers for the instruction set come
// first: their guards keep out the portable ones of the same name, which lie beside the portable kernels.
#include "mve_kernels.h"
#include "thimble/tmb_layout.h"
#include "thimble/tmb_requant.h"

#include <arm_mve.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

namespace mve {

#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_add_s8.c"
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_attention_s8.c"
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_average_pool2d_s8.c"
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_fully_connected_s8.c"
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_largest_s8.h"
#include "../../../runtime-mcu/src/kernels/tmb_max_pool2d_s8.c"
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_mean_lanes_s8.h"
#include "../../../runtime-mcu/src/arch/armv7em/tmb_mean_s8.c"

#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_attention_scores_f32.h"
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_limit_f32.h"
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_matmul_block_f32.h"
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_rows_f32.h"
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_softmax_row_f32.h"

#include "../../../runtime-mcu/src/kernels/tmb_attention_f32.c"
#include "../../../runtime-mcu/src/kernels/tmb_conv2d_f32.c"
#include "../../../runtime-mcu/src/kernels/tmb_fully_connected_f32.c"
#include "../../../runtime-mcu/src/kernels/tmb_matmul_f32.c"
#include "../../../runtime-mcu/src/kernels/tmb_softmax_f32.c"

#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_clamp_f32.c"
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_relu_f32.c"

#define tmb_mve_row tmb_mve_add_f32_row
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_add_f32.c"
#undef tmb_mve_row
#define tmb_mve_row tmb_mve_sub_f32_row
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_sub_f32.c"
#undef tmb_mve_row
#define tmb_mve_row tmb_mve_mul_f32_row
#include "../../../runtime-mcu/src/arch/armv81m_mve/tmb_mul_f32.c"
#undef tmb_mve_row

} // namespace mve
