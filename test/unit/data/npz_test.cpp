// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Archives of NumPy arrays.
#include "compiler/data/FileBytes.h"
#include "compiler/data/Npz.h"
#include "compiler/data/TensorFile.h"
#include "compiler/data/Zip.h"
#include "llvm/Support/FileSystem.h"
#include <catch2/catch.hpp>
#include <random>

using namespace thimble;

static std::string arrayPath(const std::string &file) { return THIMBLE_TEST_DIR "/unit/data/arrays/" + file; }
static std::string fileText(llvm::StringRef path) { return cantFail(readFileBytes(path))->getBuffer().str(); }
static llvm::Expected<std::vector<ZipEntry>> unzip(llvm::StringRef bytes) { return readZip({bytes.data(), bytes.size()}); }
static std::string zipError(llvm::StringRef bytes) {
  auto entries = unzip(bytes);
  REQUIRE(!entries);
  return toString(entries.takeError());
}
/// The bytes with those at the place of `from` replaced by `to`; `which` counts its occurrences.
static std::string replaced(std::string bytes, llvm::StringRef from, size_t offset, llvm::StringRef to) {
  size_t at = llvm::StringRef(bytes).find(from);
  REQUIRE(at != llvm::StringRef::npos);
  return bytes.replace(at + offset, to.size(), to.str());
}
static llvm::StringRef central() { return llvm::StringRef("PK\x01\x02", 4); }

TEST_CASE("stored and deflated archives hold the same arrays, in their order", "[data]") {
  for (const char *file : {"stored.npz", "deflated.npz"}) {
    CAPTURE(file);
    auto tensors = readTensors(arrayPath(file));
    REQUIRE(bool(tensors));
    REQUIRE(tensors->size() == 2);
    CHECK((*tensors)[0].name == "images");
    CHECK((*tensors)[0].tensor.shape == llvm::SmallVector<int64_t>{2, 3, 4});
    CHECK((*tensors)[0].tensor.number(23) == 23);
    CHECK((*tensors)[1].name == "labels");
    CHECK((*tensors)[1].tensor.asInt64s() == std::vector<int64_t>{0, 1});
  }
  auto objects = readNpz(arrayPath("objects.npz"));
  CHECK_THAT(toString(objects.takeError()),
             Catch::EndsWith("objects.npz: 'bad': element type '|O': pickled objects are not read"));
}

TEST_CASE("what we write is read back, and is the same each time", "[data]") {
  llvm::SmallString<128> path;
  REQUIRE(!llvm::sys::fs::createTemporaryFile("thimble", "npz", path));
  std::vector<NamedTensor> tensors = {
      {"a", Tensor(ElementType::S8, {3})}, {"b/c", Tensor(ElementType::F64, {})}, {"empty", Tensor(ElementType::F32, {0})}};
  REQUIRE(!writeNpz(path, tensors));
  std::string first = fileText(path);
  REQUIRE(!writeNpz(path, tensors));
  CHECK(fileText(path) == first);
  auto again = readNpz(path);
  REQUIRE(bool(again));
  REQUIRE(again->size() == 3);
  CHECK((*again)[1].name == "b/c");
  CHECK((*again)[0].tensor.type == ElementType::S8);
  tensors[1].name = "a";
  CHECK_THAT(toString(writeNpz(path, tensors)), Catch::EndsWith("two tensors of the name 'a'"));
  llvm::sys::fs::remove(path);
}

TEST_CASE("an archive of something else is refused", "[data]") {
  llvm::SmallString<128> path;
  REQUIRE(!llvm::sys::fs::createTemporaryFile("thimble", "npz", path));
  std::vector<ZipEntry> entries = {{"folder/", {}}, {"readme.txt", {'h', 'i'}}};
  std::vector<char> bytes = cantFail(writeZip(entries));
  REQUIRE(!writeFileBytes(path, bytes));
  auto tensors = readNpz(path);
  CHECK_THAT(toString(tensors.takeError()), Catch::EndsWith("holds 'readme.txt', which is not a NumPy array (.npy)"));
  // An archive without entries is an end record only.
  CHECK(unzip(llvm::StringRef("PK\x05\x06" + std::string(18, '\0')))->empty());
  llvm::sys::fs::remove(path);
}

TEST_CASE("damaged archives are refused", "[data]") {
  std::string stored = fileText(arrayPath("stored.npz")), deflated = fileText(arrayPath("deflated.npz"));
  CHECK(zipError("") == "not a zip archive");
  CHECK(zipError("this is a text that is not an archive") == "not a zip archive");
  CHECK_THAT(zipError(llvm::StringRef(stored).drop_back(30)),
             Catch::Contains("its directory is missing; was the file cut off?"));
  // Fields of the directory's first entry: flags at 8, method at 10, checksum at 16, sizes at 20 and 24, place at 42.
  CHECK_THAT(zipError(replaced(stored, central(), 8, "\x01")), Catch::EndsWith("'images.npy' is encrypted"));
  CHECK_THAT(zipError(replaced(stored, central(), 10, "\x0c")), Catch::Contains("is packed with method 12"));
  CHECK_THAT(zipError(replaced(stored, central(), 16, "abcd")), Catch::EndsWith("the checksum of 'images.npy' is wrong"));
  CHECK_THAT(zipError(replaced(stored, central(), 20, "\x01")), Catch::EndsWith("the two sizes of 'images.npy' differ"));
  CHECK_THAT(zipError(replaced(stored, central(), 20, "\xff\xff\xff\x7f")), Catch::EndsWith("'images.npy' is cut off"));
  CHECK_THAT(zipError(replaced(deflated, central(), 24, "\xff\xff\xff\x7e")), Catch::Contains("can unpack to"));
  CHECK_THAT(zipError(replaced(deflated, central(), 24, "\x01")), Catch::Contains("does not unpack to the"));
  CHECK_THAT(zipError(replaced(stored, central(), 24, "\xff\xff\xff\xff")), Catch::Contains("more than the limit"));
  CHECK_THAT(zipError(replaced(stored, central(), 42, "\x01")),
             Catch::EndsWith("'images.npy' is not where the directory says"));
  CHECK_THAT(zipError(replaced(stored, central(), 28, "\xff\xff")), Catch::EndsWith("its directory is cut off"));
}

TEST_CASE("an archive that is cut anywhere or has a changed byte is read or refused", "[data]") {
  std::mt19937 random(1);
  for (const char *file : {"stored.npz", "deflated.npz"}) {
    std::string bytes = fileText(arrayPath(file));
    for (size_t at = 0; at < bytes.size(); ++at) {
      CHECK(!zipError(llvm::StringRef(bytes).take_front(at)).empty());
      std::string changed = bytes;
      changed[at] = char(random());
      llvm::consumeError(unzip(changed).takeError());
    }
  }
}
