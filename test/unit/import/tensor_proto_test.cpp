// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensors in .pb files, and the choice of a reader by extension.
#include "compiler/data/TensorFile.h"
#include "compiler/import/TensorProtoFile.h"
#include "test/unit/import/support.h"
#include <catch2/catch.hpp>

using namespace thimble;
using namespace thimble::test;

static std::string errorOf(const std::string &file) { return toString(readTensorProto(corpusPath(file)).takeError()); }

TEST_CASE("a tensor in a file of its own keeps its name", "[import]") {
  auto tensors = readTensors(corpusPath("accepted/input_0.pb"), readTensorProto);
  REQUIRE(bool(tensors));
  REQUIRE(tensors->size() == 1);
  CHECK(tensors->front().name == "x");
  CHECK(tensors->front().tensor.shape == llvm::SmallVector<int64_t>{1, 3});
  CHECK(tensors->front().tensor.asFloats() == std::vector<float>{1, 2, 3});
}

TEST_CASE("such a tensor may have external data", "[import]") {
  auto tensor = readTensorProto(corpusPath("accepted/external_tensor.pb"));
  REQUIRE(bool(tensor));
  CHECK(tensor->asFloats() == std::vector<float>{1, 2, 3});
}

TEST_CASE("files that hold no tensor of numbers are refused", "[import]") {
  CHECK_THAT(errorOf("accepted/string_tensor.pb"), Catch::EndsWith("the tensor has data type STRING, which is not supported"));
  CHECK_THAT(errorOf("damaged/text.onnx"), Catch::Contains("not an ONNX tensor"));
  CHECK_THAT(errorOf("absent.pb"), Catch::EndsWith("no such file"));
}

TEST_CASE("without a reader for .pb files, only NumPy's are read", "[import]") {
  auto tensors = readTensors(corpusPath("accepted/input_0.pb"));
  CHECK_THAT(toString(tensors.takeError()), Catch::EndsWith("the extension '.pb' is not one that is read: .npy and .npz are"));
  auto model = readTensors(corpusPath("accepted/functions.onnx"), readTensorProto);
  CHECK_THAT(toString(model.takeError()), Catch::EndsWith(".npy, .npz and .pb are"));
}
