# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random tree ensembles against a walk over their nodes in NumPy, which follows ONNX Runtime's rules for scores and labels."""
import numpy as np
from harness import compare, model, node, refuse, run
from onnx import TensorProto, helper, numpy_helper

COMPARE = {"BRANCH_LEQ": np.less_equal, "BRANCH_LT": np.less, "BRANCH_GTE": np.greater_equal, "BRANCH_GT": np.greater,
           "BRANCH_EQ": np.equal, "BRANCH_NEQ": np.not_equal}
MODES = list(COMPARE)
NUMBERS = [-np.inf, -2.0, -1.0, -1e-40, -0.0, 0.0, 1e-40, 0.5, 1.0, 1.5, 3.0e38, np.inf]


class Ensemble:
    """Lists of nodes as the attributes have them."""

    def __init__(self, random, trees, depth, features, targets, modes=MODES, weights=None, values=NUMBERS):
        self.random, self.features, self.targets = random, features, targets
        self.modes, self.values, self.weights = modes, values, weights or (lambda: range(targets))
        self.nodes, self.leaves, self.roots = [], [], []
        for tree in range(trees):
            self.roots.append(len(self.nodes))
            self.next = 0
            self.grow(tree * 3, depth)

    def grow(self, tree, depth):
        index, identity = len(self.nodes), self.next
        self.next += 1
        if depth == 0 or self.random.random() < 0.15:
            self.nodes.append(dict(tree=tree, id=identity, mode="LEAF", feature=0, value=0.0, missing=0, yes=0, no=0))
            for target in self.weights():
                self.leaves.append((tree, identity, target, np.float32(self.random.normal())))
            return identity
        entry = dict(tree=tree, id=identity, mode=self.random.choice(self.modes), feature=int(self.random.integers(self.features)),
                     value=float(self.random.choice(self.values)), missing=int(self.random.integers(2)))
        self.nodes.append(entry)
        entry["yes"] = self.grow(tree, depth - 1)
        entry["no"] = self.grow(tree, depth - 1)
        return self.nodes[index]["id"]

    def attributes(self, prefix, **more):
        column = lambda name: [n[name] for n in self.nodes]
        result = {"nodes_treeids": column("tree"), "nodes_nodeids": column("id"), "nodes_modes": column("mode"),
                  "nodes_featureids": column("feature"), "nodes_values": column("value"), "nodes_truenodeids": column("yes"),
                  "nodes_falsenodeids": column("no"), "nodes_missing_value_tracks_true": column("missing"),
                  f"{prefix}_treeids": [leaf[0] for leaf in self.leaves], f"{prefix}_nodeids": [leaf[1] for leaf in self.leaves],
                  f"{prefix}_ids": [leaf[2] for leaf in self.leaves], f"{prefix}_weights": [float(leaf[3]) for leaf in self.leaves]}
        result.update(more)
        return result

    def reached(self, x, thresholds=np.float32):
        """For each tree the targets and weights of the leaf that x reaches."""
        places = {(n["tree"], n["id"]): n for n in self.nodes}
        result = []
        for root in self.roots:
            at = self.nodes[root]
            while at["mode"] != "LEAF":
                value = x[at["feature"]]
                goes = COMPARE[at["mode"]](value, thresholds(at["value"])) or (at["missing"] == 1 and np.isnan(value))
                at = places[at["tree"], at["yes"] if goes else at["no"]]
            result.append([(leaf[2], leaf[3]) for leaf in self.leaves if leaf[:2] == (at["tree"], at["id"])])
        return result


def samples(random, count, features):
    x = random.choice(np.array(NUMBERS + [np.nan, -np.nan, 0.25, 1.25]), (count, features)).astype(np.float32)
    nudged = np.nextafter(x, np.float32(np.inf), dtype=np.float32)
    return np.where(random.random(x.shape) < 0.2, nudged, x).astype(np.float32)


def regress(ensemble, x, aggregate, base, thresholds=np.float32):
    """Scores of one sample."""
    seen, result = {}, np.zeros(ensemble.targets, np.float32)
    for leaf in ensemble.reached(x, thresholds):
        for target, weight in leaf:
            seen.setdefault(target, []).append(weight)
    for target, weights in seen.items():
        total = np.float32(0)
        for weight in weights:
            total = np.float32(total + weight)
        result[target] = {"SUM": total, "AVERAGE": total / np.float32(len(ensemble.roots)), "MIN": min(weights),
                          "MAX": max(weights)}[aggregate]
    return result + np.float32(base if len(base) == ensemble.targets else 0)


def check_regressors(random):
    for trial in range(24):
        targets = int(random.choice([1, 1, 3]))
        some = lambda: sorted(random.choice(targets, int(random.integers(1, targets + 1)), replace=False).tolist())
        ensemble = Ensemble(random, int(random.integers(1, 6)), int(random.integers(0, 6)), 5, targets, weights=some)
        aggregate = str(random.choice(["SUM", "AVERAGE", "MIN", "MAX"]))
        base = random.normal(size=targets).astype(np.float32).tolist() if trial % 2 else []
        attributes = ensemble.attributes("target", n_targets=targets, aggregate_function=aggregate, base_values=base or None)
        x = samples(random, 40, 5)
        actual = run(model([node("TreeEnsembleRegressor", attributes)], 5), x)["Y"]
        compare(f"regressor {trial} ({aggregate})", actual, [regress(ensemble, row, aggregate, base) for row in x])


def check_double_thresholds(random):
    """Doubles that no float32 equals still divide the float32 numbers exactly."""
    near = np.nextafter(np.float64(0.5), 1), np.nextafter(np.float64(1.0), 0), 0.1, 1 / 3, 1e-50, -1e-50, 1e300, -1e300
    for mode in MODES:
        ensemble = Ensemble(random, 3, 3, 2, 1, modes=[mode], values=near)
        attributes = ensemble.attributes("target", n_targets=1, nodes_values=None)
        attributes["nodes_values_as_tensor"] = numpy_helper.from_array(np.array([n["value"] for n in ensemble.nodes]), "v")
        x = random.choice(np.array([0.5, 1.0, np.nextafter(np.float32(0.5), np.float32(1)), 0.1, 1 / 3, 0, -0.0, 3e38, -3e38]),
                          (40, 2)).astype(np.float32)
        actual = run(model([node("TreeEnsembleRegressor", attributes)], 2), x)["Y"]
        compare(f"double thresholds, {mode}", actual, [regress(ensemble, row.astype(np.float64), "SUM", [], np.float64) for row in x])


def softmax(v):
    e = np.exp(v - v.max())
    return e / e.sum()


def softmax_zero(v):
    inside = np.abs(v) > 1e-7
    e = np.where(inside, np.exp(v - v.max()), v * np.exp(-v.max()))
    return e / e[inside].sum()


def logistic(v):
    return 1 / (1 + np.exp(-np.float64(v)))


TRANSFORMS = {"NONE": lambda v: v, "SOFTMAX": softmax, "LOGISTIC": logistic, "SOFTMAX_ZERO": softmax_zero}


def classify(ensemble, x, base, transform, labels):
    """Label and scores of one sample with three or more classes, or with two and one class's weights only."""
    scores, has = np.zeros(ensemble.targets, np.float32), np.zeros(ensemble.targets, bool)
    for leaf in ensemble.reached(x):
        for target, weight in leaf:
            scores[target] += weight
            has[target] = True
    classes = {leaf[2] for leaf in ensemble.leaves}
    if ensemble.targets == 2 and len(classes) == 1:
        positive = all(leaf[3] >= 0 for leaf in ensemble.leaves)
        if has[1]:
            chosen, result = scores[1], TRANSFORMS[transform](scores)
        else:
            chosen = scores[0] + np.float32(base[0] if base else 0)
            if positive:
                result = np.array([1 - chosen, chosen])
            else:
                result = np.array([-chosen, chosen])
                result = logistic(result) if transform == "LOGISTIC" else result
        return labels[int(chosen > (0.5 if positive else 0))], result
    if base:
        scores, has = scores + np.float32(base), np.ones_like(has)
    return labels[int(np.argmax(np.where(has, scores, -np.inf)))], TRANSFORMS[transform](scores)


def check_classifiers(random):
    for trial in range(24):
        targets = int(random.choice([2, 3, 5]))
        single = int(random.integers(targets))
        kind = trial % 3
        some = {0: lambda: range(targets), 1: lambda: [int(random.integers(targets))], 2: lambda: [single]}[0 if targets == 2 else kind]
        if targets == 2:
            some = lambda: [single]
        ensemble = Ensemble(random, int(random.integers(2, 6)), 4, 4, targets, weights=some)
        if trial % 4 == 0:
            ensemble.leaves = [(*leaf[:3], abs(leaf[3])) for leaf in ensemble.leaves]
        transform = str(random.choice(list(TRANSFORMS)))
        base = random.normal(size=1 if targets == 2 else targets).astype(np.float32).tolist() if trial % 2 and (targets > 2 or not single) else []
        labels = (np.arange(targets) * 7 - 3).tolist()
        attributes = ensemble.attributes("class", classlabels_int64s=labels, post_transform=transform, base_values=base or None)
        x = samples(random, 30, 4)
        actual = run(model([node("TreeEnsembleClassifier", attributes, outputs=("L", "P"))], 4, ("L", "P")), x)
        expected = [classify(ensemble, row, base, transform, labels) for row in x]
        what = f"classifier {trial} ({targets} classes, {transform}, base {base})"
        compare(what + " labels", actual["L"], [label for label, _ in expected], exact=True)
        with np.errstate(all="ignore"):
            compare(what, actual["P"], [scores for _, scores in expected])


def classify_two(ensemble, x, base, transform):
    """ONNX Runtime's rules where both classes have weights: class 1's score decides if it has one, else that of class 0."""
    scores, has = np.zeros(2, np.float32), [False, False]
    for leaf in ensemble.reached(x):
        for target, weight in leaf:
            scores[target] += weight
            has[target] = True
    function = TRANSFORMS[transform]
    if has[1]:
        if len(base) == 2:
            second = np.float32(base[1]) + scores[0]
            scores = np.array([-second, second])
        elif base:
            scores[0] += np.float32(base[0])
        return int(scores[1] > 0), function(scores)
    first = scores[0] + np.float32(base[0] if base else 0)
    if len(base) == 2:
        return int(first > 0), function(np.array([first, 0]))
    if len(base) == 1:
        return int(first > 0), np.array([first, 0])
    both = np.array([-first, first])
    return int(first > 0), logistic(both) if transform == "LOGISTIC" else both


def check_two_classes(random):
    for trial in range(18):
        some = lambda: random.choice(2, int(random.integers(1, 3)), replace=False).tolist()
        ensemble = Ensemble(random, 2, 4, 4, 2, weights=some)
        transform = str(random.choice(["NONE", "SOFTMAX", "LOGISTIC"]))
        base = random.normal(size=trial % 3).astype(np.float32).tolist()
        attributes = ensemble.attributes("class", classlabels_int64s=[0, 1], post_transform=transform, base_values=base or None)
        x = samples(random, 30, 4)
        actual = run(model([node("TreeEnsembleClassifier", attributes, outputs=("L", "P"))], 4, ("L", "P")), x)
        expected = [classify_two(ensemble, row, base, transform) for row in x]
        what = f"two classes, {trial} ({transform}, base {base})"
        compare(what + " labels", actual["L"], [label for label, _ in expected], exact=True)
        compare(what, actual["P"], [scores for _, scores in expected])


def flat_model(**changes):
    """TreeEnsemble with a node that tests membership: x0 in {1, 3, NaN ends the set} ? 10 : (x1 <= 2 ? 20 : 30)."""
    tensor = lambda values, kind: numpy_helper.from_array(np.array(values, kind), "t")
    attributes = dict(n_targets=1, aggregate_function=1, post_transform=0, tree_roots=[0], nodes_featureids=[0, 1],
                      nodes_modes=tensor([6, 0], np.uint8), nodes_splits=tensor([0, 2], np.float32),
                      nodes_truenodeids=[0, 1], nodes_trueleafs=[1, 1], nodes_falsenodeids=[1, 2], nodes_falseleafs=[0, 1],
                      leaf_targetids=[0, 0, 0], leaf_weights=tensor([10, 20, 30], np.float32),
                      membership_values=tensor([3, 1, -2, np.nan], np.float32))
    attributes.update(changes)
    return model([node("TreeEnsemble", attributes)], 2, version=5)


def check_flat(random):
    x = np.array([[1, 0], [3, 9], [-2, 9], [2, 2], [2, 3], [np.nan, 1], [-np.inf, 5], [1.0000001, 9]], np.float32)
    compare("membership", run(flat_model(), x)["Y"], [10, 10, 10, 20, 30, 20, 30, 30])
    tracked = flat_model(nodes_missing_value_tracks_true=[1, 0])
    compare("membership of NaN", run(tracked, x)["Y"], [10, 10, 10, 20, 30, 10, 30, 30])


def check_refusals(random):
    def broken(message, **changes):
        ensemble = Ensemble(np.random.default_rng(5), 1, 2, 3, 1, modes=["BRANCH_LEQ"], values=[0.5])
        attributes = ensemble.attributes("target", n_targets=1)
        for name, change in changes.items():
            attributes[name] = change(list(attributes[name])) if callable(change) else change
        refuse(message, model([node("TreeEnsembleRegressor", attributes)], 3), message)

    first = lambda value: lambda values: [value] + values[1:]
    broken("leads back to", nodes_truenodeids=first(0))
    broken("does not exist", nodes_truenodeids=first(1000))
    broken("does not exist", nodes_falsenodeids=first(-1))
    broken("threshold NaN", nodes_values=first(float("nan")))
    broken("compares feature 3 of an input that has 3", nodes_featureids=first(3))
    broken("compares feature -1", nodes_featureids=first(-1))
    broken("attribute 'nodes_values' has", nodes_values=lambda values: values[1:])
    broken("attribute 'target_weights' has", target_weights=lambda values: values[1:])
    broken("is no mode", nodes_modes=first("BRANCH_MAYBE"))
    broken("is there twice", nodes_nodeids=first(1))
    broken("but there are 1 targets", target_ids=first(1))
    broken("targets", n_targets=1 << 40)
    broken("aggregate_function", aggregate_function="MEDIAN")
    broken("post_transform", post_transform="HARDMAX")
    broken("does not exist", target_nodeids=first(77))
    refuse("no trees", flat_model(tree_roots=[]), "has no trees")
    refuse("root", flat_model(tree_roots=[2]), "has the child 2, but there are 2 nodes")
    refuse("cycle", flat_model(nodes_falsenodeids=[1, 0], nodes_falseleafs=[0, 0]), "leads back to")
    refuse("sets", flat_model(membership_values=None), "1 nodes test membership")
    refuse("mode", flat_model(nodes_modes=numpy_helper.from_array(np.array([6, 7], np.uint8))), "mode that is not 0 to 6")


def check_depth(random):
    """A chain of 60,000 nodes, whose walk must not recurse."""
    count = 60000
    ids = list(range(2 * count + 1))
    attributes = dict(nodes_treeids=[0] * len(ids), nodes_nodeids=ids, nodes_modes=["BRANCH_LEQ"] * count + ["LEAF"] * (count + 1),
                      nodes_featureids=[0] * len(ids), nodes_values=[float(i) for i in range(count)] + [0.0] * (count + 1),
                      nodes_truenodeids=[count + i for i in range(count)] + [0] * (count + 1),
                      nodes_falsenodeids=[i + 1 for i in range(count - 1)] + [2 * count] + [0] * (count + 1),
                      target_treeids=[0] * (count + 1), target_nodeids=ids[count:], target_ids=[0] * (count + 1),
                      target_weights=[float(i) for i in range(count + 1)], n_targets=1)
    x = np.array([[-1], [0.5], [59998.5], [1e9]], np.float32)
    compare("chain", run(model([node("TreeEnsembleRegressor", attributes)], 1), x)["Y"], [0, 1, 59999, 60000])


if __name__ == "__main__":
    generator = np.random.default_rng(1)
    for check in (check_regressors, check_double_thresholds, check_classifiers, check_two_classes, check_flat, check_refusals, check_depth):
        check(generator)
        print(check.__name__, "ok")
