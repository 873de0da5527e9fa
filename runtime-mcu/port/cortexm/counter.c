/* SPDX-License-Identifier: MIT */
/* Counts executed instructions with the timers of the emulated boards, whose time is the instruction count. */
#include "../harness/tmb_port.h"
#include "cortexm.h"

/* QEMU with `-icount shift=6` lets every instruction take exactly 64 ns of the emulated time. Counting ticks of a known
   clock from a start of the timer, the whole ticks passed after n instructions are never more than 64 ns * n / period and
   less than one below it; as a period is shorter than 64 ns, rounding up gives back exactly n.

   Which timer there is follows from the core, because each of QEMU's boards has its own:
   - MPS2 (M3, M4, M7): CMSDK timer 0 at 25 MHz (1.6 ticks an instruction); mps2-an505 (M33): the same at 20 MHz (1.28).
     It has 32 bits, which is too few for a large model (2^32 ticks = 2.7 G instructions), so a second timer, which
     runs 256 times slower, counts how often it wrapped: good for 2^40 ticks = 687 G instructions.
   - mps3-an547 (M55): the 64-bit counter of the SSE-300 at 32 MHz (2.048 ticks an instruction). */
enum { PART_M33 = 0xD21, PART_M55 = 0xD22 };

static uint32_t part(void) { return TMB_CPUID >> 4 & 0xFFFu; }

uint32_t tmb_counter_base(void) { return part() == PART_M55 ? 0x58100000u : part() == PART_M33 ? 0x50000000u : 0x40000000u; }

#define CMSDK_CTRL 0x0000u
#define CMSDK_VALUE 0x0004u
#define CMSDK_RELOAD 0x0008u
#define DUAL_LOAD 0x2000u
#define DUAL_VALUE 0x2004u
#define DUAL_CONTROL 0x2008u
#define DUAL_32BIT_PRESCALE_256 (1u << 1 | 2u << 2)
#define DUAL_ENABLE (1u << 7)
#define SSE_CONTROL 0x0u
#define SSE_COUNT_LOW 0x8u
#define SSE_COUNT_HIGH 0xCu

static uint32_t overhead;
static int exact; /* the emulator was started as described above */

/* Not inlined, so that the calls in tmb_counter_calibrate cost exactly what any other caller's cost. */
__attribute__((noinline)) void tmb_port_counter_start(void) {
  uint32_t base = tmb_counter_base();
  if (part() == PART_M55) {
    TMB_REG(base + SSE_CONTROL) = 0;
    TMB_REG(base + SSE_COUNT_LOW) = 0;
    TMB_REG(base + SSE_COUNT_HIGH) = 0;
    TMB_REG(base + SSE_CONTROL) = 1;
  } else {
    TMB_REG(base + CMSDK_CTRL) = 0;
    TMB_REG(base + CMSDK_RELOAD) = UINT32_MAX; /* sets the value as well */
    TMB_REG(base + DUAL_CONTROL) = DUAL_32BIT_PRESCALE_256;
    TMB_REG(base + DUAL_LOAD) = UINT32_MAX;
    TMB_REG(base + DUAL_CONTROL) = DUAL_32BIT_PRESCALE_256 | DUAL_ENABLE;
    TMB_REG(base + CMSDK_CTRL) = 1;
  }
}

__attribute__((noinline)) uint64_t tmb_port_counter_read(void) {
  uint32_t base = tmb_counter_base();
  uint64_t instructions;
  if (part() == PART_M55) {
    uint32_t low, high;
    do {
      high = TMB_REG(base + SSE_COUNT_HIGH);
      low = TMB_REG(base + SSE_COUNT_LOW);
    } while (high != TMB_REG(base + SSE_COUNT_HIGH));
    uint64_t ticks = (uint64_t)high << 32 | low;
    instructions = (ticks * 125u + 255u) / 256u;
  } else {
    uint32_t fine = ~TMB_REG(base + CMSDK_VALUE);
    uint64_t coarse = (uint64_t)~TMB_REG(base + DUAL_VALUE) << 8;
    uint64_t ticks = coarse + (uint64_t)(int64_t)(int32_t)(fine - (uint32_t)coarse);
    instructions = part() == PART_M33 ? (ticks * 25u + 31u) / 32u : (ticks * 5u + 7u) / 8u;
  }
  return exact ? instructions - overhead : 0;
}

void tmb_counter_calibrate(void) {
  exact = 1;
  overhead = 0;
  tmb_port_counter_start();
  overhead = (uint32_t)tmb_port_counter_read();
  tmb_port_counter_start();
  __asm__ volatile(".rept 50\n\tnop\n\t.endr");
  uint64_t nops = tmb_port_counter_read();
  exact = nops >= 50u && nops <= 52u; /* the compiler may have moved one or two more into the region */
}
