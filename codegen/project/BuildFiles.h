// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The files by which build systems take in a compiled model.
#pragma once

#include "codegen/project/RuntimeFiles.h"

namespace thimble::codegen {

std::string writeCMakeLists(const EmitOptions &options, const RuntimeFiles &runtime);
std::string writeMakeFragment(const EmitOptions &options, const RuntimeFiles &runtime);

} // namespace thimble::codegen
