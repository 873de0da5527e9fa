# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cases of the ONNX backend test suite: models with inputs and expected outputs, and what the compiler is told of them.

Thimble gets every model as it is, but for one whose data contradict it (CORRECTED). What it cannot know is given to it as a user would give it: the sizes of open dimensions, and of
sequences, with --input-shape; and for the few cases of bound.json, the values of inputs that decide how many tensors there are.
"""
import json
import pathlib

import numpy
import onnx
import onnx.helper
from onnx import numpy_helper

DATA = pathlib.Path("/usr/share/libonnx-testdata/data")
FOLDERS = ("node", "simple", "pytorch-converted", "pytorch-operator")
# Cases with inputs that become constants: {case: {"inputs": [names], "reason": text}}.
BOUND = json.loads((pathlib.Path(__file__).resolve().parent / "bound.json").read_text())

# Attributes that a case's data were computed with, but its model lacks: {case: (attributes of its node, reason)}.
CORRECTED = {"node/test_adam_multiple": ({"epsilon": 0.01}, "the outputs were computed with an epsilon of 0.01, the model has none, and "
                                         "ONNX's default is 1e-6")}

RANDOM = ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")


class Unreadable(Exception):
    """A case's data is not made of tensors, sequences of them, or optionals."""


class BFloat16(numpy.ndarray):
    """The bits of bfloat16 numbers, which NumPy does not know, as uint16."""


class Case:
    """One folder of the suite; `name` is 'folder/test_x'."""

    def __init__(self, path):
        self.path = path
        self.name = f"{path.parent.name}/{path.name}"
        self.model_bytes = (path / "model.onnx").read_bytes()
        self.model = onnx.load_model_from_string(self.model_bytes)
        if self.name in CORRECTED:
            for key, value in CORRECTED[self.name][0].items():
                self.model.graph.node[0].attribute.append(onnx.helper.make_attribute(key, value))
            self.model_bytes = self.model.SerializeToString()
        self.bound = BOUND.get(self.name, {"inputs": []})

    def operators(self):
        """The operators that the model is there for: those of the single node, or all."""
        return sorted({node.op_type for node in self.model.graph.node}) or ["(none)"]

    def is_random(self):
        """The outputs depend on random numbers, of which ONNX does not say how they are made."""
        return any(node.op_type in RANDOM or (node.op_type == "Dropout" and len(node.input) > 2) for node in self.model.graph.node)

    def fed_inputs(self):
        """The graph inputs that a caller gives: those without initializer."""
        initialized = {tensor.name for tensor in self.model.graph.initializer}
        return [value for value in self.model.graph.input if value.name not in initialized]

    def data_sets(self):
        """(inputs by name, outputs in order) for each data set whose shapes are those of the first; a value is an array, a list of
        them for a sequence, or None for an absent optional."""
        found = []
        for folder in sorted(self.path.glob("test_data_set_*"), key=lambda path: int(path.name.rsplit("_", 1)[1])):
            inputs = {value.name: read_value(folder / f"input_{i}.pb", value.type) for i, value in enumerate(self.fed_inputs())}
            outputs = [read_value(folder / f"output_{i}.pb", value.type) for i, value in enumerate(self.model.graph.output)]
            if not found or shapes_of(inputs.values()) == shapes_of(found[0][0].values()):
                found.append((inputs, outputs))
        return found

    def options(self, inputs, folder):
        """What the compiler is told beside the model. Values of bound inputs are written to `folder`."""
        options = []
        for value in self.fed_inputs():
            data = inputs[value.name]
            if value.name in self.bound["inputs"]:
                numpy.save(folder / f"{value.name}.npy", data)
                options += ["--bind", f"{value.name}={value.name}.npy"]
            elif data is None:
                options += ["--input-shape", f"{value.name}=none"]
            elif isinstance(data, list):
                options += ["--input-shape", f"{value.name}=" + (",".join(f"[{dims(array)}]" for array in data) or "0x[]")]
            elif is_open(value.type) and data.shape:
                options += ["--input-shape", f"{value.name}={dims(data)}"]
        return options


def find_cases():
    """All cases, in order of folder and name."""
    for folder in FOLDERS:
        for path in sorted((DATA / folder).glob("*/model.onnx")):
            yield path.parent


def dims(array):
    return "x".join(map(str, array.shape))


def is_open(kind):
    """The type of this input leaves sizes open. 0 means 0 in a list of integers only."""
    tensor = (kind.optional_type.elem_type if kind.HasField("optional_type") else kind).tensor_type
    is_list = tensor.elem_type in (onnx.TensorProto.INT64, onnx.TensorProto.INT32) and len(tensor.shape.dim) == 1
    return not tensor.HasField("shape") or any(
        dim.dim_value == 0 and not (is_list and dim.HasField("dim_value")) for dim in tensor.shape.dim)


def shapes_of(values):
    return [[item.shape for item in value] if isinstance(value, list) else value if value is None else value.shape
            for value in values]


def flatten(named):
    """The tensors of values by name as the compiled model has them: x_0, x_1, ... for a sequence, nothing for an absent optional."""
    flat = {}
    for name, value in named:
        if isinstance(value, list):
            flat.update((f"{name}_{i}", item) for i, item in enumerate(value))
        elif value is not None:
            flat[name] = value
    return flat


def to_array(tensor):
    """The elements of a TensorProto; strings and complex numbers are beyond us."""
    if tensor.data_type == onnx.TensorProto.BFLOAT16:
        bits = numpy.frombuffer(tensor.raw_data, numpy.uint16) if tensor.raw_data else numpy.array(tensor.int32_data, numpy.uint16)
        return bits.reshape(tuple(tensor.dims)).view(BFloat16)
    if tensor.data_type == onnx.TensorProto.STRING:
        raise Unreadable("the data are strings")
    return numpy_helper.to_array(tensor)


def read_value(path, kind):
    """The value in a file whose declared type is `kind`."""
    data = path.read_bytes()
    try:
        if kind.HasField("optional_type"):
            optional = onnx.OptionalProto()
            optional.ParseFromString(data)
            if optional.elem_type == onnx.OptionalProto.TENSOR:
                return to_array(optional.tensor_value)
            if optional.elem_type == onnx.OptionalProto.SEQUENCE:
                return [to_array(tensor) for tensor in optional.sequence_value.tensor_values]
            if optional.elem_type == onnx.OptionalProto.UNDEFINED:
                return None
            raise Unreadable(f"{path.name} is an optional of another type")
        if kind.HasField("sequence_type"):
            sequence = onnx.SequenceProto()
            sequence.ParseFromString(data)
            return [to_array(tensor) for tensor in sequence.tensor_values]
        tensor = onnx.TensorProto()
        tensor.ParseFromString(data)
        array = to_array(tensor)
        if kind.tensor_type.elem_type == onnx.TensorProto.BFLOAT16 and array.dtype == numpy.uint16:
            array = array.view(BFloat16)
        # The CastLike cases have a `like`, of which only the type matters, that is smaller than they declare.
        declared = [dim.dim_value for dim in kind.tensor_type.shape.dim]
        if array.size == 1 and numpy.prod(declared, dtype=int) > 1:
            array = numpy.broadcast_to(array, declared, subok=True).copy()
        return array
    except Unreadable:
        raise
    except Exception as error:  # the parser may object in several ways
        raise Unreadable(f"{path.name} cannot be read") from error


def type_name(array):
    """What Thimble's report calls the element type of an array."""
    if isinstance(array, BFloat16):
        return "bfloat16"
    names = {"float16": "float16", "float32": "float", "float64": "double", "bool": "uint8_t"}
    return names.get(array.dtype.name, array.dtype.name + "_t")
