/* SPDX-License-Identifier: MIT */
/* Makes the emulated board as small as the real chip: outside its flash and RAM, and below its stack, all accesses fault. */
#include "cortexm.h"

/* The emulated boards have megabytes, so without this a model that writes past its 64 KB would pass. The MPU is given
   regions for what may be used and no background region. RAM is not executable, flash is not writable.
   A write through a null pointer hits flash on most boards and faults too. */

#define MPU_CTRL TMB_REG(0xE000ED94u)
#define MPU_RNR TMB_REG(0xE000ED98u)
#define MPU_RBAR TMB_REG(0xE000ED9Cu)

#if __ARM_ARCH >= 8

/* Armv8-M: a region has a first and a last address, exact to 32 bytes. The stack limit register guards the stack. */
#define MPU_RLAR TMB_REG(0xE000EDA0u)
#define MPU_MAIR0 TMB_REG(0xE000EDC0u)
#define NORMAL_MEMORY 0u /* index in MAIR */
#define DEVICE_MEMORY 1u
#define READ_WRITE (1u << 1)
#define READ_ONLY (3u << 1)
#define NO_EXECUTE 1u

static void region(uint32_t number, uint32_t start, uint32_t end, uint32_t access, uint32_t memory) {
  MPU_RNR = number;
  MPU_RBAR = (start & ~31u) | access;
  MPU_RLAR = ((end - 1u) & ~31u) | memory << 1 | 1u;
}

void tmb_mpu_enable(void) {
  MPU_MAIR0 = 0x04FFu; /* 0: normal, write-back; 1: device */
  region(0, TMB_ADDRESS(tmb_ld_flash_start), TMB_ADDRESS(tmb_ld_flash_end), READ_ONLY, NORMAL_MEMORY);
  region(1, TMB_ADDRESS(tmb_ld_ram_start), TMB_ADDRESS(tmb_ld_ram_end), READ_WRITE | NO_EXECUTE, NORMAL_MEMORY);
  region(2, tmb_counter_base(), tmb_counter_base() + TMB_COUNTER_BYTES, READ_WRITE | NO_EXECUTE, DEVICE_MEMORY);
  if (TMB_ADDRESS(tmb_ld_external_end) != TMB_ADDRESS(tmb_ld_external_start))
    region(3, TMB_ADDRESS(tmb_ld_external_start), TMB_ADDRESS(tmb_ld_external_end), READ_ONLY | NO_EXECUTE, NORMAL_MEMORY);
  if (TMB_ADDRESS(tmb_ld_external_ram_end) != TMB_ADDRESS(tmb_ld_external_ram_start))
    region(4, TMB_ADDRESS(tmb_ld_external_ram_start), TMB_ADDRESS(tmb_ld_external_ram_end), READ_WRITE | NO_EXECUTE, NORMAL_MEMORY);
  MPU_CTRL = 1;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
}

#else

/* Armv7-M (and Armv6-M code, which is emulated on an Armv7-M core): a region is a power of two, aligned to its size, of
   which each eighth can be left out. What eighths cannot express is refined by a further region. Four regions for RAM
   make its end exact to 1/4096 of the next power of two or 32 bytes, whichever is more: 128 bytes for 320 KB.
   Where regions overlap, the one with the higher number wins. Cores have 8 regions; external memories are there with 16 only. */
#define MPU_TYPE TMB_REG(0xE000ED90u)
#define MPU_RASR TMB_REG(0xE000EDA0u)
#define NO_ACCESS (1u << 28)
#define READ_WRITE (1u << 28 | 3u << 24 | 1u << 17 | 1u << 16) /* not executable, normal memory */
#define READ_ONLY (6u << 24 | 1u << 17)
#define NO_EXECUTE (1u << 28)
#define DEVICE (1u << 28 | 3u << 24 | 1u << 16)
enum { FLASH_REGION = 0, FLASH_REGIONS = 2, COUNTER_REGION = 2, RAM_REGION = 3, RAM_REGIONS = 4, GUARD_REGION = 7 };
enum { EXTERNAL_REGION = 8, EXTERNAL_REGIONS = 4, EXTERNAL_RAM_REGION = 12, ALL_REGIONS = 16 };

static uint32_t log2_ceil(uint32_t n) {
  uint32_t log2 = 0;
  while (log2 < 31u && 1u << log2 < n)
    log2++;
  return log2;
}

static void region(uint32_t number, uint32_t base, uint32_t log2, uint32_t omitted_eighths, uint32_t attributes) {
  MPU_RNR = number;
  MPU_RBAR = base;
  MPU_RASR = attributes | omitted_eighths << 8 | (log2 - 1u) << 1 | 1u;
}

static void cover(uint32_t number, uint32_t count, uint32_t base, uint32_t bytes, uint32_t attributes) {
  for (; count > 0 && bytes > 0; number++, count--) {
    uint32_t log2 = log2_ceil(bytes < 256u ? 256u : bytes); /* smaller regions have no eighths */
    uint32_t eighth = 1u << (log2 - 3u);
    uint32_t n = bytes / eighth;
    if (n * eighth < bytes && (count == 1 || eighth == 32u))
      n++; /* nothing finer: a little more than asked, never less */
    region(number, base, log2, (0xFFu << n) & 0xFFu, attributes);
    base += n * eighth;
    bytes -= n * eighth < bytes ? n * eighth : bytes;
  }
}

/* Makes unused bytes below the stack inaccessible, as many as one region can (the more, the better it catches a function
   that skips over it with a large frame). With less than 32 bytes between data and stack there is no guard.
   QEMU's semihosting checks only the first byte of each 1 KB page, so a guard must not be the beginning of a page whose
   rest is in use: it consists of whole pages or else begins inside of one. */
static void guard_stack(void) {
  uint32_t used = TMB_ADDRESS(tmb_ld_bss_end);
  uint32_t end = TMB_ADDRESS(tmb_ld_stack_limit) & ~1023u;
  uint32_t log2 = 10;
  if (end < used + 1024u) {
    end = TMB_ADDRESS(tmb_ld_stack_limit) & ~31u;
    log2 = 5;
  }
  if (end < used + (1u << log2))
    return;
  while (end % (2u << log2) == 0 && end - used >= 2u << log2)
    log2++;
  if (log2 < 10u && (end - (1u << log2)) % 1024u == 0 && --log2 < 5u)
    return;
  region(GUARD_REGION, end - (1u << log2), log2, 0, NO_ACCESS);
}

void tmb_mpu_enable(void) {
  uint32_t flash = TMB_ADDRESS(tmb_ld_flash_start), ram = TMB_ADDRESS(tmb_ld_ram_start);
  cover(FLASH_REGION, FLASH_REGIONS, flash, TMB_ADDRESS(tmb_ld_flash_end) - flash, READ_ONLY);
  cover(COUNTER_REGION, 1, tmb_counter_base(), TMB_COUNTER_BYTES, DEVICE);
  cover(RAM_REGION, RAM_REGIONS, ram, TMB_ADDRESS(tmb_ld_ram_end) - ram, READ_WRITE);
  guard_stack();
  if ((MPU_TYPE >> 8 & 0xFFu) >= ALL_REGIONS) {
    cover(EXTERNAL_REGION, EXTERNAL_REGIONS, TMB_ADDRESS(tmb_ld_external_start),
          TMB_ADDRESS(tmb_ld_external_end) - TMB_ADDRESS(tmb_ld_external_start), READ_ONLY | NO_EXECUTE);
    cover(EXTERNAL_RAM_REGION, EXTERNAL_REGIONS, TMB_ADDRESS(tmb_ld_external_ram_start),
          TMB_ADDRESS(tmb_ld_external_ram_end) - TMB_ADDRESS(tmb_ld_external_ram_start), READ_WRITE);
  }
  MPU_CTRL = 1;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
}

#endif
