/* SPDX-License-Identifier: MIT */
/* The high-water mark of the stack before and after recursions of known depth, as the port and as the plan's check measure it; with
 * TMB_TEST_EXCEED, of too great a one. */
#include "../cortexm/cortexm.h"
#include "../harness/tmb_port.h"
#include "thimble/tmb_check_plan.h"

#define FRAME 96u /* at least: a volatile array and the return address */

static volatile uint8_t sink;

#if defined(TMB_TEST_EXCEED)
static volatile uint8_t arena[8192]; /* reaches up to the stack in the test's RAM */
#endif

__attribute__((noinline)) static void descend(uint32_t depth) {
  volatile uint8_t frame[FRAME];
  for (uint32_t i = 0; i < FRAME; i++)
    frame[i] = (uint8_t)i;
  if (depth > 0)
    descend(depth - 1u);
  sink = frame[depth % FRAME];
}

#if !defined(TMB_TEST_EXCEED)
/* Above the lowest bytes, from which the port sees at the end that the stack has not overflowed. */
static uint8_t *lowest(void) { return tmb_ld_stack_limit + 64; }

static uint32_t used(void) {
  const uint32_t bytes = TMB_ADDRESS(tmb_ld_stack_top) - TMB_ADDRESS(lowest());
  return bytes - (uint32_t)tmb_stack_unused(lowest(), bytes);
}

/* Paint spares what its caller has on the stack. */
__attribute__((noinline)) static uint32_t paint_below(void) {
  volatile uint8_t kept[5u * FRAME];
  uint32_t i, wrong = 0;
  for (i = 0; i < sizeof kept; i++)
    kept[i] = (uint8_t)i;
  tmb_stack_paint(lowest());
  for (i = 0; i < sizeof kept; i++)
    wrong += kept[i] != (uint8_t)i;
  return wrong;
}

static int check_paint(void) {
  uint32_t before, five, fifteen;
  if (paint_below() != 0)
    return 5;
  tmb_stack_paint(lowest());
  before = used();
  descend(4);
  five = used();
  descend(14);
  fifteen = used();
  if (before < 8u || before > 384u || five < 5u * FRAME || five > before + 5u * (FRAME + 64u))
    return 6;
  return fifteen - five < 10u * FRAME || fifteen - five > 10u * (FRAME + 64u) || (fifteen - five) % 10u != 0 ? 7 : 0;
}
#endif

int main(void) {
  uint32_t before = tmb_port_stack_used();
#if defined(TMB_TEST_EXCEED)
  arena[sink] = 1;
  descend(12); /* of a stack with 1 KB */
  return before > 0 ? 0 : 1;
#else
  descend(4);
  uint32_t five = tmb_port_stack_used();
  descend(14);
  uint32_t fifteen = tmb_port_stack_used();
  descend(1);
  if (before < 8u || before > 128u)
    return 1;
  if (five - before < 5u * FRAME - 64u || five - before > 5u * (FRAME + 64u))
    return 2;
  if (fifteen - five < 10u * FRAME || fifteen - five > 10u * (FRAME + 64u) || (fifteen - five) % 10u != 0)
    return 3;
  if (tmb_port_stack_used() != fifteen) /* it is a maximum */
    return 4;
  return check_paint();
#endif
}
