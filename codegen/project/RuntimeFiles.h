// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which files of the runtime a model needs.
#pragma once

#include "codegen/c/Emit.h"

namespace thimble::codegen {

struct RuntimeFiles {
  std::vector<EmittedFile> files;   // sources and headers, sorted by path
  std::vector<std::string> sources; // paths of those to compile
  bool usesLibm = false;
};

/// The folders of `runtimeDirectory` that have the kernels of an instruction set, best first: src/arch/<isa>, then that of the
/// instruction set which its file `extends` names, and so on, then src/kernels with the portable ones.
std::vector<std::string> listKernelFolders(llvm::StringRef runtimeDirectory, llvm::StringRef isa);

/// Reads the sources of `kernels` and all headers that they include from `runtimeDirectory`, laid out like runtime-mcu. A file
/// in src/arch/<isa> takes the place of the one in src/kernels with its name, sources and headers alike (see listKernelFolders);
/// the result knows only names: runtime/src/<name> and runtime/include/thimble/<name>.
llvm::Expected<RuntimeFiles> collectRuntime(const std::vector<std::string> &kernels, llvm::StringRef runtimeDirectory,
                                            llvm::StringRef isa);

/// The contents of a file below `runtimeDirectory`.
llvm::Expected<std::string> readRuntimeFile(llvm::StringRef runtimeDirectory, const llvm::Twine &path);

} // namespace thimble::codegen
