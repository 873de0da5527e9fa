# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a model for less RAM than any of its executions needs, with external RAM, and verifies it on an emulated target that has
no more of both."""
import argparse
import json
import pathlib
import tempfile

from commands import check, thimble


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--inputs", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        common = [options.model, "--name", "net", "-q", "--target", "stm32f746-disco", "--calibration", options.inputs]
        thimble("compile", *common, "-o", folder / "plain")
        front = json.loads(thimble("analyze", *common, "--format", "json"))["executions"]
        least = min(execution["arena"] for execution in front)
        ram = least - 1024
        thimble("compile", *common, "--ram", ram, "--external-ram", 64, "-o", folder / "none", expected=3)
        check(not (folder / "none").exists(), "what does not fit is not written")
        thimble("compile", *common, "--ram", ram, "-o", folder / "spilled")
        report = json.loads((folder / "spilled" / "report.json").read_text())
        external = report["external_ram"]
        check(report["fits"] and report["ram"]["peak"] <= ram, "the arena keeps its budget")
        check(external["arena"] > 0 and external["traffic"] >= 2 * external["arena"] and external["budget"] == 8 << 20, external)
        check(external["lower_bound"] <= external["arena"], "the bound is one")
        check(external["traffic"] == sum(buffer["traffic"] for buffer in external["buffers"]), "the traffic is that of the buffers")
        check(external["extra_cycles"] == sum(buffer["extra_cycles"] for buffer in external["buffers"]) > 0, "memory outside is slower")
        chosen = [execution for execution in report["executions"] if execution["chosen"]]
        check([execution["external"] for execution in chosen] == [external["arena"]], "the front shows what lies outside")
        check(chosen[0]["extra_instructions"] >= external["extra_cycles"], "and what that costs")
        check({buffer["memory"] for buffer in report["buffers"]} == {"ram", "external"}, "the plan shows both arenas")

        def verify(name, *more):
            text = thimble("verify", folder / name, "--inputs", options.inputs, "--samples", 3, "--format", "json", *more)
            result = json.loads(text)
            check(result["passed"] and result["host_equals_target"] is True, f"{name}: no output differs")
            return result

        # The harness keeps a little data of its own beside arena and stack; the MPU counts in steps.
        room = (ram + 2048 + 640 + 255) // 256 * 256
        needed = (external["arena"] + 31) // 32 * 32
        plain = verify("plain")
        spilled = verify("spilled", "--ram", room, "--stack", 2048, "--external-ram", needed)
        check(spilled["external_ram_bytes"] == external["arena"], "as measured")
        check(plain["outputs"]["max_abs_error"] == spilled["outputs"]["max_abs_error"], "both programs are equally far from float")
        thimble("verify", folder / "spilled", "--inputs", options.inputs, "--samples", 1, "--external-ram", needed - 32, expected=3)
        print(f'RAM {plain["ram_bytes"]} -> {spilled["ram_bytes"]}, external {external["arena"]}')


if __name__ == "__main__":
    main()
