# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cases of the ONNX backend test suite: models with inputs and expected outputs, and the forms of a model worth trying.

A form is the model, or the model with something changed that a user of Thimble would have to change as well: inputs that are
parameters (axes, shapes, scales) become constants, and opsets below 7 are converted by ONNX's own converter.
"""
import dataclasses
import pathlib

import numpy
import onnx
from onnx import numpy_helper, version_converter

DATA = pathlib.Path("/usr/share/libonnx-testdata/data")
FOLDERS = ("node", "simple", "pytorch-converted", "pytorch-operator")
OLDEST_OPSET = 7


class Unreadable(Exception):
    """A case's data is not made of tensors."""


@dataclasses.dataclass
class Form:
    """A model as bytes, the data of the inputs that it still has, and what was changed ('' for nothing)."""
    model: bytes
    inputs: dict
    shapes: dict  # of inputs whose shape the model leaves open
    change: str


class Case:
    """One folder of the suite; `name` is 'folder/test_x'."""

    def __init__(self, path):
        self.path = path
        self.name = f"{path.parent.name}/{path.name}"
        self.model = onnx.load(str(path / "model.onnx"))

    def operators(self):
        """The operators that the model is there for: those of the single node, or all."""
        return sorted({node.op_type for node in self.model.graph.node}) or ["(none)"]

    def data_sets(self):
        """(inputs by name, outputs in order) for each data set whose shapes are those of the first."""
        fed = fed_inputs(self.model)
        found = []
        for folder in sorted(self.path.glob("test_data_set_*"), key=lambda path: int(path.name.rsplit("_", 1)[1])):
            inputs = dict(zip((value.name for value in fed), read_series(folder, "input")))
            outputs = read_series(folder, "output")
            if found and [a.shape for a in inputs.values()] != [a.shape for a in found[0][0].values()]:
                continue
            found.append((inputs, outputs))
        return found

    def forms(self, inputs):
        """The forms to try in order, until one is not refused."""
        model, change = self.model, ""
        opset = max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=OLDEST_OPSET)
        if opset < OLDEST_OPSET:
            yield make_form(model, inputs, (), "")
            model = converted(model)
            if model is None:
                return
            change = f"converted from opset {opset} to {OLDEST_OPSET}"
        yield make_form(model, inputs, (), change)
        names = [value.name for value in fed_inputs(model) if can_be_constant(value, inputs)]
        whole = [name for name in names[1:] if inputs[name].dtype.kind in "iub"]
        tried = [[]]
        for constants in (whole, names[1:], names):
            if constants not in tried:
                tried.append(constants)
                text = "constant: " + ("all inputs" if constants == names else ", ".join(constants))
                yield make_form(model, inputs, constants, f"{change}; {text}" if change else text)


def find_cases():
    """All cases, in order of folder and name."""
    for folder in FOLDERS:
        for path in sorted((DATA / folder).glob("*/model.onnx")):
            yield path.parent


def fed_inputs(model):
    """The graph inputs that a caller gives: those without initializer."""
    initialized = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in initialized]


def read_series(folder, stem):
    """The arrays of stem_0.pb, stem_1.pb, ..."""
    arrays = []
    while (path := folder / f"{stem}_{len(arrays)}.pb").exists():
        tensor = onnx.TensorProto()
        try:
            tensor.ParseFromString(path.read_bytes())
            arrays.append(numpy_helper.to_array(tensor))
        except Exception as error:  # sequences and optionals are other messages; the parser may object in several ways
            raise Unreadable(f"{path.name} is not a tensor") from error
    return arrays


def converted(model):
    """The model at the oldest opset that Thimble reads, or None where ONNX's converter cannot do that."""
    try:
        return version_converter.convert_version(model, OLDEST_OPSET)
    except Exception:  # the converter raises RuntimeError and ValueError, and others for what it has no adapter for
        return None


def can_be_constant(value, inputs):
    """NumPy holds the data of this graph input in the type that the model declares (bfloat16, say, it does not)."""
    return value.name in inputs and numpy_helper.from_array(inputs[value.name]).data_type == value.type.tensor_type.elem_type


def make_form(model, inputs, constants, change):
    """The model with the inputs named in `constants` as initializers."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for name in constants:
        changed.graph.initializer.append(numpy_helper.from_array(numpy.ascontiguousarray(inputs[name]), name))
        changed.graph.input.remove(next(value for value in changed.graph.input if value.name == name))
    rest = {name: array for name, array in inputs.items() if name not in constants}
    shapes = {}
    for value in changed.graph.input:
        tensor = value.type.tensor_type
        is_open = not tensor.HasField("shape") or any(dim.dim_value == 0 for dim in tensor.shape.dim)
        if value.name in rest and is_open and rest[value.name].shape:
            shapes[value.name] = rest[value.name].shape
    return Form(changed.SerializeToString(), rest, shapes, change)


def type_name(array):
    """What Thimble's report calls the element type of an array."""
    return {"float32": "float", "float64": "double", "bool": "uint8_t"}.get(array.dtype.name, array.dtype.name + "_t")
