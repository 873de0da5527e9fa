// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading the attributes of tree operators.
#pragma once

#include "passes/legalize/handlers/TreeTables.h"

namespace thimble::legalize {

/// The floats of attribute `name`, or of the tensor `name`_as_tensor.
std::vector<float> readNumbers(NodeBinder &node, llvm::StringRef name);

/// The trees of TreeEnsembleClassifier (`prefix` class) and TreeEnsembleRegressor (`prefix` target). The first node of a tree
/// is its root. With one target, only the first weight of a leaf counts, as in ONNX Runtime.
mlir::FailureOr<TreeEnsemble> readTrees(NodeBinder &node, llvm::StringRef prefix, int64_t targets);

/// The trees of TreeEnsemble, whose leaves are apart.
mlir::FailureOr<TreeEnsemble> readFlatTrees(NodeBinder &node);

} // namespace thimble::legalize
