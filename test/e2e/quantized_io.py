# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the codes that quantized-io-{int8,uint8}.onnxtext give against the definition: sums of whole numbers, one rounding."""
import argparse
import sys

import numpy as np

WEIGHTS = np.array([1, 2, 3, -4, 127, 6, 7, 8, 9, -10, 11, 12, -13, 14, 15, 16, 17, -128]).reshape(2, 3, 3)

parser = argparse.ArgumentParser()
parser.add_argument("inputs")
parser.add_argument("outputs")
parser.add_argument("--kind", choices=["int8", "uint8"], required=True)
options = parser.parse_args()
zero, out_zero, low, high = (-8, -28, -128, 127) if options.kind == "int8" else (120, 100, 100, 255)  # the latter has a Relu
x = np.load(options.inputs).reshape(-1, 2, 5, 5).astype(int) - zero
y = np.load(options.outputs).reshape(-1, 5, 5).astype(int)
padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
sums = np.zeros(y.shape, int)
for ky in range(3):
    for kx in range(3):
        sums += np.tensordot(padded[:, :, ky:ky + 5, kx:kx + 5], WEIGHTS[:, ky, kx], axes=([1], [0]))
expected = np.clip(np.rint(sums * (0.03125 * 0.0078125 / 0.0625)) + out_zero, low, high)
error = np.abs(y - expected)
print(f"{y.size} codes, {np.count_nonzero(error)} differ, at most by {error.max():.0f}")
if error.max() > 1 or np.count_nonzero(error) > 0.01 * y.size or len(np.unique(y)) < 50:
    sys.exit("FAILED")
