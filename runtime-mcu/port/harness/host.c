/* SPDX-License-Identifier: MIT */
/* The harness services on a host computer: files through <stdio.h>; instructions and stack are not measured. */
#include "tmb_port.h"

#include <stdio.h>
#include <stdlib.h>

#define FILES 8

static FILE *files[FILES];

static FILE *file_of(int file) { return file >= 0 && file < FILES ? files[file] : NULL; }

int tmb_port_open(const char *name, int write) {
  for (int i = 0; i < FILES; i++) {
    if (files[i] == NULL) {
      files[i] = fopen(name, write ? "wb" : "rb");
      return files[i] != NULL ? i : -1;
    }
  }
  return -1;
}

long tmb_port_read(int file, void *data, size_t n) {
  FILE *f = file_of(file);
  if (f == NULL)
    return -1;
  size_t got = fread(data, 1, n, f);
  return ferror(f) ? -1 : (long)got;
}

int tmb_port_write(int file, const void *data, size_t n) {
  FILE *f = file_of(file);
  return f != NULL && fwrite(data, 1, n, f) == n ? 0 : -1;
}

void tmb_port_close(int file) {
  FILE *f = file_of(file);
  if (f == NULL)
    return;
  files[file] = NULL;
  if (fclose(f) != 0) { /* the last buffered bytes did not reach the disk: the output must not pass for complete */
    perror("tmb_port_close");
    exit(EXIT_FAILURE);
  }
}

void tmb_port_print(const char *text) { fputs(text, stderr); }

void tmb_port_counter_start(void) {}

uint64_t tmb_port_counter_read(void) { return 0; }

uint32_t tmb_port_stack_used(void) { return 0; }

void tmb_port_exit(int code) { exit(code); }
