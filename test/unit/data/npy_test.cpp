// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// NumPy arrays: what NumPy wrote is read, what we write it reads, and everything else is refused.
#include "compiler/data/FileBytes.h"
#include "compiler/data/Npy.h"
#include "llvm/Support/FileSystem.h"
#include <catch2/catch.hpp>
#include <random>

using namespace thimble;

static std::string arrayPath(const std::string &file) { return THIMBLE_TEST_DIR "/unit/data/arrays/" + file; }
static std::string errorOf(llvm::Expected<Tensor> tensor) {
  REQUIRE(!tensor);
  return toString(tensor.takeError());
}
static Tensor read(const std::string &file) {
  llvm::Expected<Tensor> tensor = readNpy(arrayPath(file));
  if (!tensor)
    FAIL(toString(tensor.takeError()));
  return std::move(*tensor);
}
static llvm::Expected<Tensor> parse(llvm::StringRef bytes) { return parseNpy({bytes.data(), bytes.size()}, "test"); }
/// A file of version 1.0 with this header.
static std::string withHeader(const std::string &header, const std::string &data) {
  return std::string("\x93NUMPY\x01\x00", 8) + char(header.size()) + '\0' + header + data;
}

TEST_CASE("arrays of all versions, orders and byte orders are the same", "[data]") {
  std::vector<int64_t> ramp(24);
  for (int i = 0; i < 24; ++i)
    ramp[i] = i;
  for (auto [file, type] : {std::pair("c_order.npy", ElementType::F32),
                            {"fortran_order.npy", ElementType::F32},
                            {"big_endian.npy", ElementType::S32},
                            {"version_2.npy", ElementType::S16},
                            {"version_3.npy", ElementType::U16}}) {
    CAPTURE(file);
    Tensor tensor = read(file);
    CHECK(tensor.type == type);
    CHECK(tensor.shape == llvm::SmallVector<int64_t>{2, 3, 4});
    CHECK(tensor.asInt64s() == ramp);
  }
  CHECK(read("scalar.npy").shape.empty());
  CHECK(read("scalar.npy").number(0) == 2.5);
  CHECK(read("empty.npy").shape == llvm::SmallVector<int64_t>{0, 3});
}

TEST_CASE("all element types are read and written as NumPy does", "[data]") {
  llvm::SmallString<128> path;
  REQUIRE(!llvm::sys::fs::createTemporaryFile("thimble", "npy", path));
  for (auto [code, type] : {std::pair("f2", ElementType::F16),
                            {"f4", ElementType::F32},
                            {"f8", ElementType::F64},
                            {"i1", ElementType::S8},
                            {"u1", ElementType::U8},
                            {"i2", ElementType::S16},
                            {"u2", ElementType::U16},
                            {"i4", ElementType::S32},
                            {"u4", ElementType::U32},
                            {"i8", ElementType::S64},
                            {"u8", ElementType::U64},
                            {"b1", ElementType::Bool}}) {
    CAPTURE(code);
    std::string file = std::string("type_") + code + ".npy";
    Tensor tensor = read(file);
    CHECK(tensor.type == type);
    CHECK(tensor.asInt64s() == std::vector<int64_t>{0, 1, type == ElementType::Bool ? 1 : 100});
    REQUIRE(!writeNpy(path, tensor));
    CHECK(cantFail(readFileBytes(path))->getBuffer() == cantFail(readFileBytes(arrayPath(file)))->getBuffer());
  }
  CHECK_THAT(toString(writeNpy(path, Tensor(ElementType::BF16, {1}))), Catch::Contains("NumPy has no element type bfloat16"));
  CHECK_THAT(toString(writeNpy(path.str().str() + "/no/such/folder", Tensor())), Catch::Contains("cannot be written"));
  llvm::sys::fs::remove(path);
}

TEST_CASE("shapes of any rank are written and read back", "[data]") {
  for (llvm::SmallVector<int64_t> shape : {llvm::SmallVector<int64_t>{}, {5}, {2, 3}, {0}, {1, 2, 1, 3, 1, 1, 1, 2}}) {
    Tensor tensor(ElementType::S16, shape);
    llvm::Expected<std::vector<char>> bytes = serializeNpy(tensor);
    REQUIRE(bool(bytes));
    CHECK((bytes->size() - tensor.bytes.size()) % 64 == 0);
    llvm::Expected<Tensor> again = parseNpy(*bytes, "test");
    REQUIRE(bool(again));
    CHECK(again->shape == shape);
  }
}

TEST_CASE("arrays of anything but numbers are refused", "[data]") {
  CHECK_THAT(errorOf(readNpy(arrayPath("objects.npy"))), Catch::EndsWith("element type '|O': pickled objects are not read"));
  CHECK_THAT(errorOf(readNpy(arrayPath("text.npy"))), Catch::EndsWith("text is not read"));
  CHECK_THAT(errorOf(readNpy(arrayPath("complex.npy"))), Catch::EndsWith("complex numbers are not supported"));
  CHECK_THAT(errorOf(readNpy(arrayPath("dates.npy"))), Catch::EndsWith("dates are not supported"));
  CHECK_THAT(errorOf(readNpy(arrayPath("records.npy"))), Catch::EndsWith("(structured element types) are not supported"));
  CHECK_THAT(errorOf(readNpy(arrayPath("absent.npy"))), Catch::EndsWith("absent.npy: no such file"));
}

TEST_CASE("damaged arrays are refused", "[data]") {
  CHECK(errorOf(parse("")) == "test: not a NumPy array (.npy) file");
  CHECK(errorOf(parse("\x93NUMPY")) == "test: the file is cut off in its header");
  CHECK(errorOf(parse(llvm::StringRef("\x93NUMPY\x09\x00\x00\x00", 10))) ==
        "test: version 9.0 of the .npy format is not known (1.0 to 3.0 are)");
  CHECK(errorOf(parse(llvm::StringRef("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12))) == "test: the file is cut off in its header");
  const char *good = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
  CHECK(bool(parse(withHeader(good, std::string(12, '\0')))));
  CHECK(errorOf(parse(withHeader(good, "1234"))) == "test: shape 3 of float32 needs 12 bytes, the file has 4");
  CHECK_THAT(errorOf(parse(withHeader(good, std::string(13, '\0')))), Catch::Contains("needs 12 bytes, the file has 13"));
  for (const char *header :
       {"", "{", "{}", "{'descr': '<f4'}", "{'descr: 3", "{'shape': (3,), 'descr': '<f4', 'fortran_order': Maybe}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} more"})
    CHECK_THAT(errorOf(parse(withHeader(header, "1234"))), Catch::EndsWith("the header is damaged"));
  CHECK_THAT(errorOf(parse(withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "1234"))),
             Catch::EndsWith("is not possible"));
  CHECK_THAT(errorOf(parse(withHeader("{'descr': '<f8', 'fortran_order': True, 'shape': (4611686018427387904, 8)}", "1234"))),
             Catch::EndsWith("is not possible"));
  CHECK_THAT(errorOf(parse(withHeader("{'descr': '<f8', 'fortran_order': True, 'shape': (1,1,1,1,1,1,1,1,1)}", "1234"))),
             Catch::EndsWith("9 dimensions, the limit is 8"));
}

TEST_CASE("headers of other writers are read", "[data]") {
  std::string data(24, '\1');
  for (const char *header : {"{\"descr\":\"<i4\",\"fortran_order\":False,\"shape\":(2,3)}",
                             "{ 'shape' : (2L, 3L,), 'fortran_order' : False , 'descr' : '=i4' }  \n",
                             "{'descr': 'i4', 'fortran_order': False, 'shape': (2, 3)}"}) {
    CAPTURE(header);
    CHECK(bool(parse(withHeader(header, data))));
  }
}

TEST_CASE("an array that is cut anywhere or has a changed byte is read or refused", "[data]") {
  std::string bytes = cantFail(readFileBytes(arrayPath("fortran_order.npy")))->getBuffer().str();
  std::mt19937 random(1);
  for (size_t at = 0; at < bytes.size(); ++at) {
    CHECK(!errorOf(parse(llvm::StringRef(bytes).take_front(at))).empty());
    std::string changed = bytes;
    changed[at] = char(random());
    llvm::consumeError(parse(changed).takeError());
  }
}
