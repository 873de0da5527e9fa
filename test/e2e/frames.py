# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Temporal models (make_temporal.py) frame by frame against themselves over whole windows, in float and in int8.

The windows' outputs must be the same: element by element, bit for bit. With --slides, the model pads nothing in time and has no recurrent
layer, and a stream longer than a window must give what the model gives for each of the windows in it. With --target, `thimble verify`
runs the emitted C on this computer and emulated, --check-plan included, and RAM and instructions of both ways are printed and compared.
"""
import argparse
import json
import pathlib
import tempfile

import numpy

from commands import check, thimble
from make_temporal import KINDS, build


def run(model, inputs, work, *options):
    thimble("run", model, "-q", "--inputs", inputs, "-o", work / "out.npz", "--codes", *options)
    return dict(numpy.load(work / "out.npz"))


def same(name, expected, actual):
    for output in expected:
        a, b = expected[output], actual[output]
        check(a.shape == b.shape and a.tobytes() == b.tobytes(),
              f"{name}: '{output}' {a.shape} and {b.shape} differ by up to {numpy.max(numpy.abs(a - b)) if a.shape == b.shape else 'shape'}")
        check(numpy.ptp(a) > 0, f"{name}: '{output}' is not always the same")


def slide(name, model, windows, axis, frames, lead, work, common, streamed):
    """One stream through many runs without a reset, and the windows that end with each run."""
    stream = numpy.concatenate([windows[i] for i in range(min(4, len(windows)))], axis=axis - 1)
    length, window = stream.shape[axis - 1], windows.shape[axis]
    padded = numpy.concatenate([numpy.zeros_like(stream[tuple(slice(0, lead) if d == axis - 1 else slice(None) for d in range(stream.ndim))]),
                                stream], axis=axis - 1)
    runs = padded.shape[axis - 1] // frames
    part = lambda data, begin, count: data[tuple(slice(begin, begin + count) if d == axis - 1 else slice(None) for d in range(data.ndim))]
    numpy.save(work / "stream.npy", numpy.stack([part(padded, frames * r, frames) for r in range(runs)]))
    ends = [(r, frames * (r + 1) - lead) for r in range(runs) if frames * (r + 1) - lead >= window]
    numpy.save(work / "ends.npy", numpy.stack([part(stream, end - window, window) for _, end in ends]))
    expected = run(model, work / "ends.npy", work, *common)
    actual = run(model, work / "stream.npy", work, *common, *streamed)
    same(f"{name}, sliding over {length} frames", expected, {n: a[[r for r, _ in ends]] for n, a in actual.items()})


def measure(name, model, windows, work, common, streamed, options):
    figures = []
    for way, more in (("window", []), ("frames", streamed)):
        folder = work / way
        thimble("compile", model, "-q", "--name", "net", "--target", options.target, *common, *more, "-o", folder)
        report = json.loads((folder / "report.json").read_text())
        verify = ["verify", folder, "--inputs", windows, "--samples", 2, "--format", "json", "-q"]
        result = json.loads(thimble(*verify))
        check(result["passed"] and result["host_equals_target"] and result["outputs"]["mismatches"] == 0, f"{name}: {way} verified")
        if more:
            check(json.loads(thimble(*verify, "--check-plan"))["passed"], f"{name}: the plan is checked")
            check(result["runs"] > result["samples"], f"{name}: there are runs")
            copied = [state["name"] for state in report["states"] if not state["in_place"]]
            check(not copied, f"{name}: states are updated in place, not {copied}")
        figures.append((report["ram"]["peak"], report["ram"]["state"], result["instructions"], result["runs"] // result["samples"],
                        result["outputs"]["max_abs_error"]))
    (ram, _, instructions, _, error), (less, state, one, runs, same_error) = figures
    check(error == same_error, f"{name}: both ways are equally far from float")
    print(f"{name} on {options.target}: RAM {ram} -> {less} (state {state}); instructions {instructions / runs:.0f} a run of the window's, "
          f"{one:.0f} frame by frame ({runs} runs)")
    check(less <= options.ram_share * ram, f"{name}: RAM {less} is at most {options.ram_share} of {ram}")
    check(one <= options.instruction_share * instructions / runs,
          f"{name}: {one:.0f} instructions are at most {options.instruction_share} of {instructions / runs:.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=list(KINDS))
    for name, value in (("frames", 32), ("channels", 6), ("width", 16), ("levels", 3), ("classes", 5), ("seed", 5), ("wide", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--per-run", type=int, action="append", default=[], help="frames of a run (as few as possible)")
    parser.add_argument("--lead", type=int, default=0, help="frames of the first run before the first window")
    parser.add_argument("--hop", type=int, default=1, help="frames of a run without --per-run")
    parser.add_argument("--seeds", type=int, default=1, help="so many models, of consecutive seeds")
    parser.add_argument("--slides", action="store_true")
    parser.add_argument("--target")
    parser.add_argument("--ram-share", type=float, default=1.0)
    parser.add_argument("--instruction-share", type=float, default=1.1)
    options = parser.parse_args()
    axis = 2
    for seed in range(options.seed, options.seed + options.seeds):
        options.seed = seed
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            onnx, shape = build(options)
            model, data = work / "model.onnx", work / "windows.npy"
            model.write_bytes(onnx.SerializeToString())
            windows = numpy.random.default_rng(seed + 1).standard_normal((8, *shape[1:])).astype(numpy.float32)
            numpy.save(data, windows)
            for kind, common in (("float", ["--quantize", "none"]), ("int8", ["--calibration", data, "--calibrate", "minmax"])):
                expected = run(model, data, work, *common)
                for count in options.per_run or [None]:
                    streamed = ["--frames", f"x={count}" if count else "x", *(["--time-axis", axis] if options.kind == "random" else [])]
                    name = f"{options.kind} {seed} {kind} {count or ''}".strip()
                    same(name, expected, run(model, data, work, *common, *streamed))
                    if options.slides:
                        slide(name, model, windows, axis, count or options.hop, options.lead, work, common, streamed)
                    if options.target:
                        measure(name, model, data, work, common, streamed, options)


if __name__ == "__main__":
    main()
