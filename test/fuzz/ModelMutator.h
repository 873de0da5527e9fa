// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Changes of ONNX models that leave them well-formed as messages: what a fuzzer of bytes would hardly find.
#pragma once

#include "compiler/import/OnnxProto.h"
#include <random>

namespace thimble::fuzz {

using Random = std::minstd_rand;

/// Changes a few things somewhere in `model`: numbers, names, operators, lists, tensors and their data.
void mutate(proto::ModelProto &model, Random &random);

/// Takes nodes, initializers and attributes of `other` over into `model`.
void crossOver(proto::ModelProto &model, const proto::ModelProto &other, Random &random);

} // namespace thimble::fuzz
