/* SPDX-License-Identifier: MIT */
/* Does the wrong thing whose name is in case.txt. Every case but the control ones must end with a report and code 99. */
#include "../cortexm/cortexm.h"
#include "../harness/tmb_port.h"

#include <string.h>

static volatile uint32_t sink;
static uint32_t code_in_ram[4] = {0x47704770u, 0x47704770u, 0x47704770u, 0x47704770u}; /* bx lr */
static volatile uint32_t zero;
static char name[32];

static int is(const char *text) { return strcmp(name, text) == 0; }

static void write_word(uint32_t address) { TMB_REG(address) = 1u; }

static void read_word(uint32_t address) { sink = TMB_REG(address); }

__attribute__((noinline)) static uint32_t descend(uint32_t depth) {
  volatile uint32_t frame[8];
  frame[depth % 8u] = depth;
  if (depth == UINT32_MAX)
    return frame[0];
  return descend(depth + 1u) + frame[depth % 8u];
}

static void call(uint32_t address) {
  __asm__ volatile("blx %0" : : "l"(address) : "r0", "r1", "r2", "r3", "r12", "lr", "memory");
}

static void set_stack_pointer(uint32_t address) { __asm__ volatile("mov sp, %0\n\tpush {r0}" : : "l"(address) : "memory"); }

int main(void) {
  int file = tmb_port_open("case.txt", 0);
  if (file < 0 || tmb_port_read(file, name, sizeof name - 1u) <= 0)
    return 1;
  tmb_port_close(file);
  uint32_t ram_end = TMB_ADDRESS(tmb_ld_ram_end), flash_end = TMB_ADDRESS(tmb_ld_flash_end);

  /* Allowed: */
  if (is("last_of_ram")) {
    TMB_REG(ram_end - 4u) = TMB_REG(ram_end - 4u);
    return 0;
  }
  if (is("last_of_flash")) {
    read_word(flash_end - 4u);
    return 0;
  }
  if (is("last_of_external_ram")) {
    uint32_t last = TMB_ADDRESS(tmb_ld_external_ram_end) - 4u;
    TMB_REG(last) = 0x12345678u;
    return TMB_REG(last) == 0x12345678u && TMB_REG(TMB_ADDRESS(tmb_ld_external_ram_start)) == 0u ? 0 : 3;
  }
  if (is("last_of_external")) {
    read_word(TMB_ADDRESS(tmb_ld_external_end) - 4u);
    return 0;
  }
  /* Not allowed: */
  if (is("past_ram_write"))
    write_word(ram_end);
  if (is("past_ram_read"))
    read_word(ram_end);
  if (is("past_ram_byte"))
    *(volatile uint8_t *)(uintptr_t)ram_end = 1u;
  if (is("below_ram"))
    write_word(TMB_ADDRESS(tmb_ld_ram_start) - 4u);
  if (is("past_flash"))
    read_word(flash_end);
  if (is("flash_write"))
    write_word(TMB_ADDRESS(tmb_ld_flash_start) + 0x80u);
  if (is("past_external"))
    read_word(TMB_ADDRESS(tmb_ld_external_end));
  if (is("past_external_ram"))
    write_word(TMB_ADDRESS(tmb_ld_external_ram_end));
  if (is("external_write"))
    write_word(TMB_ADDRESS(tmb_ld_external_start) + 0x80u);
  if (is("execute_external"))
    call(TMB_ADDRESS(tmb_ld_external_start) | 1u);
  if (is("null_write"))
    write_word(zero);
  if (is("peripheral"))
    read_word(0x48000000u);
  if (is("stack_overflow"))
    sink = descend(0);
  if (is("execute_ram"))
    call(TMB_ADDRESS(code_in_ram) | 1u);
  if (is("execute_nothing"))
    call(0x70000001u);
  if (is("not_thumb"))
    call(TMB_ADDRESS(tmb_ld_flash_start) + 0x80u);
  if (is("undefined"))
    __asm__ volatile("udf #0");
  if (is("supervisor_call"))
    __asm__ volatile("svc #0");
  if (is("division"))
    sink = 5u / zero;
  if (is("unaligned"))
    read_word(TMB_ADDRESS(code_in_ram) + 1u + zero); /* not known to the compiler, which would load the bytes */
  if (is("stack_nowhere"))
    set_stack_pointer(0x70000000u);
  if (is("stack_null"))
    set_stack_pointer(0);
  if (is("stack_in_flash"))
    set_stack_pointer(TMB_ADDRESS(tmb_ld_flash_start) + 0x100u);
  if (is("stack_past_ram"))
    set_stack_pointer(ram_end + 0x1000u);
  return 2;
}
