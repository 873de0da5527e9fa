// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texts and maps during legalization. At run time a text is its index in a table that the compiler knows, and a map is the
// tensor of its values. Both are casts that carry the table or the keys, so that operators which do not know them refuse them;
// the casts are dead afterwards. The generated header has the tables.
#pragma once

#include "passes/legalize/NodeBinder.h"

namespace thimble::legalize {

/// The attribute of a function's result that holds the table of texts or the keys of a map, as an array of strings.
constexpr llvm::StringLiteral labelsAttrName = "onnx.labels";

/// True if `value` is a tensor of texts, or a map.
bool isText(mlir::Value value);
bool isMap(mlir::Value value);

/// The i64 indices of texts, or the values of a map.
mlir::Value carriedBy(mlir::Value value);
/// The texts that the indices stand for, or the keys of a map; integers are written as decimals.
llvm::SmallVector<llvm::StringRef> namesOf(mlir::Value value);
mlir::ArrayAttr namesAttrOf(mlir::Value value);

/// `index` is an i64 tensor with elements from 0 to the size of the table - 1. Null after an error.
mlir::Value makeTexts(NodeBinder &node, mlir::Value index, llvm::ArrayRef<llvm::StringRef> table);
/// The last dimension of `values` has an element for each key.
mlir::Value makeMap(NodeBinder &node, mlir::Value values, llvm::ArrayRef<llvm::StringRef> keys);

} // namespace thimble::legalize
