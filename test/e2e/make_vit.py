# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a vision transformer with random weights, in the form in which torch exports one, and images for it (as cameras give them:
NHWC).

Its shape is by default that of MCUFormer's models: 240x240x3 images, patches of 16 pixels, 12 blocks of 192 channels and 3 heads.
"""
import argparse
import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


class Writer:
    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)
        self.nodes, self.constants = [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(numpy.asarray(value), name))
        return name

    def weights(self, name, *shape, deviation):
        return self.constant(name, (self.random.standard_normal(shape) * deviation).astype(numpy.float32))

    def scalar(self, name, value):
        return self.constant(name, numpy.float32(value))

    def ints(self, name, *values):
        return self.constant(name, numpy.array(values, numpy.int64))

    def op(self, kind, name, *inputs, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [name + "_output_0"], name=name, **attributes))
        return name + "_output_0"

    def linear(self, x, name, rows, columns):
        y = self.op("MatMul", f"{name}/MatMul", x, self.weights(f"{name}.weight", rows, columns, deviation=rows ** -0.5))
        return self.op("Add", f"{name}/Add", self.weights(f"{name}.bias", columns, deviation=0.02), y)

    def norm(self, x, name, width):
        mean = self.op("ReduceMean", f"{name}/ReduceMean", x, axes=[-1])
        centered = self.op("Sub", f"{name}/Sub", x, mean)
        square = self.op("Pow", f"{name}/Pow", centered, self.scalar(f"{name}/two", 2))
        variance = self.op("ReduceMean", f"{name}/ReduceMean_1", square, axes=[-1])
        root = self.op("Sqrt", f"{name}/Sqrt", self.op("Add", f"{name}/Add", variance, self.scalar(f"{name}/epsilon", 1e-6)))
        y = self.op("Div", f"{name}/Div", centered, root)
        gain = 1 + 0.1 * self.random.standard_normal(width).astype(numpy.float32)
        y = self.op("Mul", f"{name}/Mul", y, self.constant(f"{name}.weight", gain.astype(numpy.float32)))
        return self.op("Add", f"{name}/Add_1", y, self.weights(f"{name}.bias", width, deviation=0.1))

    def gelu(self, x, name):
        erf = self.op("Erf", f"{name}/Erf", self.op("Div", f"{name}/Div", x, self.scalar(f"{name}/root", 2 ** 0.5)))
        half = self.op("Mul", f"{name}/Mul", x, self.op("Add", f"{name}/Add", erf, self.scalar(f"{name}/one", 1)))
        return self.op("Mul", f"{name}/Mul_1", half, self.scalar(f"{name}/half", 0.5))

    def attention(self, x, name, tokens, width, heads):
        qkv = self.linear(x, f"{name}/qkv", width, 3 * width)
        qkv = self.op("Reshape", f"{name}/Reshape", qkv, self.ints(f"{name}/split", 1, tokens, 3, heads, width // heads))
        qkv = self.op("Transpose", f"{name}/Transpose", qkv, perm=[2, 0, 3, 1, 4])
        q, k, v = (self.op("Gather", f"{name}/Gather_{i}", qkv, self.constant(f"{name}/index_{i}", numpy.int64(i)), axis=0)
                   for i in range(3))
        q = self.op("Mul", f"{name}/Mul", q, self.scalar(f"{name}/scale", (width // heads) ** -0.5))
        scores = self.op("MatMul", f"{name}/MatMul", q, self.op("Transpose", f"{name}/Transpose_1", k, perm=[0, 1, 3, 2]))
        weights = self.op("Softmax", f"{name}/Softmax", scores, axis=-1)
        y = self.op("Transpose", f"{name}/Transpose_2", self.op("MatMul", f"{name}/MatMul_1", weights, v), perm=[0, 2, 1, 3])
        y = self.op("Reshape", f"{name}/Reshape_1", y, self.ints(f"{name}/merge", 1, tokens, width))
        return self.linear(y, f"{name}/proj", width, width)

    def block(self, x, name, tokens, width, heads):
        y = self.attention(self.norm(x, f"{name}/norm1", width), f"{name}/attn", tokens, width, heads)
        x = self.op("Add", f"{name}/Add", x, y)
        y = self.linear(self.norm(x, f"{name}/norm2", width), f"{name}/mlp/fc1", width, 4 * width)
        y = self.linear(self.gelu(y, f"{name}/mlp/act"), f"{name}/mlp/fc2", 4 * width, width)
        return self.op("Add", f"{name}/Add_1", x, y)


def build(options):
    w = Writer(options.seed)
    width, patch, side = options.width, options.patch, options.size // options.patch
    tokens = side * side + 1
    kernel = w.weights("patch_embed.weight", width, 3, patch, patch, deviation=(3 * patch * patch) ** -0.5)
    x = w.op("Conv", "/patch_embed/Conv", "image", kernel, w.weights("patch_embed.bias", width, deviation=0.1),
             kernel_shape=[patch, patch], strides=[patch, patch], pads=[0, 0, 0, 0], dilations=[1, 1], group=1)
    x = w.op("Reshape", "/patch_embed/Reshape", x, w.ints("/patch_embed/shape", 1, width, side * side))
    x = w.op("Transpose", "/patch_embed/Transpose", x, perm=[0, 2, 1])
    x = w.op("Concat", "/Concat", w.weights("cls_token", 1, 1, width, deviation=0.5), x, axis=1)
    x = w.op("Add", "/Add", x, w.weights("pos_embed", 1, tokens, width, deviation=0.3))
    for i in range(options.blocks):
        x = w.block(x, f"/blocks.{i}", tokens, width, options.heads)
    x = w.op("Gather", "/Gather", w.norm(x, "/norm", width), w.constant("/zero", numpy.int64(0)), axis=1)
    w.nodes.append(helper.make_node("Gemm", [x, w.weights("head.weight", options.classes, width, deviation=width ** -0.5),
                                             w.weights("head.bias", options.classes, deviation=0.02)], ["logits"],
                                    name="/head/Gemm", transB=1))
    graph = helper.make_graph(w.nodes, "main_graph",
                              [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, options.size, options.size])],
                              [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, options.classes])], w.constants)
    model = helper.make_model(graph, producer_name="pytorch", opset_imports=[helper.make_opsetid("", 14)])
    model.ir_version = 7
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    for name, value in (("size", 240), ("patch", 16), ("blocks", 12), ("width", 192), ("heads", 3), ("classes", 1000),
                        ("images", 1), ("seed", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "vit.onnx").write_bytes(build(options).SerializeToString())
    images = numpy.random.default_rng(options.seed + 1).standard_normal((options.images, options.size, options.size, 3))
    numpy.save(options.folder / "images.npy", images.astype(numpy.float32))


if __name__ == "__main__":
    main()
