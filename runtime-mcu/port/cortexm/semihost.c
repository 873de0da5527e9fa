/* SPDX-License-Identifier: MIT */
/* Files, text and exit through Arm semihosting: the emulator does the work when it meets the instruction BKPT 0xAB. */
#include "../harness/tmb_port.h"
#include "cortexm.h"

#include <string.h>

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
#define MODE_RB 1u
#define MODE_WB 5u
#define STOPPED_APPLICATION_EXIT 0x20026u

static int32_t semihost(int32_t operation, const void *arguments) {
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

int tmb_port_open(const char *name, int write) {
  const uint32_t arguments[3] = {TMB_ADDRESS(name), write ? MODE_WB : MODE_RB, strlen(name)};
  return (int)semihost(SYS_OPEN, arguments);
}

long tmb_port_read(int file, void *data, size_t n) {
  const uint32_t arguments[3] = {(uint32_t)file, TMB_ADDRESS(data), n};
  int32_t missing = semihost(SYS_READ, arguments); /* QEMU: n at the end of the file and on errors */
  return missing < 0 || (uint32_t)missing > n ? -1 : (long)n - (long)missing;
}

int tmb_port_write(int file, const void *data, size_t n) {
  const uint32_t arguments[3] = {(uint32_t)file, TMB_ADDRESS(data), n};
  return semihost(SYS_WRITE, arguments) == 0 ? 0 : -1;
}

void tmb_port_close(int file) {
  const uint32_t arguments[1] = {(uint32_t)file};
  (void)semihost(SYS_CLOSE, arguments);
}

void tmb_port_print(const char *text) { (void)semihost(SYS_WRITE0, text); }

void tmb_port_exit(int code) {
  /* Nothing guards a stack that begins right above the data (see mpu.c), but then its last word was overwritten. */
  if (code != TMB_PORT_EXIT_FAULT && tmb_port_stack_used() >= TMB_ADDRESS(tmb_ld_stack_top) - TMB_ADDRESS(tmb_ld_stack_limit)) {
    tmb_port_print("FAULT stack: no byte of it was left unused, it has probably overflowed\n");
    code = TMB_PORT_EXIT_FAULT;
  }
  const uint32_t arguments[2] = {STOPPED_APPLICATION_EXIT, (uint32_t)code};
  for (;;)
    (void)semihost(SYS_EXIT_EXTENDED, arguments);
}
