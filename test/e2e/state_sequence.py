# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
r"""Runs a model step by step, its state outputs fed back as state inputs, in float and in int8, and compares the outputs of all steps.

  state_sequence.py MODEL --state OUTPUT=INPUT --input NAME=SHAPE [--signed] [--steps N] [--least-db DB] [--activations CHOICE] \
    -- [options of thimble]

Inputs other than the state are noise in syllables of a few steps: its magnitudes, or with --signed a sum of tones and noise. The first half of the float sequence calibrates int8.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy


def run(model, inputs, folder, options):
    """Outputs of one step or of many samples, by name."""
    numpy.savez(folder / "in.npz", **inputs)
    command = ["thimble", "run", model, "-q", "--inputs", folder / "in.npz", "-o", folder / "out.npz", *options]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nexit code {result.returncode}\n{result.stderr}")
    return dict(numpy.load(folder / "out.npz"))


def sequence(model, steps, state, folder, options):
    """Inputs with their states, and outputs, of all steps."""
    output, name = state
    current, taken, given = None, [], []
    for step in steps:
        inputs = dict(step)
        inputs[name] = step[name] if current is None else current
        outputs = run(model, inputs, folder, options)
        current = outputs[output].reshape(inputs[name].shape)
        taken.append(inputs)
        given.append(outputs)
    return taken, given


def signal(random, step, shape, signed):
    noise = random.standard_normal(shape)
    if not signed:
        return numpy.abs(noise)
    time = step * noise.size + numpy.arange(noise.size).reshape(shape)
    return 0.05 * noise + sum(0.1 / k * numpy.sin(2 * numpy.pi * 180 * k * time / 16000) for k in range(1, 8))


def main():
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--state", required=True, metavar="OUTPUT=INPUT")
    parser.add_argument("--input", required=True, action="append", metavar="NAME=1x2x3")
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--signed", action="store_true")
    parser.add_argument("--activations", action="append", default=[])
    parser.add_argument("--least-db", type=float, default=0)
    arguments = parser.parse_args(sys.argv[1:split])
    options, state = sys.argv[split + 1:], arguments.state.split("=")
    random = numpy.random.default_rng(5)
    steps = []
    for i in range(arguments.steps):
        loudness = 0.02 + 2.0 * max(0.0, numpy.sin(i / 3.0))
        shapes = {n: [int(d) for d in s.split("x")] for n, s in (text.split("=") for text in arguments.input)}
        step = {n: (loudness * signal(random, i, s, arguments.signed)).astype(numpy.float32) for n, s in shapes.items()}
        step[state[1]] = numpy.zeros(shapes[state[1]], numpy.float32)
        steps.append(step)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        taken, expected = sequence(arguments.model, steps, state, folder, [*options, "--quantize", "none"])
        half = taken[:arguments.steps // 2]
        join = {n: numpy.concatenate if a.shape[0] == 1 else numpy.stack for n, a in half[0].items()}
        numpy.savez(folder / "calibration.npz", **{n: join[n]([t[n] for t in half]) for n in join})
        widths = [word for choice in arguments.activations for word in ("--activations", choice)]
        int8 = [*options, *widths, "--quantize", "int8", "--calibration", folder / "calibration.npz", "--io", "float"]
        _, actual = sequence(arguments.model, steps, state, folder, int8)
    worst = numpy.inf
    for output in expected[0]:
        a, b = (numpy.concatenate([o[output].ravel() for o in outputs]) for outputs in (expected, actual))
        decibels = 10 * numpy.log10(numpy.sum(a ** 2) / max(numpy.sum((a - b) ** 2), 1e-30))
        print(f"{output}: {decibels:.1f} dB, largest {numpy.max(numpy.abs(a)):.2f}, at most {numpy.max(numpy.abs(a - b)):.4f} off in {arguments.steps} steps")
        worst = min(worst, decibels)
    if worst < arguments.least_db:
        sys.exit(f"FAILED: {worst:.1f} dB are less than {arguments.least_db}")


if __name__ == "__main__":
    main()
