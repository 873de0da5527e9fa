/* SPDX-License-Identifier: MIT */
/* The C library's functions that float models use link without any system call, and are right. */
#include "../harness/tmb_port.h"

#include <math.h>

static int near(float value, float expected) {
  float error = value - expected;
  return error < 1e-6f && error > -1e-6f;
}

int main(void) {
  static volatile float x = 0.75f; /* not known to the compiler */
  static volatile int64_t a = 1000000007, b = -13;
  if (!near(expf(-x), 0.47236655f))
    return 1;
  if (!near(tanhf(x), 0.63514895f))
    return 2;
  if (!near(erff(x), 0.71115563f))
    return 3;
  if (!near(sqrtf(x), 0.86602540f))
    return 4;
  if (!near(logf(x), -0.28768207f) || !near(powf(x, 1.5f), 0.64951905f) || !near(sinf(x), 0.68163876f))
    return 5;
  if (a / b != -76923077 || (int32_t)roundf(x) != 1)
    return 6;
  return 0;
}
