# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Copies small models into a folder, where a fuzzer finds them: fuzz_seeds.py FOLDER."""
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUITE = pathlib.Path("/usr/share/libonnx-testdata/data")
LARGEST = 32768


def main():
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for folder in (SUITE, ROOT / "models"):
        for model in sorted(folder.rglob("*.onnx")):
            if model.stat().st_size <= LARGEST:
                shutil.copyfile(model, target / f"{model.parent.name}.onnx")


if __name__ == "__main__":
    main()
