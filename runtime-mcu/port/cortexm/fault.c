/* SPDX-License-Identifier: MIT */
/* Any exception ends the run: says in one line what happened and where, and exits with TMB_PORT_EXIT_FAULT. */
#include "../harness/tmb_port.h"
#include "cortexm.h"

/* Bits of CFSR */
#define IACCVIOL (1u << 0)
#define MSTKERR (1u << 4)
#define MMARVALID (1u << 7)
#define IBUSERR (1u << 8)
#define STKERR (1u << 12)
#define BFARVALID (1u << 15)
#define UNDEFINSTR (1u << 16)
#define INVSTATE (1u << 17)
#define NOCP (1u << 19)
#define STKOF (1u << 20)
#define UNALIGNED (1u << 24)
#define DIVBYZERO (1u << 25)

void tmb_fault_report(const uint32_t *frame, uint32_t exception);

/* The stack pointer may be anything here. It is kept where it has room for the report, because the saved registers lie
   at it; else the report takes the top of the stack, which nobody needs any more. Only Armv6-M instructions. */
__attribute__((naked, used)) void tmb_fault_handler(void) {
  __asm__ volatile("mov r0, sp\n"
                   "mrs r1, ipsr\n"
                   "ldr r2, =tmb_ld_stack_limit + 256\n"
                   "ldr r3, =tmb_ld_stack_top\n"
                   "cmp r0, r2\n"
                   "blo 1f\n"
                   "cmp r0, r3\n"
                   "bls 2f\n"
                   "1: mov sp, r3\n"
                   "2: bl tmb_fault_report\n");
}

static void print_hex(const char *name, uint32_t value) {
  char text[11] = "0x";
  for (int i = 0; i < 8; i++)
    text[2 + i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15u];
  text[10] = 0;
  tmb_port_print(name);
  tmb_port_print(text);
}

static const char *name_of(uint32_t exception) {
  static const char *const names[8] = {0, 0, "NMI", "HardFault", "MemManage", "BusFault", "UsageFault", "SecureFault"};
  return exception < 8u && names[exception] ? names[exception] : "unexpected interrupt";
}

static int within(uint32_t address, const uint8_t *start, const uint8_t *end) {
  return address >= TMB_ADDRESS(start) && address < TMB_ADDRESS(end);
}

static const char *cause_of_access(uint32_t address) {
  if (within(address, tmb_ld_bss_end, tmb_ld_stack_limit))
    return "stack overflow";
  if (within(address, tmb_ld_flash_start, tmb_ld_flash_end))
    return "write to flash";
  if (within(address, tmb_ld_external_start, tmb_ld_external_end))
    return "write to external flash";
  if (TMB_ADDRESS(tmb_ld_external_end) != TMB_ADDRESS(tmb_ld_external_start) &&
      within(address, tmb_ld_external_end, tmb_ld_external_end + 0x10000))
    return "access past the end of external flash";
  if (TMB_ADDRESS(tmb_ld_external_ram_end) != TMB_ADDRESS(tmb_ld_external_ram_start) &&
      within(address, tmb_ld_external_ram_end, tmb_ld_external_ram_end + 0x10000))
    return "access past the end of external RAM";
  if (within(address, tmb_ld_ram_end, tmb_ld_ram_end + 0x10000))
    return "access past the end of RAM";
  return "access outside flash and RAM";
}

static const char *cause_of(uint32_t cfsr, uint32_t address) {
  if (cfsr & STKOF)
    return "stack overflow";
  if (cfsr & (MMARVALID | BFARVALID))
    return cause_of_access(address);
  if (cfsr & (MSTKERR | STKERR))
    return "stack overflow or invalid stack pointer";
  if (cfsr & (IACCVIOL | IBUSERR))
    return "execution outside flash";
  if (cfsr & UNDEFINSTR)
    return "undefined instruction";
  if (cfsr & INVSTATE)
    return "call of an address that is not Thumb code";
  if (cfsr & NOCP)
    return "instruction of a coprocessor that is absent or off";
  if (cfsr & UNALIGNED)
    return "unaligned access";
  if (cfsr & DIVBYZERO)
    return "division by zero";
  return "unknown cause";
}

__attribute__((used)) void tmb_fault_report(const uint32_t *frame, uint32_t exception) {
  /* Without room for them the core has saved no registers; after a stack limit fault it then leaves SP at the limit. */
  uint32_t cfsr = TMB_CFSR, sp = TMB_ADDRESS(frame), pc = 0, lr = 0;
  int saved = (cfsr & (MSTKERR | STKERR)) == 0 && within(sp, tmb_ld_stack_limit, tmb_ld_stack_top) &&
              !((cfsr & STKOF) && sp == TMB_ADDRESS(tmb_ld_stack_limit));
  if (saved) {
    lr = frame[5];
    pc = frame[6];
  }
  uint32_t address = cfsr & MMARVALID ? TMB_MMFAR : TMB_BFAR;
  tmb_port_print("FAULT ");
  tmb_port_print(name_of(exception));
  tmb_port_print(": ");
  tmb_port_print(cause_of(cfsr, address));
  tmb_port_print(";");
  if (cfsr & (MMARVALID | BFARVALID))
    print_hex(" address=", address);
  if (saved) {
    print_hex(" pc=", pc);
    print_hex(" lr=", lr);
  } else {
    tmb_port_print(" pc=unknown");
  }
  print_hex(" sp=", sp);
  print_hex(" cfsr=", cfsr);
  print_hex(" hfsr=", TMB_HFSR);
  tmb_port_print("\n");
  tmb_port_exit(TMB_PORT_EXIT_FAULT);
}
