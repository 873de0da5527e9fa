# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a model with its constants in different memories, and verifies each on an emulated target that has just those."""
import argparse
import json
import pathlib
import subprocess
import tempfile

from commands import check, thimble


# A memory that is not mapped: constants are there only as the function of the user gives them.
OWN_READ = '''
#include <string.h>
#include "net.h"
#include "thimble/tmb_kernels.h"
static long long bytes_read;
void tmb_external_read(void *to, const void *from, int32_t bytes) {
  memcpy(to, from, (size_t)bytes);
  bytes_read += bytes;
}
int main(void) { return net_selftest() != 0 || bytes_read < NET_EXTERNAL_FLASH_BYTES; }
'''


def check_own_read(out):
    (out / "own.c").write_text(OWN_READ)
    sources = [out / name for name in ("own.c", "net.c", "net_weights.c", "net_selftest.c")] + sorted((out / "runtime/src").glob("*.c"))
    # For the instruction set of the target; the host has portable twins of the kernels.
    kernels = pathlib.Path(__file__).resolve().parents[2] / "runtime-mcu/src/kernels"
    sources = [kernels / s.name if (kernels / s.name).exists() else s for s in sources]
    subprocess.run(["cc", "-std=c99", "-DTMB_NO_MAIN", "-ffp-contract=off", f"-I{out}", f"-I{out / 'runtime/include'}", *sources, "-lm",
                    "-o", out / "own"], check=True)
    check(subprocess.run([out / "own"]).returncode == 0, "the user's function brings the constants")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--inputs", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def build(name, target, *more, verify=()):
            out = folder / name
            thimble("compile", options.model, "--name", "net", "-q", "--target", target, "--calibration", options.inputs, *more, "-o", out)
            report = json.loads((out / "report.json").read_text())
            result = json.loads(thimble("verify", out, "--inputs", options.inputs, "--samples", 2, "--format", "json", *verify))
            check(result["passed"] and result["host_equals_target"] is True, f"{name}: no output differs")
            return report, result

        plain, measured = build("plain", "stm32f746")
        constants = plain["flash"]["weights"] + plain["flash"]["tables"]

        report, result = build("external", "stm32f746", "--weights-in", "external", verify=("--flash", "64K", "--external-flash", "64K"))
        outside = report["external_flash"]["total"]
        check(outside > 40000 and report["flash"]["weights"] == 0, "all weights are outside")
        check(report["flash"]["tables"] + outside == constants, "no constant is lost")
        check(report["external_flash"]["budget"] is None, "a chip does not know how much its board has")
        check(outside <= result["external_flash_bytes"] <= outside + 32 * len(report["layers"]) * 2, "what lies outside is measured")
        check(result["flash_bytes"] <= measured["flash_bytes"] - outside, "flash shrinks by that")
        check(all(layer["weights_in"] in ([], ["external"]) for layer in report["layers"]), "every layer says so")

        report, result = build("auto", "stm32f746-disco", "--flash", "32K", "--weights-in", "auto", verify=("--flash", "48K"))
        check(report["flash"]["total"] <= 32768 and report["fits"], "the budget is met")
        check(0 < report["external_flash"]["total"] < outside, "no more moves than has to")
        check(report["external_flash"]["budget"] == 16 << 20, "the board's flash is known")
        check(any("those that are read least" in note for note in report["notes"]), "the report says what moved")

        report, result = build("copied", "stm32f746", "--weights-in", "external-copied", verify=("--flash", "64K"))
        check(report["external_flash"]["total"] == outside, "constants that are fetched are outside as well")
        check(any(layer["op"] == "fetch" for layer in report["layers"]), "they are fetched")
        whole = report["ram"]["arena"]
        report, result = build("blocks", "stm32f746", "--weights-in", "external-copied", "--ram", str(whole - 2048))
        check(report["fits"] and any(layer["op"] == "stream" for layer in report["layers"]), "blocks fit where whole layers do not")
        check(result["ram_bytes"] <= whole - 2048 + result["stack_bytes"], "as measured")
        check_own_read(folder / "blocks")

        first = next(layer for layer in plain["layers"] if layer["weight_bytes"] > 0)
        report, result = build("ram", "stm32f746", "--weights-in", first["name"] + "=ram")
        check(report["ram"]["constants"] == first["weight_bytes"], "the layer's constants take RAM")
        check(report["ram"]["peak"] == plain["ram"]["peak"] + first["weight_bytes"], "beside the arena")
        check(report["flash"]["total"] == plain["flash"]["total"], "and flash as before")
        check(result["ram_bytes"] >= measured["ram_bytes"] + first["weight_bytes"], "as measured")

        report, result = build("layers", "stm32f746-disco", "--weights-in", "external", "--weights-in", "*depthwise*=flash")
        places = {layer["op"]: set() for layer in report["layers"]}
        for layer in report["layers"]:
            places[layer["op"]].update(layer["weights_in"])
        check(places["conv2d"] == {"external"} and "flash" in places["depthwise3x3"] | places.get("depthwise_conv2d", set()), places)


if __name__ == "__main__":
    main()
