# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is measured: models with samples of their inputs, and single layers made on the fly."""
import dataclasses
import os
import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("THIMBLE_SHARED_MODELS", ROOT.parent / "shared" / "models"))
CALIBRATION_SAMPLES = 16  # counts hardly depend on the ranges


@dataclasses.dataclass
class Workload:
    name: str
    model: pathlib.Path
    samples: list  # one array [n, ...] for each input, in the order of the model
    elements: int = 0  # what costs are divided by where there are no multiply-accumulates
    layout: str = "onnx"  # of images at inputs and outputs, and in samples


def _shared_model(folder):
    data = next((SHARED / folder / f for f in ("real_inputs.npy", "inputs.npy") if (SHARED / folder / f).exists()), None)
    model = SHARED / folder / "model.onnx"
    return (model, data) if data and model.exists() else None


def models():
    """The project's own models, then the shared ones that this machine has."""
    found = []
    for folder in sorted((ROOT / "models").glob("*/model.onnx")):
        data = next((folder.parent / f for f in ("calibration.npz", "test.npz") if (folder.parent / f).exists()), None)
        if not data:
            continue
        samples = numpy.load(data)
        found.append(Workload(folder.parent.name, folder, [samples[samples.files[0]][:CALIBRATION_SAMPLES]]))
    for name, folder in (("kws", "kws_dscnn"), ("vww", "vww_mobilenetv1_025"), ("ic", "ic_resnet8"), ("ad", "ad_autoencoder"),
                         ("fmnist_cnn", "fmnist_cnn"), ("fmnist_ternary_cnn", "fmnist_ternary_cnn"), ("fmnist_vit", "fmnist_vit"),
                         ("fmnist_gru", "fmnist_gru")):
        files = _shared_model(folder)
        if files:
            samples = numpy.load(files[1])[:CALIBRATION_SAMPLES]
            found.append(Workload(name, files[0], [samples]))
    return found


def _save(folder, name, nodes, inputs, output, constants, opset=13, positive=()):
    """`output` is the shape of y, or a list as `inputs`. Samples of the inputs `positive` are at least 1/2."""
    outputs = output if isinstance(output[0], tuple) else [("y", output)]
    graph = helper.make_graph(
        nodes, name, *[[helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in some] for some in (inputs, outputs)],
        [numpy_helper.from_array(v, n) for n, v in constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 7
    path = folder / f"{name}.onnx"
    path.write_bytes(model.SerializeToString())
    random = numpy.random.default_rng(7)
    shapes = [[CALIBRATION_SAMPLES, *s[2:], s[1]] if len(s) == 4 else [CALIBRATION_SAMPLES, *s[s[0] == 1:]] for _, s in inputs]
    samples = [random.standard_normal(s).astype(numpy.float32) for s in shapes]
    samples = [abs(s) + 0.5 if n in positive else s for (n, _), s in zip(inputs, samples)]
    return Workload(name, path, samples, sum(int(numpy.prod(s)) for _, s in outputs), "nhwc")


def _convolution(folder, name, image, channels, filters, kernel, stride=1, groups=1):
    random = numpy.random.default_rng(11)
    height, width = image
    pad = kernel // 2
    weights = random.standard_normal((filters, channels // groups, kernel, kernel)).astype(numpy.float32) / kernel
    bias = random.standard_normal(filters).astype(numpy.float32)
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"], name="conv", kernel_shape=[kernel, kernel], pads=[pad] * 4,
                            strides=[stride, stride], group=groups)
    output = [1, filters, (height + 2 * pad - kernel) // stride + 1, (width + 2 * pad - kernel) // stride + 1]
    return _save(folder, name, [node], [("x", [1, channels, height, width])], output, [("w", weights), ("b", bias)])


def _residual(folder, name, image, channels):
    """A convolution of three by three taps whose input is added to its result."""
    random = numpy.random.default_rng(19)
    weights = random.standard_normal((channels, channels, 3, 3)).astype(numpy.float32) / 3
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], name="conv", kernel_shape=[3, 3], pads=[1] * 4),
             helper.make_node("Add", ["c", "x"], ["y"], name="add")]
    shape = [1, channels, *image]
    return _save(folder, name, nodes, [("x", shape)], shape, [("w", weights)])


def _attention(folder, name, tokens, heads, size):
    """Self attention of queries, keys and values side by side, as torch exports it."""
    node, width = helper.make_node, heads * size
    nodes = [node("Reshape", ["x", "split"], ["parts"], name="reshape"),
             node("Transpose", ["parts"], ["qkv"], name="transpose", perm=[2, 0, 3, 1, 4])]
    nodes += [node("Gather", ["qkv", f"index_{part}"], [part], name=f"gather_{part}", axis=0) for part in "qkv"]
    nodes += [node("Transpose", ["k"], ["kt"], name="keys", perm=[0, 1, 3, 2]),
              node("MatMul", ["q", "kt"], ["scores"], name="scores"),
              node("Mul", ["scores", "scale"], ["scaled"], name="scale"),
              node("Softmax", ["scaled"], ["weights"], name="softmax", axis=-1),
              node("MatMul", ["weights", "v"], ["heads"], name="values"),
              node("Transpose", ["heads"], ["rows"], name="merge", perm=[0, 2, 1, 3]),
              node("Reshape", ["rows", "flat"], ["y"], name="flatten")]
    constants = [("split", numpy.array([1, tokens, 3, heads, size], numpy.int64)),
                 ("flat", numpy.array([1, tokens, width], numpy.int64)), ("scale", numpy.array(size ** -0.5, numpy.float32))]
    constants += [(f"index_{part}", numpy.array(i, numpy.int64)) for i, part in enumerate("qkv")]
    return _save(folder, name, nodes, [("x", [1, tokens, 3 * width])], [1, tokens, width], constants)


def _recurrent(folder, kind, channels, units, steps=16, has_states=False):
    """With states as inputs and outputs these are int16 beside int8 weights."""
    gates = {"GRU": 3, "LSTM": 4}[kind]
    random = numpy.random.default_rng(17)
    shapes = {"w": (1, gates * units, channels), "r": (1, gates * units, units), "b": (1, 2 * gates * units)}
    constants = [(n, (random.standard_normal(s) / numpy.sqrt(s[-1])).astype(numpy.float32)) for n, s in shapes.items()]
    node = helper.make_node(kind, ["x", "w", "r", "b"], ["y"], name="recurrent", hidden_size=units)
    if kind == "GRU":
        node.attribute.append(helper.make_attribute("linear_before_reset", 1))
    inputs, name = [("x", [steps, 1, channels])], f"{kind.lower()}_{channels}_{units}"
    if not has_states:
        return _save(folder, name, [node], inputs, [steps, 1, 1, units], constants)
    states = ["h", "c"][:{"GRU": 1, "LSTM": 2}[kind]]
    node.input.extend(["", *states])
    node.output[:] = ["", *[f"y_{s}" for s in states]]
    inputs += [(s, [1, 1, units]) for s in states]
    return _save(folder, f"{name}_states", [node], inputs, [("y_" + s, [1, 1, units]) for s in states], constants)


def _pool(folder, name, kind, channels, image, **attributes):
    pool = helper.make_node(kind, ["x"], ["y"], name="pool", **attributes)
    strides = attributes.get("strides", image)
    output = [1, channels, *[n // stride for n, stride in zip(image, strides)]]
    return _save(folder, name, [pool], [("x", [1, channels, *image])], output, [])


def _elementwise(folder, kind, inputs, constants=(), positive=(), size=16384):
    node = helper.make_node(kind, [*inputs, *[n for n, _ in constants]], ["y"], name=kind.lower())
    shapes = [(n, [1, size]) for n in inputs]
    return _save(folder, f"{kind.lower()}_{size}", [node], shapes, [1, size], constants, positive=positive)


def layers(folder):
    """The layers of the layer table, as models in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(13)
    gemm = helper.make_node("Gemm", ["x", "w", "b"], ["y"], name="fc", transB=1)
    weights = random.standard_normal((128, 640)).astype(numpy.float32)
    return [
        _convolution(folder, "conv1x1_64_64_25x5", (25, 5), 64, 64, 1),
        _convolution(folder, "conv1x1_8_16_48x48", (48, 48), 8, 16, 1),
        _convolution(folder, "conv1x1_128_128_6x6", (6, 6), 128, 128, 1),
        _convolution(folder, "conv3x3_16_32_32x32", (32, 32), 16, 32, 3),
        _convolution(folder, "conv3x3_3_16_s2_80x80", (80, 80), 3, 16, 3, stride=2),
        _residual(folder, "conv3x3_16_16_32x32_residual", (32, 32), 16),
        _convolution(folder, "depthwise3x3_16_48x48", (48, 48), 16, 16, 3, groups=16),
        _convolution(folder, "depthwise3x3_64_25x5", (25, 5), 64, 64, 3, groups=64),
        _save(folder, "fc_640_128", [gemm], [("x", [1, 640])], [1, 128],
              [("w", weights), ("b", random.standard_normal(128).astype(numpy.float32))]),
        *[_elementwise(folder, kind, "ab") for kind in ("Add", "Mul")],
        _elementwise(folder, "Div", "ab", positive="b"),
        _elementwise(folder, "PRelu", "x", constants=[("slope", random.uniform(-0.5, 0.5, 16384).astype(numpy.float32))]),
        _elementwise(folder, "Sigmoid", "x"),
        _save(folder, "softmax_1000", [helper.make_node("Softmax", ["x"], ["y"], name="softmax", axis=1)], [("x", [1, 1000])],
              [1, 1000], []),
        _save(folder, "layer_norm_64x64", [helper.make_node("LayerNormalization", ["x", "s", "b"], ["y"], name="norm")],
              [("x", [1, 64, 64])], [1, 64, 64], [(n, random.uniform(0.5, 2, 64).astype(numpy.float32)) for n in "sb"], opset=17),
        _save(folder, "matmul_64_64_64", [helper.make_node("MatMul", ["a", "b"], ["y"], name="matmul")],
              [("a", [1, 64, 64]), ("b", [1, 64, 64])], [1, 64, 64], []),
        _pool(folder, "max_pool2_16_32x32", "MaxPool", 16, (32, 32), kernel_shape=[2, 2], strides=[2, 2]),
        _pool(folder, "average_pool3_16_32x32", "AveragePool", 16, (32, 32), kernel_shape=[3, 3], strides=[2, 2],
              pads=[0, 0, 1, 1]),
        _pool(folder, "average_pool_all_64_25x5", "AveragePool", 64, (25, 5), kernel_shape=[25, 5]),
        _save(folder, "mean_64_125", [helper.make_node("ReduceMean", ["x"], ["y"], name="mean", axes=[2], keepdims=0)],
              [("x", [1, 64, 125])], [1, 64], []),
        _attention(folder, "attention_64_4x16", 64, 4, 16),
        *[_recurrent(folder, kind, *sizes) for kind in ("GRU", "LSTM") for sizes in ((28, 64), (64, 128))],
        *[_recurrent(folder, kind, 28, 64, has_states=True) for kind in ("GRU", "LSTM")],
    ]
