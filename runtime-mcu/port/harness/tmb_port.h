/* SPDX-License-Identifier: MIT */
/* The few services that a verification harness needs from its platform: files, text, an instruction counter, exit. */
#ifndef TMB_PORT_H
#define TMB_PORT_H

#include <stddef.h>
#include <stdint.h>

/* A harness is a main() which uses only this header and the compiled model, so that the same file runs on the host
   and on an emulated microcontroller. It typically does, for each sample in "inputs.bin":

     tmb_port_read(in, kws_input(arena, 0), KWS_INPUT0_BYTES);
     tmb_port_counter_start();
     status = kws_run(arena);
     instructions = tmb_port_counter_read();
     tmb_port_write(out, kws_output(arena, 0), KWS_OUTPUT0_BYTES);

   File names are relative to the working directory of the program or, on a target, of its emulator. */

/* Exit code of a run that was stopped by a processor fault or an overflowed stack. The text says which. */
#define TMB_PORT_EXIT_FAULT 99

/* Opens a binary file for reading, or creates it when `write` is not 0. Returns a handle, or -1. */
int tmb_port_open(const char *name, int write);

/* Reads up to n bytes. Returns how many were read: fewer than n at the end of the file, -1 on an error
   (which emulators may report as the end of the file, so compare the sum with what was expected). */
long tmb_port_read(int file, void *data, size_t n);

/* Writes n bytes. Returns 0, or -1 when not all could be written. */
int tmb_port_write(int file, const void *data, size_t n);

void tmb_port_close(int file);

/* Prints text for the user (standard error on every platform). No line end is added. */
void tmb_port_print(const char *text);

/* Starts counting executed instructions from 0. There is one counter: regions do not nest. */
void tmb_port_counter_start(void);

/* Instructions executed since the last start, without those of the measurement itself. 0: the platform cannot count. */
uint64_t tmb_port_counter_read(void);

/* High-water mark of the stack in bytes since the program began, main() included. 0: unknown. */
uint32_t tmb_port_stack_used(void);

/* Ends the program. Does not return. Returning from main() does the same. */
void tmb_port_exit(int code);

#endif
