// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the classifiers and regressors of ai.onnx.ml share: rows of features, post-transforms, and labels. Where the operators'
// text is vague, ONNX Runtime's behaviour is meant.
#pragma once

#include "passes/legalize/NodeBinder.h"

namespace thimble::legalize {

enum class Transform { None, Softmax, Logistic, SoftmaxZero, Probit };

/// The attribute post_transform, as a text.
mlir::FailureOr<Transform> readTransform(NodeBinder &node);

/// Operand 0 as f32 [rows, features]; a vector is one row. Null after an error.
mlir::Value featureRows(NodeBinder &node);

/// Each row of f32 [rows, n] transformed on its own.
mlir::Value transformScores(NodeBinder &node, mlir::Value scores, Transform transform);

/// sqrt(2) * the approximate inverse of erf at 2x - 1, in the formula of ONNX Runtime.
mlir::Value probit(NodeBinder &node, mlir::Value x);

/// What becomes of one score [rows, 1] where there are two classes.
enum class SecondClass { Complement, Negative };

/// [rows, 2]: 1 - s and s, or -s and s; with Logistic and Negative the logistic function of both. With Probit the first column
/// is the probit and the second 0.
mlir::Value bothScores(NodeBinder &node, mlir::Value score, SecondClass second, Transform transform);

/// Where a condition [rows, 1] holds, as indices [rows].
mlir::Value classIndex(NodeBinder &node, mlir::Value condition);

/// a > b, as i1.
mlir::Value isGreater(NodeBinder &node, mlir::Value a, float b);

/// The labels of a classifier.
class Labels {
public:
  /// Reads the two attributes, one of which must be there.
  static mlir::FailureOr<Labels> read(NodeBinder &node, llvm::StringRef integers, llvm::StringRef strings);

  int64_t size() const { return isText() ? int64_t(texts.size()) : int64_t(numbers.size()); }
  bool isText() const { return !texts.empty(); }
  /// Sets result 0 of the node to the labels with these indices, i64 [rows].
  mlir::LogicalResult setResult(NodeBinder &node, mlir::Value index) const;
  /// Labels of a classifier that has other classes than the attributes say: "0", "1", ... or 0, 1, ...
  Labels counted(int64_t count) const;

private:
  llvm::SmallVector<llvm::StringRef> texts;
  Shape numbers;
};

} // namespace thimble::legalize
