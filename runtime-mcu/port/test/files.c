/* SPDX-License-Identifier: MIT */
/* Copies inputs.bin to outputs.bin with each byte changed; the exit code says which expectation failed. */
#include "../harness/tmb_port.h"

static uint8_t small[3], large[5000]; /* neither divides the file's length */
static char initialised[] = "data";   /* .data was copied from flash */

static int copy(int in, int out, uint8_t *buffer, size_t n) {
  long got = tmb_port_read(in, buffer, n);
  if (got < 0)
    return -1;
  for (long i = 0; i < got; i++)
    buffer[i] = (uint8_t)(buffer[i] ^ 0x5Au);
  return tmb_port_write(out, buffer, (size_t)got) == 0 ? (int)got : -1;
}

int main(void) {
  char byte;
  if (initialised[0] != 'd' || large[4999] != 0)
    return 1;
  if (tmb_port_open("there is no such file", 0) != -1)
    return 2;
  int in = tmb_port_open("inputs.bin", 0), out = tmb_port_open("outputs.bin", 1);
  if (in < 0 || out < 0)
    return 3;
  if (copy(in, out, small, sizeof small) != (int)sizeof small)
    return 4;
  int got;
  while ((got = copy(in, out, large, sizeof large)) > 0) {
  }
  if (got < 0)
    return 5;
  if (tmb_port_read(in, &byte, 1) != 0) /* still at the end */
    return 6;
  if (tmb_port_read(in, &byte, 0) != 0 || tmb_port_write(out, &byte, 0) != 0)
    return 7;
  if (tmb_port_write(77, &byte, 1) != -1)
    return 8;
  tmb_port_close(in);
  tmb_port_close(out);
  tmb_port_print("copied\n");
  initialised[0] = 42;
  return initialised[0];
}
