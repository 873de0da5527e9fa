/* SPDX-License-Identifier: MIT */
/* The body of every elementwise kernel of one tensor. Before including it (once for each kernel; it has no guard) define
 *   TMB_KERNEL                      the function's name
 *   TMB_ELEMENT                     the element type
 *   TMB_EXPRESSION(x, alpha, beta)  the result for one element */

void TMB_KERNEL(const TMB_ELEMENT *x, TMB_ELEMENT *y, const tmb_unary_params *p) {
  const tmb_unary_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t i;
  for (i = 0; i < params.count; ++i) {
    const TMB_ELEMENT value = x[i];
    y[i] = (TMB_ELEMENT)(TMB_EXPRESSION(value, params.alpha, params.beta));
  }
}

#undef TMB_KERNEL
#undef TMB_ELEMENT
#undef TMB_EXPRESSION
