# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds models of ai.onnx.ml operators, runs them with `thimble run`, and compares with an evaluation in NumPy."""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper

ML = "ai.onnx.ml"


def node(op, attributes, inputs=("X",), outputs=("Y",), domain=ML):
    return helper.make_node(op, list(inputs), list(outputs), domain=domain, name=op.lower(),
                            **{name: value for name, value in attributes.items() if value is not None})


def model(nodes, features, outputs=("Y",), version=3, rows=1, element=TensorProto.FLOAT):
    """A model with the input X [rows, features]; the types of outputs are left open."""
    values = [helper.make_empty_tensor_value_info(name) for name in outputs]
    inputs = [helper.make_tensor_value_info("X", element, [rows, features])]
    graph = helper.make_graph(nodes, "classical", inputs, values)
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 15), helper.make_opsetid(ML, version)])


def run(proto, x):
    """The outputs of each sample, by name."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "model.onnx").write_bytes(proto.SerializeToString())
        np.savez(folder / "x.npz", X=x)
        command = ["thimble", "run", "-q", folder / "model.onnx", "--inputs", folder / "x.npz", "-o", folder / "y.npz"]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"exit code {result.returncode}: {result.stderr}")
        with np.load(folder / "y.npz") as outputs:
            return {name: outputs[name] for name in outputs.files}


def compare(what, actual, expected, exact=False):
    expected = np.asarray(expected)
    actual = np.asarray(actual).reshape(expected.shape)
    if exact:
        same = np.array_equal(actual, expected, equal_nan=True) if expected.dtype.kind == "f" else np.array_equal(actual, expected)
    else:
        same = np.allclose(actual, expected, rtol=1e-3, atol=1e-6, equal_nan=True)
    if not same:
        sys.exit(f"FAILED: {what}: got\n{actual}\ninstead of\n{expected}")


def refuse(what, proto, message):
    """Compilation must end with exit code 2 and say `message`, whatever is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.onnx"
        path.write_bytes(proto.SerializeToString())
        result = subprocess.run(["thimble", "analyze", "-q", path], capture_output=True, text=True, timeout=60)
    if result.returncode != 2 or message not in result.stderr:
        sys.exit(f"FAILED: {what}: exit code {result.returncode}, expected 2 and '{message}':\n{result.stderr[:2000]}")
