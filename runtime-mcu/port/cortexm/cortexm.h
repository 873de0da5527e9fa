/* SPDX-License-Identifier: MIT */
/* What the files of this port share: core registers, the linker script's symbols, and each other's functions. */
#ifndef TMB_PORT_CORTEXM_H
#define TMB_PORT_CORTEXM_H

#include <stdint.h>

#define TMB_REG(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define TMB_CPUID TMB_REG(0xE000ED00u)
#define TMB_CCR TMB_REG(0xE000ED14u)   /* configuration: traps for unaligned accesses and divisions by zero */
#define TMB_SHCSR TMB_REG(0xE000ED24u) /* enables the individual faults; else all of them are HardFaults */
#define TMB_CFSR TMB_REG(0xE000ED28u)  /* which fault */
#define TMB_HFSR TMB_REG(0xE000ED2Cu)
#define TMB_MMFAR TMB_REG(0xE000ED34u) /* address of a MemManage fault */
#define TMB_BFAR TMB_REG(0xE000ED38u)  /* address of a BusFault */
#define TMB_FPCCR TMB_REG(0xE000EF34u)

/* Addresses that link.ld defines. They are not objects: only their addresses mean something. */
extern uint8_t tmb_ld_flash_start[], tmb_ld_flash_end[], tmb_ld_ram_start[], tmb_ld_ram_end[];
extern uint8_t tmb_ld_data_load[], tmb_ld_data_start[], tmb_ld_data_end[], tmb_ld_bss_start[], tmb_ld_bss_end[];
extern uint8_t tmb_ld_external_start[], tmb_ld_external_end[], tmb_ld_external_ram_start[], tmb_ld_external_ram_end[];
extern uint8_t tmb_ld_stack_limit[], tmb_ld_stack_top[];

#define TMB_ADDRESS(symbol) ((uint32_t)(uintptr_t)(symbol))

/* mpu.c: from here on, only flash (read, execute), external flash (read), both RAMs (read, write) and the counter exist. */
void tmb_mpu_enable(void);

/* fault.c: handles every exception, and never returns. */
void tmb_fault_handler(void);

/* counter.c: where the counter's registers lie, and how to measure its own overhead. */
uint32_t tmb_counter_base(void);
#define TMB_COUNTER_BYTES 0x4000u
void tmb_counter_calibrate(void);

#endif
