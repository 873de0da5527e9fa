// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Small models in ONNX's text form, legalized and executed.
#pragma once

#include <string>
#include <vector>

namespace thimble::test {

/// Runs the body of a model, for example "y = Relu(x)", whose interface is `signature`; all inputs and outputs as floats,
/// outputs one after the other. Fails the test on any error. `domains` stands before
/// ONNX's own operator set.
std::vector<float> run(int opset, const std::string &signature, const std::string &body, std::vector<std::vector<float>> inputs,
                       const std::string &domains = "");

/// The first error of importing and legalizing such a model, or "".
std::string errorOf(int opset, const std::string &signature, const std::string &body, const std::string &domains = "");

} // namespace thimble::test
