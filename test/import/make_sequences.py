# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes models with inputs and outputs that are sequences or optionals, which ONNX's text form cannot say, into a folder."""
import pathlib
import sys

import onnx
from onnx import TensorProto, helper

tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, ["N"])
sequence = helper.make_sequence_type_proto(tensor)


def write(name, nodes, inputs, outputs):
    values = [[helper.make_value_info(key, kind) for key, kind in ports.items()] for ports in (inputs, outputs)]
    graph = helper.make_graph(nodes, name, *values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    onnx.save(model, pathlib.Path(sys.argv[1]) / f"{name}.onnx")


pathlib.Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
write("reverse", [helper.make_node("SequenceErase", ["s", "zero"], ["rest"]), helper.make_node("SequenceAt", ["s", "zero"], ["first"]),
                  helper.make_node("Neg", ["first"], ["negative"]), helper.make_node("SequenceInsert", ["rest", "negative"], ["y"])],
      {"s": sequence, "zero": helper.make_tensor_type_proto(TensorProto.INT64, [])}, {"y": sequence})
write("clash", [helper.make_node("SequenceAt", ["s", "s_1"], ["y"])],
      {"s": sequence, "s_1": helper.make_tensor_type_proto(TensorProto.INT64, [])}, {"y": tensor})
for name, kind in (("optional_tensor", helper.make_tensor_type_proto(TensorProto.FLOAT, [2])), ("optional_sequence", sequence)):
    write(name, [helper.make_node("OptionalHasElement", ["o"], ["y"])], {"o": helper.make_optional_type_proto(kind)},
          {"y": helper.make_tensor_type_proto(TensorProto.BOOL, [])})
