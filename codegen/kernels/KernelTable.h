// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The kernel table: every C kernel that generated code may call, and how the compiler itself calls it.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace thimble::kernels {

/// Calls a kernel with pointers in the order of its C prototype: inputs and constants, outputs, scratch, record.
using Invoke = void (*)(void *const *arguments);

struct Kernel {
  llvm::StringRef name;   // C function
  llvm::StringRef record; // C struct of its parameters
  unsigned ins;           // inputs and constants
  unsigned outs;
  bool hasScratch;
  unsigned inPlace; // bit i is set if the output may lie exactly where input i does
  bool usesLibm;
  Invoke invoke;
  llvm::StringRef source; // src/kernels/<source>.c has it; kernels that share their innermost loops share a file
};

/// The kernel called `name`, or null.
const Kernel *lookup(llvm::StringRef name);

/// The files of kernels, without folder and extension.
std::vector<std::string> sourcesOf(llvm::ArrayRef<std::string> kernels);

/// True if output `out` may lie exactly where input `in` does.
bool mayOverwrite(const Kernel &kernel, unsigned out, unsigned in);

/// All kernels, sorted by name.
llvm::ArrayRef<Kernel> getKernels();

} // namespace thimble::kernels
