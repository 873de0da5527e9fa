/* SPDX-License-Identifier: MIT */
/* Non-maximum suppression of boxes, float32. */
#include "thimble/tmb_kernels.h"

typedef struct tmb_nms_box {
  float y_low, x_low, y_high, x_high;
} tmb_nms_box;

static tmb_nms_box tmb_nms_load(const float *box, int32_t center_point) {
  tmb_nms_box result;
  if (center_point) { /* x, y, width, height */
    const float half_w = box[2] / 2.0f, half_h = box[3] / 2.0f;
    result.x_low = box[0] - half_w;
    result.x_high = box[0] + half_w;
    result.y_low = box[1] - half_h;
    result.y_high = box[1] + half_h;
  } else { /* two corners in any order */
    result.y_low = box[0] < box[2] ? box[0] : box[2];
    result.y_high = box[0] < box[2] ? box[2] : box[0];
    result.x_low = box[1] < box[3] ? box[1] : box[3];
    result.x_high = box[1] < box[3] ? box[3] : box[1];
  }
  return result;
}

static float tmb_nms_overlap(float a_low, float a_high, float b_low, float b_high) {
  const float low = a_low > b_low ? a_low : b_low, high = a_high < b_high ? a_high : b_high;
  return high > low ? high - low : 0.0f;
}

/* Whether intersection over union of two boxes is above the threshold. */
static int tmb_nms_covers(const float *first, const float *second, float threshold, int32_t center_point) {
  const tmb_nms_box a = tmb_nms_load(first, center_point), b = tmb_nms_load(second, center_point);
  const float area_a = (a.y_high - a.y_low) * (a.x_high - a.x_low);
  const float area_b = (b.y_high - b.y_low) * (b.x_high - b.x_low);
  const float common =
      tmb_nms_overlap(a.y_low, a.y_high, b.y_low, b.y_high) * tmb_nms_overlap(a.x_low, a.x_high, b.x_low, b.x_high);
  if (area_a <= 0.0f || area_b <= 0.0f || common <= 0.0f)
    return 0;
  return common / (area_a + area_b - common) > threshold;
}

/* The best box behind the box `last` in the order of falling scores, then rising positions; -1 if there is none. last is -1 at
 * the start. */
static int32_t tmb_nms_next(const float *scores, int32_t boxes, int32_t last, float threshold) {
  int32_t best = -1;
  int32_t i;
  for (i = 0; i < boxes; ++i) {
    const float score = scores[i];
    if (!(score > threshold))
      continue;
    if (last >= 0 && (score > scores[last] || (score == scores[last] && i <= last)))
      continue;
    if (best < 0 || score > scores[best])
      best = i;
  }
  return best;
}

void tmb_non_max_suppression_f32(const float *boxes, const float *scores, const int64_t *limit, const float *iou,
                                 const float *threshold, int64_t *y, int64_t *size, const tmb_non_max_suppression_params *p) {
  int32_t found = 0;
  int32_t batch, cls, i;
  for (i = 0; i < p->capacity * 3; ++i)
    y[i] = 0;
  for (batch = 0; batch < p->batches; ++batch)
    for (cls = 0; cls < p->classes; ++cls) {
      const float *image = boxes + batch * p->boxes * 4;
      const float *list = scores + (batch * p->classes + cls) * p->boxes;
      const int32_t first = found;
      int32_t box = -1;
      while (found - first < *limit && found < p->capacity && (box = tmb_nms_next(list, p->boxes, box, *threshold)) >= 0) {
        for (i = first; i < found && !tmb_nms_covers(image + y[i * 3 + 2] * 4, image + box * 4, *iou, p->center_point);)
          ++i;
        if (i < found)
          continue;
        y[found * 3] = batch;
        y[found * 3 + 1] = cls;
        y[found * 3 + 2] = box;
        ++found;
      }
    }
  *size = found;
}
