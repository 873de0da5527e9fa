/* SPDX-License-Identifier: MIT */
/* One position of average pooling. Before including it define
 *   TMB_ELEMENT  the type of activations
 *   TMB_LOWEST   their lowest code */

/* Channels that are summed together, in 32 bits each. */
#define TMB_CHUNK 16

/* floor(sum / count + 1/2) for sums of `count` values. */
static TMB_ELEMENT tmb_average_divide(int32_t sum, uint32_t count) {
  const uint32_t raised = (uint32_t)sum - (uint32_t)TMB_LOWEST * count; /* not negative, so that division rounds down */
  uint32_t quotient = raised / count;
  const uint32_t remainder = raised - quotient * count;
  if (remainder >= count - remainder)
    ++quotient;
  return (TMB_ELEMENT)((int32_t)quotient + TMB_LOWEST);
}

/* One output position: `count` positions, those inside the image by rows and cols, the others reading as zero_point. */
static void tmb_average_position(const TMB_ELEMENT *x, TMB_ELEMENT *y, tmb_taps rows, tmb_taps cols, int32_t count,
                                 const tmb_pool2d_params *p) {
  const int32_t channels = p->channels, zero_point = p->zero_point;
  const int32_t padding = count - (rows.end - rows.begin) * (cols.end - cols.begin);
  int32_t c, j, ky, kx;
  for (c = 0; c < channels; c += TMB_CHUNK) {
    const int32_t lanes = channels - c < TMB_CHUNK ? channels - c : TMB_CHUNK;
    int32_t acc[TMB_CHUNK];
    for (j = 0; j < lanes; ++j)
      acc[j] = padding * zero_point;
    for (ky = rows.begin; ky < rows.end; ++ky) {
      for (kx = cols.begin; kx < cols.end; ++kx) {
        const int32_t row = rows.start + ky * p->dilation_h, col = cols.start + kx * p->dilation_w;
        const TMB_ELEMENT *pixel = x + (row * p->in_w + col) * channels + c;
        for (j = 0; j < lanes; ++j)
          acc[j] += pixel[j];
      }
    }
    for (j = 0; j < lanes; ++j)
      y[c + j] = count > 0 ? tmb_average_divide(acc[j], (uint32_t)count) : (TMB_ELEMENT)zero_point;
  }
}
