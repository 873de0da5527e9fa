# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Linear models, support vector machines, feature and label operators of ai.onnx.ml against NumPy."""
import numpy as np
from harness import compare, model, node, refuse, run
from onnx import TensorProto, helper
from trees import TRANSFORMS, logistic

FEATURES = 4


def floats(random, *shape):
    return random.normal(size=shape).astype(np.float32)


def check_linear(random):
    x = floats(random, 20, FEATURES)
    for transform, function in TRANSFORMS.items():
        weights, bias = floats(random, 3, FEATURES), floats(random, 3)
        attributes = dict(coefficients=weights.ravel().tolist(), intercepts=bias.tolist(), post_transform=transform)
        scores = x @ weights.T + bias
        expected = [function(row) for row in scores]
        classifier = node("LinearClassifier", dict(attributes, classlabels_ints=[5, 0, 9]), outputs=("L", "P"))
        actual = run(model([classifier], FEATURES, ("L", "P")), x)
        compare(f"linear classifier, {transform}", actual["P"], expected)
        compare("linear labels", actual["L"], np.array([5, 0, 9])[scores.argmax(1)], exact=True)
        regressor = node("LinearRegressor", dict(attributes, targets=3))
        compare(f"linear regressor, {transform}", run(model([regressor], FEATURES), x)["Y"], expected)
    one = node("LinearClassifier", dict(coefficients=weights[0].tolist(), intercepts=[0.25], classlabels_ints=[3, 4]), outputs=("L", "P"))
    actual, score = run(model([one], FEATURES, ("L", "P")), x), x @ weights[0] + np.float32(0.25)
    compare("one score", actual["P"], np.stack([1 - score, score], 1))
    compare("one score's labels", actual["L"], np.where(score > 0, 4, 3), exact=True)


def kernel(name, x, vectors, gamma, coef0, degree):
    dot = x @ vectors.T
    if name == "RBF":
        return np.exp(-gamma * ((x[:, None] - vectors[None]) ** 2).sum(2))
    return {"LINEAR": dot, "POLY": (gamma * dot + coef0) ** degree, "SIGMOID": np.tanh(gamma * dot + coef0)}[name]


def couple(pairs, classes):
    """Pairwise coupling, written after the paper with matrices."""
    r = np.zeros((classes, classes))
    r[np.triu_indices(classes, 1)] = pairs
    r += np.tril(1 - r.T, -1)
    q = -(r.T * r)
    np.fill_diagonal(q, (r.T ** 2).sum(1))
    p = np.full(classes, 1 / classes)
    for _ in range(100):
        if np.abs(q @ p - p @ q @ p).max() < 0.005 / classes:
            break
        for t in range(classes):
            p[t] += (p @ q @ p - (q @ p)[t]) / q[t, t]
            p /= p.sum()
    return p


def pair_scores(k, coefficients, counts, rho):
    """One score for each pair i < j, from the kernel values of the support vectors, class after class."""
    begin = np.concatenate([[0], np.cumsum(counts)])
    scores = []
    for i in range(len(counts)):
        for j in range(i + 1, len(counts)):
            of_i, of_j = slice(begin[i], begin[i + 1]), slice(begin[j], begin[j + 1])
            scores.append(k[:, of_i] @ coefficients[j - 1, of_i] + k[:, of_j] @ coefficients[i, of_j] + rho[len(scores)])
    return np.stack(scores, 1)


def check_svm_classifiers(random):
    x = floats(random, 16, FEATURES)
    for name in ("LINEAR", "POLY", "RBF", "SIGMOID"):
        for classes in (2, 3, 5):
            counts = random.integers(1, 5, classes)
            total, pairs = int(counts.sum()), classes * (classes - 1) // 2
            vectors, coefficients, rho = floats(random, total, FEATURES), floats(random, classes - 1, total), floats(random, pairs)
            parameters = [0.3, 0.2, float(random.choice([2, 3, 4]))]
            scores = pair_scores(kernel(name, x, vectors, *parameters), coefficients, counts, rho)
            votes = np.zeros((len(x), classes))
            for pair, (i, j) in enumerate(zip(*np.triu_indices(classes, 1))):
                votes[np.arange(len(x)), np.where(scores[:, pair] > 0, i, j)] += 1
            labels = np.arange(classes) * 2 + 1
            attributes = dict(kernel_type=name, kernel_params=parameters, vectors_per_class=counts.tolist(), rho=rho.tolist(),
                              support_vectors=vectors.ravel().tolist(), coefficients=coefficients.ravel().tolist(),
                              classlabels_ints=labels.tolist())
            for has_probabilities in (False, True):
                if has_probabilities:
                    a, b = -np.abs(floats(random, pairs)) - np.float32(0.2), floats(random, pairs)
                    attributes.update(prob_a=a.tolist(), prob_b=b.tolist())
                    each = np.clip(1 - logistic(scores * a + b), 1e-7, 1 - 1e-7)
                    expected = [couple(row, classes) for row in each]
                else:
                    expected = scores if classes > 2 else np.concatenate([-scores, scores], 1)
                what = f"SVM classifier, {name}, {classes} classes, probabilities: {has_probabilities}"
                actual = run(model([node("SVMClassifier", attributes, outputs=("L", "P"))], FEATURES, ("L", "P")), x)
                compare(what, actual["P"], expected)
                compare(what + ", labels", actual["L"], labels[votes.argmax(1)], exact=True)


def check_svm_regressors(random):
    x = floats(random, 16, FEATURES)
    for name in ("LINEAR", "POLY", "RBF", "SIGMOID"):
        vectors, coefficients = floats(random, 6, FEATURES), floats(random, 6)
        attributes = dict(kernel_type=name, kernel_params=[0.4, 0.1, 3.0], rho=[0.25], n_supports=6,
                          support_vectors=vectors.ravel().tolist(), coefficients=coefficients.tolist())
        expected = kernel(name, x, vectors, 0.4, 0.1, 3) @ coefficients + 0.25
        compare(f"SVM regressor, {name}", run(model([node("SVMRegressor", attributes)], FEATURES), x)["Y"], expected)
        one_class = node("SVMRegressor", dict(attributes, one_class=1))
        compare(f"one class, {name}", run(model([one_class], FEATURES), x)["Y"], np.where(expected > 0, 1, -1))
    linear = node("SVMRegressor", dict(kernel_type="LINEAR", rho=[0.5], n_supports=0, coefficients=[1.0, 2.0, 3.0, 4.0]))
    compare("linear SVM", run(model([linear], FEATURES), x)["Y"], x @ np.float32([1, 2, 3, 4]) + 0.5)


def check_features(random):
    x = floats(random, 10, FEATURES)
    x[0] = 0
    x[1, 2] = np.nan

    def one(op, expected, x=x, element=TensorProto.FLOAT, **attributes):
        compare(op, run(model([node(op, attributes)], FEATURES, element=element), x)["Y"], expected)

    one("Scaler", (x - np.float32([1, 2, 3, 4])) * np.float32([2, 2, 2, 0.5]), offset=[1.0, 2.0, 3.0, 4.0], scale=[2.0, 2.0, 2.0, 0.5])
    one("Scaler", (x - 1) * 3, offset=[1.0], scale=[3.0])
    one("Binarizer", (x > np.float32(0.25)).astype(np.float32), threshold=0.25)
    one("Imputer", np.where(np.isnan(x), np.float32([1, 2, 3, 4]), x), imputed_value_floats=[1.0, 2.0, 3.0, 4.0], replaced_value_float=float("nan"))
    one("Imputer", np.where(x == 0, 9, x), imputed_value_floats=[9.0], replaced_value_float=0.0)
    clean = np.nan_to_num(x)
    nonzero = lambda size: np.where(size == 0, 1, size)[:, None]
    one("Normalizer", clean / nonzero(clean.max(1)), clean, norm="MAX")
    one("Normalizer", clean / nonzero(np.abs(clean).sum(1)), clean, norm="L1")
    one("Normalizer", clean / nonzero(np.sqrt((clean ** 2).sum(1))), clean, norm="L2")
    whole = random.integers(-3, 4, (10, FEATURES))
    one("Imputer", np.where(whole == 2, 7, whole), whole, TensorProto.INT64, imputed_value_int64s=[7], replaced_value_int64=2)
    one("OneHotEncoder", (whole[..., None] == np.array([0, -2, 3])).astype(np.float32), whole, TensorProto.INT64, cats_int64s=[0, -2, 3])
    one("LabelEncoder", np.select([whole == 1, whole == -1], [10, 20], 99), whole, TensorProto.INT64, keys_int64s=[1, -1],
        values_int64s=[10, 20], default_int64=99)
    one("LabelEncoder", np.select([np.isnan(x), x == 0], [0.5, 1.5], -2), keys_floats=[float("nan"), 0.0], values_floats=[0.5, 1.5], default_float=-2.0)
    vectorizer = node("FeatureVectorizer", dict(inputdimensions=[4, 5]), inputs=("X", "X"))
    compare("FeatureVectorizer", run(model([vectorizer], FEATURES), clean)["Y"], np.pad(np.concatenate([clean, clean], 1), ((0, 0), (0, 1))))
    extract = [helper.make_node("Constant", [], ["I"], value_ints=[2, 0, 2]), node("ArrayFeatureExtractor", {}, inputs=("X", "I"))]
    compare("ArrayFeatureExtractor", run(model(extract, FEATURES), clean)["Y"], clean[:, [2, 0, 2]])


def check_labels(random):
    """Texts are indices; what maps them further does so at compile time. Maps are tensors."""
    x = floats(random, 20, FEATURES)
    weights = floats(random, 3, FEATURES)
    names = ["cat", "dog", "owl"]
    classifier = node("LinearClassifier", dict(coefficients=weights.ravel().tolist(), intercepts=[0.0] * 3, classlabels_strings=names), outputs=("L", "P"))
    scores = x @ weights.T
    index = scores.argmax(1)
    actual = run(model([classifier, node("ZipMap", dict(classlabels_strings=names), ("P",), ("M",))], FEATURES, ("L", "M")), x)
    compare("texts", actual["L"], index, exact=True)
    compare("a map", actual["M"], scores)

    def mapped(op, expected, version=3, more=(), **attributes):
        nodes = [classifier, node(op, attributes, ("L",), ("Y",)), *more]
        compare(op, run(model(nodes, FEATURES, version=version), x)["Y"], expected)

    mapped("LabelEncoder", np.array([30, -1, 10])[index], keys_strings=["owl", "cat"], values_int64s=[10, 30])
    mapped("LabelEncoder", np.array([0, 0.5, 0])[index], keys_strings=["dog"], values_floats=[0.5], default_float=0.0)
    mapped("LabelEncoder", np.array([1, 7, 0])[index], version=1, classes_strings=["owl", "cat"], default_int64=7)
    mapped("CategoryMapper", np.array([4, -1, 5])[index], cats_strings=["cat", "owl"], cats_int64s=[4, 5])
    mapped("OneHotEncoder", (index[:, None] == [2, 0]).astype(np.float32), cats_strings=["owl", "cat"])
    zip_map = node("ZipMap", dict(classlabels_strings=names), ("P",), ("M",))
    vector = node("DictVectorizer", dict(string_vocabulary=["owl", "emu", "cat"]), ("M",), ("Y",))
    compare("DictVectorizer", run(model([classifier, zip_map, vector], FEATURES), x)["Y"],
            np.stack([scores[:, 2], 0 * index, scores[:, 0]], 1))
    zip_map = node("ZipMap", dict(classlabels_int64s=[2, 0, 1]), ("P",), ("M",))
    for form, expected in (("DENSE", scores[:, [1, 2, 0]]), ("SPARSE", np.pad(scores[:, [1, 2, 0]], ((0, 0), (0, 2))))):
        cast = node("CastMap", dict(map_form=form, max_map=5), ("M",), ("Y",))
        compare("CastMap", run(model([classifier, zip_map, cast], FEATURES), x)["Y"], expected)


def check_refusals(random):
    def one(message, op, inputs=("X",), outputs=("Y",), **attributes):
        refuse(f"{op}: {message}", model([node(op, attributes, inputs, outputs)], FEATURES, outputs), message)

    pair = ("L", "P")
    one("scores for", "LinearClassifier", outputs=pair, coefficients=[1.0] * 12, intercepts=[0.0] * 3, classlabels_ints=[0, 1])
    one("attribute 'coefficients' has 3 elements instead of 8", "LinearClassifier", outputs=pair, coefficients=[1.0] * 3, intercepts=[0.0] * 2, classlabels_ints=[0, 1])
    one("has no class labels", "LinearClassifier", outputs=pair, coefficients=[1.0] * 8, intercepts=[0.0] * 2)
    one("targets", "LinearRegressor", coefficients=[1.0] * 4, targets=1 << 62)
    svm = dict(kernel_type="RBF", kernel_params=[0.1, 0.0, 3.0], classlabels_ints=[0, 1], rho=[0.0], coefficients=[1.0, 1.0],
               support_vectors=[0.0] * 8, vectors_per_class=[1, 1])
    one("impossible count", "SVMClassifier", outputs=pair, **dict(svm, vectors_per_class=[1, -1]))
    one("impossible count", "SVMClassifier", outputs=pair, **dict(svm, vectors_per_class=[1, 1 << 62]))
    one("attribute 'support_vectors' has 7", "SVMClassifier", outputs=pair, **dict(svm, support_vectors=[0.0] * 7))
    one("kernel_type", "SVMClassifier", outputs=pair, **dict(svm, kernel_type="COSINE"))
    one("attribute 'kernel_params' has 2", "SVMClassifier", outputs=pair, **dict(svm, kernel_params=[0.1, 0.0]))
    one("attribute 'prob_a' has 2", "SVMClassifier", outputs=pair, **dict(svm, prob_a=[0.1] * 2, prob_b=[0.1] * 2))
    one("support vectors", "SVMRegressor", rho=[0.0], coefficients=[1.0], n_supports=-3)
    one("attribute 'offset' has 3 elements for 4 features", "Scaler", offset=[1.0] * 3, scale=[1.0])
    one("MAX, L1 or L2", "Normalizer", norm="L3")
    one("must be texts", "OneHotEncoder", cats_strings=["a"])
    one("do not repeat", "OneHotEncoder", cats_int64s=[1, 1])
    one("must be texts", "LabelEncoder", keys_strings=["a"], values_int64s=[1])
    one("maps 2 keys to 1 values", "LabelEncoder", keys_floats=[1.0, 2.0], values_int64s=[1])
    one("must be a map", "DictVectorizer", string_vocabulary=["a"])
    one("labels for 4 columns", "ZipMap", classlabels_strings=["a"])
    one("'inputdimensions' has 1 elements for 2 inputs", "FeatureVectorizer", inputs=("X", "X"), inputdimensions=[4])
    texts = node("LinearClassifier", dict(coefficients=[1.0] * 8, intercepts=[0.0] * 2, classlabels_strings=["a", "b"]), outputs=pair)
    refuse("arithmetic with texts", model([texts, helper.make_node("Add", ["L", "L"], ["Y"])], FEATURES), "holds texts or a map")


if __name__ == "__main__":
    generator = np.random.default_rng(2)
    for check in (check_linear, check_svm_classifiers, check_svm_regressors, check_features, check_labels, check_refusals):
        check(generator)
        print(check.__name__, "ok")
