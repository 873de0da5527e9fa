// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ONNX's protobuf classes, without the warnings that their headers give.
#pragma once
#pragma GCC system_header

#include "onnx/onnx_pb.h"

namespace thimble {
/// thimble::onnx is our dialect, so the classes of ONNX itself need another name.
namespace proto = ::onnx;
} // namespace thimble
