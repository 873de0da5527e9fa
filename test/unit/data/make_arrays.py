#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Writes arrays/: small files as NumPy itself writes them, for the tests of our reader; needs python3-numpy.
import io
import pathlib

import numpy as np

folder = pathlib.Path(__file__).parent / "arrays"
folder.mkdir(exist_ok=True)
for old in folder.iterdir():
    old.unlink()


def save(name, array, version=None):
    with open(folder / name, "wb") as file:
        np.lib.format.write_array(file, array, version=version, allow_pickle=True)


ramp = np.arange(24).reshape(2, 3, 4)
save("c_order.npy", ramp.astype("<f4"))
save("fortran_order.npy", np.asfortranarray(ramp.astype("<f4")))
save("big_endian.npy", ramp.astype(">i4"))
save("version_2.npy", ramp.astype("<i2"), (2, 0))
save("version_3.npy", ramp.astype("<u2"), (3, 0))
save("scalar.npy", np.array(2.5))
save("empty.npy", np.zeros((0, 3), "<f4"))
for code in ("f2", "f4", "f8", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "b1"):
    save(f"type_{code}.npy", np.array([0, 1, 1 if code == "b1" else 100]).astype(code))
save("objects.npy", np.array([None, "a"], object))
save("text.npy", np.array(["a", "b"]))
save("complex.npy", np.array([1j]))
save("dates.npy", np.array(["2024-01-01"], "M8[D]"))
save("records.npy", np.array([(1, 2.0)], [("a", "<i4"), ("b", "<f4")]))
np.savez(folder / "stored.npz", images=ramp.astype("f4"), labels=np.arange(2))
np.savez_compressed(folder / "deflated.npz", images=ramp.astype("f4"), labels=np.arange(2))
np.savez(folder / "objects.npz", bad=np.array([None], object))
