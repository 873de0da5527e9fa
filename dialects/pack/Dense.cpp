// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// #pack.dense: two's complement codes of 1 to 8 bits, one after the other.
#include "dialects/pack/PackDialect.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace thimble::pack;

LogicalResult DenseAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError, unsigned bits) {
  if (bits >= 1 && bits <= 8)
    return success();
  return emitError() << "#pack.dense holds codes of 1 to 8 bits, not " << bits;
}

int64_t DenseAttr::getStorageBytes(int64_t count) const { return (count * getBits() + 7) / 8; }

std::pair<int32_t, int32_t> DenseAttr::getCodeRange() const {
  int32_t half = 1 << (getBits() - 1);
  return {-half, half - 1};
}

FailureOr<std::vector<uint8_t>> DenseAttr::encode(llvm::ArrayRef<int32_t> codes) const {
  std::vector<uint8_t> bytes(getStorageBytes(codes.size()));
  auto [low, high] = getCodeRange();
  uint32_t mask = (1u << getBits()) - 1;
  for (size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] < low || codes[i] > high)
      return failure();
    size_t bit = i * getBits();
    uint32_t shifted = (uint32_t(codes[i]) & mask) << (bit % 8);
    bytes[bit / 8] |= uint8_t(shifted);
    if (shifted >> 8)
      bytes[bit / 8 + 1] |= uint8_t(shifted >> 8);
  }
  return bytes;
}

FailureOr<std::vector<int32_t>> DenseAttr::decode(llvm::ArrayRef<uint8_t> bytes, int64_t count) const {
  if (count < 0 || int64_t(bytes.size()) < getStorageBytes(count))
    return failure();
  std::vector<int32_t> codes(count);
  for (int64_t i = 0; i < count; ++i) {
    int64_t bit = i * getBits();
    uint32_t window = bytes[bit / 8];
    if (bit / 8 + 1 < int64_t(bytes.size()))
      window |= uint32_t(bytes[bit / 8 + 1]) << 8;
    int32_t code = int32_t(window >> (bit % 8)) & ((1 << getBits()) - 1);
    int32_t half = 1 << (getBits() - 1);
    codes[i] = (code ^ half) - half;
  }
  return codes;
}
