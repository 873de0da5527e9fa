// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// C types of tensor elements, and values written so that a C compiler reads exactly the same ones back.
#include "codegen/c/Literals.h"
#include "mlir/IR/BuiltinTypes.h"
#include <charconv>
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace thimble::codegen;

static constexpr size_t columns = 100;

static const CType types[] = {{CType::F32, 4, "float", "TMB_F32"},         {CType::F64, 8, "double", "TMB_F64"},
                              {CType::Signed, 1, "int8_t", "TMB_S8"},      {CType::Signed, 2, "int16_t", "TMB_S16"},
                              {CType::Signed, 4, "int32_t", "TMB_S32"},    {CType::Signed, 8, "int64_t", "TMB_S64"},
                              {CType::Unsigned, 1, "uint8_t", "TMB_U8"},   {CType::Unsigned, 2, "uint16_t", "TMB_U16"},
                              {CType::Unsigned, 4, "uint32_t", "TMB_U32"}, {CType::Unsigned, 8, "uint64_t", "TMB_U64"}};
static const CType boolean = {CType::Unsigned, 1, "uint8_t", "TMB_BOOL"};
// What C99 has no type for is there as its bits.
static const CType nibbles[] = {{CType::Signed, 1, "int8_t", "TMB_S4", "int4"},
                                {CType::Unsigned, 1, "uint8_t", "TMB_U4", "uint4"}};
static const CType half = {CType::Unsigned, 2, "uint16_t", "TMB_F16", "float16"};
static const CType brain = {CType::Unsigned, 2, "uint16_t", "TMB_BF16", "bfloat16"};
static const CType smallFloats[] = {{CType::Unsigned, 1, "uint8_t", "TMB_F8E4M3FN", "float8_e4m3fn"},
                                    {CType::Unsigned, 1, "uint8_t", "TMB_F8E4M3FNUZ", "float8_e4m3fnuz"},
                                    {CType::Unsigned, 1, "uint8_t", "TMB_F8E5M2", "float8_e5m2"},
                                    {CType::Unsigned, 1, "uint8_t", "TMB_F8E5M2FNUZ", "float8_e5m2fnuz"}};

const CType *CType::get(Type element) {
  if (element.isInteger(1))
    return &boolean;
  if (element.isInteger(4))
    return &nibbles[element.isUnsignedInteger()];
  if (element.isF16() || element.isBF16())
    return element.isF16() ? &half : &brain;
  if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() == 8)
    return element.isFloat8E4M3FN()     ? &smallFloats[0]
           : element.isFloat8E4M3FNUZ() ? &smallFloats[1]
           : element.isFloat8E5M2()     ? &smallFloats[2]
           : element.isFloat8E5M2FNUZ() ? &smallFloats[3]
                                        : nullptr;
  Kind kind = element.isF32() ? F32 : element.isF64() ? F64 : element.isUnsignedInteger() ? Unsigned : Signed;
  if (kind != F32 && kind != F64 && !isa<IntegerType>(element))
    return nullptr;
  for (const CType &type : types)
    if (type.kind == kind && type.bytes * 8 == element.getIntOrFloatBitWidth())
      return &type;
  return nullptr;
}

const CType *CType::getByte() {
  return llvm::find_if(types, [](const CType &type) { return type.kind == Unsigned && type.bytes == 1; });
}

template <typename Float> static std::string formatReal(Float value) {
  if (std::isnan(value))
    return "NAN";
  if (std::isinf(value))
    return value < 0 ? "-INFINITY" : "INFINITY";
  // Unlike printf's, this result depends on no locale.
  char buffer[64];
  char *end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  std::string text(buffer, end);
  if (text.find_first_of(".e") == std::string::npos)
    text += ".0";
  return text;
}

std::string thimble::codegen::formatFloat(float value) {
  std::string text = formatReal(value);
  return std::isfinite(value) ? text + "f" : text;
}

std::string thimble::codegen::formatDouble(double value) { return formatReal(value); }

std::string thimble::codegen::formatInteger(int64_t value, unsigned bytes) {
  // The least number is not the negation of any constant of its type.
  if (bytes == 4 && value == INT32_MIN)
    return "(-2147483647 - 1)";
  if (value == INT64_MIN)
    return "(-9223372036854775807 - 1)";
  return std::to_string(value);
}

std::string thimble::codegen::formatUnsigned(uint64_t value) {
  return std::to_string(value) + (value > uint64_t(INT32_MAX) ? "u" : "");
}

template <typename T> static T load(const char *at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

static std::string formatElement(const CType &type, const char *at) {
  switch (type.kind) {
  case CType::F32:
    return formatFloat(load<float>(at));
  case CType::F64:
    return formatDouble(load<double>(at));
  case CType::Signed:
    switch (type.bytes) {
    case 1:
      return std::to_string(load<int8_t>(at));
    case 2:
      return std::to_string(load<int16_t>(at));
    case 4:
      return formatInteger(load<int32_t>(at), 4);
    default:
      return formatInteger(load<int64_t>(at), 8);
    }
  case CType::Unsigned:
    switch (type.bytes) {
    case 1:
      return std::to_string(load<uint8_t>(at));
    case 2:
      return std::to_string(load<uint16_t>(at));
    case 4:
      return formatUnsigned(load<uint32_t>(at));
    default:
      return formatUnsigned(load<uint64_t>(at));
    }
  }
  llvm_unreachable("unknown kind of C type");
}

bool thimble::codegen::hasNonFinite(const CType &type, llvm::ArrayRef<char> bytes) {
  for (size_t i = 0; i + type.bytes <= bytes.size(); i += type.bytes) {
    if (type.kind == CType::F32 && !std::isfinite(load<float>(bytes.data() + i)))
      return true;
    if (type.kind == CType::F64 && !std::isfinite(load<double>(bytes.data() + i)))
      return true;
  }
  return false;
}

void thimble::codegen::writeElements(llvm::raw_ostream &os, const CType &type, llvm::ArrayRef<char> bytes) {
  if (bytes.empty()) {
    os << "    0\n"; // C99 has no empty arrays
    return;
  }
  std::string line;
  unsigned onLine = 0;
  for (size_t i = 0; i < bytes.size(); i += type.bytes) {
    std::string element = formatElement(type, bytes.data() + i);
    bool isLast = i + type.bytes >= bytes.size();
    if (onLine == 16 || (onLine > 0 && 4 + line.size() + 1 + element.size() + !isLast > columns)) {
      os << "    " << line << "\n";
      line.clear();
      onLine = 0;
    }
    if (onLine++ > 0)
      line += ' ';
    line += element;
    if (!isLast)
      line += ',';
  }
  os << "    " << line << "\n";
}

void thimble::codegen::writeWrapped(llvm::raw_ostream &os, llvm::StringRef prefix, llvm::ArrayRef<std::string> items,
                                    llvm::StringRef suffix, unsigned indent) {
  std::string line = prefix.str();
  for (auto [index, item] : llvm::enumerate(items)) {
    bool isLast = index + 1 == items.size();
    size_t after = isLast ? suffix.size() : 1;
    if (index > 0 && line.size() + 1 + item.size() + after > columns) {
      os << line << "\n";
      line = std::string(indent, ' ');
    } else if (index > 0) {
      line += ' ';
    }
    line += item;
    if (!isLast)
      line += ',';
  }
  os << line << suffix << "\n";
}

std::string thimble::codegen::formatText(llvm::StringRef text) {
  std::string literal = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') {
      literal += {'\\', char(c)};
    } else if (c >= 0x20 && c < 0x7f && c != '?') { // two question marks may start a trigraph
      literal += char(c);
    } else { // three octal digits: more may follow as text
      literal += '\\';
      for (int shift : {6, 3, 0})
        literal += char('0' + (c >> shift & 7));
    }
  }
  return literal + "\"";
}
