// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The whole output folder of a compiled model: its C, the runtime that it needs, and files for build systems.
#pragma once

#include "codegen/c/Emit.h"
#include "codegen/targets/Target.h"

namespace thimble::codegen {

struct ProjectOptions {
  EmitOptions emit;
  std::string runtimeDirectory; // with include/, src/ and port/ of runtime-mcu
  std::string isa = "generic";  // Target::isa
};

/// The files of emitC, and
///   runtime/include/thimble/, runtime/src/    copies of what the model needs from the runtime
///   CMakeLists.txt                            a static library called like the model, its self-test and its verification
///   <name>.mk                                 the same sources as variables for make
///   verify/tmb_port.h, verify/host.c          the services that verify/<name>_verify.c needs, for the host
/// Each kernel is a source file of its own with one function, so two models that share kernels link into one program.
llvm::Expected<std::vector<EmittedFile>> emitProject(mcu::ProgramOp program, const ProjectOptions &options);

/// Writes files below `directory`, which is made if it is missing. Files whose contents are the same already stay untouched, so
/// that a build that uses them does nothing.
llvm::Error writeFiles(llvm::ArrayRef<EmittedFile> files, llvm::StringRef directory);

/// The memory.ld that runtime-mcu/port's link.ld includes, for an image that runs on the target's emulator. Fails if it has
/// none. Sizes default to the target's: of the first regions, and of the external memories.
struct MemorySizes {
  std::optional<uint64_t> flash, ram, externalFlash, externalRam;
};
llvm::Expected<std::string> writeMemoryScript(const Target &target, uint64_t stackBytes, const MemorySizes &sizes = {});

} // namespace thimble::codegen
