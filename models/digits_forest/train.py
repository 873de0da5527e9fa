# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Grows a random forest of the handwritten digits and writes its model files.
"""Grow the digits forest and write model.onnx, test.npz, expected.npz and info.json beside this file.

Usage: python3 models/digits_forest/train.py [--out DIR]

Classification and regression trees (Breiman et al., 1984) on bootstrap samples, with a random subset of the features at each
node (Breiman, 2001), in NumPy. The samples are those of ../digits_mlp/test.npz: 300 to grow the trees, 200 to test them.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

HERE = Path(__file__).resolve().parent
SEED = 20240
TREES, DEPTH, FEATURES, CLASSES = 16, 8, 8, 10
TRAINING = 300


def gini(counts):
    total = counts.sum(-1)
    return total - (counts.astype(np.float64) ** 2).sum(-1) / np.maximum(total, 1)


def best_split(inputs, labels, features):
    """The feature and threshold that leave the purest halves, or nothing."""
    best = (gini(np.bincount(labels, minlength=CLASSES)) - 1e-9, None, None)
    for feature in features:
        order = np.argsort(inputs[:, feature], kind="stable")
        values = inputs[order, feature]
        left = np.cumsum(np.eye(CLASSES, dtype=np.int64)[labels[order]], axis=0)[:-1]
        impurity = gini(left) + gini(left[-1] + np.eye(CLASSES, dtype=np.int64)[labels[order[-1]]] - left)
        impurity[values[:-1] == values[1:]] = np.inf
        at = int(np.argmin(impurity)) if len(impurity) else 0
        if len(impurity) and impurity[at] < best[0]:
            best = (impurity[at], feature, np.float32((values[at] + values[at + 1]) / 2))
    return best[1], best[2]


class Forest:
    def __init__(self, random):
        self.random, self.nodes, self.weights = random, [], []

    def grow(self, tree, inputs, labels, depth):
        index = len(self.nodes)
        identity = sum(node["treeids"] == tree for node in self.nodes)
        node = dict(treeids=tree, nodeids=identity, featureids=0, values=0.0, modes="LEAF", truenodeids=0, falsenodeids=0)
        self.nodes.append(node)
        feature = threshold = None
        if depth > 0 and len(set(labels.tolist())) > 1:
            chosen = self.random.choice(inputs.shape[1], FEATURES, replace=False)
            feature, threshold = best_split(inputs, labels, chosen)
        if feature is None:
            shares = np.bincount(labels, minlength=CLASSES) / len(labels) / TREES
            self.weights += [(tree, identity, kind, float(np.float32(share))) for kind, share in enumerate(shares)]
            return identity
        goes = inputs[:, feature] <= threshold
        node.update(featureids=int(feature), values=float(threshold), modes="BRANCH_LEQ")
        node["truenodeids"] = self.grow(tree, inputs[goes], labels[goes], depth - 1)
        node["falsenodeids"] = self.grow(tree, inputs[~goes], labels[~goes], depth - 1)
        return self.nodes[index]["nodeids"]

    def predict(self, x):
        """Probabilities of one sample: float32 sums over the trees, in their order."""
        places = {(node["treeids"], node["nodeids"]): node for node in self.nodes}
        leaves = {}
        for tree, identity, _, weight in self.weights:
            leaves.setdefault((tree, identity), []).append(np.float32(weight))
        total = np.zeros(CLASSES, np.float32)
        for tree in range(TREES):
            node = places[tree, 0]
            while node["modes"] != "LEAF":
                goes = x[node["featureids"]] <= np.float32(node["values"])
                node = places[tree, node["truenodeids" if goes else "falsenodeids"]]
            total = total + np.array(leaves[tree, node["nodeids"]], np.float32)
        return total

    def to_onnx(self):
        attributes = {f"nodes_{name}": [node[name] for node in self.nodes] for name in self.nodes[0]}
        for position, name in enumerate(("treeids", "nodeids", "ids", "weights")):
            attributes[f"class_{name}"] = [weight[position] for weight in self.weights]
        node = helper.make_node("TreeEnsembleClassifier", ["features"], ["label", "probabilities"], "forest", domain="ai.onnx.ml",
                                classlabels_int64s=list(range(CLASSES)), post_transform="NONE", **attributes)
        outputs = [helper.make_tensor_value_info("label", TensorProto.INT64, [1]),
                   helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, CLASSES])]
        inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 64])]
        opsets = [helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 2)]
        model = helper.make_model(helper.make_graph([node], "digits_forest", inputs, outputs), ir_version=7, opset_imports=opsets)
        onnx.checker.check_model(model)
        return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    args = parser.parse_args()
    with np.load(HERE.parent / "digits_mlp" / "test.npz") as data:
        inputs, labels = data["inputs"].reshape(len(data["inputs"]), -1), data["labels"]
    forest = Forest(np.random.default_rng(SEED))
    for tree in range(TREES):
        drawn = forest.random.integers(TRAINING, size=TRAINING)
        forest.grow(tree, inputs[drawn], labels[drawn], DEPTH)
    inputs, labels = inputs[TRAINING:], labels[TRAINING:]
    probabilities = np.stack([forest.predict(x) for x in inputs])
    predicted = probabilities.argmax(1)
    info = {
        "seed": SEED, "trees": TREES, "nodes": len(forest.nodes), "test_samples": len(labels),
        "test_accuracy": float((predicted == labels).mean()),
        "data": "scikit-learn digits (UCI Optical Recognition of Handwritten Digits), the samples of ../digits_mlp/test.npz: "
        "300 for training, 200 for the test",
        "licence": "data: CC BY 4.0 (UCI); scikit-learn: BSD-3-Clause",
    }
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "model.onnx").write_bytes(forest.to_onnx().SerializeToString(deterministic=True))
    np.savez_compressed(args.out / "test.npz", inputs=inputs, labels=labels)
    np.savez_compressed(args.out / "expected.npz", label=predicted.reshape(-1, 1), probabilities=probabilities)
    (args.out / "info.json").write_text(json.dumps(info, indent=2) + "\n")
    print(json.dumps(info, indent=2))


if __name__ == "__main__":
    main()
