# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""States that start with other numbers than zeros (--state-init): the outputs of a sequence are those of the model that gets the same
numbers as its first inputs, and the emitted C computes what the compiler computes."""
import pathlib
import sys
import tempfile

import numpy

from commands import thimble


def main():
    model = sys.argv[1]
    random = numpy.random.default_rng(3)
    x = random.standard_normal((4, 1, 1, 6)).astype("f")
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        numpy.save(work / "x.npy", x)
        ramp = numpy.linspace(-0.75, 0.75, 8, dtype="f").reshape(1, 1, 8)
        numpy.save(work / "ramp.npy", ramp)
        for text, start in (("h=0.5", numpy.full((1, 1, 8), 0.5, "f")), (f"h={work / 'ramp.npy'}", ramp), ("h=0", 0 * ramp)):
            options = [model, "-q", "--state", "hn=h", "--state-init", text]
            thimble("run", *options, "--inputs", work / "x.npy", "-o", work / "y.npy")
            actual, h = numpy.load(work / "y.npy"), start
            for i in range(len(x)):
                numpy.savez(work / "in.npz", x=x[i:i + 1], h=h[None])
                thimble("run", model, "-q", "--inputs", work / "in.npz", "-o", work / "out.npz")
                out = numpy.load(work / "out.npz")
                h = out["hn"].reshape(h.shape)
                if out["y"].tobytes() != actual[i].tobytes():
                    sys.exit(f"FAILED: {text}: step {i} differs by {numpy.max(numpy.abs(out['y'] - actual[i]))}")
            for name, kind in (("float", ["--quantize", "none"]), ("int8", ["--calibration", work / "x.npy"])):
                thimble("compile", *options, *kind, "--name", "net", "--target", "cortex-m4", "-o", work / name)
                thimble("verify", work / name, "--inputs", work / "x.npy", "--sequence-length", 2, "--check-plan", "-q")


if __name__ == "__main__":
    main()
