# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Trains the Fashion-MNIST depthwise-separable CNN and writes its model files.
"""Train the Fashion-MNIST model and write model.onnx, *.npz and info.json beside this file.

Usage: python3 models/fashion_dscnn/train.py [--data DIR] [--out DIR] [--epochs N]

DIR of --data holds the four gzipped IDX files; without it, the folder of the
Debian package dataset-fashion-mnist is used. The weights kept are those of the
last epoch: the test set takes no part in any choice.
"""

import argparse
import sys
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402

SEED = 20240
EPOCHS = 15
SHIFT = 2  # largest random shift, in pixels
TESTS = 1000
CALIBRATIONS = 200


def conv_bn(inputs, outputs, kernel, stride=1, groups=1):
    """Convolution without bias (padded to keep the size at stride 1) and batch norm."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class Separable(nn.Module):
    """Depthwise 3x3, pointwise 1x1; with residual, the input is added before the last ReLU."""

    def __init__(self, inputs, outputs, stride=1, residual=False):
        super().__init__()
        self.depthwise = conv_bn(inputs, inputs, 3, stride, groups=inputs)
        self.pointwise = conv_bn(inputs, outputs, 1)
        self.relu = nn.ReLU()
        self.residual = residual

    def forward(self, x):
        y = self.pointwise(self.relu(self.depthwise(x)))
        return self.relu(x + y if self.residual else y)


class FashionDscnn(nn.Module):
    """28x28 image -> ten logits."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(conv_bn(1, 16, 3, stride=2), nn.ReLU())  # 14x14
        self.blocks = nn.Sequential(
            Separable(16, 32),
            Separable(32, 32, residual=True),
            Separable(32, 64, stride=2),  # 7x7
            Separable(64, 64),
            Separable(64, 128),
            Separable(128, 128),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(128, 10)

    def forward(self, x):
        return self.classifier(self.flatten(self.pool(self.blocks(self.stem(x)))))


def augment(images):
    """Flip left-right and shift each image at random, filling with background."""
    count, _, height, width = images.shape
    flip = torch.rand(count) < 0.5
    images = torch.where(flip[:, None, None, None], images.flip(3), images)
    padded = nn.functional.pad(images, [SHIFT] * 4)[:, 0]
    shifts = torch.randint(0, 2 * SHIFT + 1, (2, count, 1))
    rows = (torch.arange(height) + shifts[0])[:, :, None]
    columns = (torch.arange(width) + shifts[1])[:, None, :]
    return padded[torch.arange(count)[:, None, None], rows, columns][:, None]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the gzipped IDX files")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    args = parser.parse_args()

    common.make_deterministic(SEED)
    data = args.data or common.find_fashion_mnist()
    inputs, labels = common.read_fashion_mnist(data, "train")
    test_inputs, test_labels = common.read_fashion_mnist(data, "t10k")
    calibration = inputs[torch.randperm(len(inputs))[:CALIBRATIONS].numpy()]

    model = FashionDscnn()
    common.fit(
        model, inputs, labels, epochs=args.epochs, batch=128, rate=4e-3, augment=augment
    )
    info = {
        "float_top1_test10k": common.top1(
            common.predict(model, test_inputs, batch=500), test_labels
        ),
        "epochs": args.epochs,
        "seed": SEED,
        "data": "Fashion-MNIST (Zalando Research); test = first 1000 images of t10k, "
        "calibration = 200 random training images",
        "licence": "data: MIT, Copyright 2017 Zalando SE",
    }
    args.out.mkdir(parents=True, exist_ok=True)
    test = (test_inputs[:TESTS], test_labels[:TESTS])
    common.save_model_files(args.out, model, "fashion_dscnn", "image", test, calibration, info)


if __name__ == "__main__":
    main()
