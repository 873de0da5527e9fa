# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The check of the memory plan at run time: sound models pass their self-tests with it; a kernel that writes beyond its output, and
plans whose buffers overlap, are found and named."""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

from commands import check, command
from image import WARNINGS

MAIN = """
#include <stdio.h>
int net_selftest(void);
int main(void) {
  printf("selftest %d\\n", net_selftest());
  return 0;
}
"""


def selftest(folder, work, *options):
    """What the self-test returns, built with the check and without."""
    (work / "main.c").write_text(MAIN)
    sources = [folder / "net.c", folder / "net_weights.c", folder / "net_selftest.c", *sorted((folder / "runtime" / "src").glob("*.c"))]
    results = []
    for checked in (["-DTMB_CHECK_PLAN"], []):
        command("cc", *WARNINGS, *options, *checked, "-DTMB_NO_MAIN", "-I", folder, "-I", folder / "runtime" / "include", work / "main.c",
                *sources, "-lm", "-o", work / "selftest")
        results.append(int(command(work / "selftest").split()[1]))
    return results


def compile_model(folder, *options):
    command("thimble", "compile", *options, "--name", "net", "-o", folder)


def plant_kernel(folder, kernel, arguments, names, damage):
    """The kernel, and then what it should not do."""
    file = folder / "runtime" / "src" / f"{kernel}.c"
    original = file.read_text()
    file.write_text(f"#define {kernel} planted_original\n{original}\n#undef {kernel}\nvoid {kernel}({arguments});\n"
                    f"void {kernel}({arguments}) {{\n  planted_original({names});\n  {damage}\n}}\n")


def check_planted_kernel(model, inputs, work):
    folder = work / "planted"
    compile_model(folder, model, "--quantize", "none", "--target", "cortex-m3")
    check(selftest(folder, work) == [0, 0], "the model is sound")
    plant_kernel(folder, "tmb_fully_connected_f32",
                 "const float *x, const float *w, const float *b, float *y, const tmb_fully_connected_f32_params *p", "x, w, b, y, p",
                 "((uint8_t *)(y + p->rows * p->cols))[0] ^= 0x55;")
    status = selftest(folder, work, "-Wno-missing-prototypes")[0]
    check(status <= -1000, f"the self-test finds the planted kernel, not {status}")
    call = -1000 - status
    text = (folder / "net.c").read_text()
    named = re.search(rf"CHECK_BEFORE\({call}\);\n  (\w+)\(", text).group(1)
    check(named == "tmb_fully_connected_f32", f"call {call} is {named}")
    for on in ("host", "emulator"):
        result = subprocess.run(["thimble", "verify", folder, "--inputs", inputs, "--samples", "2", "--check-plan", "--on", on, "-q"],
                                capture_output=True, text=True)
        check(result.returncode == 1 and f"call {call} of the model violated the memory plan" in result.stdout,
              f"verify --check-plan says so: {result.stdout}{result.stderr}")
    print("planted kernel: call", call)


def check_planted_plans(model, work):
    """Each buffer in turn moves over another one; the plan that comes out is wrong unless the two never live together."""
    scheduled = subprocess.run(["thimble", "compile", model, "--quantize", "none", "--name", "net", "--stop-after", "schedule", "-q"],
                               capture_output=True, text=True, check=True).stdout
    places = [(m.start(2), m.end(2), int(m.group(2))) for m in re.finditer(r'mcu\.buffer "([^"]*)"\s+\w+ \d+ at (\d+)', scheduled)]
    check(len(places) > 3, "the model has buffers")
    found = silent = 0
    for begin, end, place in places:
        for other in sorted({p for _, _, p in places} - {place}):
            moved = work / "moved.mlir"
            moved.write_text(scheduled[:begin] + str(other) + scheduled[end:])
            verified = subprocess.run(["thimble-opt", moved, "--pass-pipeline=builtin.module(mcu.program(thimble-verify-plan))"],
                                      capture_output=True, text=True)
            folder = work / "moved"
            emitted = subprocess.run(["thimble", "compile", moved, "--start-from", "emit", "--name", "net", "-o", folder, "-q"],
                                     capture_output=True, text=True)
            # Past the end of the arena, or not aligned; or within one call, where only the kernel's table knows what is allowed.
            if emitted.returncode != 0 or "does not allow there" in verified.stderr or "which overlap" in verified.stderr:
                continue
            status = selftest(folder, work)[0]
            if verified.returncode != 0:
                check(status <= -1000, f"a plan that verify-plan refuses ({verified.stderr}) ends with {status}")
                found += 1
            else:
                check(status == 0, f"a sound plan ends with {status}")
                silent += 1
    check(found >= 2, f"{found} wrong plans")
    print(f"wrong plans: {found} found; sound ones: {silent}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--plant", metavar="INPUTS", help="plant wrong kernels and plans; the model is small and has inputs like these")
    parser.add_argument("compile", nargs="*")
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:split])
    options.compile = sys.argv[split + 1:]
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        if options.plant:
            check_planted_kernel(options.model, options.plant, work)
            check_planted_plans(options.model, work)
            return
        compile_model(work / "out", options.model, *options.compile)
        results = selftest(work / "out", work)
        check(results == [0, 0], f"the self-test passes with and without the check: {results}")
        print("passed")


if __name__ == "__main__":
    main()
