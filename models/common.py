# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Shared helpers of the model scripts: data reading, training loop, export and saving.
"""Helpers imported by models/*/train.py; not a program of its own.

Needs torch, numpy and onnx (Debian: python3-torch python3-numpy python3-onnx).
"""

import gzip
import json
import random
import subprocess
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

OPSET = 13
THREADS = 2  # fixed, because the order of float sums depends on it


def make_deterministic(seed):
    """Seed every generator and pin what could make two runs differ."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)


def find_fashion_mnist():
    """Return the folder into which the Debian package installed the data set."""
    listing = subprocess.run(
        ["dpkg", "-L", "dataset-fashion-mnist"], check=True, capture_output=True, text=True
    ).stdout
    for line in listing.splitlines():
        if line.endswith("train-images-idx3-ubyte.gz"):
            return Path(line).parent
    raise FileNotFoundError("dataset-fashion-mnist has no training images")


def read_idx(path):
    """Read one gzipped IDX file of unsigned bytes into a numpy array."""
    raw = gzip.decompress(Path(path).read_bytes())
    if raw[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    rank = raw[3]
    shape = np.frombuffer(raw, dtype=">u4", count=rank, offset=4)
    return np.frombuffer(raw, dtype=np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_fashion_mnist(folder, split):
    """Return images (N,1,28,28) float32 in 0..1 and labels int64; split: train or t10k."""
    images = read_idx(Path(folder) / f"{split}-images-idx3-ubyte.gz")
    labels = read_idx(Path(folder) / f"{split}-labels-idx1-ubyte.gz")
    return images[:, None].astype(np.float32) / np.float32(255), labels.astype(np.int64)


def fit(model, inputs, labels, *, epochs, batch, rate, augment=None):
    """Train with Adam, a per-step cosine rate and cross-entropy; leave model in eval mode."""
    inputs, labels = torch.from_numpy(inputs), torch.from_numpy(labels)
    steps = len(inputs) // batch
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * steps)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for picked in torch.randperm(len(inputs))[: steps * batch].view(steps, batch):
            x = inputs[picked] if augment is None else augment(inputs[picked])
            loss = nn.functional.cross_entropy(model(x), labels[picked])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{epochs}: training loss {total / steps:.4f}", flush=True)
    model.eval()


@torch.no_grad()
def predict(model, inputs, batch=1):
    """Return the logits of the model for all inputs; batch 1 is what the ONNX file computes."""
    return np.concatenate([model(x).numpy() for x in torch.from_numpy(inputs).split(batch)])


def top1(logits, labels):
    """Return the fraction of rows whose largest logit is the label."""
    return round(float((logits.argmax(axis=1) == labels).mean()), 4)


def count_parameters(model):
    """Return the number of trained parameters (running BN statistics not counted)."""
    return sum(p.numel() for p in model.parameters())


@torch.no_grad()
def count_macs(model, shape):
    """Return the multiply-accumulates of all Conv2d and Linear layers for one input."""
    total = 0

    def hook(layer, _, output):
        nonlocal total
        total += output.numel() * layer.weight[0].numel()

    layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    handles = [layer.register_forward_hook(hook) for layer in layers]
    model(torch.zeros(shape))
    for handle in handles:
        handle.remove()
    return total


def export(model, path, name, input_name, shape):
    """Write the model as ONNX, batch norm unfolded and without doc strings."""
    torch.onnx.export(
        model,
        torch.zeros(shape),
        str(path),
        opset_version=OPSET,
        input_names=[input_name],
        output_names=["logits"],
        training=torch.onnx.TrainingMode.PRESERVE,  # EVAL would fold BN into Conv
        do_constant_folding=False,
    )
    proto = onnx.load(str(path))
    proto.graph.name = name
    proto.doc_string = proto.graph.doc_string = ""
    graph = proto.graph
    for group in (graph.node, graph.initializer, graph.value_info, graph.input, graph.output):
        for item in group:
            item.doc_string = ""
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, str(path))


def save_model_files(folder, model, name, input_name, test, calibration, info):
    """Write model.onnx, test.npz, calibration.npz, expected.npz and info.json.

    test is (inputs, labels); calibration is inputs only.
    """
    inputs, labels = test
    shape = (1, *inputs.shape[1:])
    logits = predict(model, inputs)
    export(model, folder / "model.onnx", name, input_name, shape)
    np.savez_compressed(folder / "test.npz", inputs=inputs, labels=labels)
    np.savez_compressed(folder / "calibration.npz", inputs=calibration)
    np.savez_compressed(folder / "expected.npz", logits=logits)
    info = {
        "parameters": count_parameters(model),
        "macs": count_macs(model, shape),
        f"float_top1_test{len(labels)}": top1(logits, labels),
        **info,
    }
    (folder / "info.json").write_text(json.dumps(info, indent=2) + "\n")
    print(json.dumps(info, indent=2))
