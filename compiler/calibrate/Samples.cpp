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
  std::vector<std::vector<int8_t>> codes(sample.size());
  llvm::SmallVector<unsigned> arguments = nn::getPublicArguments(function);
  for (auto [i, bytes] : llvm::enumerate(sample)) {
    size_t expected = executor->getInputBytes(i);
    Type argument = function.getArgument(arguments[i]).getType();
    quantize::Int8Type type = nn::getInt8Type(argument);
    if (type && bytes.size() == expected * sizeof(float)) {
      codes[i] = quantize::quantizeElements(toFloats(bytes), type);
      converted[i] = ArrayRef<char>(reinterpret_cast<const char *>(codes[i].data()), codes[i].size());
    } else if (bytes.size() != expected) {
      return function.emitError("input ") << i << " has type " << argument << " of "
                                          << expected << " bytes, but a sample has " << bytes.size();
    }
  }
  executor->run(converted);
  return success();
}

bool SampleRunner::hasReals(Value value) { return quantize::isFloat(value) || nn::getInt8Type(value.getType()); }

std::vector<float> SampleRunner::getReals(Value value) const {
  ArrayRef<char> bytes = executor->getValue(value);
  if (quantize::isFloat(value))
    return toFloats(bytes);
  quantize::Int8Type type = nn::getInt8Type(value.getType());
  if (!type)
    return {};
  std::vector<float> reals;
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
