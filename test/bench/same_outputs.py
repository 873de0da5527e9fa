# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks a file of `tools/bench --json`: int8 outputs are the same on all cores, and the parts add up to the whole."""
import json
import sys

outputs = {}
for model in json.load(open(sys.argv[1]))["models"]:
    calls = sum(call["instructions"] for call in model["calls"])
    classes = sum(model["classes"].values())
    assert calls <= classes, "kernels take more than all"
    assert abs(classes - model["instructions"]) <= 16, "kinds of instructions do not add up"
    assert outputs.setdefault(model["name"], model["outputs_sha256"]) == model["outputs_sha256"], "cores compute differently"
