# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a model with and without states, and runs both over a sequence in one program, on this computer and emulated.

What the first computes must equal, bit for bit, what the second computes when it gets each state from its own output of the run
before. After a reset, and after a state was saved and restored, the same again. A state that was never reset is refused.
"""
import argparse
import json
import pathlib
import sys
import tempfile

from commands import check, command
from image import run_image

MAIN = """
#include <string.h>
#include "net.h"
#include "ref.h"
#include "tmb_port.h"

static uint8_t arena[NET_ARENA_BYTES] TMB_ALIGNED(16), ref_arena[REF_ARENA_BYTES] TMB_ALIGNED(16);
static uint8_t state[NET_STATE_BYTES] TMB_ALIGNED(16), saved[NET_STATE_BYTES];
static uint8_t @COPIES@unused[1];
static uint32_t seed = 1;

static void fill(void *to, int bytes, int type, int run) {
  int i;
  for (i = 0; i < bytes / (type == 0 ? 4 : type == 7 ? 8 : 1); ++i) {
    seed = seed * 1664525u + 1013904223u;
    if (type == 0)
      ((float *)to)[i] = (float)((int)(seed >> 16) - 32768) / 32768.0f;
    else if (type == 7)
      ((int64_t *)to)[i] = run; /* an index */
    else
      ((uint8_t *)to)[i] = (uint8_t)(seed >> 24);
  }
}

static int same(int runs) {
  int run;
  (void)unused;
  for (run = 0; run < runs; ++run) {
    memset(arena, run % 2 ? 0xA5 : 0x5A, sizeof(arena));
    memset(ref_arena, run % 2 ? 0x5A : 0xA5, sizeof(ref_arena));
@INPUTS@
    if (net_run(arena, state) != TMB_OK || ref_run(ref_arena) != TMB_OK)
      return 0;
@OUTPUTS@
  }
  return 1;
}

int main(void) {
  int ok;
  fill(net_input(arena, 0), NET_INPUT0_BYTES, 1, 0);
  if (net_run(arena, state) != TMB_ERROR_STATE || net_run(arena, NULL) != TMB_ERROR_ARGUMENT)
    return 2;
  memset(state, 0xC3, sizeof(state));
  if (net_reset(state) != TMB_OK)
    return 3;
  ok = same(5);
  memcpy(saved, state, sizeof(state));
  memset(state, 0x3C, sizeof(state));
  memcpy(state, saved, sizeof(state));
  ok = ok && same(2);
  ok = ok && net_reset(state) == TMB_OK;
@ZEROS@
  ok = ok && same(3);
  tmb_port_print(ok ? "equal\\n" : "different\\n");
  return ok ? 0 : 1;
}
"""


def port_lines(net, ref, states):
    names = {kind: [port["name"] for port in ref[kind]] for kind in ("inputs", "outputs")}
    copies, inputs, outputs, zeros = "", "", "", ""
    for k, (output, source) in enumerate(states):
        i, o = names["inputs"].index(source), names["outputs"].index(output)
        copies += f"state{k}[REF_INPUT{i}_BYTES], "
        inputs += f"    memcpy(ref_input(ref_arena, {i}), state{k}, REF_INPUT{i}_BYTES);\n"
        outputs += f"    memcpy(state{k}, ref_output(ref_arena, {o}), REF_OUTPUT{o}_BYTES);\n"
        zeros += f"  memset(state{k}, 0, sizeof(state{k}));\n"
    for n, port in enumerate(net["inputs"]):
        i = names["inputs"].index(port["name"])
        inputs += (f"    fill(net_input(arena, {n}), NET_INPUT{n}_BYTES, NET_INPUT{n}_TYPE == TMB_F32 ? 0 : NET_INPUT{n}_TYPE == TMB_S64 "
                   f"? 7 : 1, run);\n    memcpy(ref_input(ref_arena, {i}), net_input(arena, {n}), NET_INPUT{n}_BYTES);\n")
    compared = ""
    for n, port in enumerate(net["outputs"]):
        o = names["outputs"].index(port["name"])
        compared += (f"    if (memcmp(net_output(arena, {n}), ref_output(ref_arena, {o}), NET_OUTPUT{n}_BYTES) != 0)\n"
                     f"      return 0;\n")
    return copies, inputs, compared + outputs, zeros


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--state", action="append", required=True, metavar="OUTPUT=INPUT")
    parser.add_argument("--target", default="cortex-m4")
    parser.add_argument("--copied", nargs="*", default=[], help="states that cannot be updated in place")
    parser.add_argument("--state-bytes", type=int)
    parser.add_argument("--flash", type=int, help="bytes, where both models need more than the target has")
    # Options of thimble compile follow after "--".
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:split])
    options.compile = sys.argv[split + 1:]
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        common = ["thimble", "compile", options.model, "--quantize", "none", "--target", options.target, *options.compile]
        command(*common, "--name", "ref", "-o", work / "ref")
        command(*common, "--name", "net", "-o", work / "net", *[word for state in options.state for word in ("--state", state)])
        net, ref = (json.loads((work / name / "report.json").read_text()) for name in ("net", "ref"))
        check(sorted(s["name"] for s in net["states"] if not s["in_place"]) == sorted(options.copied), f"copied states: {net['states']}")
        if options.state_bytes:
            check(net["ram"]["state"] == options.state_bytes, f"state of {net['ram']['state']} bytes")
        check(net["ram"]["peak"] == net["ram"]["arena"] + net["ram"]["state"], "the peak is arena and state")
        states = [state.split("=") for state in options.state]
        copies, inputs, outputs, zeros = port_lines(net, ref, states)
        text = MAIN.replace("@COPIES@", copies).replace("@INPUTS@", inputs).replace("@OUTPUTS@", outputs).replace("@ZEROS@", zeros)
        (work / "main.c").write_text(text)
        for target in (None, options.target):
            print(target or "host", run_image(work / "main.c", [work / "net", work / "ref"], work, target, flash=options.flash).strip())
        print(f"RAM {ref['ram']['peak']} -> {net['ram']['peak']} (arena {net['ram']['arena']}, state {net['ram']['state']})")


if __name__ == "__main__":
    main()
