/* SPDX-License-Identifier: MIT */
/* The parameter records that only kernels of int16 activations have. Part of tmb_abi.h. */
#ifndef THIMBLE_TMB_ABI_S16_H
#define THIMBLE_TMB_ABI_S16_H

#include "thimble/tmb_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* int16 addition and subtraction: y = sat(floor((a * a_multiplier + b * b_multiplier) * 2^-16 + 1/2)). */
typedef struct tmb_add_s16_params {
  int32_t rank;
  int32_t dims[TMB_MAX_RANK];
  int32_t a_strides[TMB_MAX_RANK];
  int32_t b_strides[TMB_MAX_RANK];
  int32_t a_multiplier, b_multiplier;
  int32_t act_min, act_max;
} tmb_add_s16_params;

/* int16 division: a factor of multiplier * 2^(30 - shift), 2^30 <= multiplier, 16 <= shift; tmb_div_s16 has the formula. */
typedef struct tmb_div_s16_params {
  int32_t rank;
  int32_t dims[TMB_MAX_RANK];
  int32_t a_strides[TMB_MAX_RANK];
  int32_t b_strides[TMB_MAX_RANK];
  int32_t multiplier, shift;
  int32_t act_min, act_max;
} tmb_div_s16_params;

/* int16 leaky rectifier; a is the activation, b the slope. Factors as tmb_requant.h has them. */
typedef struct tmb_prelu_s16_params {
  int32_t rank;
  int32_t dims[TMB_MAX_RANK];
  int32_t a_strides[TMB_MAX_RANK];
  int32_t b_strides[TMB_MAX_RANK];
  int32_t positive_multiplier, positive_shift; /* of activations that are not negative */
  int32_t negative_multiplier, negative_shift; /* of products with slopes */
  int32_t act_min, act_max;
} tmb_prelu_s16_params;

/* int16 softmax: exp(-d * scale of x) is 2^-(d * multiplier * 2^-(shift + 20)). */
typedef struct tmb_softmax_s16_params {
  int32_t outer, depth, inner;
  int32_t multiplier, shift;
} tmb_softmax_s16_params;

/* int16 normalization: tmb_norm_s16 has the formula. */
typedef struct tmb_norm_s16_params {
  int32_t outer, depth;
  int32_t centered;               /* 1: layer normalization, 0: root-mean-square normalization */
  int32_t epsilon, epsilon_shift; /* epsilon * depth^2 / (scale of x)^2, as epsilon << epsilon_shift */
  int32_t shift;
} tmb_norm_s16_params;

/* Limits of int16 codes. */
typedef struct tmb_clamp_s16_params {
  int32_t count;
  int32_t low, high;
} tmb_clamp_s16_params;

/* A table of 2^(16 - shift) + 1 entries, 2^shift codes apart. */
typedef struct tmb_lookup_s16_params {
  int32_t count;
  int32_t shift;
} tmb_lookup_s16_params;

#ifdef __cplusplus
}
#endif

#endif
