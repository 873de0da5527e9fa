# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What the scripts that write the models of this folder share; they need python3-onnx 1.12.
"""Helpers to build small ONNX models, right or wrong, without any check."""
import json
import pathlib

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TypeProto, helper

FLOAT = TensorProto.FLOAT


def model(nodes=None, inputs=None, outputs=None, initializers=(), opsets=None, ir_version=8, functions=()):
    """By default: y = Relu(x) on 1x3 floats, with node 'relu'."""
    nodes = [helper.make_node("Relu", ["x"], ["y"], "relu")] if nodes is None else nodes
    inputs = [value("x")] if inputs is None else inputs
    outputs = [value("y")] if outputs is None else outputs
    result = ModelProto(ir_version=ir_version, producer_name="thimble-test")
    for domain, version in (opsets or {"": 13}).items():
        result.opset_import.add(domain=domain, version=version)
    graph = result.graph
    graph.name = "test"
    graph.node.extend(nodes)
    graph.input.extend(inputs)
    graph.output.extend(outputs)
    graph.initializer.extend(initializers)
    result.functions.extend(functions)
    return result


def value(name, shape=(1, 3), data_type=FLOAT):
    return helper.make_tensor_value_info(name, data_type, shape)


def tensor(name="w", dims=(3, 3), data_type=FLOAT, **fields):
    """A tensor whose fields are set as told, consistent or not."""
    return TensorProto(name=name, dims=dims, data_type=data_type, **fields)


def external(name="w", dims=(3, 3), data_type=FLOAT, **entries):
    result = tensor(name, dims, data_type, data_location=TensorProto.EXTERNAL)
    for key, text in entries.items():
        result.external_data.add(key=key, value=str(text))
    return result


def graph(nodes, outputs, inputs=(), initializers=(), name="body"):
    result = GraphProto(name=name)
    result.node.extend(nodes)
    result.input.extend(inputs)
    result.output.extend(outputs)
    result.initializer.extend(initializers)
    return result


class Corpus:
    """A folder of files, and what importing those that are wrong must give."""

    def __init__(self, folder):
        self.folder = pathlib.Path(__file__).parent / folder
        self.folder.mkdir(exist_ok=True)
        for old in self.folder.iterdir():
            old.unlink()
        self.entries = []

    def write(self, name, content):
        if not isinstance(content, bytes):
            content = content.SerializeToString(deterministic=True)
        (self.folder / name).write_bytes(content)

    def add(self, name, content, message, node="", errors=1):
        """`message` must be part of one error; `node` is the node that it names; `errors` is the number of all errors."""
        self.write(name, content)
        entry = {"file": name, "message": message, "errors": errors}
        if node:
            entry["node"] = node
        self.entries.append(entry)

    def write_manifest(self):
        lines = ",\n".join("  " + json.dumps(entry) for entry in self.entries)
        (self.folder / "manifest.json").write_text("[\n" + lines + "\n]\n")


__all__ = [name for name in dir() if not name.startswith("_")]
