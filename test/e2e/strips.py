# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the network of make_inverted.py in int8 for less RAM than rows alone need, and runs it on emulated chips that have no more.

The outputs must be, bit for bit, those of the plain program.
"""
import argparse
import json
import pathlib

from commands import check, thimble

STACK = 2048
HARNESS = 640  # data of the harness of verify


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="what make_inverted.py has written")
    folder = parser.parse_args().folder
    images = folder / "images.npy"
    common = [folder / "model.onnx", "-q", "--name", "net", "--io-layout", "nhwc", "--quantize", "int8", "--calibration", images,
              "--calibration-samples", 1, "--calibrate", "minmax"]
    arena = 20480
    ram = (arena + STACK + HARNESS + 255) // 256 * 256
    results = {}
    ways = {"plain": [], "strips": ["--ram", arena]}
    for target, names in (("cortex-m4", ("plain", "strips")),):
        for name in names:
            thimble("compile", *common, "--target", target, *ways[name], "-o", folder / name)
            limits = ["--ram", ram, "--stack", STACK] if name == "strips" else []
            results[name] = json.loads(thimble("verify", folder / name, "--inputs", images, "--samples", 1, "--format", "json", *limits))
            check(results[name]["host_equals_target"] is True and results[name]["outputs"]["mismatches"] == 0, f"{name}: no output differs")
        report = json.loads((folder / "strips" / "report.json").read_text())
        chosen = next(e for e in report["executions"] if e["chosen"])
        rows = min((e for e in report["executions"] if not e["strips"]), key=lambda e: e["arena"])
        check(chosen["strips"] and report["ram"]["arena"] <= arena, "strips were chosen, and fit")
        check(rows["arena"] > 1.4 * arena, f"rows alone need {rows['arena']} bytes")
        check(chosen["extra_instructions"] > rows["extra_instructions"], "what strips share is computed twice")
        check(len({result["outputs"]["max_abs_error"] for result in results.values()}) == 1, "all are equally far from float")
        print(f"{target}: arena {rows['arena']} by rows, {chosen['arena']} by {chosen['strips']['count']} strips; RAM {ram}; instructions "
              + ", ".join(f"{result['instructions']} {name}" for name, result in results.items()))


if __name__ == "__main__":
    main()
