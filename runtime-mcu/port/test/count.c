/* SPDX-License-Identifier: MIT */
/* Measures code whose number of instructions is known. */
#include "../harness/tmb_port.h"

static int wrong;

static void print_number(uint64_t n) {
  char text[21];
  int i = 20;
  text[i] = 0;
  do {
    text[--i] = (char)('0' + n % 10u);
    n /= 10u;
  } while (n > 0);
  tmb_port_print(text + i);
}

static void expect(uint64_t instructions, uint64_t measured) {
  if (measured == instructions)
    return;
  print_number(instructions);
  tmb_port_print(" instructions measured as ");
  print_number(measured);
  tmb_port_print("\n");
  wrong++;
}

#define NOPS(n)                                                                                                                \
  do {                                                                                                                         \
    tmb_port_counter_start();                                                                                                  \
    __asm__ volatile(".rept " #n "\n\tnop\n\t.endr");                                                                          \
    expect(n, tmb_port_counter_read());                                                                                        \
  } while (0)

/* 3 n + 2 instructions. The count is set inside, so that the compiler adds nothing to the region. Armv6-M, any caller. */
#define LOOP(n)                                                                                                                \
  do {                                                                                                                         \
    tmb_port_counter_start();                                                                                                  \
    __asm__ volatile("ldr r0, 3f\n\tb 2f\n\t.align 2\n\t3: .word " #n "\n\t2: nop\n\t.inst.n 0x1e40\n\tbne 2b" ::: "r0", "cc"); \
    expect(3u * UINT64_C(n) + 2u, tmb_port_counter_read());                                                                    \
  } while (0)

int main(void) {
  NOPS(0);
  NOPS(1);
  NOPS(2);
  NOPS(3);
  NOPS(4);
  NOPS(5);
  NOPS(6);
  NOPS(7);
  NOPS(8);
  NOPS(16);
  NOPS(25);
  NOPS(100);
  NOPS(999);
  LOOP(1000);
  LOOP(3333333);
#if defined(TMB_TEST_LONG)
  LOOP(1000000000); /* wraps the 32-bit timer */
#endif
  return wrong;
}
