#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Writes accepted/: models in unusual but correct form. What text form can express is in the .onnxtext files and the unit tests.
import struct

from corpus import *

T = TensorProto
# For each type: the field of typed data, the code of its elements in raw data, and a few values. Half floats are given as bits.
TYPES = {
    "FLOAT": ("float_data", "f", [1.5, -2.25, 3e38]),
    "DOUBLE": ("double_data", "d", [1.5, -2.25, 1e300]),
    "FLOAT16": ("int32_data", "H", [0x3C00, 0xC100, 0x7BFF]),
    "BFLOAT16": ("int32_data", "H", [0x3F80, 0xC020, 0x7F7F]),
    "INT8": ("int32_data", "b", [1, -128, 127]),
    "UINT8": ("int32_data", "B", [1, 0, 255]),
    "INT16": ("int32_data", "h", [1, -32768, 32767]),
    "UINT16": ("int32_data", "H", [1, 0, 65535]),
    "INT32": ("int32_data", "i", [1, -(1 << 31), (1 << 31) - 1]),
    "UINT32": ("uint64_data", "I", [1, 0, (1 << 32) - 1]),
    "INT64": ("int64_data", "q", [1, -(1 << 63), (1 << 63) - 1]),
    "UINT64": ("uint64_data", "Q", [1, 0, (1 << 64) - 1]),
    "BOOL": ("int32_data", "?", [1, 0, 1]),
}


def all_types(typed):
    """One small and one large constant of each type; the large ones become resources."""
    result = []
    for name, (field, code, values) in TYPES.items():
        for title, repeat in ((name.lower(), 1), (name.lower() + "_large", 33)):
            content = values * repeat
            data = {field: content} if typed else {"raw_data": struct.pack("<" + code * len(content), *content)}
            result.append(tensor(title, (len(content),), getattr(T, name), **data))
    return result


def external_models(corpus):
    weights = struct.pack("<9f", *range(9))
    corpus.write("weights.bin", bytes(16) + weights + bytes(4))
    corpus.write("external.onnx", model(initializers=[external(location="weights.bin", offset=16, length=36)]))
    corpus.write("external_no_length.onnx", model(initializers=[external(location="./weights.bin", offset=16)]))
    corpus.write("external_empty.onnx", model(initializers=[external(dims=(0, 3), location="weights.bin")]))


def function_model():
    """Scale(x; factor = 2) = x * factor, called with and without the attribute, and through another function."""
    constant = helper.make_node("Constant", [], ["f"], "factor")
    constant.attribute.add(name="value_float", type=AttributeProto.FLOAT, ref_attr_name="factor")
    scale = helper.make_function("local", "Scale", ["a"], ["b"], [constant, helper.make_node("Mul", ["a", "f"], ["b"], "mul")],
                                 [helper.make_opsetid("", 13)])
    default = helper.make_attribute("factor", 2.0).SerializeToString(deterministic=True)
    # Field 11, attribute_proto, is newer than this ONNX.
    scale.MergeFromString(bytes([11 << 3 | 2, len(default)]) + default)
    inner = helper.make_node("Scale", ["a"], ["b"], "inner", domain="local")
    inner.attribute.add(name="factor", type=AttributeProto.FLOAT, ref_attr_name="k")
    twice = helper.make_function("local", "Outer", ["a", "unused"], ["b"], [inner], [helper.make_opsetid("local", 1)], ["k"])
    nodes = [helper.make_node("Scale", ["x"], ["u"], "plain", domain="local"),
             helper.make_node("Scale", ["u"], ["v"], "given", domain="local", factor=3.0),
             helper.make_node("Outer", ["v"], ["y"], "outer", domain="local", k=4.0)]
    return model(nodes, opsets={"": 17, "local": 1}, functions=[scale, twice])


def unsorted_model():
    """Nodes in reverse, one of them read only from within a subgraph."""
    branch = graph([helper.make_node("Add", ["late", "x"], ["s"], "inner")], [value("s")])
    other = graph([helper.make_node("Neg", ["x"], ["s"], "inner")], [value("s")])
    nodes = [helper.make_node("Relu", ["chosen"], ["y"], "last"),
             helper.make_node("If", ["c"], ["chosen"], "choice", then_branch=branch, else_branch=other),
             helper.make_node("Exp", ["x"], ["late"], "first")]
    return model(nodes, inputs=[value("x"), value("c", (), T.BOOL)])


accepted = Corpus("accepted")
accepted.write("typed_data.onnx", model(initializers=all_types(True)))
accepted.write("raw_data.onnx", model(initializers=all_types(False)))
external_models(accepted)
accepted.write("functions.onnx", function_model())
accepted.write("unsorted.onnx", unsorted_model())
accepted.write("opset_99.onnx", model(opsets={"": 99}))
accepted.write("old_style_initializers.onnx",
             model([helper.make_node("Add", ["x", "w"], ["y"], "add")], inputs=[value("x"), value("w")], ir_version=3,
                   initializers=[tensor(dims=(1, 3), float_data=[1, 2, 3])]))
accepted.write("odd_names.onnx",
             model([helper.make_node("Add", ["in put/0:0", "weights \u00e9\n\"1\""], ["y"], "node \"1\"\n/\u00e9")],
                   inputs=[value("in put/0:0", (1, 3))],
                   initializers=[tensor("weights \u00e9\n\"1\"", (33, 3), raw_data=bytes(396))]))
accepted.write("attribute_kinds_undeclared.onnx",
             model([NodeProto(op_type="Relu", name="relu", input=["x"], output=["y"],
                              attribute=[AttributeProto(name="i", i=3), AttributeProto(name="fs", floats=[1, 2]),
                                         AttributeProto(name="zero", type=AttributeProto.INT),
                                         AttributeProto(name="none", type=AttributeProto.INTS)])]))
accepted.write("input_0.pb", tensor("x", (1, 3), float_data=[1, 2, 3]))
accepted.write("external_tensor.pb", external("x", (1, 3), location="weights.bin", offset=20))
accepted.write("string_tensor.pb", tensor("x", (1,), T.STRING, string_data=[b"a"]))
