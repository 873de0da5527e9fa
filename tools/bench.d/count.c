/* SPDX-License-Identifier: MIT */
/* QEMU TCG plugin (API 1, QEMU 7.2): what one inference executes, kernel call by kernel call. Part of tools/bench only.

   Arguments: out=FILE, run=START:END, the addresses (hexadecimal) of the model's run function. FILE gets, in this order,
     run INSTRUCTIONS CYCLES                   the whole first inference
     class NAME INSTRUCTIONS                   the same by kind of instruction
     call CALLEE INSTRUCTIONS CYCLES           a call out of the run function, in order of execution; CALLEE is an address
     block START BYTES INSTRUCTIONS TIMES      a translated block that was executed during the inference

   Counting is by translated block, which makes it exact and cheap. Cycles are those of a Cortex-M4 without wait states, an estimate
   after its Technical Reference Manual (r0p1, 3.3.1 and 7.2.3): data processing and multiplications 1; loads 2, but 1 after another
   load that does not give the address; stores 1; double and multiple transfers 1 + registers; divisions 7 (2 to 12); a taken branch
   2 more; float 1, divisions and roots 14, multiply-accumulate 3. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The few declarations of qemu-plugin.h that are needed, so that no header of QEMU is. */
#define EXPORT __attribute__((visibility("default")))
typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CB_NO_REGS = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
EXPORT int qemu_plugin_version = 1;

enum { ALU, LOAD, STORE, MULTIPLE, MUL, DUAL_MAC, UNPACK, DIVIDE, BRANCH, FLOAT, MVE, CLASSES };
static const char *const classes[CLASSES] = {"alu",    "load",   "store",  "multiple", "mul", "dual_mac",
                                             "unpack", "divide", "branch", "float",    "mve"};

typedef struct block {
  uint64_t start, end, times;
  uint32_t instructions, cycles;
  uint16_t of_class[CLASSES];
  bool calls; /* ends with BL or BLX */
  struct block *next;
} block;

typedef struct {
  uint64_t callee, instructions, cycles;
} call;

static block *blocks;
static call *calls;
static size_t call_count, call_room;
static uint64_t run_start, run_end, instructions, cycles;
static uint64_t previous_end; /* 0: unknown */
static uint64_t return_address;
static enum { BEFORE, RUNNING, CALLING, CALLED, AFTER } state;
static FILE *out;

static void on_block(unsigned cpu, void *data) {
  block *b = data;
  (void)cpu;
  if (state == AFTER)
    return;
  if (state == BEFORE) {
    if (b->start != run_start)
      return;
    state = RUNNING;
  } else if (state == CALLING) {
    if (call_count == call_room) {
      call_room = 2 * call_room + 64;
      calls = realloc(calls, call_room * sizeof(call));
      if (calls == NULL)
        abort();
    }
    calls[call_count++] = (call){b->start, 0, 0};
    state = CALLED;
  } else if (state == CALLED && b->start == return_address) {
    state = RUNNING;
  }
  if (state == RUNNING && (b->start < run_start || b->start >= run_end)) {
    state = AFTER;
    return;
  }
  const uint32_t taken = b->cycles + (previous_end != 0 && previous_end != b->start ? 2u : 0u);
  previous_end = b->end;
  instructions += b->instructions;
  cycles += taken;
  ++b->times;
  if (state == CALLED) {
    calls[call_count - 1].instructions += b->instructions;
    calls[call_count - 1].cycles += taken;
  } else if (b->calls) {
    state = CALLING;
    return_address = b->end;
  }
}

typedef struct {
  int kind, cycles;
  bool loads;   /* one register: pipelines after another such load */
  int to, base; /* of that load */
} decoded;

static decoded transfer(bool loads, uint32_t to, uint32_t base) {
  return (decoded){loads ? LOAD : STORE, 1, loads, (int)to, (int)base};
}

static decoded simple(int kind, int cycles) { return (decoded){kind, cycles, false, -1, -1}; }
static decoded multiple(uint32_t registers) { return simple(MULTIPLE, 1 + __builtin_popcount(registers)); }

static decoded decode16(uint32_t h) {
  if ((h & 0xF800u) == 0x4800u)
    return transfer(true, h >> 8 & 7u, 15);
  if (h >> 12 == 5u)
    return transfer((h >> 9 & 7u) >= 3u, h & 7u, h >> 3 & 7u);
  if (h >> 13 == 3u || h >> 12 == 8u)
    return transfer((h >> 11 & 1u) != 0, h & 7u, h >> 3 & 7u);
  if (h >> 12 == 9u)
    return transfer((h >> 11 & 1u) != 0, h >> 8 & 7u, 13);
  if ((h & 0xF600u) == 0xB400u)
    return multiple(h & 0x1FFu);
  if (h >> 12 == 12u)
    return multiple(h & 0xFFu);
  if ((h >> 12 == 13u && (h >> 8 & 15u) < 14u) || h >> 11 == 0x1Cu || (h & 0xFF00u) == 0x4700u || (h & 0xF500u) == 0xB100u)
    return simple(BRANCH, 1);
  return simple((h & 0xFFC0u) == 0x4340u ? MUL : ALU, 1);
}

/* Coprocessor space: float (coprocessors 10 and 11) or MVE. */
static decoded decode_float(uint32_t h, uint32_t l) {
  const uint32_t coprocessor = l >> 8 & 15u;
  if ((coprocessor != 10u && coprocessor != 11u) || h >> 12 == 15u)
    return simple(MVE, 1);
  if ((h & 0xFE00u) == 0xEC00u && (h & 0xFFE0u) != 0xEC40u) {
    if ((h & 0x0120u) == 0x0100u)
      return transfer((h >> 4 & 1u) != 0, 99, h & 15u);
    return simple(MULTIPLE, 1 + (int)(l & 255u));
  }
  if ((h & 0xFFE0u) == 0xEC40u)
    return simple(FLOAT, 2);
  if ((h & 0xFFB0u) == 0xEE80u || ((h & 0xFFBFu) == 0xEEB1u && (l & 0x00C0u) == 0x00C0u))
    return simple(FLOAT, 14);
  return simple(FLOAT, (h & 0xFFB0u) == 0xEE00u || (h & 0xFFA0u) == 0xEEA0u ? 3 : 1);
}

static decoded decode32(uint32_t h, uint32_t l) {
  if ((h & 0xFE40u) == 0xE800u)
    return multiple(l & 0xFFFFu);
  if ((h & 0xFE40u) == 0xE840u)
    return (h & 0xFFF0u) == 0xE8D0u && (l & 0xFFE0u) == 0xF000u ? simple(BRANCH, 2) : simple(MULTIPLE, 3);
  if ((h & 0xFE00u) == 0xF800u)
    return transfer((h >> 4 & 1u) != 0, l >> 12 & 15u, h & 15u);
  if ((h & 0xFF80u) == 0xFB00u) /* SMLAD and SMUAD, SMLSD and SMUSD */
    return simple((h & 0x70u) == 0x20u || (h & 0x70u) == 0x40u ? DUAL_MAC : MUL, 1);
  if ((h & 0xFF80u) == 0xFB80u) {
    const uint32_t op = h >> 4 & 7u;
    if (op == 1u || op == 3u)
      return simple(DIVIDE, 7);
    return simple(op == 4u && (l & 0xC0u) == 0xC0u ? DUAL_MAC : MUL, 1);
  }
  if ((h & 0xFFE0u) == 0xFA20u && (l & 0xF080u) == 0xF080u)
    return simple(UNPACK, 1);
  if ((h & 0xF800u) == 0xF000u && (l & 0x8000u) != 0)
    return simple(BRANCH, 1);
  return (h & 0xEC00u) == 0xEC00u ? decode_float(h, l) : simple(ALU, 1);
}

static bool is_call(uint32_t h, uint32_t l, size_t bytes) {
  return bytes == 4 ? (h & 0xF800u) == 0xF000u && (l & 0xD000u) == 0xD000u : (h & 0xFF87u) == 0x4780u;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  const size_t count = qemu_plugin_tb_n_insns(tb);
  block *b = calloc(1, sizeof(block));
  decoded before = simple(ALU, 1);
  (void)id;
  if (b == NULL)
    abort();
  b->instructions = (uint32_t)count;
  for (size_t i = 0; i < count; ++i) {
    struct qemu_plugin_insn *at = qemu_plugin_tb_get_insn(tb, i);
    const uint8_t *data = qemu_plugin_insn_data(at);
    const size_t bytes = qemu_plugin_insn_size(at);
    const uint32_t h = data[0] | (uint32_t)data[1] << 8, l = bytes == 4 ? data[2] | (uint32_t)data[3] << 8 : 0u;
    const decoded d = bytes == 4 ? decode32(h, l) : decode16(h);
    const bool follows = before.loads && d.loads && before.to != d.base;
    b->cycles += (uint32_t)d.cycles + (d.loads && !follows ? 1u : 0u);
    ++b->of_class[d.kind];
    before = d;
    if (i == 0)
      b->start = qemu_plugin_insn_vaddr(at);
    b->end = qemu_plugin_insn_vaddr(at) + bytes;
    b->calls = is_call(h, l, bytes);
  }
  b->next = blocks;
  blocks = b;
  qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, CB_NO_REGS, b);
}

static void write_counts(qemu_plugin_id_t id, void *data) {
  uint64_t of_class[CLASSES] = {0};
  (void)id;
  (void)data;
  for (const block *b = blocks; b != NULL; b = b->next)
    for (int i = 0; i < CLASSES; ++i)
      of_class[i] += b->of_class[i] * b->times;
  fprintf(out, "run %" PRIu64 " %" PRIu64 "\n", instructions, cycles);
  for (int i = 0; i < CLASSES; ++i)
    fprintf(out, "class %s %" PRIu64 "\n", classes[i], of_class[i]);
  for (size_t i = 0; i < call_count; ++i)
    fprintf(out, "call %" PRIx64 " %" PRIu64 " %" PRIu64 "\n", calls[i].callee, calls[i].instructions, calls[i].cycles);
  for (const block *b = blocks; b != NULL; b = b->next)
    if (b->times > 0)
      fprintf(out, "block %" PRIx64 " %" PRIu64 " %" PRIu32 " %" PRIu64 "\n", b->start, b->end - b->start, b->instructions, b->times);
  fclose(out);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "out=", 4) == 0)
      out = fopen(argv[i] + 4, "w");
    else if (strncmp(argv[i], "run=", 4) == 0)
      sscanf(argv[i] + 4, "%" SCNx64 ":%" SCNx64, &run_start, &run_end);
  }
  if (out == NULL || run_end <= run_start)
    return -1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_atexit_cb(id, write_counts, NULL);
  return 0;
}
