# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs `thimble import` under valgrind on every n-th model of a folder; each must be refused with exit code 2 and one clean run."""
import pathlib
import subprocess
import sys


def main():
    folder, step = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    models = sorted(path for path in folder.iterdir() if path.suffix == ".onnx")[::step]
    for model in models:
        command = ["valgrind", "-q", "--error-exitcode=99", "thimble", "import", str(model)]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 2:
            sys.exit(f"{model.name}: exit code {result.returncode}\n{result.stderr}")
    print(f"{len(models)} models")
    return 0 if models else 1


if __name__ == "__main__":
    sys.exit(main())
