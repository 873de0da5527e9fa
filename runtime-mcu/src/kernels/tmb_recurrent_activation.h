/* SPDX-License-Identifier: MIT */
/* The activation functions that a recurrent layer can be given, chosen at run time. */
#ifndef TMB_RECURRENT_ACTIVATION_H
#define TMB_RECURRENT_ACTIVATION_H

#include <math.h>

#include "thimble/tmb_abi.h"

static inline float tmb_recurrent_activation(float x, int32_t function, float alpha, float beta) {
  switch (function) {
  case TMB_RECURRENT_TANH:
    return tanhf(x);
  case TMB_RECURRENT_RELU:
    return x < 0.0f ? 0.0f : x;
  case TMB_RECURRENT_AFFINE:
    return alpha * x + beta;
  case TMB_RECURRENT_LEAKY_RELU:
    return x < 0.0f ? alpha * x : x;
  case TMB_RECURRENT_THRESHOLDED_RELU:
    return x > alpha ? x : 0.0f;
  case TMB_RECURRENT_SCALED_TANH:
    return alpha * tanhf(beta * x);
  case TMB_RECURRENT_HARD_SIGMOID: {
    const float y = alpha * x + beta;
    return y < 0.0f ? 0.0f : y > 1.0f ? 1.0f : y;
  }
  case TMB_RECURRENT_ELU:
    return x < 0.0f ? alpha * (expf(x) - 1.0f) : x;
  case TMB_RECURRENT_SOFTSIGN:
    return x / (1.0f + fabsf(x));
  case TMB_RECURRENT_SOFTPLUS:
    return x > 0.0f ? x + log1pf(expf(-x)) : log1pf(expf(x)); /* without overflow */
  default: /* TMB_RECURRENT_SIGMOID */
    return 1.0f / (1.0f + expf(-x));
  }
}

#endif
