# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles every file of a folder; success and bad input are right, anything else is wrong: corpus.py FOLDER."""
import pathlib
import subprocess
import sys


# Names that start with seed_ are starting points for operators that ONNX's suite does not have; the others were found.


def main():
    failures = 0
    for model in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
        try:
            result = subprocess.run(["thimble", "analyze", "-q", model], capture_output=True, text=True, timeout=60)
            code, text = result.returncode, result.stderr
        except subprocess.TimeoutExpired:
            code, text = "none", "takes too long"
        if code not in (0, 2, 3) or (code == 2 and "error:" not in text):
            print(f"{model.name}: exit code {code}: {text[-500:]}")
            failures += 1
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
