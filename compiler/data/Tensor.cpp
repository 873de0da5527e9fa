// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Element types, and conversions between them.
#include "compiler/data/Tensor.h"
#include "compiler/support/Numeric.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <cstring>

using namespace thimble;
using llvm::ArrayRef;

llvm::StringRef thimble::elementTypeName(ElementType type) {
  switch (type) {
  case ElementType::F32:
    return "float32";
  case ElementType::F64:
    return "float64";
  case ElementType::F16:
    return "float16";
  case ElementType::BF16:
    return "bfloat16";
  case ElementType::S8:
    return "int8";
  case ElementType::U8:
    return "uint8";
  case ElementType::S16:
    return "int16";
  case ElementType::U16:
    return "uint16";
  case ElementType::S32:
    return "int32";
  case ElementType::U32:
    return "uint32";
  case ElementType::S64:
    return "int64";
  case ElementType::U64:
    return "uint64";
  case ElementType::Bool:
    return "bool";
  case ElementType::S4:
    return "int4";
  case ElementType::U4:
    return "uint4";
  case ElementType::F8E4M3FN:
    return "float8_e4m3fn";
  case ElementType::F8E4M3FNUZ:
    return "float8_e4m3fnuz";
  case ElementType::F8E5M2:
    return "float8_e5m2";
  case ElementType::F8E5M2FNUZ:
    return "float8_e5m2fnuz";
  }
  llvm_unreachable("not an element type");
}

int64_t thimble::elementTypeBytes(ElementType type) {
  switch (type) {
  case ElementType::S8:
  case ElementType::U8:
  case ElementType::Bool:
  case ElementType::S4:
  case ElementType::U4:
  case ElementType::F8E4M3FN:
  case ElementType::F8E4M3FNUZ:
  case ElementType::F8E5M2:
  case ElementType::F8E5M2FNUZ:
    return 1;
  case ElementType::F16:
  case ElementType::BF16:
  case ElementType::S16:
  case ElementType::U16:
    return 2;
  case ElementType::F32:
  case ElementType::S32:
  case ElementType::U32:
    return 4;
  case ElementType::F64:
  case ElementType::S64:
  case ElementType::U64:
    return 8;
  }
  llvm_unreachable("not an element type");
}

std::optional<int64_t> thimble::checkedElementCount(ArrayRef<int64_t> shape) {
  if (shape.size() > maxTensorRank)
    return std::nullopt;
  int64_t product = 1;
  bool isEmpty = false;
  for (int64_t size : shape) {
    if (size < 0)
      return std::nullopt;
    if (size == 0) {
      isEmpty = true;
    } else if (llvm::MulOverflow(product, size, product) || product >> 59 != 0) {
      return std::nullopt;
    }
  }
  return isEmpty ? 0 : product;
}

std::string thimble::shapeText(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

std::string thimble::quoted(llvm::StringRef name) {
  constexpr size_t longest = 200;
  std::string text = "'";
  for (char c : name.take_front(longest))
    text += uint8_t(c) < 0x20 || c == 0x7f ? '?' : c;
  return text + (name.size() > longest ? "...'" : "'");
}

llvm::Error thimble::dataError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

Tensor::Tensor(ElementType type, ArrayRef<int64_t> shape)
    : type(type), shape(shape.begin(), shape.end()), bytes(count() * elementTypeBytes(type)) {}

int64_t Tensor::count() const {
  std::optional<int64_t> product = checkedElementCount(shape);
  assert(product && "the shape was not checked before the tensor was made");
  return *product;
}

/// Calls `function` with the elements as C++ values, small floats excepted: those are integers of 16 and 8 bits here.
template <typename Function> static auto visitElements(const Tensor &tensor, Function function) {
  switch (tensor.type) {
  case ElementType::F32:
    return function(tensor.as<float>());
  case ElementType::F64:
    return function(tensor.as<double>());
  case ElementType::S8:
  case ElementType::S4:
    return function(tensor.as<int8_t>());
  case ElementType::U8:
  case ElementType::Bool:
  case ElementType::U4:
  case ElementType::F8E4M3FN:
  case ElementType::F8E4M3FNUZ:
  case ElementType::F8E5M2:
  case ElementType::F8E5M2FNUZ:
    return function(tensor.as<uint8_t>());
  case ElementType::S16:
    return function(tensor.as<int16_t>());
  case ElementType::F16:
  case ElementType::BF16:
  case ElementType::U16:
    return function(tensor.as<uint16_t>());
  case ElementType::S32:
    return function(tensor.as<int32_t>());
  case ElementType::U32:
    return function(tensor.as<uint32_t>());
  case ElementType::S64:
    return function(tensor.as<int64_t>());
  case ElementType::U64:
    return function(tensor.as<uint64_t>());
  }
  llvm_unreachable("not an element type");
}

// The format of a float that C++ does not have; null for others.
static const llvm::fltSemantics *smallFloatSemantics(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return &llvm::APFloat::IEEEhalf();
  case ElementType::BF16:
    return &llvm::APFloat::BFloat();
  case ElementType::F8E4M3FN:
    return &llvm::APFloat::Float8E4M3FN();
  case ElementType::F8E4M3FNUZ:
    return &llvm::APFloat::Float8E4M3FNUZ();
  case ElementType::F8E5M2:
    return &llvm::APFloat::Float8E5M2();
  case ElementType::F8E5M2FNUZ:
    return &llvm::APFloat::Float8E5M2FNUZ();
  default:
    return nullptr;
  }
}

double Tensor::number(int64_t index) const {
  if (type == ElementType::F16)
    return halfToFloat(as<uint16_t>()[index]);
  if (type == ElementType::BF16)
    return bfloat16ToFloat(as<uint16_t>()[index]);
  if (const llvm::fltSemantics *semantics = smallFloatSemantics(type))
    return smallFloatToFloat(*semantics, as<uint8_t>()[index]);
  return visitElements(*this, [&](auto elements) { return double(elements[index]); });
}

static bool isFloat(ElementType type) {
  return smallFloatSemantics(type) || type == ElementType::F32 || type == ElementType::F64;
}

std::vector<float> Tensor::asFloats() const {
  if (smallFloatSemantics(type)) {
    std::vector<float> result;
    for (int64_t i = 0, size = count(); i < size; ++i)
      result.push_back(float(number(i)));
    return result;
  }
  return visitElements(*this, [](auto elements) { return std::vector<float>(elements.begin(), elements.end()); });
}

std::vector<int64_t> Tensor::asInt64s() const {
  if (!isFloat(type))
    return visitElements(*this, [&](auto elements) {
      std::vector<int64_t> result;
      for (auto element : elements)
        result.push_back(type == ElementType::U64 && uint64_t(element) > uint64_t(INT64_MAX) ? INT64_MAX : int64_t(element));
      return result;
    });
  std::vector<int64_t> result;
  for (int64_t i = 0, size = count(); i < size; ++i) {
    double value = number(i);
    if (std::isnan(value))
      result.push_back(0);
    else if (std::fabs(value) >= 0x1p63)
      result.push_back(value < 0 ? INT64_MIN : INT64_MAX);
    else
      result.push_back(int64_t(value));
  }
  return result;
}

static uint16_t toSmallFloat(const llvm::fltSemantics &semantics, double value) {
  llvm::APFloat converted(value);
  bool isInexact;
  converted.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &isInexact);
  return uint16_t(converted.bitcastToAPInt().getZExtValue());
}

/// Appends the element as T; false if T does not hold it exactly.
template <typename T> static bool storeInteger(double value, int64_t asInteger, bool isExactInteger, T largest, char *out) {
  T stored;
  if (isExactInteger) {
    // The value was an integer of at most 64 bits, given as such.
    if (asInteger < 0 ? (std::is_unsigned<T>::value || asInteger < int64_t(std::numeric_limits<T>::min()))
                      : uint64_t(asInteger) > uint64_t(largest))
      return false;
    stored = T(asInteger);
  } else {
    // 2^digits is exact as a double, whereas the largest value of 64 bits wide types is not.
    double limit = std::ldexp(1.0, std::numeric_limits<T>::digits);
    if (!(value >= double(std::numeric_limits<T>::min()) && value < limit && value <= double(largest)) ||
        value != std::trunc(value))
      return false;
    stored = T(value);
  }
  std::memcpy(out, &stored, sizeof(T));
  return true;
}

llvm::Expected<Tensor> Tensor::convertTo(ElementType target) const {
  if (target == type)
    return *this;
  Tensor result(target, shape);
  if (target == ElementType::F32) {
    std::vector<float> floats = asFloats();
    llvm::copy(floats, result.asMutable<float>().begin());
    return result;
  }
  int64_t width = elementTypeBytes(target);
  std::vector<int64_t> integers = isFloat(type) ? std::vector<int64_t>() : asInt64s();
  for (int64_t i = 0, size = count(); i < size; ++i) {
    char *out = result.bytes.data() + i * width;
    double value = number(i);
    // asInt64s saturates unsigned values above INT64_MAX, so those are taken as doubles.
    bool isExactInteger = !isFloat(type) && !(type == ElementType::U64 && integers[i] == INT64_MAX);
    int64_t integer = isExactInteger ? integers[i] : 0;
    bool fits = true;
    auto store = [&](auto largest) { fits = storeInteger(value, integer, isExactInteger, largest, out); };
    switch (target) {
    case ElementType::F64:
      std::memcpy(out, &value, sizeof value);
      break;
    case ElementType::F16:
    case ElementType::BF16:
    case ElementType::F8E4M3FN:
    case ElementType::F8E4M3FNUZ:
    case ElementType::F8E5M2:
    case ElementType::F8E5M2FNUZ: {
      uint16_t bits = toSmallFloat(*smallFloatSemantics(target), value); // little endian: the low byte comes first
      std::memcpy(out, &bits, size_t(width));
      break;
    }
    case ElementType::S4:
      store(int8_t(7));
      fits &= int8_t(*out) >= -8;
      break;
    case ElementType::U4:
      store(uint8_t(15));
      break;
    case ElementType::S8:
      store(int8_t(INT8_MAX));
      break;
    case ElementType::U8:
      store(uint8_t(UINT8_MAX));
      break;
    case ElementType::S16:
      store(int16_t(INT16_MAX));
      break;
    case ElementType::U16:
      store(uint16_t(UINT16_MAX));
      break;
    case ElementType::S32:
      store(int32_t(INT32_MAX));
      break;
    case ElementType::U32:
      store(uint32_t(UINT32_MAX));
      break;
    case ElementType::S64:
      store(int64_t(INT64_MAX));
      break;
    case ElementType::U64:
      store(uint64_t(UINT64_MAX));
      break;
    case ElementType::Bool:
      store(uint8_t(1));
      break;
    case ElementType::F32:
      llvm_unreachable("handled above");
    }
    if (!fits)
      return dataError("element " + llvm::Twine(i) + " (" + std::to_string(value) + ") is not a value of type " +
                       elementTypeName(target));
  }
  return result;
}

llvm::Expected<Tensor> Tensor::slice(int64_t index) const {
  if (shape.empty())
    return dataError("a scalar has no leading dimension to take samples from");
  if (index < 0 || index >= shape.front())
    return dataError("there is no sample " + llvm::Twine(index) + " in a tensor of shape " + shapeText(shape));
  Tensor result(type, ArrayRef<int64_t>(shape).drop_front());
  std::memcpy(result.bytes.data(), bytes.data() + index * result.bytes.size(), result.bytes.size());
  return result;
}
