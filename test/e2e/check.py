# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a model for each given target, verifies it there on data, and checks the figures.

Both JSON outputs are validated against the project's schemas. Everything that is checked is also printed, so that a log shows
the figures of a run.
"""
import argparse
import json
import pathlib
import sys
import tempfile

import jsonschema

from commands import check, thimble

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "compiler" / "report" / "schemas"


def validated(text, schema):
    value = json.loads(text)
    jsonschema.validate(value, json.loads((SCHEMAS / schema).read_text()))
    return value


def check_target(options, target, folder):
    thimble("compile", options.model, "--target", target, "-o", folder, *options.compile)
    report = validated((folder / "report.json").read_text(), "report.schema.json")
    verify = ["verify", folder, "--samples", options.samples, "--format", "json"]
    verify += [word for file in options.inputs for word in ("--inputs", file)]
    if options.labels:
        verify += ["--labels", options.labels]
    if options.expected:
        verify += [word for file in options.expected for word in ("--expected", file)]
    result = validated(thimble(*verify), "verify.schema.json")

    error, accuracy = result["outputs"]["max_abs_error"], result.get("accuracy")
    print(f'{target}: {result["instructions"]} instructions, flash {result["flash_bytes"]}, RAM {result["ram_bytes"]}, '
          f'stack {result["stack_bytes"]}, max error {error}, accuracy {accuracy}')
    check(result["host_equals_target"] is True, "host and target agree")
    check(result["outputs"]["mismatches"] == 0, "no output differs")
    check(result["instructions"] > 0, "instructions are counted")
    check(result["ram_bytes"] >= report["ram"]["peak"], "measured RAM includes the arena")
    check(report["ram"]["lower_bound"] <= report["ram"]["peak"], "the bound is a bound")
    if options.max_error is not None:
        check(error is not None and error <= options.max_error, f"error {error} is at most {options.max_error}")
    if options.max_drop is not None:
        drop = 100 * (accuracy["float"] - accuracy["compiled"])
        check(drop <= options.max_drop, f"accuracy drops by {drop:.2f} points, at most {options.max_drop}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--inputs", required=True, nargs="+")
    parser.add_argument("--labels")
    parser.add_argument("--expected", nargs="+")
    parser.add_argument("--samples", default="8")
    parser.add_argument("--targets", nargs="+", default=["stm32f405", "stm32f746"])
    parser.add_argument("--max-error", type=float)
    parser.add_argument("--max-drop", type=float)
    # Options of thimble compile follow after "--".
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:split])
    options.compile = sys.argv[split + 1:]
    with tempfile.TemporaryDirectory() as folder:
        for target in options.targets:
            check_target(options, target, pathlib.Path(folder) / target)


if __name__ == "__main__":
    main()
