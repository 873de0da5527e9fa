# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trees as C code: what `thimble verify` finds equal to the kernel, and which form --trees auto takes."""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from harness import model, node
from trees import Ensemble, samples


def thimble(*arguments):
    result = subprocess.run(["thimble", *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"FAILED: thimble {' '.join(map(str, arguments))}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def check_code(random, targets):
    """Random ensembles of all modes, wide and narrow leaves, all aggregates; the inputs have NaN and infinities."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for trial, (aggregate, outputs) in enumerate([("SUM", 1), ("SUM", 3), ("MIN", 3), ("MAX", 1)]):
            ensemble = Ensemble(random, 4, 4, 5, outputs)
            attributes = ensemble.attributes("target", n_targets=outputs, aggregate_function=aggregate)
            (folder / "model.onnx").write_bytes(model([node("TreeEnsembleRegressor", attributes)], 5).SerializeToString())
            np.savez(folder / "x.npz", X=samples(random, 64, 5))
            for target in targets:
                out = folder / f"{target}-{trial}"
                thimble("compile", folder / "model.onnx", "--name", "trees", "--target", target, "--trees", "code", "-o", out)
                assert not list(out.glob("runtime/src/tmb_tree*")), "the kernel is not needed"
                result = json.loads(thimble("verify", out, "--inputs", folder / "x.npz", "--format", "json"))
                if result["outputs"]["mismatches"] != 0 or result["host_equals_target"] is False:
                    sys.exit(f"FAILED: {aggregate} of {outputs} on {target}: {result['outputs']}")
    print("check_code ok")


def check_choice(random):
    """Small trees become code, large ones tables; without an FPU code must be smaller."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.onnx"
        for trees, target, form in ((1, "cortex-m4", "code"), (60, "cortex-m4", "tables"), (60, "stm32g071", "tables")):
            ensemble = Ensemble(random, trees, 4, 5, 1, modes=["BRANCH_LEQ"], values=random.normal(size=500))
            attributes = ensemble.attributes("target", n_targets=1)
            path.write_bytes(model([node("TreeEnsembleRegressor", attributes)], 5).SerializeToString())
            notes = json.loads(thimble("analyze", path, "--target", target, "--format", "json"))["notes"]
            if not any(f"comparisons as {form}" in note for note in notes):
                sys.exit(f"FAILED: {trees} trees on {target} should be {form}: {notes}")
    print("check_choice ok")


if __name__ == "__main__":
    generator = np.random.default_rng(3)
    check_code(generator, sys.argv[1:])
    check_choice(generator)
