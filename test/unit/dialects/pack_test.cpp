// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// #pack.dense: known bytes, and decode(encode(codes)) == codes.
#include "dialects/pack/PackDialect.h"
#include "mlir/IR/MLIRContext.h"
#include <catch2/catch.hpp>
#include <random>

using namespace thimble;

static pack::DenseAttr dense(mlir::MLIRContext &context, unsigned bits) {
  context.loadDialect<pack::PackDialect>();
  return pack::DenseAttr::get(&context, bits);
}

TEST_CASE("dense codes of 4 bits: two a byte, the first in the low half", "[pack]") {
  mlir::MLIRContext context;
  auto bytes = dense(context, 4).encode({1, -1, 7, -8, 3});
  REQUIRE(mlir::succeeded(bytes));
  REQUIRE(*bytes == std::vector<uint8_t>{0xF1, 0x87, 0x03});
}

TEST_CASE("dense codes of 3 bits cross byte borders", "[pack]") {
  mlir::MLIRContext context;
  auto bytes = dense(context, 3).encode({1, 2, 3, -1});
  REQUIRE(mlir::succeeded(bytes));
  // 001, 010, 011, 111 from the least significant bit on: 0b1110'1101'0001
  REQUIRE(*bytes == std::vector<uint8_t>{0xD1, 0x0E});
}

TEST_CASE("dense codes survive a round trip", "[pack]") {
  mlir::MLIRContext context;
  std::mt19937 random(3);
  for (unsigned bits = 1; bits <= 8; ++bits)
    for (int64_t count : {0, 1, 7, 8, 9, 31, 100}) {
      pack::DenseAttr attribute = dense(context, bits);
      auto [low, high] = attribute.getCodeRange();
      std::vector<int32_t> codes;
      for (int64_t i = 0; i < count; ++i)
        codes.push_back(low + int32_t(random() % uint32_t(high - low + 1)));
      auto bytes = attribute.encode(codes);
      REQUIRE(mlir::succeeded(bytes));
      REQUIRE(int64_t(bytes->size()) == attribute.getStorageBytes(count));
      auto decoded = attribute.decode(*bytes, count);
      REQUIRE(mlir::succeeded(decoded));
      REQUIRE(*decoded == codes);
    }
}

TEST_CASE("dense refuses what it cannot hold", "[pack]") {
  mlir::MLIRContext context;
  REQUIRE(mlir::failed(dense(context, 4).encode({8})));
  REQUIRE(mlir::failed(dense(context, 4).encode({-9})));
  REQUIRE(mlir::failed(dense(context, 4).decode({0x12}, 3)));
}
