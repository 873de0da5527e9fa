# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Trains the handwritten-digits MLP and writes its model files.
"""Train the digits model and write model.onnx, *.npz and info.json beside this file.

Usage: python3 models/digits_mlp/train.py [--out DIR]

The data set comes with scikit-learn (Debian: python3-sklearn). The weights kept
are those of the last epoch: the test set takes no part in any choice.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402

SEED = 20240
EPOCHS = 60
TESTS = 500
CALIBRATIONS = 200


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    args = parser.parse_args()

    common.make_deterministic(SEED)
    digits = load_digits()
    order = np.random.permutation(len(digits.data))
    inputs = (digits.data[order] / 16).astype(np.float32)
    labels = digits.target[order].astype(np.int64)
    test = (inputs[:TESTS], labels[:TESTS])
    inputs, labels = inputs[TESTS:], labels[TESTS:]

    model = nn.Sequential(
        nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 32), nn.ReLU(), nn.Linear(32, 10)
    )
    common.fit(model, inputs, labels, epochs=EPOCHS, batch=32, rate=3e-3)
    info = {
        "epochs": EPOCHS,
        "seed": SEED,
        "data": "scikit-learn digits (UCI Optical Recognition of Handwritten Digits); "
        "shuffled with the seed, test = first 500, calibration = 200 of the rest",
        "licence": "data: CC BY 4.0 (UCI); scikit-learn: BSD-3-Clause",
    }
    args.out.mkdir(parents=True, exist_ok=True)
    calibration = inputs[:CALIBRATIONS]
    common.save_model_files(args.out, model, "digits_mlp", "features", test, calibration, info)


if __name__ == "__main__":
    main()
