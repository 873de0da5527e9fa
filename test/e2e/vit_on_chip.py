# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the vision transformer of make_vit.py in int8 for a board with external flash, and runs it on the emulated chip.

The outputs must be, bit for bit, those of the program with attention matrices, which the compiler runs on this computer.
"""
import argparse
import json
import pathlib

import numpy

from commands import check, thimble


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="what make_vit.py has written")
    parser.add_argument("--target", default="stm32f746-disco")
    parser.add_argument("--ram", type=int, default=320 << 10, help="bytes of RAM in all")
    parser.add_argument("--arena", type=int, default=300 << 10, help="bytes of them for the arena")
    parser.add_argument("--options", nargs="*", default=[], help="more options of the compiler, without their dashes")
    options = parser.parse_args()
    model, images, out = (options.folder / name for name in ("vit.onnx", "images.npy", "out"))
    common = [model, "-q", "--name", "vit", "--io-layout", "nhwc", "--quantize", "int8", "--calibration", images,
              "--calibration-samples", 1, "--calibrate", "minmax"]
    more = ["--" + option for option in options.options]
    thimble("compile", *common, "--target", options.target, "--weights-in", "external", "--ram", options.arena, *more, "-o", out)
    result = json.loads(thimble("verify", out, "--inputs", images, "--samples", 1, "--ram", options.ram, "--stack", 4096,
                            "--format", "json"))
    check(result["host_equals_target"] is True and result["outputs"]["mismatches"] == 0, "the chip computes what the compiler does")
    check(result["ram_bytes"] <= options.ram, f"{result['ram_bytes']} bytes are at most {options.ram}")
    outputs = []
    for way in ("auto", "matrix"):
        thimble("run", *common, "--inputs", images, "--samples", 1, "--attention", way, "-o", options.folder / f"{way}.npy")
        outputs.append(numpy.load(options.folder / f"{way}.npy"))
    check(len(set(outputs[0].ravel())) > 3, "outputs are not all the same")
    check(numpy.array_equal(*outputs), "attention row by row is attention with matrices")
    print(f"{options.target}: RAM {result['ram_bytes']} of {options.ram}, {result['instructions']} instructions")


if __name__ == "__main__":
    main()
