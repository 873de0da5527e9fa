#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Writes damaged/: models that the importer must refuse, and manifest.json with the message that each must give.
import random

from corpus import *

NINE = bytes(36)


def add_files(corpus):
    """Files that are no ONNX models at all, or only part of one."""
    corpus.add("empty.onnx", b"", "the file is empty")
    corpus.add("text.onnx", b"This is not a model.\n" * 5, "not an ONNX model: it is text")
    corpus.add("random.onnx", random.Random(1).randbytes(256),
        "not an ONNX model, or damaged (protobuf parse failed at byte ")
    corpus.add("git_lfs.onnx", b"version https://git-lfs.github.com/spec/v1\nsize 12\n", "it is a Git LFS pointer")
    corpus.add("tflite.onnx", b"\x1c\0\0\0TFL3" + bytes(24), "it is a TensorFlow Lite model")
    corpus.add("zip.onnx", b"PK\x03\x04" + bytes(40), "it is a zip archive")
    whole = model(initializers=[tensor(dims=(16, 16), raw_data=bytes(1024))]).SerializeToString(deterministic=True)
    for size in (20, 60, 300, len(whole) - 1):
        corpus.add(f"truncated_{size}.onnx", whole[:size], "protobuf parse failed at byte ")
    # The first byte of the graph's first node: the node claims more bytes than the graph has.
    at = whole.index(b"\n\x01x\x12\x01y") - 1
    corpus.add("wrong_length.onnx", whole[:at] + b"\x7f\xff\x7f" + whole[at + 3:], "protobuf parse failed at byte ")
    corpus.add("no_graph.onnx", ModelProto(ir_version=8), "it has no graph")


def add_tensors(corpus):
    """Initializers whose parts contradict each other."""
    def add(name, initializer, message, **more):
        corpus.add(name, model(initializers=[initializer]), message, **more)

    add("short_data.onnx", tensor(raw_data=bytes(12)), "initializer 'w' of shape 3x3 needs 36 bytes, the file has 12")
    add("long_data.onnx", tensor(raw_data=bytes(40)), "initializer 'w' of shape 3x3 needs 36 bytes, the file has 40")
    add("no_data.onnx", tensor(), "initializer 'w' of shape 3x3 needs 36 bytes, the file has 0")
    add("huge_claim.onnx", tensor(dims=(1 << 16, 1 << 16), raw_data=bytes(12)),
        "needs 17179869184 bytes, the file has 12")
    add("overflow.onnx", tensor(dims=(1 << 62, 4), raw_data=bytes(12)), "which is too large for any memory")
    add("overflow_empty.onnx", tensor(dims=(0, 1 << 62, 1 << 62)), "which is too large for any memory")
    add("negative_dimension.onnx", tensor(dims=(3, -3), raw_data=NINE), "initializer 'w' has a negative dimension, -3")
    add("rank_100.onnx", tensor(dims=[1] * 100, raw_data=bytes(4)),
        "initializer 'w' has 100 dimensions, the limit is 8")
    add("typed_short.onnx", tensor(float_data=[1, 2, 3]),
        "initializer 'w' of shape 3x3 needs 9 elements, the file has 3")
    add("wrong_field.onnx", tensor(data_type=TensorProto.INT64, float_data=[1] * 9),
        "initializer 'w' has data type INT64, whose data cannot be in float_data")
    add("two_fields.onnx", tensor(float_data=[1] * 9, raw_data=NINE), "has data in both raw_data and float_data")
    add("value_too_large.onnx", tensor(dims=[2], data_type=TensorProto.INT8, int32_data=[1, 300]),
        "has 300 as element 1, which int8 cannot hold")
    add("no_data_type.onnx", tensor(data_type=0, raw_data=NINE), "initializer 'w' has no data type")
    add("unknown_data_type.onnx", tensor(data_type=99, raw_data=NINE), "has data type number 99, which is not known")
    add("float4.onnx", tensor(data_type=23, raw_data=bytes(5)), "has data type FLOAT4E2M1, which is not supported")
    add("complex.onnx", tensor(data_type=TensorProto.COMPLEX64, raw_data=bytes(72)),
        "has data type COMPLEX64, which is not supported")
    add("string_tensor.onnx", tensor("names", (2,), TensorProto.STRING, string_data=[b"a", b"b"]),
        "initializer 'names' has data type STRING, which is not supported")
    segments = tensor(raw_data=NINE)
    segments.segment.begin = 0
    add("segments.onnx", segments, "is split into segments")
    add("unnamed_initializer.onnx", tensor("", raw_data=NINE), "an initializer of the graph has no name")
    corpus.add("duplicate_initializer.onnx", model(initializers=[tensor(raw_data=NINE)] * 2),
        "initializer 'w' is defined twice")
    sparse = model()
    added = sparse.graph.sparse_initializer.add(dims=[4])
    added.values.CopyFrom(tensor("s", (1,), raw_data=bytes(4)))
    added.indices.CopyFrom(tensor("i", (1,), TensorProto.INT64, raw_data=bytes(8)))
    corpus.add("sparse_initializer.onnx", sparse, "initializer 's' is sparse")


def add_external(corpus):
    """Initializers with data in other files."""
    def add(name, message, **entries):
        corpus.add(name, model(initializers=[external(**entries)]), message)

    corpus.write("short.bin", bytes(8))
    add("external_outside.onnx", "'../../secret.bin' is not inside the model's folder", location="../../secret.bin")
    add("external_hidden_outside.onnx", "is not inside the model's folder", location="a/../../short.bin")
    add("external_backslash.onnx", "is not inside the model's folder", location="..\\secret.bin")
    add("external_absolute.onnx", "'/etc/hostname' is not inside the model's folder", location="/etc/hostname")
    add("external_drive.onnx", "is not inside the model's folder", location="C:\\secret.bin")
    add("external_missing.onnx", "external data file 'absent.bin' is missing", location="absent.bin")
    add("external_folder.onnx", "is not a regular file", location=".")
    add("external_nowhere.onnx", "no location is given")
    add("external_short.onnx", "of shape 3x3: 36 bytes are needed at offset 0, external data file 'short.bin' has 8",
        location="short.bin")
    add("external_offset.onnx", "at offset 18446744073709551615", location="short.bin", offset=(1 << 64) - 1)
    add("external_negative.onnx", "the offset '-4', which is not a number", location="short.bin", offset=-4)
    add("external_length.onnx", "a length of 8 is given", location="short.bin", length=8)
    both = external(location="short.bin")
    both.raw_data = NINE
    corpus.add("external_and_raw.onnx", model(initializers=[both]), "has external data, and data in raw_data as well")


def add_names(corpus):
    """Graphs whose values do not fit together."""
    def add(name, nodes, message, node="", errors=1, **more):
        made = [helper.make_node(op, list(ins), list(outs), title) for title, op, ins, outs in nodes]
        corpus.add(name, model(made, **more), message, node, errors)

    add("cycle.onnx", [("a", "Add", ["x", "v"], ["u"]), ("b", "Relu", ["u"], ["v"]), ("c", "Relu", ["v"], ["y"])],
        "the node needs its own result: 'a' needs 'b' needs 'a'", "a")
    add("self_cycle.onnx", [("a", "Add", ["x", "y"], ["y"])], "the node needs its own result: 'a' needs 'a'", "a")
    add("undefined_input.onnx", [("add", "Add", ["x", "ghost"], ["y"])],
        "input 'ghost' is not defined anywhere in the graph", "add")
    add("unnamed_node.onnx", [("r", "Relu", ["x"], ["y"]), ("", "Add", ["x", "ghost"], ["z"])],
        "input 'ghost' is not defined", "Add_1")
    add("duplicate_output.onnx", [("a", "Relu", ["x"], ["y"]), ("b", "Relu", ["x"], ["y"])],
        "output 'y' is already computed by node 'a'", "b")
    add("output_is_input.onnx", [("a", "Relu", ["x"], ["x"])], "output 'x' has the name of an input or initializer",
        "a", outputs=[value("x")])
    add("two_problems.onnx", [("a", "Add", ["x", "p"], ["u"]), ("b", "Add", ["u", "q"], ["y"])],
        "input 'q' is not defined", "b", 2)
    add("many_problems.onnx", [(f"n{i}", "Add", ["x", f"ghost{i}"], [f"y{i}"]) for i in range(30)],
        "and 10 more errors", errors=21, outputs=[value("y1")])
    add("no_operator.onnx", [("mystery", "", ["x"], ["y"])], "the node has no operator type", "mystery")
    plain = dict(nodes=[helper.make_node("Relu", ["x"], ["y"], "relu")])
    corpus.add("no_outputs.onnx", model(**plain, outputs=[]), "the graph has no outputs")
    corpus.add("missing_output.onnx", model(**plain, outputs=[value("z")]),
        "output 'z' of the graph is not computed by any node")
    corpus.add("unnamed_output.onnx", model(**plain, outputs=[value("")]), "an output of the graph has no name")
    corpus.add("duplicate_graph_output.onnx", model(**plain, outputs=[value("y")] * 2),
        "output 'y' of the graph is listed twice")
    corpus.add("duplicate_input.onnx", model(**plain, inputs=[value("x")] * 2),
        "input 'x' of the graph is listed twice")
    corpus.add("unnamed_input.onnx", model(**plain, inputs=[value("x"), value("")]),
        "an input of the graph has no name")


def add_inputs(corpus):
    """Inputs without a static tensor type."""
    def add(name, value_info, message):
        corpus.add(name, model(inputs=[value_info]), message)

    add("input_string.onnx", value("x", (1, 3), TensorProto.STRING),
        "input 'x' has data type STRING, which is not supported")
    sequence = helper.make_tensor_sequence_value_info("x", FLOAT, None)
    add("input_sequence.onnx", sequence, "input 'x' is a sequence; give the shapes of its elements with --input-shape x=[<sizes>]")
    untyped = value("x")
    untyped.ClearField("type")
    add("input_untyped.onnx", untyped, "input 'x' is not a tensor")
    add("input_without_element_type.onnx", value("x", (1, 3), 0), "input 'x' has no data type")
    add("input_without_shape.onnx", value("x", None), "input 'x' has no shape; give it with --input-shape x=<size>")
    add("input_open.onnx", value("x", (1, 3, "height", None)),
        "dimension 2 ('height') of input 'x' is not known; give the shape with --input-shape x=1x3x<height>x<size>")
    add("input_rank_9.onnx", value("x", [1] * 9), "input 'x' has 9 dimensions, the limit is 8")
    add("input_overflow.onnx", value("x", (1 << 40, 1 << 40)), "which is too large for any memory")


def add_operator_sets(corpus):
    corpus.add("opset_0.onnx", model(opsets={"": 0}), "uses operator set 0, which is too old: versions 1 to 22 are read")
    corpus.add("opset_negative.onnx", model(opsets={"": -1}), "uses operator set -1, which is too old")
    corpus.add("opset_conflict.onnx", model(opsets={"": 13, "ai.onnx": 12}),
        "imports domain 'ai.onnx' in two versions, 13 and 12")
    corpus.add("opset_custom_0.onnx", model(opsets={"": 13, "custom": 0}), "imports version 0 of domain 'custom'")
    without = model()
    del without.opset_import[:]
    corpus.add("no_opset.onnx", without, "the model imports no operator set")
    custom = helper.make_node("Magic", ["x"], ["y"], "wand", domain="custom")
    corpus.add("unknown_domain.onnx", model([custom]),
        "operator 'Magic' is of domain 'custom', of which the model imports no version", "wand")
    corpus.add("only_ml_opset.onnx", model(opsets={"ai.onnx.ml": 2}),
        "of domain 'ai.onnx', of which the model imports no version", "relu")


def add_attributes(corpus):
    def add(name, attributes, message):
        node = NodeProto(op_type="Relu", name="relu", input=["x"], output=["y"], attribute=attributes)
        corpus.add(name, model([node]), message, "relu")

    A = AttributeProto
    add("attribute_twice.onnx", [A(name="a", type=A.INT, i=1)] * 2, "attribute 'a' is given twice")
    add("attribute_unnamed.onnx", [A(type=A.INT, i=1)], "an attribute has no name")
    add("attribute_wrong_kind.onnx", [A(name="pads", type=A.INTS, floats=[1])],
        "attribute 'pads' is declared as INTS but holds FLOATS")
    add("attribute_no_tensor.onnx", [A(name="v", type=A.TENSOR)],
        "attribute 'v' is declared as TENSOR but holds nothing")
    add("attribute_no_value.onnx", [A(name="v")], "attribute 'v' has no value")
    add("attribute_short_tensor.onnx", [A(name="v", type=A.TENSOR, t=tensor(raw_data=bytes(12)))],
        "attribute 'v' is wrong: its tensor of shape 3x3 needs 36 bytes")
    add("attribute_reference.onnx", [A(name="a", type=A.INT, ref_attr_name="b")],
        "refers to an attribute of a function")
    add("attribute_graphs.onnx", [A(name="g", type=A.GRAPHS, graphs=[GraphProto()])],
        "is a list of graphs, which is not supported")
    sparse = A(name="s", type=A.SPARSE_TENSOR)
    sparse.sparse_tensor.dims.append(1)
    add("attribute_sparse.onnx", [sparse], "is a sparse tensor, which is not supported")


def nested(depth, innermost):
    """An If in an If in an If ..., each with one branch."""
    body = graph([innermost], [value("v0")])
    for level in range(1, depth):
        body = graph([helper.make_node("If", ["c"], [f"v{level}"], f"if{level}", then_branch=body)],
                [value(f"v{level}")])
    node = helper.make_node("If", ["c"], ["y"], "outer", then_branch=body)
    return model([node], inputs=[value("x"), value("c", (), TensorProto.BOOL)])


def add_graphs(corpus):
    relu = helper.make_node("Relu", ["x"], ["v0"], "inner")
    corpus.add("nested_40.onnx", nested(40, relu), "its messages nest too deep")
    corpus.add("nested_17.onnx", nested(17, relu), "graphs nest more than 16 deep",
               "outer/then_branch/" + "".join(f"if{i}/then_branch/" for i in range(16, 1, -1)) + "if1")
    ghost = helper.make_node("Relu", ["ghost"], ["v0"], "inner")
    corpus.add("subgraph_undefined.onnx", nested(1, ghost), "input 'ghost' is not defined anywhere",
        "outer/then_branch/inner")
    other = helper.make_node("Relu", ["x"], ["other"], "inner")
    corpus.add("subgraph_output.onnx", nested(1, other),
        "output 'v0' of graph 'then_branch' is not computed by any node", "outer")


def add_functions(corpus):
    def function(nodes, inputs=("a",), outputs=("b",), name="F"):
        return helper.make_function("local", name, list(inputs), list(outputs), nodes, [helper.make_opsetid("", 13)])

    opsets = {"": 13, "local": 1}
    call = helper.make_node("F", ["x"], ["y"], "call", domain="local")
    good = function([helper.make_node("Relu", ["a"], ["b"])])
    recursive = function([helper.make_node("F", ["a"], ["b"], "again", domain="local")])
    corpus.add("function_recursive.onnx", model([call], opsets=opsets, functions=[recursive]), "does it call itself?",
               "call/" + "again/" * 15 + "again")
    corpus.add("function_twice.onnx", model([call], opsets=opsets, functions=[good, good]),
        "function 'F' of domain 'local' is defined twice")
    wrong = helper.make_node("F", ["x", "x"], ["y"], "call", domain="local")
    corpus.add("function_inputs.onnx", model([wrong], opsets=opsets, functions=[good]),
        "has 1 inputs and 1 outputs, but the node has 2 and 1", "call")
    outside = function([helper.make_node("Relu", ["x"], ["b"], "inner")])
    corpus.add("function_sees_outside.onnx", model([call], opsets=opsets, functions=[outside]),
        "input 'x' is not defined", "call/inner")
    absent = function([helper.make_node("Relu", ["a"], ["c"], "inner")])
    corpus.add("function_output.onnx", model([call], opsets=opsets, functions=[absent]),
        "output 'b' of function 'F' is not computed by any node", "call")
    # Each function calls the next one ten times: 10^8 nodes from a file of a few kilobytes.
    bomb = [function([helper.make_node(f"F{i + 1}", ["a"], ["b" if k == 9 else f"t{k}"],
            domain="local") for k in range(10)], name=f"F{i}")
            for i in range(7)] + [function([helper.make_node("Relu", ["a"], ["b"])], name="F7")]
    first = helper.make_node("F0", ["x"], ["y"], "call", domain="local")
    corpus.add("function_bomb.onnx", model([first], opsets=opsets, functions=bomb),
        "the model has more than 100000 nodes")


damaged = Corpus("damaged")
for add_all in (add_files, add_tensors, add_external, add_names, add_inputs, add_operator_sets, add_attributes,
        add_graphs, add_functions):
    add_all(damaged)
damaged.write_manifest()
