// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Element by element comparisons.
#include "compiler/verify/Compare.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstring>

using namespace thimble;

static bool isFloat(ElementType type) {
  return type == ElementType::F32 || type == ElementType::F64 || type == ElementType::F16 || type == ElementType::BF16;
}

bool thimble::agree(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b))
    return a == b;
  return std::fabs(a - b) <= floatTolerance * std::max(1.0, std::fabs(b));
}

static Tensor readOutput(const SampleInput &output, llvm::ArrayRef<char> bytes) {
  Tensor tensor(output.type, output.shape);
  std::memcpy(tensor.bytes.data(), bytes.data(), tensor.bytes.size());
  return tensor;
}

static std::string formatMismatch(size_t sample, const SampleInput &output, int64_t element, double actual, double expected) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "sample " << sample << ", output " << quoted(output.name) << ", element " << element << ": "
     << llvm::format("%.9g instead of %.9g", actual, expected);
  return text;
}

static void compareSample(size_t sample, llvm::ArrayRef<SampleInput> outputs, llvm::ArrayRef<char> expected,
                          llvm::ArrayRef<char> actual, Difference &difference) {
  size_t offset = 0;
  for (const SampleInput &output : outputs) {
    size_t size = size_t(output.getBytes()), element = size_t(elementTypeBytes(output.type));
    Tensor a = readOutput(output, actual.slice(offset, size)), e = readOutput(output, expected.slice(offset, size));
    for (int64_t i = 0, count = a.count(); i < count; ++i) {
      ++difference.compared;
      bool isSame = std::memcmp(a.bytes.data() + size_t(i) * element, e.bytes.data() + size_t(i) * element, element) == 0;
      if (isSame || (isFloat(output.type) && agree(a.number(i), e.number(i))))
        continue;
      if (difference.mismatches++ == 0)
        difference.first = formatMismatch(sample, output, i, a.number(i), e.number(i));
    }
    offset += size;
  }
}

Difference thimble::compareRuns(llvm::ArrayRef<SampleInput> outputs, const SampleOutputs &expected,
                                const SampleOutputs &actual) {
  Difference difference;
  for (size_t sample = 0; sample < expected.size(); ++sample) {
    if (sample < actual.size() && actual[sample].size() == expected[sample].size()) {
      compareSample(sample, outputs, expected[sample], actual[sample], difference);
      continue;
    }
    if (difference.mismatches == 0)
      difference.first = "sample " + std::to_string(sample) + " has no outputs";
    uint64_t elements = decodeOutputs(outputs, expected[sample]).size();
    difference.compared += elements;
    difference.mismatches += elements;
  }
  return difference;
}

ReferenceError thimble::compareToReference(llvm::ArrayRef<SampleInput> outputs, const SampleOutputs &actual,
                                           llvm::ArrayRef<SampleInput> referenceOutputs, const SampleOutputs &reference) {
  ReferenceError result;
  for (auto [a, b] : llvm::zip(actual, reference))
    for (auto [x, y] : llvm::zip(decodeOutputs(outputs, a), decodeOutputs(referenceOutputs, b))) {
      ++result.compared;
      result.isWithinTolerance &= agree(x, y);
      if (x == y || (std::isnan(x) && std::isnan(y)))
        continue;
      double error = std::fabs(x - y);
      if (std::isnan(result.maxAbsolute) || !std::isfinite(error))
        result.maxAbsolute = NAN;
      else
        result.maxAbsolute = std::max(result.maxAbsolute, error);
    }
  return result;
}

std::optional<std::vector<int64_t>> thimble::getClasses(llvm::ArrayRef<SampleInput> outputs, const SampleOutputs &runs) {
  if (outputs.empty())
    return std::nullopt;
  const SampleInput &output = outputs.front();
  int64_t count = output.getBytes() / elementTypeBytes(output.type);
  bool isIndex = count == 1 && !isFloat(output.type) && output.scale == 0;
  if (count < 2 && !isIndex)
    return std::nullopt;
  std::vector<int64_t> classes;
  for (const std::vector<char> &run : runs) {
    std::vector<double> scores = decodeOutputs(output, llvm::ArrayRef(run).take_front(size_t(output.getBytes())));
    classes.push_back(isIndex ? int64_t(scores.front()) : int64_t(llvm::max_element(scores) - scores.begin()));
  }
  return classes;
}

int64_t thimble::countEqual(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b) {
  int64_t count = 0;
  for (auto [x, y] : llvm::zip(a, b))
    count += x == y;
  return count;
}
