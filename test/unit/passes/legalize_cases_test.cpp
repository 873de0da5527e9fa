// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ONNX's own test of every operator, executed at nn level. Needs Debian's libonnx-testdata, or its data folder in
// THIMBLE_ONNX_TESTDATA; does nothing without them.
#include "NodeCase.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"
#include <catch2/catch.hpp>
#include <cstdlib>

using namespace thimble::test;

// Where Thimble gives other numbers on purpose.
static const llvm::StringSet<> deviations = {
    // The file stores the bits of bfloat16 as uint16, which no tool reads as what is meant.
    "test_cast_BFLOAT16_to_FLOAT", "test_cast_FLOAT_to_BFLOAT16", "test_castlike_BFLOAT16_to_FLOAT",
    "test_castlike_BFLOAT16_to_FLOAT_expanded", "test_castlike_FLOAT_to_BFLOAT16", "test_castlike_FLOAT_to_BFLOAT16_expanded",
    // Their inputs have a dimension of size 0, which the importer takes for an open one.
    "test_reshape_allowzero_reordered", "test_split_zero_size_splits",
    // The case computes with an epsilon of 0.01, which its model does not have.
    "test_adam_multiple",
    // Random numbers, of which ONNX does not say how they are made.
    "test_bernoulli", "test_bernoulli_double", "test_bernoulli_double_expanded", "test_bernoulli_expanded", "test_bernoulli_seed",
    "test_bernoulli_seed_expanded", "test_training_dropout", "test_training_dropout_default", "test_training_dropout_default_mask",
    "test_training_dropout_mask"};

// Reasons for which a case may be refused: all are about the model, none is about an operator that should work.
static const char *const allowedReasons[] = {
    "does not support", // operators without a handler
    "at compile time",  // operands that real models have as constants
    "is not supported",
    "; Thimble supports",
    "training mode",
    "dimension 1 of input", // of size 0
    "the limit is 8",
    "elements, the file has",
    "has no data type", // sequences and optional values
    "is a sequence; give the shapes", // which this runner does not
    "data do not fit the input", // of size 0, which the importer takes for an open one
};

static bool isAllowed(const std::string &reason) {
  return llvm::any_of(allowedReasons, [&](const char *part) { return reason.find(part) != std::string::npos; });
}

static void runAll(Known known, size_t least) {
  const char *variable = std::getenv("THIMBLE_ONNX_TESTDATA");
  std::vector<std::string> folders =
      listNodeCases(std::string(variable ? variable : "/usr/share/libonnx-testdata/data") + "/node");
  if (folders.empty()) {
    WARN("ONNX's test data are not installed");
    return;
  }
  size_t right = 0, refused = 0;
  for (const std::string &folder : folders) {
    std::string name = llvm::sys::path::filename(folder).str();
    CaseResult result = runNodeCase(folder, known);
    INFO(name << ": " << result.reason);
    right += result.verdict == Verdict::Right;
    refused += result.verdict == Verdict::Refused;
    if (deviations.contains(name))
      continue;
    CHECK(result.verdict != Verdict::Wrong);
    CHECK((result.verdict != Verdict::Refused || isAllowed(result.reason)));
  }
  INFO(folders.size() << " cases: " << right << " right, " << refused << " refused");
  CHECK(right >= least);
}

TEST_CASE("ONNX's node tests with open inputs", "[legalize][onnx]") { runAll(Known::Nothing, 495); }
TEST_CASE("ONNX's node tests with known integers", "[legalize][onnx]") { runAll(Known::Integers, 609); }
TEST_CASE("ONNX's node tests folded to constants", "[legalize][onnx]") { runAll(Known::Everything, 629); }
