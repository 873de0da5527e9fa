# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints results of `thimble verify --format json` side by side; fails if one of them did not verify."""
import json
import pathlib
import sys


def percent(value):
    return f"{100 * value:.2f} %"


def main():
    results = [(pathlib.Path(name).stem, json.loads(pathlib.Path(name).read_text())) for name in sys.argv[1:]]
    rows = [
        ("accuracy of the ONNX model (float)", lambda r: percent(r["accuracy"]["float"])),
        ("accuracy of the compiled model", lambda r: percent(r["accuracy"]["compiled"])),
        ("test images", lambda r: f'{r["accuracy"]["samples"]:,}'),
        ("flash, bytes", lambda r: f'{r["flash_bytes"]:,}'),
        ("RAM (arena, data and stack), bytes", lambda r: f'{r["ram_bytes"]:,}'),
        ("stack high-water mark, bytes", lambda r: f'{r["stack_bytes"]:,}'),
        ("instructions per inference", lambda r: f'{round(r["instructions"]):,}'),
        ("host = target for every output", lambda r: "yes" if r["host_equals_target"] else "NO"),
    ]
    model, target = results[0][1]["model"], results[0][1]["target"]
    print(f"\n{model} on {target}, emulated\n")
    print(f'{"":36}' + "".join(f"{name:>16}" for name, _ in results))
    for label, value in rows:
        print(f"{label:36}" + "".join(f"{value(result):>16}" for _, result in results))
    return 0 if all(result["host_equals_target"] for _, result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
