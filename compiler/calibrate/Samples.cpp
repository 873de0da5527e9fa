// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversion of samples to what a function takes, and of its values to real numbers.
#include "compiler/calibrate/Samples.h"
#include "compiler/support/Constants.h"
#include "dialects/nn/NNStates.h"
#include "passes/quantize/Affine.h"
#include <cstring>

using namespace mlir;
using namespace thimble;
using namespace thimble::calibrate;

static std::vector<float> toFloats(ArrayRef<char> bytes) {
  std::vector<float> reals(bytes.size() / sizeof(float));
  std::memcpy(reals.data(), bytes.data(), reals.size() * sizeof(float));
  return reals;
}

FailureOr<SampleRunner> SampleRunner::create(func::FuncOp function) {
  if (function.isExternal())
    return function.emitError("has no body to run");
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(function);
  if (failed(executor))
    return failure();
  return SampleRunner(function, std::move(*executor));
}

LogicalResult SampleRunner::run(const Sample &sample) {
  if (sample.size() != executor->getInputCount())
    return function.emitError("takes ") << executor->getInputCount() << " inputs, but a sample has " << sample.size();
  Sample converted = sample;
  std::vector<std::vector<char>> codes(sample.size());
  llvm::SmallVector<unsigned> arguments = nn::getPublicArguments(function);
  for (auto [i, bytes] : llvm::enumerate(sample)) {
    size_t expected = executor->getInputBytes(i);
    Type argument = function.getArgument(arguments[i]).getType();
    quantize::Int8Type type = nn::getActivationType(argument);
    size_t width = quantize::isInt16(type) ? 2 : 1;
    if (type && bytes.size() == expected / width * sizeof(float)) {
      for (float real : toFloats(bytes)) {
        int32_t code = quantize::codeOf(real, type);
        for (size_t byte = 0; byte < width; ++byte)
          codes[i].push_back(char(uint32_t(code) >> (8 * byte)));
      }
      converted[i] = codes[i];
    } else if (bytes.size() != expected) {
      return function.emitError("input ") << i << " has type " << argument << " of "
                                          << expected << " bytes, but a sample has " << bytes.size();
    }
  }
  executor->run(converted);
  return success();
}

bool SampleRunner::hasReals(Value value) { return quantize::isFloat(value) || nn::getActivationType(value.getType()); }

std::vector<float> SampleRunner::getReals(Value value) const {
  ArrayRef<char> bytes = executor->getValue(value);
  if (quantize::isFloat(value))
    return toFloats(bytes);
  quantize::Int8Type type = nn::getActivationType(value.getType());
  if (!type)
    return {};
  std::vector<float> reals;
  if (quantize::isInt16(type)) {
    for (size_t i = 0; i + 1 < bytes.size(); i += 2)
      reals.push_back(
          float(type.getScale() * double(int16_t(uint16_t(uint8_t(bytes[i])) | uint16_t(uint8_t(bytes[i + 1])) << 8))));
    return reals;
  }
  reals.reserve(bytes.size());
  for (char code : bytes)
    reals.push_back(float(type.getScale() * double(int64_t(int8_t(code)) - type.getZeroPoint())));
  return reals;
}

std::optional<int64_t> SampleRunner::getInteger(Value value) const {
  auto type = cast<RankedTensorType>(value.getType());
  ArrayRef<char> bytes = executor->getValue(value);
  if (type.getNumElements() != 1 || !type.getElementType().isSignlessInteger() || (bytes.size() != 4 && bytes.size() != 8))
    return std::nullopt;
  if (bytes.size() == 8)
    return *reinterpret_cast<const int64_t *>(bytes.data());
  return *reinterpret_cast<const int32_t *>(bytes.data());
}
