# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Two models in one program, with states and weights of their own and one arena: on this computer, emulated, and built as CMake and
make build it from both folders."""
import argparse
import pathlib
import tempfile

from commands import check, command
from image import run_image

MAIN = """
#include <string.h>
#include "one.h"
#include "two.h"
#include "tmb_port.h"

/* They never run at the same time. */
static uint8_t arena[TMB_ARENA_MAX(ONE_ARENA_BYTES, TWO_ARENA_BYTES)] TMB_ALIGNED(16);
static uint8_t own_one[ONE_ARENA_BYTES] TMB_ALIGNED(16), own_two[TWO_ARENA_BYTES] TMB_ALIGNED(16);
static uint8_t state[ONE_STATE_BYTES] TMB_ALIGNED(16), other[ONE_STATE_BYTES] TMB_ALIGNED(16);

static void fill(void *to, int bytes, uint32_t seed) {
  int i;
  for (i = 0; i < bytes / 4; ++i) {
    seed = seed * 1664525u + 1013904223u;
    ((float *)to)[i] = (float)((int)(seed >> 16) - 32768) / 32768.0f;
  }
}

int main(void) {
  uint32_t run;
  if (one_reset(state) != TMB_OK || one_reset(other) != TMB_OK)
    return 1;
  for (run = 0; run < 4; ++run) {
    fill(one_input(own_one, 0), ONE_INPUT0_BYTES, run);
    fill(two_input(own_two, 0), TWO_INPUT0_BYTES, run + 7);
    if (one_run(own_one, other) != TMB_OK || two_run(own_two) != TMB_OK)
      return 2;
    fill(one_input(arena, 0), ONE_INPUT0_BYTES, run);
    if (one_run(arena, state) != TMB_OK)
      return 3;
    if (memcmp(one_output(arena, 0), one_output(own_one, 0), ONE_OUTPUT0_BYTES) != 0)
      return 4;
    fill(two_input(arena, 0), TWO_INPUT0_BYTES, run + 7);
    if (two_run(arena) != TMB_OK)
      return 5;
    if (memcmp(two_output(arena, 0), two_output(own_two, 0), TWO_OUTPUT0_BYTES) != 0)
      return 6;
  }
  tmb_port_print("right\\n");
  return 0;
}
"""

CMAKE = """cmake_minimum_required(VERSION 3.13)
project(both C)
add_subdirectory(one)
add_subdirectory(two)
add_executable(both main.c one/verify/host.c)
target_include_directories(both PRIVATE one/verify)
target_link_libraries(both PRIVATE one two)
"""

MAKE = """include one/one.mk
include two/two.mk
both: main.c one/verify/host.c $(ONE_SRCS) $(TWO_SRCS) $(TMB_SRCS)
\t$(CC) $(TMB_CFLAGS) $(TMB_INCS) -Ione/verify $^ $(TMB_LIBS) -o $@
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("one")
    parser.add_argument("state")
    parser.add_argument("two")
    parser.add_argument("--target", default="cortex-m4")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        common = ["--quantize", "none", "--target", options.target]
        command("thimble", "compile", options.one, "--name", "one", "--state", options.state, *common, "-o", work / "one")
        command("thimble", "compile", options.two, "--name", "two", *common, "-o", work / "two")
        shared = [{file.name for file in (work / name / "runtime" / "src").glob("*.c")} for name in ("one", "two")]
        check(shared[0] & shared[1], "both models use a kernel")
        (work / "main.c").write_text(MAIN)
        for target in (None, options.target):
            check("right" in run_image(work / "main.c", [work / "one", work / "two"], work, target), f"right on {target}")
        for flags in (["-DTMB_CHECK_PLAN"],):
            run_image(work / "main.c", [work / "one", work / "two"], work, None, options=flags)
        (work / "CMakeLists.txt").write_text(CMAKE)
        command("cmake", "-S", work, "-B", work / "build")
        command("cmake", "--build", work / "build", "--target", "both")
        check("right" in command(work / "build" / "both"), "right as CMake builds it")
        (work / "Makefile").write_text(MAKE)
        command("make", "both", cwd=work)
        check("right" in command(work / "both"), "right as make builds it")
        print("right")


if __name__ == "__main__":
    main()
