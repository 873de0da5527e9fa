// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Models that are wrong: each gives the errors that the corpus lists for it, and nothing worse.
#include "compiler/data/FileBytes.h"
#include "test/unit/import/support.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace thimble;
using namespace thimble::test;

static std::string readText(const std::string &path) { return cantFail(readFileBytes(path))->getBuffer().str(); }

static bool matches(const Message &message, llvm::StringRef text, llvm::StringRef node) {
  return llvm::StringRef(message.text).contains(text) && (node.empty() || message.node == node);
}

TEST_CASE("each damaged model gives the error that the corpus lists", "[import]") {
  llvm::json::Value manifest = cantFail(llvm::json::parse(readText(corpusPath("damaged/manifest.json"))));
  std::set<std::string> listed{"manifest.json", "short.bin"};
  REQUIRE(manifest.getAsArray()->size() >= 30);
  for (const llvm::json::Value &value : *manifest.getAsArray()) {
    const llvm::json::Object &entry = *value.getAsObject();
    std::string file = entry.getString("file")->str(), text = entry.getString("message")->str();
    std::string node = entry.getString("node").value_or("").str();
    listed.insert(file);
    CAPTURE(file, text, node);
    Imported imported = importFile(corpusPath("damaged/" + file));
    CHECK(!imported.module);
    CHECK(int64_t(imported.errors.size()) == *entry.getInteger("errors"));
    CHECK(llvm::any_of(imported.errors, [&](const Message &error) { return matches(error, text, node); }));
    for (const Message &error : imported.errors)
      UNSCOPED_INFO(format(error));
  }
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(corpusPath("damaged"), error), end; it != end && !error; it.increment(error)) {
    CAPTURE(it->path());
    CHECK(listed.count(llvm::sys::path::filename(it->path()).str()));
  }
}

TEST_CASE("what is no file at all is named", "[import]") {
  auto onlyError = [](llvm::StringRef path) {
    Imported imported = importFile(path);
    REQUIRE(imported.errors.size() == 1);
    return imported.errors.front().text;
  };
  CHECK_THAT(onlyError(corpusPath("absent.onnx")), Catch::EndsWith("absent.onnx: no such file"));
  CHECK_THAT(onlyError(corpusPath("damaged")), Catch::EndsWith("damaged: is a directory, not a file"));
  CHECK_THAT(onlyError("/dev/zero"), Catch::EndsWith("/dev/zero: is not a regular file"));
  ImportOptions options;
  options.maxFileBytes = 10;
  Imported large = importFile(corpusPath("accepted/functions.onnx"), options);
  REQUIRE(large.errors.size() == 1);
  CHECK_THAT(large.errors.front().text, Catch::Contains("more than the limit of 10"));
}

TEST_CASE("external data cannot be reached through a link that leads out of the folder", "[import]") {
  llvm::SmallString<128> folder;
  REQUIRE(!llvm::sys::fs::createUniqueDirectory("thimble-import", folder));
  std::string model = (folder + "/model.onnx").str(), link = (folder + "/weights.bin").str();
  REQUIRE(!llvm::sys::fs::copy_file(corpusPath("accepted/external.onnx"), model));
  REQUIRE(!llvm::sys::fs::create_link(corpusPath("accepted/weights.bin"), link));
  Imported imported = importFile(model);
  REQUIRE(imported.errors.size() == 1);
  CHECK_THAT(imported.errors.front().text, Catch::Contains("is a link that leads out of the model's folder"));
  llvm::sys::fs::remove(link);
  REQUIRE(!llvm::sys::fs::copy_file(corpusPath("accepted/weights.bin"), link));
  CHECK(importFile(model).module);
  llvm::sys::fs::remove_directories(folder);
}

TEST_CASE("a model in memory cannot refer to files", "[import]") {
  std::string bytes = readText(corpusPath("accepted/external.onnx"));
  Imported imported = importWith([&](mlir::MLIRContext *context) {
    return importOnnxBytes(context, llvm::ArrayRef<char>(bytes.data(), bytes.size()), "memory");
  });
  REQUIRE(imported.errors.size() == 1);
  CHECK_THAT(imported.errors.front().text, Catch::Contains("only a model read from a file"));
}

/// Imports bytes that may be anything; they give a module or errors, never both or neither.
static void importAnything(llvm::StringRef bytes) {
  Imported imported = importWith([&](mlir::MLIRContext *context) {
    return importOnnxBytes(context, llvm::ArrayRef<char>(bytes.data(), bytes.size()), "memory");
  });
  if (bool(imported.module) != imported.errors.empty())
    FAIL("a module and errors, or neither");
}

TEST_CASE("a model that is cut anywhere or has a changed byte is read or refused", "[import]") {
  std::mt19937 random(1);
  for (const char *file : {"functions.onnx", "unsorted.onnx", "attribute_kinds_undeclared.onnx"}) {
    std::string bytes = readText(corpusPath(std::string("accepted/") + file));
    for (size_t size = 0; size < bytes.size(); ++size)
      importAnything(llvm::StringRef(bytes).take_front(size));
    for (size_t at = 0; at < bytes.size(); ++at) {
      std::string changed = bytes;
      changed[at] = char(random());
      importAnything(changed);
    }
  }
  SUCCEED();
}

TEST_CASE("damaged text form gives the place", "[import]") {
  auto onlyError = [](llvm::StringRef text) {
    Imported imported = importWith([&](mlir::MLIRContext *context) { return importOnnxText(context, text, "model.onnxtext"); });
    REQUIRE(imported.errors.size() == 1);
    return imported.errors.front().text;
  };
  std::string head = "<ir_version: 8, opset_import: [\"\" : 13]>\n";
  CHECK_THAT(onlyError(head + "g (float[1] x) => (float[1] y) { y = Relu(x }"), Catch::Contains("(line: 2 column: 45)"));
  CHECK_THAT(onlyError(head + "g (float[1] x) => (float[1] y) { y = Relu(x) } more"), Catch::Contains("line: 2"));
  CHECK_THAT(onlyError("<ir_version: 99999999999999999999>"), Catch::Contains("Not a number"));
  CHECK_THAT(onlyError("<ir_version: \"open"), Catch::Contains("not ONNX text"));
  CHECK_THAT(onlyError(" \n"), Catch::Contains("the file is empty"));
  CHECK_THAT(onlyError(llvm::StringRef("a\0b", 3)), Catch::Contains("zero bytes"));
  CHECK_THAT(onlyError(std::string(100000, '{')), Catch::Contains("nest more than 100 deep"));
}
