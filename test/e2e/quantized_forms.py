# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a QDQ model in the other forms in which quantized models come, and checks that all compute the same.

Forms: uint8 activations; uint8 weights; QOperator (QLinearConv, QLinearAdd, QGemm, ...). Checked too: the outputs of ONNX Runtime
beside the model, in steps of the output's scale.
"""
import argparse
import collections
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import helper, numpy_helper

QLINEAR = {"Add": "QLinearAdd", "GlobalAveragePool": "QLinearGlobalAveragePool", "Softmax": "QLinearSoftmax"}


def run(model, inputs, folder):
    """The outputs that Thimble computes in integers, as real numbers."""
    output = folder / "out.npy"
    result = subprocess.run(["thimble", "run", "-q", model, "--inputs", inputs, "-o", output], capture_output=True, text=True)
    if result.returncode != 0 or "runs in float" in result.stderr:
        sys.exit(f"{model}\nexit code {result.returncode}\n{result.stdout}{result.stderr}")
    return np.load(output)


def initializers(model):
    return {tensor.name: tensor for tensor in model.graph.initializer}


def with_uint8(model, of_weights):
    """The same model with codes of uint8, either those of activations or those of weights."""
    model = onnx.load_from_string(model.SerializeToString())
    tensors = initializers(model)
    changed = set()
    for node in model.graph.node:
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            continue
        is_weight = node.input[0] in tensors
        if is_weight != of_weights or tensors[node.input[2]].data_type != onnx.TensorProto.INT8:
            continue
        for name in [node.input[2]] + ([node.input[0]] if is_weight else []):
            if name not in changed:
                codes = numpy_helper.to_array(tensors[name]).astype(np.int32) + 128
                tensors[name].CopyFrom(numpy_helper.from_array(codes.astype(np.uint8), name))
                changed.add(name)
    return model


def with_qoperators(model):
    """The same model with one operator for DequantizeLinear, operator, (Relu,) QuantizeLinear."""
    model = onnx.load_from_string(model.SerializeToString())
    producers = {output: node for node in model.graph.node for output in node.output}
    users = collections.defaultdict(list)
    for node in model.graph.node:
        for name in node.input:
            users[name].append(node)

    def quantized(name):
        """Codes, scale, zero point of a dequantized value; a Flatten in between is done on the codes."""
        node = producers[name]
        if node.op_type == "Flatten":
            codes, scale, zero = quantized(node.input[0])
            nodes.append(helper.make_node("Flatten", [codes], [name + "_codes"], axis=1))
            return [name + "_codes", scale, zero]
        return list(node.input)

    nodes = []
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear" and node.input[0] != model.graph.input[0].name:
            inner = producers[node.input[0]]
            if inner.op_type == "Relu":  # zero points of -128 clamp as well
                inner = producers[inner.input[0]]
            attributes = {a.name: helper.get_attribute_value(a) for a in inner.attribute}
            y = list(node.input[1:3])
            if inner.op_type == "Conv":
                w, b = producers[inner.input[1]], producers[inner.input[2]]
                nodes.append(helper.make_node("QLinearConv", [*quantized(inner.input[0]), *w.input, *y, b.input[0]], node.output,
                                              node.name, **attributes))
            elif inner.op_type == "Gemm":
                w, b = producers[inner.input[1]], producers[inner.input[2]]
                nodes.append(helper.make_node("QGemm", [*quantized(inner.input[0]), *w.input, b.input[0], *y], node.output, node.name,
                                              domain="com.microsoft", **attributes))
            else:
                if inner.op_type == "Softmax":
                    attributes["opset"] = 13
                inputs = [word for name in inner.input for word in quantized(name)]
                nodes.append(helper.make_node(QLINEAR[inner.op_type], [*inputs, *y], node.output, node.name, domain="com.microsoft",
                                              **attributes))
        elif node.op_type == "QuantizeLinear" or any(output.name in node.output for output in model.graph.output):
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("inputs")
    parser.add_argument("expected", help="outputs of ONNX Runtime")
    parser.add_argument("--scale", type=float, required=True, help="of the output")
    parser.add_argument("--steps", type=int, default=1, help="by which 1 %% of the outputs at most may differ more")
    options = parser.parse_args()
    model = onnx.load(options.model)
    expected = np.load(options.expected)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        outputs = run(options.model, options.inputs, folder).reshape(expected.shape)
        steps = np.abs(outputs - expected) / options.scale
        rows = len(expected)
        agreement = np.mean(outputs.reshape(rows, -1).argmax(1) == expected.reshape(rows, -1).argmax(1))
        near = np.mean(steps < options.steps + 0.01)
        print(f"{rows} samples: argmax agreement {agreement:.4f}, {near:.4f} of the outputs within {options.steps} steps, "
              f"{np.mean(steps < 0.01):.4f} equal")
        if agreement < 0.995 or near < 0.99:
            sys.exit("FAILED: not what ONNX Runtime computes")
        forms = {"uint8 activations": with_uint8(model, False), "uint8 weights": with_uint8(model, True),
                 "QOperator": with_qoperators(model)}
        for name, form in forms.items():
            file = folder / "form.onnx"
            onnx.save(form, file)
            same = np.array_equal(run(file, options.inputs, folder).reshape(expected.shape), outputs)
            print(f"{name}: {'equal' if same else 'different'}")
            if not same:
                sys.exit(f"FAILED: with {name} the model computes something else")


main()
