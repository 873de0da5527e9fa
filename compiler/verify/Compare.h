// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compares outputs: of two runs that must agree, with reference values, and with labels.
#pragma once

#include "compiler/verify/ModelRuns.h"

namespace thimble {

/// Floating-point outputs of two machines agree if |a - b| <= floatTolerance * max(1, |b|), or both are NaN: C libraries differ
/// in the last bits of exp and its like. All other outputs must be the same, bit for bit.
inline constexpr double floatTolerance = 1e-4;
bool agree(double a, double b);

struct Difference {
  uint64_t compared = 0; // elements
  uint64_t mismatches = 0;
  std::string first; // "sample 3, output 'logits', element 7: 12 instead of 13"
};
/// `actual` may be shorter than `expected`; what is missing does not agree.
Difference compareRuns(llvm::ArrayRef<SampleInput> outputs, const SampleOutputs &expected, const SampleOutputs &actual);

struct ReferenceError {
  uint64_t compared = 0;
  double maxAbsolute = 0; // in real numbers; NaN: a NaN or an infinity stood against another number
  bool isWithinTolerance = true;
};
/// Outputs against reference values, both as real numbers.
ReferenceError compareToReference(llvm::ArrayRef<SampleInput> outputs, const SampleOutputs &actual,
                                  llvm::ArrayRef<SampleInput> referenceOutputs, const SampleOutputs &reference);

/// The class that the first output names for each sample: the place of its largest element (the first of equal ones), or its
/// only element if that is an integer. Nothing if it is neither.
std::optional<std::vector<int64_t>> getClasses(llvm::ArrayRef<SampleInput> outputs, const SampleOutputs &runs);

/// How many are equal; both have the same length.
int64_t countEqual(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);

} // namespace thimble
