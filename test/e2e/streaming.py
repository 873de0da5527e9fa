# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a model for a RAM budget that its plain program exceeds, and verifies it on an emulated target that has no more.

The outputs must be those of the plain program bit for bit, and the instructions at most `--ratio` times as many.
"""
import argparse
import json
import pathlib
import tempfile

import numpy

from commands import check, thimble


def verify(folder, inputs, *options):
    result = json.loads(thimble("verify", folder, "--inputs", inputs, "--samples", 2, "--format", "json", *options))
    check(result["host_equals_target"] is True and result["outputs"]["mismatches"] == 0, "no output differs")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--target", default="cortex-m4")
    parser.add_argument("--ram", required=True, type=int, help="bytes of RAM in all")
    parser.add_argument("--stack", type=int, default=2048)
    parser.add_argument("--ratio", type=float, default=1.15)
    parser.add_argument("--feed-rows", action="store_true")
    parser.add_argument("--plain", action="append", default=[], help="an option of the plain program alone")
    parser.add_argument("--share", type=float, default=1, help="of the plain program's arena, at most")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        inputs, layout = options.inputs, []
        if options.feed_rows:  # data in the layout of the rows
            inputs, layout = folder / "nhwc.npy", ["--io-layout", "nhwc"]
            data = numpy.load(options.inputs)
            images = data["inputs"] if options.inputs.endswith(".npz") else data
            numpy.save(inputs, numpy.ascontiguousarray(images.transpose(0, 2, 3, 1)))
        common = [options.model, "--name", "net", "--target", options.target, "--calibration", inputs, "--quantize", "int8"]
        thimble("compile", *common, *layout, *options.plain, "-o", folder / "plain")
        # The harness of verify keeps a little data of its own beside arena and stack.
        arena = options.ram - options.stack - 640
        thimble("compile", *common, "--ram", arena, "-o", folder / "fit", *(["--feed-rows"] if options.feed_rows else []))
        plain, fit = verify(folder / "plain", inputs), verify(folder / "fit", inputs, "--ram", options.ram, "--stack", options.stack)
        ratio = fit["instructions"] / plain["instructions"]
        print(f'{options.target}: RAM {plain["ram_bytes"]} -> {fit["ram_bytes"]}, instructions {plain["instructions"]} -> '
              f'{fit["instructions"]} ({ratio:.3f})')
        check(plain["ram_bytes"] > options.ram, "the plain program does not fit")
        check(fit["ram_bytes"] <= options.ram, "the streamed program fits")
        arenas = [result["ram_bytes"] - result["stack_bytes"] for result in (plain, fit)]
        check(arenas[1] <= options.share * arenas[0], f"the arena of {arenas[1]} is at most {options.share} of {arenas[0]}")
        check(ratio <= options.ratio, f"instructions grow by {ratio:.3f}, at most {options.ratio}")
        check(plain["outputs"]["max_abs_error"] == fit["outputs"]["max_abs_error"], "both programs are equally far from float")


if __name__ == "__main__":
    main()
