/* SPDX-License-Identifier: MIT */
/* Checks at run time that a model keeps to its memory plan: only in programs that are compiled with -DTMB_CHECK_PLAN. */
#ifndef THIMBLE_TMB_CHECK_PLAN_H
#define THIMBLE_TMB_CHECK_PLAN_H

#include <stddef.h>
#include <stdint.h>

/* The memories of a model. */
#define TMB_PLAN_ARENA 0
#define TMB_PLAN_STATE 1
#define TMB_PLAN_EXTERNAL 2 /* the arena in external RAM */
#define TMB_PLAN_MEMORIES 3

/* A run of bytes in one of them, and the calls from the first to the last of which it holds data that somebody needs:
 * -1 is before the first call, the number of calls after the last. */
typedef struct tmb_plan_part {
  int32_t offset, bytes, first, last, memory;
} tmb_plan_part;

/* A call reads or writes a part. Sorted by call. */
typedef struct tmb_plan_use {
  int32_t call, part, writes;
} tmb_plan_use;

typedef struct tmb_plan {
  const tmb_plan_part *parts;
  const tmb_plan_use *uses;
  int32_t part_count, use_count;
  uint8_t *memories[TMB_PLAN_MEMORIES]; /* NULL where there are none */
  int32_t bytes[TMB_PLAN_MEMORIES];
  uint32_t *sums; /* of each part when it was written */
  int32_t call;   /* that is running; -2: none */
  uint32_t guard; /* sum of all that it must not write */
} tmb_plan;

#define TMB_PLAN_NO_CALL (-2)

static inline uint32_t tmb_plan_add(uint32_t sum, const uint8_t *bytes, int32_t count) {
  int32_t i;
  for (i = 0; i < count; ++i)
    sum = (sum ^ bytes[i]) * 16777619u; /* FNV-1a */
  return sum;
}

static inline uint32_t tmb_plan_sum(const tmb_plan *plan, int32_t part) {
  const tmb_plan_part *p = &plan->parts[part];
  return tmb_plan_add(2166136261u, plan->memories[p->memory] + p->offset, p->bytes);
}

/* Where the run of bytes at `at` ends that no part that counts lies in; *at moves behind the parts that lie there. Parts count that
 * `call` writes or, with `live`, that are alive during it. */
static inline int32_t tmb_plan_gap(const tmb_plan *plan, int32_t call, int32_t live, int32_t memory, int32_t *at, int32_t end) {
  int32_t gap_end = end, moved = 1, i;
  while (moved) {
    const int32_t count = live ? plan->part_count : plan->use_count;
    moved = 0;
    gap_end = end;
    for (i = 0; i < count; ++i) {
      const tmb_plan_part *p = &plan->parts[live ? i : plan->uses[i].part];
      if (p->memory != memory)
        continue;
      if (live ? call < p->first || call > p->last : plan->uses[i].call != call || !plan->uses[i].writes)
        continue;
      if (p->offset <= *at && *at < p->offset + p->bytes) {
        *at = p->offset + p->bytes;
        moved = 1;
      } else if (p->offset > *at && p->offset < gap_end) {
        gap_end = p->offset;
      }
    }
  }
  return gap_end;
}

/* Dead bytes of arenas hold a pattern, so that whoever reads them computes something else. */
static inline void tmb_plan_fill(const tmb_plan *plan, int32_t call) {
  int32_t memory;
  for (memory = 0; memory < TMB_PLAN_MEMORIES; ++memory) {
    const int32_t count = memory == TMB_PLAN_STATE ? 0 : plan->bytes[memory];
    int32_t at = 0, end;
    for (; at < count; at = end) {
      end = tmb_plan_gap(plan, call, 1, memory, &at, count);
      for (; at < end; ++at)
        plan->memories[memory][at] = (uint8_t)(0xA5 ^ at);
    }
  }
}

/* The sum of all bytes that `call` must not write. */
static inline uint32_t tmb_plan_guard(const tmb_plan *plan, int32_t call) {
  uint32_t sum = 2166136261u;
  int32_t memory;
  for (memory = 0; memory < TMB_PLAN_MEMORIES; ++memory) {
    const int32_t count = plan->bytes[memory];
    int32_t at = 0, end;
    for (; at < count; at = end) {
      end = tmb_plan_gap(plan, call, 0, memory, &at, count);
      if (at < end)
        sum = tmb_plan_add(sum, plan->memories[memory] + at, end - at);
    }
  }
  return sum;
}

/* Before the first call. What is there then is taken as it is. */
static inline void tmb_plan_begin(tmb_plan *plan) {
  int32_t i;
  plan->call = TMB_PLAN_NO_CALL;
  for (i = 0; i < plan->part_count; ++i)
    if (plan->parts[i].first < 0)
      plan->sums[i] = tmb_plan_sum(plan, i);
}

/* Between two calls: the one that has run must have written nothing but its outputs and scratch, and what the next one reads must be
 * what was written. Returns the number of the call that is wrong, or -1. After the last call `call` is the number of calls. */
static inline int32_t tmb_plan_step(tmb_plan *plan, int32_t call) {
  int32_t i;
  if (plan->call != TMB_PLAN_NO_CALL) {
    if (tmb_plan_guard(plan, plan->call) != plan->guard)
      return plan->call;
    for (i = 0; i < plan->use_count; ++i)
      if (plan->uses[i].call == plan->call && plan->uses[i].writes)
        plan->sums[plan->uses[i].part] = tmb_plan_sum(plan, plan->uses[i].part);
  }
  for (i = 0; i < plan->use_count; ++i) {
    const int32_t part = plan->uses[i].part;
    if (plan->uses[i].call == call && plan->parts[part].first < call && plan->sums[part] != tmb_plan_sum(plan, part))
      return call;
  }
  tmb_plan_fill(plan, call);
  plan->call = call;
  plan->guard = tmb_plan_guard(plan, call);
  return -1;
}

/* The same between two rows that are fed to `call`, which has no sums. */
static inline int32_t tmb_plan_feed(tmb_plan *plan, int32_t call) {
  if (plan->call != TMB_PLAN_NO_CALL && tmb_plan_guard(plan, call) != plan->guard)
    return call;
  tmb_plan_fill(plan, -1);
  plan->call = call;
  plan->guard = tmb_plan_guard(plan, call);
  return -1;
}

/* The stack's high-water mark on systems where it grows down: paint it from its lowest address up to the caller's frame, run the model,
 * and ask how many of its bytes, from the lowest address on, are still paint. `lowest` is a symbol of the linker script or the array of
 * a task's stack. Painting has a frame of its own, so that no variable of its caller lies below. */
#define TMB_STACK_PAINT 0xC5u

#if defined(__GNUC__)
__attribute__((noinline, unused))
#endif
static void tmb_stack_paint(void *lowest) {
  const volatile uint8_t here = 0;
  const uintptr_t end = (uintptr_t)&here - 128u; /* what the ABI lets a function use below its stack pointer */
  volatile uint8_t *at = (volatile uint8_t *)lowest;
  for (; (uintptr_t)at < end; ++at)
    *at = TMB_STACK_PAINT;
}

static inline size_t tmb_stack_unused(const void *lowest, size_t bytes) {
  const volatile uint8_t *at = (const volatile uint8_t *)lowest;
  size_t unused = 0;
  while (unused < bytes && at[unused] == TMB_STACK_PAINT)
    ++unused;
  return unused;
}

#endif
