// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A tensor outside the IR: what data files hold, and what the executor is fed with.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

// clang-format off
enum class ElementType {
  F32, F64, F16, BF16, S8, U8, S16, U16, S32, U32, S64, U64, Bool, S4, U4, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ
};
// clang-format on

/// "float32", "int8", ...: the name that NumPy gives to it.
llvm::StringRef elementTypeName(ElementType type);
/// Bytes that one element takes; a Bool takes one, and so does a 4-bit integer.
int64_t elementTypeBytes(ElementType type);

/// More dimensions than this are refused wherever tensors enter the compiler.
constexpr size_t maxTensorRank = 8;

/// Product of the dimensions; nothing if one is negative, if the product of the nonzero ones does not fit into 60 bits
/// (so that the number of bytes fits into 63), or if there are more than maxTensorRank of them.
std::optional<int64_t> checkedElementCount(llvm::ArrayRef<int64_t> shape);

/// "1x28x28", or "scalar".
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// A name from a file as messages show it: in quotes, without control characters, and cut if it is very long.
std::string quoted(llvm::StringRef name);

/// An error that carries `message`, for functions that return Expected.
llvm::Error dataError(const llvm::Twine &message);

/// Elements in row-major order, little endian.
struct Tensor {
  ElementType type = ElementType::F32;
  llvm::SmallVector<int64_t> shape = {0};
  std::vector<char> bytes;

  /// No elements.
  Tensor() = default;
  /// Zeros.
  Tensor(ElementType type, llvm::ArrayRef<int64_t> shape);
  /// A copy of `elements`, which are C++ values of the size of `type`.
  template <typename T>
  Tensor(ElementType type, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<T> elements)
      : type(type), shape(shape.begin(), shape.end()),
        bytes(reinterpret_cast<const char *>(elements.begin()), reinterpret_cast<const char *>(elements.end())) {
    assert(int64_t(elements.size()) == count() && int64_t(sizeof(T)) == elementTypeBytes(type));
  }

  int64_t count() const;
  /// The elements as C++ values of their own size.
  template <typename T> llvm::ArrayRef<T> as() const {
    assert(int64_t(sizeof(T)) == elementTypeBytes(type));
    return llvm::ArrayRef<T>(reinterpret_cast<const T *>(bytes.data()), bytes.size() / sizeof(T));
  }
  template <typename T> llvm::MutableArrayRef<T> asMutable() {
    assert(int64_t(sizeof(T)) == elementTypeBytes(type));
    return llvm::MutableArrayRef<T>(reinterpret_cast<T *>(bytes.data()), bytes.size() / sizeof(T));
  }

  /// Element `index` of the flat data; integers beyond 2^53 are rounded.
  double number(int64_t index) const;
  std::vector<float> asFloats() const;
  /// Fractions are cut off; what does not fit is saturated, and NaN becomes 0.
  std::vector<int64_t> asInt64s() const;

  /// The same values in another type. Rounding to a float type is fine; an integer type must hold every value exactly.
  llvm::Expected<Tensor> convertTo(ElementType target) const;
  /// Element `index` of the leading dimension, without that dimension: one sample of a batch.
  llvm::Expected<Tensor> slice(int64_t index) const;
};

/// A tensor and its name in the file that it comes from; "" if the file gives none.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

} // namespace thimble
