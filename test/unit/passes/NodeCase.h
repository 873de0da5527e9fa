// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One case of ONNX's backend tests: a model of one node, inputs, and the outputs that they must give.
#pragma once

#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace thimble::test {

/// Which inputs the compiler knows. The cases make inputs of operands that real models have as constants, such as axes.
enum class Known { Nothing, Integers, Everything };

enum class Verdict {
  Right,
  Refused, // by the importer or by legalization, with an error
  Wrong    // other outputs, or an error later
};

struct CaseResult {
  Verdict verdict;
  std::string reason;
};

/// Imports folder/model.onnx, legalizes and executes it, and compares the outputs with those of folder/test_data_set_*.
CaseResult runNodeCase(const std::string &folder, Known known);

/// Folders below `root` that hold a model.onnx, sorted.
std::vector<std::string> listNodeCases(const std::string &root);

} // namespace thimble::test
