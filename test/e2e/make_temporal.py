# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes small temporal models with random weights of a fixed seed, in the form in which torch exports them, and noise for them.

  tcn       causal dilated convolutions with residuals (padded on both sides, and cut off behind), outputs for each frame
  wavenet   causal convolutions padded in front, gates, sums of skip connections; outputs for each frame
  keywords  convolutions without padding, with strides, batch normalization, global average pooling, scores
  flat      convolutions without padding, a maximum pooling, all frames flattened into a fully connected layer
  spectrum  images of time by frequency, 2-D convolutions padded in frequency alone, average over what is left
  gru       a convolution without padding, a GRU, scores of the last state and of each frame
  lstm      a causal convolution, an LSTM, scores for each frame
  random    a random chain of what is above
"""
import argparse
import pathlib

import numpy
import onnx
from onnx import TensorProto, helper

from make_vit import Writer


class Temporal(Writer):
    def __init__(self, seed, frames):
        super().__init__(seed)
        self.frames = frames
        self.count = 0

    def name(self, kind):
        self.count += 1
        return f"/{kind.lower()}.{self.count}/{kind}"

    def conv(self, x, ins, outs, kernel, dilation=1, stride=1, before=0, after=0, groups=1):
        name = self.name("Conv")
        weights = self.weights(name + ".weight", outs, ins // groups, kernel, deviation=(kernel * ins / groups) ** -0.5 * 1.3)
        return self.op("Conv", name, x, weights, self.weights(name + ".bias", outs, deviation=0.1), kernel_shape=[kernel],
                       strides=[stride], pads=[before, after], dilations=[dilation], group=groups)

    def conv2d(self, x, ins, outs, kernel, strides, pads, groups=1):
        name = self.name("Conv")
        weights = self.weights(name + ".weight", outs, ins // groups, *kernel, deviation=(kernel[0] * kernel[1] * ins / groups) ** -0.5)
        return self.op("Conv", name, x, weights, self.weights(name + ".bias", outs, deviation=0.1), kernel_shape=list(kernel),
                       strides=list(strides), pads=list(pads), group=groups)

    def relu(self, x):
        return self.op("Relu", self.name("Relu"), x)

    def cut(self, x, behind):
        """What PyTorch's TCNs call chomp."""
        n = self.name("Slice")
        return self.op("Slice", n, x, self.ints(n + ".starts", 0), self.ints(n + ".ends", -behind), self.ints(n + ".axes", 2))

    def norm(self, x, width):
        n = self.name("BatchNormalization")
        r = self.random
        return self.op("BatchNormalization", n, x, self.constant(n + ".scale", (1 + 0.1 * r.standard_normal(width)).astype("f")),
                       self.weights(n + ".bias", width, deviation=0.1), self.weights(n + ".mean", width, deviation=0.1),
                       self.constant(n + ".var", (1 + 0.2 * r.random(width)).astype("f")))

    def gemm(self, x, ins, outs):
        n = self.name("Gemm")
        return self.op("Gemm", n, x, self.weights(n + ".weight", outs, ins, deviation=ins ** -0.5),
                       self.weights(n + ".bias", outs, deviation=0.1), transB=1)

    def recurrent(self, kind, x, ins, hidden):
        """x is [time, 1, ins]; y and the last state."""
        n, gates = self.name(kind), 3 if kind == "GRU" else 4
        extra = {"linear_before_reset": 1} if kind == "GRU" else {}
        outputs = [n + "_output_0", n + "_h"]
        self.nodes.append(helper.make_node(kind, [x, self.weights(n + ".W", 1, gates * hidden, ins, deviation=ins ** -0.5),
                                                  self.weights(n + ".R", 1, gates * hidden, hidden, deviation=hidden ** -0.5),
                                                  self.weights(n + ".B", 1, 2 * gates * hidden, deviation=0.1)], outputs, name=n,
                                           hidden_size=hidden, **extra))
        return outputs


def tcn(w, options):
    width, x = options.width, "x"
    ins = options.channels
    for level in range(options.levels):
        d = 2 ** level
        y = x
        for half in range(2):
            y = w.relu(w.cut(w.conv(y, ins if half == 0 else width, width, 3, d, 1, 2 * d, 2 * d), 2 * d))
        shortcut = x if ins == width else w.conv(x, ins, width, 1)
        x = w.relu(w.op("Add", w.name("Add"), y, shortcut))
        ins = width
    return [w.conv(x, width, options.classes, 1)]


def wavenet(w, options):
    width, x, skip = options.width, w.conv("x", options.channels, options.width, 2, 1, 1, 1), None
    for level in range(options.levels):
        d = 2 ** level
        a, b = (w.conv(x, width, width, 2, d, 1, d) for _ in range(2))
        gated = w.op("Mul", w.name("Mul"), w.op("Tanh", w.name("Tanh"), a), w.op("Sigmoid", w.name("Sigmoid"), b))
        part = w.conv(gated, width, width, 1)
        skip = part if skip is None else w.op("Add", w.name("Add"), skip, part)
        x = w.op("Add", w.name("Add"), x, w.conv(gated, width, width, 1))
    return [w.op("Softmax", w.name("Softmax"), w.conv(w.relu(skip), width, options.classes, 1), axis=1)]


def keywords(w, options):
    width = options.width
    x = w.relu(w.norm(w.conv("x", options.channels, width, 5, stride=2), width))
    for i in range(options.levels):
        x = w.relu(w.norm(w.conv(x, width, width, 3, stride=2 if i == 0 else 1, groups=width), width))
        x = w.relu(w.conv(x, width, width, 1))
    x = w.op("GlobalAveragePool", w.name("GlobalAveragePool"), x)
    return [w.gemm(w.op("Flatten", w.name("Flatten"), x, axis=1), width, options.classes)]


def flat(w, options):
    width, frames = options.width, w.frames - 4
    x = w.relu(w.conv("x", options.channels, width, 5))
    x = w.op("MaxPool", w.name("MaxPool"), x, kernel_shape=[2], strides=[2])
    x = w.relu(w.conv(x, width, width, 3, dilation=2))
    frames = frames // 2 - 4
    return [w.gemm(w.op("Flatten", w.name("Flatten"), x, axis=1), width * frames, options.classes)]


def spectrum(w, options):
    width = options.width
    x = w.relu(w.conv2d("x", 1, width, (4, 3), (2, 2), (0, 1, 0, 1)))
    for _ in range(options.levels):
        x = w.relu(w.conv2d(x, width, width, (3, 3), (1, 1), (0, 1, 0, 1), width))
        x = w.relu(w.conv2d(x, width, width, (1, 1), (1, 1), (0, 0, 0, 0)))
    x = w.op("GlobalAveragePool", w.name("GlobalAveragePool"), x)
    return [w.gemm(w.op("Flatten", w.name("Flatten"), x, axis=1), width, options.classes)]


def gru(w, options):
    width = options.width
    x = w.relu(w.conv("x", options.channels, width, 4, stride=2))
    x = w.op("Transpose", w.name("Transpose"), x, perm=[2, 0, 1])
    y, last = w.recurrent("GRU", x, width, width)
    y = w.op("Squeeze", w.name("Squeeze"), y, w.ints("/directions", 1))
    y = w.op("Transpose", w.name("Transpose"), y, perm=[1, 2, 0])
    last = w.op("Squeeze", w.name("Squeeze"), last, w.ints("/layers", 0))
    return [w.gemm(last, width, options.classes), w.conv(y, width, options.classes, 1)]


def lstm(w, options):
    width = options.width
    x = w.relu(w.conv("x", options.channels, width, 3, before=2))
    x = w.op("Transpose", w.name("Transpose"), x, perm=[2, 0, 1])
    y, _ = w.recurrent("LSTM", x, width, width)
    y = w.op("Squeeze", w.name("Squeeze"), y, w.ints("/directions", 1))
    y = w.op("Transpose", w.name("Transpose"), y, perm=[1, 2, 0])
    return [w.conv(y, width, options.classes, 1)]


def chain(w, options):
    """A random chain; what it is made of follows from the seed alone. Prints a note on itself."""
    r, x, ins, frames, note = w.random, "x", options.channels, w.frames, []
    left = 4  # product of strides, at most
    for _ in range(int(r.integers(2, 6))):
        kind = str(r.choice(["causal", "valid", "depthwise", "pool", "residual", "gate"]))
        outs = int(r.integers(2, 9)) * options.wide
        kernel, dilation = int(r.integers(1, 5)), int(r.integers(1, 4))
        stride = int(r.choice([1, 1, 2])) if left >= 2 else 1
        extent = (kernel - 1) * dilation
        if kind in ("valid", "pool") and (frames - extent) < 3 * stride + 8:
            kind = "causal"
        if kind == "causal":
            x, frames = w.relu(w.conv(x, ins, outs, kernel, dilation, stride, extent)), -(-frames // stride)
        elif kind == "valid":
            x, frames = w.conv(x, ins, outs, kernel, dilation, stride), (frames - extent - 1) // stride + 1
        elif kind == "depthwise":
            outs, stride = ins, 1
            x = w.relu(w.conv(x, ins, ins, kernel, dilation, 1, extent, groups=ins))
        elif kind == "pool":
            outs, stride, kernel = ins, min(stride, 2), 2
            what = str(r.choice(["MaxPool", "AveragePool"]))
            x, frames = w.op(what, w.name(what), x, kernel_shape=[2], strides=[stride]), (frames - 2) // stride + 1
        else:
            outs, stride = ins, 1
            y = w.conv(x, ins, ins, kernel, dilation, 1, extent)
            if kind == "gate":
                y = w.op("Sigmoid", w.name("Sigmoid"), y)
            x = w.op("Mul" if kind == "gate" else "Add", w.name("Mul" if kind == "gate" else "Add"), x, y)
        left //= stride
        ins = outs
        note.append(f"{kind} {kernel}x{dilation}/{stride}")
    end = str(r.choice(["frames", "mean", "flat", "last"]))
    print("random:", ", ".join(note), "->", end)
    if end == "frames":
        return [w.conv(x, ins, options.classes, 1)]
    if end == "mean":
        x = w.op("ReduceMean", w.name("ReduceMean"), x, axes=[2], keepdims=0)
        return [w.gemm(x, ins, options.classes)]
    if end == "last":
        x = w.op("Gather", w.name("Gather"), x, w.constant("/last", numpy.int64(-1)), axis=2)
        return [w.gemm(x, ins, options.classes)]
    return [w.gemm(w.op("Flatten", w.name("Flatten"), x, axis=1), ins * frames, options.classes)]


KINDS = {"tcn": tcn, "wavenet": wavenet, "keywords": keywords, "flat": flat, "spectrum": spectrum, "gru": gru, "lstm": lstm,
         "random": chain}


def build(options):
    w = Temporal(options.seed, options.frames)
    outputs = KINDS[options.kind](w, options)
    shape = [1, 1, options.frames, options.channels] if options.kind == "spectrum" else [1, options.channels, options.frames]
    graph = helper.make_graph(w.nodes, "main_graph", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info(output, TensorProto.FLOAT, None) for output in outputs], w.constants)
    model = helper.make_model(graph, producer_name="pytorch", opset_imports=[helper.make_opsetid("", 14)])
    model.ir_version = 7
    model = onnx.shape_inference.infer_shapes(model)
    return model, shape


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=list(KINDS))
    parser.add_argument("folder", type=pathlib.Path)
    for name, value in (("frames", 32), ("channels", 6), ("width", 16), ("levels", 3), ("classes", 5), ("samples", 24), ("seed", 5), ("wide", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    model, shape = build(options)
    (options.folder / "model.onnx").write_bytes(model.SerializeToString())
    noise = numpy.random.default_rng(options.seed + 1).standard_normal((options.samples, *shape[1:]))
    numpy.save(options.folder / "windows.npy", noise.astype(numpy.float32))


if __name__ == "__main__":
    main()
