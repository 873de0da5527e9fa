# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the front of a network like MobileNet-V2 with random weights, in the form in which torch exports one, and images for it.

Its inverted residual blocks have many channels where maps are still wide: rows of them need much memory. By default images are gray and
wide, as lines of text are.
"""
import argparse
import pathlib

import numpy
from onnx import TensorProto, helper

from make_vit import Writer


def conv(w, x, name, channels, into, kernel=1, stride=1, groups=1, clips=True):
    depth = kernel * kernel * channels // groups
    weights = w.weights(f"{name}.weight", into, channels // groups, kernel, kernel, deviation=(2 / depth) ** 0.5)
    y = w.op("Conv", f"{name}/Conv", x, weights, w.weights(f"{name}.bias", into, deviation=0.1), kernel_shape=[kernel] * 2,
             strides=[stride] * 2, pads=[kernel // 2] * 4, dilations=[1, 1], group=groups)
    return w.op("Clip", f"{name}/Clip", y, w.scalar(f"{name}/low", 0), w.scalar(f"{name}/high", 6)) if clips else y


def block(w, x, name, channels, into, expansion, stride):
    inner = channels * expansion
    y = conv(w, x, f"{name}/expand", channels, inner)
    y = conv(w, y, f"{name}/depthwise", inner, inner, 3, stride, inner)
    y = conv(w, y, f"{name}/project", inner, into, clips=False)
    return w.op("Add", f"{name}/Add", x, y) if stride == 1 and channels == into else y


def build(height, width, channels, seed):
    w = Writer(seed)
    x = conv(w, "image", "/stem", channels, 16, 3, 2)
    for index, (before, into, stride) in enumerate([(16, 24, 2), (24, 24, 1), (24, 32, 2)]):
        x = block(w, x, f"/blocks.{index}", before, into, 6, stride)
    x = conv(w, x, "/last", 32, 64, 3, 2)
    x = w.op("GlobalAveragePool", "/pool/GlobalAveragePool", x)
    x = w.op("Flatten", "/Flatten", x, axis=1)
    w.nodes.append(helper.make_node("Gemm", [x, w.weights("head.weight", 10, 64, deviation=0.125), w.weights("head.bias", 10, deviation=0.1)],
                                    ["logits"], name="/head/Gemm", transB=1))
    graph = helper.make_graph(w.nodes, "main_graph", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, channels, height, width])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 10])], w.constants)
    model = helper.make_model(graph, producer_name="pytorch", opset_imports=[helper.make_opsetid("", 14)])
    model.ir_version = 7
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    for name, value in (("height", 48), ("width", 128), ("channels", 1), ("seed", 7)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "model.onnx").write_bytes(build(options.height, options.width, options.channels, options.seed).SerializeToString())
    images = numpy.random.default_rng(options.seed + 1).standard_normal((2, options.height, options.width, options.channels))
    numpy.save(options.folder / "images.npy", images.astype(numpy.float32))


if __name__ == "__main__":
    main()
