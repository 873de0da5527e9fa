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

/* The compiler may move one or two instructions of its own into the region, such as the load of a constant. */
static void expect(uint64_t instructions, uint64_t measured) {
  if (measured - instructions <= 2u)
    return;
  print_number(instructions);
  tmb_port_print(" instructions measured as ");
  print_number(measured);
  tmb_port_print("\n");
  wrong++;
}

/* Functions of their own, because a compiler does not know how long the assembler code is and branches across it. */
#define NOPS(n)                                                                                                                \
  __attribute__((noinline)) static void nops_##n(void) {                                                                       \
    tmb_port_counter_start();                                                                                                  \
    __asm__ volatile(".rept " #n "\n\tnop\n\t.endr");                                                                          \
    expect(n, tmb_port_counter_read());                                                                                        \
  }
/* clang-format off */
NOPS(0) NOPS(1) NOPS(2) NOPS(3) NOPS(4) NOPS(5) NOPS(6) NOPS(7) NOPS(8) NOPS(16) NOPS(25) NOPS(100) NOPS(399)
/* clang-format on */

/* 4 n + 4 instructions, with those that set the count. n = a << b, a < 256. Only Armv6-M instructions. */
#define LOOP(a, b)                                                                                                             \
  __attribute__((noinline)) static void loop_##a##_##b(void) {                                                                 \
    tmb_port_counter_start();                                                                                                  \
    __asm__ volatile(".syntax unified\n\tmovs r0, #" #a "\n\tlsls r0, r0, #" #b "\n\tnop\n\tnop\n"                             \
                     "1:\tnop\n\tsubs r0, #1\n\tcmp r0, #0\n\tbne 1b" ::                                                       \
                         : "r0", "cc");                                                                                        \
    expect(((uint64_t)a << b) * 4u + 4u, tmb_port_counter_read());                                                             \
  }
    /* clang-format off */
LOOP(250, 2) LOOP(200, 14) LOOP(200, 22)
    /* clang-format on */

    int main(void) {
  nops_0();
  nops_1();
  nops_2();
  nops_3();
  nops_4();
  nops_5();
  nops_6();
  nops_7();
  nops_8();
  nops_16();
  nops_25();
  nops_100();
  nops_399();
  loop_250_2();
  loop_200_14();
#if defined(TMB_TEST_LONG)
  loop_200_22(); /* 3.4 G: wraps the 32-bit timer */
#else
  (void)loop_200_22;
#endif
  return wrong;
}
