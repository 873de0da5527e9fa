/* SPDX-License-Identifier: MIT */
/* The high-water mark of the stack before and after recursions of known depth; with TMB_TEST_EXCEED, of too great a one. */
#include "../harness/tmb_port.h"

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
  return tmb_port_stack_used() == fifteen ? 0 : 4; /* it is a maximum */
#endif
}
