// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names and values of C: what the writer makes of hostile names and extreme numbers.
#include "codegen/c/Literals.h"
#include "codegen/c/Names.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include <catch2/catch.hpp>
#include <limits>

using namespace thimble::codegen;

static bool isValid(llvm::StringRef name) { return !llvm::errorToBool(validateModelName(name)); }

TEST_CASE("model names", "[codegen]") {
  for (const char *name : {"kws", "a", "Kws_2", "int", "x86", "test"})
    CHECK(isValid(name));
  for (const char *name : {"", "2kws", "_kws", "kws_", "k__ws", "k-ws", "kws.onnx", "k ws", "tmb_kws", "TMB", "string", "Math",
                           "k\xC3\xA4se", "a123456789012345678901234567890123456789012345678"})
    CHECK_FALSE(isValid(name));
  CHECK(llvm::toString(validateModelName("2d")).find("'model_2d' would do") != std::string::npos);
}

TEST_CASE("any text becomes a model name", "[codegen]") {
  CHECK(makeModelName("MobileNet v1 (0.25)") == "MobileNet_v1_0_25");
  CHECK(makeModelName("2d-conv") == "model_2d_conv");
  CHECK(makeModelName("") == "model");
  CHECK(makeModelName("\xE6\xA8\xA1\xE5\x9E\x8B") == "model");
  CHECK(makeModelName("string") == "model_string");
  for (std::string text :
       {std::string(""), std::string("__"), std::string("tmb_x"), std::string("../../etc"), std::string("TMB"),
        std::string(300, 'a'), std::string(300, '9'), std::string("a_______________________________________b"),
        "tmb_" + std::string(100, 'x'), std::string("\0x", 2)})
    CHECK(isValid(makeModelName(text)));
}

TEST_CASE("comments hold any text", "[codegen]") {
  CHECK(commentText("a */ b") == "a * / b");
  CHECK(commentText("a /* b") == "a / * b");
  CHECK(commentText("*/*/*/") == "* / * / * / ");
  CHECK(commentText("line\nbreak\r\t\x01") == "line break   ");
  CHECK(commentText("end\\") == "end\\ ");
  CHECK(commentText("what?\?\?/") == "what? ? ?/ ");
  CHECK(commentText("caf\xC3\xA9") == "caf<U+00E9>");
  CHECK(commentText("\xE2\x80\xAE") == "<U+202E>"); // right-to-left override
  CHECK(commentText("\xFF\xC3") == "<0xFF><0xC3>");
  CHECK(commentText(std::string(10000, 'x')).size() < 200);
}

TEST_CASE("parts of identifiers", "[codegen]") {
  CHECK(identifierPart("/features.0/conv::1") == "features_0_conv_1");
  CHECK(identifierPart("") == "");
  CHECK(identifierPart("\xC3\xA9") == "");
  UniqueNames names;
  CHECK(names.get("x") == "x");
  CHECK(names.get("x_2") == "x_2");
  CHECK(names.get("x") == "x_3");
}

TEST_CASE("floats read back", "[codegen]") {
  CHECK(formatFloat(0.1f) == "0.1f");
  CHECK(formatFloat(1.0f) == "1.0f");
  CHECK(formatFloat(-0.0f) == "-0.0f");
  CHECK(formatFloat(1e20f) == "1e+20f");
  CHECK(formatDouble(0.1) == "0.1");
  CHECK(formatFloat(std::numeric_limits<float>::infinity()) == "INFINITY");
  CHECK(formatFloat(-std::numeric_limits<float>::infinity()) == "-INFINITY");
  CHECK(formatFloat(std::numeric_limits<float>::quiet_NaN()) == "NAN");
  for (float value : {std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min(), 1.17549435e-38f, 16777216.0f,
                      0.333333343f, -1.5e-42f})
    CHECK(std::strtof(formatFloat(value).c_str(), nullptr) == value);
}

TEST_CASE("integers at the ends of their types", "[codegen]") {
  CHECK(formatInteger(INT32_MIN, 4) == "(-2147483647 - 1)");
  CHECK(formatInteger(INT32_MIN, 8) == "-2147483648");
  CHECK(formatInteger(INT64_MIN, 8) == "(-9223372036854775807 - 1)");
  CHECK(formatUnsigned(UINT32_MAX) == "4294967295u");
  CHECK(formatUnsigned(UINT64_MAX) == "18446744073709551615u");
}

TEST_CASE("element types", "[codegen]") {
  mlir::MLIRContext context;
  mlir::Builder b(&context);
  auto nameOf = [](mlir::Type type) { return std::string(CType::get(type)->name); };
  CHECK(nameOf(b.getF32Type()) == "float");
  CHECK(nameOf(b.getI1Type()) == "uint8_t");
  CHECK(nameOf(b.getI8Type()) == "int8_t");
  CHECK(nameOf(b.getIntegerType(8, false)) == "uint8_t");
  CHECK(nameOf(b.getIntegerType(32, false)) == "uint32_t");
  CHECK(nameOf(b.getI64Type()) == "int64_t");
  CHECK(nameOf(b.getF16Type()) == "uint16_t"); // its bits
  CHECK(nameOf(b.getIntegerType(4)) == "int8_t");
  CHECK(CType::get(b.getIntegerType(3)) == nullptr);
  CHECK(CType::get(b.getIndexType()) == nullptr);
}

TEST_CASE("arrays stay within 100 columns", "[codegen]") {
  std::vector<char> bytes(100, char(-128));
  std::string text;
  llvm::raw_string_ostream os(text);
  mlir::MLIRContext context;
  writeElements(os, *CType::get(mlir::IntegerType::get(&context, 8)), bytes);
  std::vector<int32_t> words(50, INT32_MIN);
  writeElements(os, *CType::get(mlir::IntegerType::get(&context, 32)),
                llvm::ArrayRef<char>(reinterpret_cast<char *>(words.data()), words.size() * 4));
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(text).split(lines, '\n');
  for (llvm::StringRef line : lines)
    CHECK(line.size() <= 100);
  CHECK(llvm::StringRef(text).count("-128") == 100);
  CHECK(llvm::StringRef(text).count("- 1)") == 50);
}
