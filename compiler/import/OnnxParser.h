// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parser of ONNX's text form, without the warnings that its header gives.
#pragma once
#pragma GCC system_header

#include "onnx/defs/parser.h"

#include "compiler/import/OnnxProto.h"
