/* SPDX-License-Identifier: MIT */
/* From reset to main(): vector table, FPU and faults on, memory guarded and initialised, the stack painted. */
#include "../harness/tmb_port.h"
#include "cortexm.h"

#include <string.h>

#define PAINT 0xDEADBEEFu

int main(void);
void tmb_reset(void);
void tmb_start(void);

static const struct {
  uint8_t *stack_top;
  void (*handler[15])(void);
} vectors __attribute__((section(".vectors"), used)) = {
    tmb_ld_stack_top,
    {tmb_reset, tmb_fault_handler, tmb_fault_handler, tmb_fault_handler, tmb_fault_handler, tmb_fault_handler,
     tmb_fault_handler, tmb_fault_handler, tmb_fault_handler, tmb_fault_handler, tmb_fault_handler, tmb_fault_handler,
     tmb_fault_handler, tmb_fault_handler, tmb_fault_handler}};

/* Assembler, because a compiler may already use FPU or MVE registers in the first lines of a C function. */
__attribute__((naked, used)) void tmb_reset(void) {
  __asm__ volatile(
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
      "ldr r0, =0xE000ED88\n" /* CPACR: full access to the coprocessors 10 and 11 */
      "ldr r1, =0x00F00000\n"
      "str r1, [r0]\n"
      "dsb\n"
      "isb\n"
#endif
#if __ARM_ARCH >= 8
      "ldr r0, =tmb_ld_stack_limit\n" /* the core itself refuses to move its stack pointer below this */
      "msr msplim, r0\n"
#endif
      "bl tmb_start\n");
}

static void enable_faults(void) {
  TMB_SHCSR |= 0xFu << 16; /* MemManage, BusFault, UsageFault and (Armv8-M) SecureFault each have a handler */
  TMB_CCR |= 1u << 4;      /* a division by zero is an error, not 0 */
#if __ARM_ARCH == 6
  TMB_CCR |= 1u << 3; /* we run on an Armv7-M core, but unaligned accesses must fail as they do on Armv6-M */
#endif
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  TMB_FPCCR &= ~(1u << 30); /* no lazy stacking: an FPU register used by the fault handler must not write memory */
#endif
  __asm__ volatile("dsb\n\tisb" ::: "memory");
}

static void paint_stack(void) {
  uint32_t here;
  __asm__ volatile("mov %0, sp" : "=r"(here));
  for (volatile uint32_t *p = (volatile uint32_t *)(uintptr_t)tmb_ld_stack_limit; TMB_ADDRESS(p) < here; p++)
    *p = PAINT;
}

uint32_t tmb_port_stack_used(void) {
  const volatile uint32_t *p = (const volatile uint32_t *)(uintptr_t)tmb_ld_stack_limit;
  while (TMB_ADDRESS(p) < TMB_ADDRESS(tmb_ld_stack_top) && *p == PAINT)
    p++;
  return TMB_ADDRESS(tmb_ld_stack_top) - TMB_ADDRESS(p);
}

__attribute__((used)) void tmb_start(void) {
  enable_faults();
  tmb_mpu_enable();
  memcpy(tmb_ld_data_start, tmb_ld_data_load, TMB_ADDRESS(tmb_ld_data_end) - TMB_ADDRESS(tmb_ld_data_start));
  memset(tmb_ld_bss_start, 0, TMB_ADDRESS(tmb_ld_bss_end) - TMB_ADDRESS(tmb_ld_bss_start));
  tmb_counter_calibrate();
  paint_stack();
  tmb_port_exit(main());
}
