/* SPDX-License-Identifier: MIT */
/* Elementwise multiplication, float32, with the vector instructions of Armv8.1-M. */
#define TMB_KERNEL tmb_mul_f32
#define TMB_EXPRESSION(a, b) ((a) * (b))
#define TMB_VECTOR(a, b) vmulq_f32((a), (b))
#include "tmb_mve_binary_f32.h"
