/* SPDX-License-Identifier: MIT */
/* Softmax, int16. */
#include "thimble/tmb_kernels.h"
#include "tmb_no_inline.h"
#include "tmb_wide.h"

/* 2^(-k / 128) in units of 2^-24. */
static const uint32_t tmb_softmax_s16_table[129] = {
    16777216u, 16686609u, 16596492u, 16506861u, 16417715u, 16329050u, 16240863u, 16153153u,
    16065917u, 15979152u, 15892855u, 15807025u, 15721658u, 15636752u, 15552304u, 15468313u,
    15384775u, 15301688u, 15219050u, 15136859u, 15055111u, 14973805u, 14892937u, 14812507u,
    14732511u, 14652947u, 14573813u, 14495106u, 14416824u, 14338964u, 14261526u, 14184505u,
    14107901u, 14031710u, 13955931u, 13880561u, 13805598u, 13731039u, 13656884u, 13583129u,
    13509772u, 13436812u, 13364245u, 13292070u, 13220286u, 13148888u, 13077877u, 13007249u,
    12937002u, 12867135u, 12797645u, 12728530u, 12659789u, 12591419u, 12523418u, 12455784u,
    12388516u, 12321610u, 12255067u, 12188882u, 12123055u, 12057584u, 11992466u, 11927700u,
    11863283u, 11799215u, 11735492u, 11672114u, 11609078u, 11546382u, 11484025u, 11422004u,
    11360319u, 11298967u, 11237946u, 11177254u, 11116891u, 11056853u, 10997140u, 10937749u,
    10878679u, 10819928u, 10761494u, 10703375u, 10645571u, 10588079u, 10530897u, 10474024u,
    10417458u, 10361198u, 10305242u, 10249587u, 10194234u, 10139179u, 10084422u, 10029960u,
    9975792u, 9921917u, 9868333u, 9815039u, 9762032u, 9709311u, 9656875u, 9604722u,
    9552851u, 9501261u, 9449948u, 9398913u, 9348154u, 9297668u, 9247455u, 9197514u,
    9147842u, 9098438u, 9049301u, 9000430u, 8951823u, 8903477u, 8855394u, 8807569u,
    8760003u, 8712694u, 8665641u, 8618841u, 8572295u, 8525999u, 8479954u, 8434157u,
    8388608u};

/* 2^-(difference * multiplier * 2^-shift), in units of 2^-24, with an argument in units of 2^-20. */
TMB_NO_INLINE static uint32_t tmb_softmax_s16_exp(int32_t difference, const tmb_softmax_s16_params *p) {
  const uint64_t argument = ((uint64_t)(uint32_t)difference * (uint32_t)p->multiplier) >> p->shift;
  const uint32_t place = (uint32_t)argument & 0xfffff;
  const uint32_t *entry = tmb_softmax_s16_table + (place >> 13);
  const uint32_t value = entry[0] - (((entry[0] - entry[1]) * (place & 8191)) >> 13);
  const uint32_t down = (uint32_t)(argument >> 20);
  if (argument >> 20 > 24)
    return 0;
  return down == 0 ? value : (value + ((uint32_t)1 << (down - 1))) >> down;
}

/* One row of `depth` elements that lie `step` apart. */
static void tmb_softmax_s16_row(const int16_t *x, int16_t *y, int32_t step, const tmb_softmax_s16_params *p) {
  const int16_t *const end = x + p->depth * step, *at;
  int32_t max = INT16_MIN, shift = 46;
  uint64_t sum = 0;
  uint32_t reciprocal;
  for (at = x; at != end; at += step)
    max = *at > max ? *at : max;
  for (at = x; at != end; at += step)
    sum += tmb_softmax_s16_exp(max - *at, p);
  if (p->depth <= 0)
    return;
  for (; sum >> 31 != 0; sum >>= 1)
    ++shift;
  for (; sum >> 30 == 0; sum <<= 1)
    --shift;
  reciprocal = tmb_reciprocal((uint32_t)sum);
  for (at = x; at != end; at += step, y += step) {
    const uint64_t product = (uint64_t)tmb_softmax_s16_exp(max - *at, p) * reciprocal;
    const uint32_t quotient = (uint32_t)((product + ((uint64_t)1 << (shift - 1))) >> shift);
    *y = (int16_t)(quotient > INT16_MAX ? INT16_MAX : quotient);
  }
}

void tmb_softmax_s16(const int16_t *x, int16_t *y, const tmb_softmax_s16_params *p) {
  const tmb_softmax_s16_params params = *p; /* a copy, which stores to y cannot alias */
  int32_t o, i;
  for (o = 0; o < params.outer; ++o) {
    const int32_t slab = o * params.depth * params.inner;
    for (i = 0; i < params.inner; ++i)
      tmb_softmax_s16_row(x + slab + i, y + slab + i, params.inner, &params);
  }
}
