// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Builds an emitted model: for this computer, as an image for its target's emulator, and alone, to be measured.
#pragma once

#include "codegen/project/Project.h"
#include "codegen/targets/Target.h"
#include "compiler/verify/LinkerMap.h"
#include "llvm/ADT/StringSet.h"

namespace thimble {

/// The options with which all C of a verification is compiled, beside those of the target and the folders of headers. As
/// runtime-mcu/CMakeLists.txt compiles the compiler's own copy of the kernels, which is what the results are compared to.
llvm::ArrayRef<llvm::StringRef> getCompileFlags();
/// Further ones for images: each function and constant is a section, so that what nobody uses is left out, and what is left can
/// be counted.
llvm::ArrayRef<llvm::StringRef> getImageCompileFlags();

/// A model in the folder that emitProject filled.
struct EmittedModel {
  std::string folder;
  std::string name;
  Target target;
  std::string runtimeDirectory;       // runtime-mcu, for port/
  uint64_t stackBytes = 4096;         // that the image reserves at least
  codegen::MemorySizes memory;        // of the image; nothing: the target's
  /// Kernels that the model calls; empty: all that are in runtime/src. Files of earlier compilations may lie there as well.
  std::vector<std::string> kernels;
  uint64_t arenaBytes = 0; // for messages; 0: unknown
  bool hasState = false;   // there is <name>_reset
  bool checksPlan = false; // with -DTMB_CHECK_PLAN
};

/// The bytes of a compiled model by itself, in an image without harness and start-up code.
struct Footprint {
  uint64_t code = 0;      // of <name>.c: calls of kernels
  uint64_t kernels = 0;   // of runtime/
  uint64_t weights = 0;   // constants of <name>_weights.c that are not tables
  uint64_t tables = 0;    // biases, multipliers, lookup tables, parameter records
  uint64_t libraries = 0; // of the compiler's libraries: libm, libgcc, libc
  uint64_t padding = 0;   // for alignment
  uint64_t external = 0;  // in external flash, with padding
  uint64_t constants = 0; // of the model in RAM; they count in flash as well
  uint64_t staticRam = 0; // other data with a fixed place: of libraries; the model's own is 0

  uint64_t getFlash() const { return code + kernels + weights + tables + libraries + padding; }
};

/// Compiles and links `<name>_verify` for this computer in `directory`, and returns its path. With kernels written for the
/// target's instructions in the folder, their portable twins are built instead.
llvm::Expected<std::string> buildForHost(const EmittedModel &model, llvm::StringRef directory);

struct TargetImage {
  std::string path;
  LinkerMap map;
};
/// Compiles and links `<name>_verify` with the target's port. The image has exactly the target's flash and RAM: if it does not
/// fit, a VerifyError with OverBudget says by how much.
llvm::Expected<TargetImage> buildForTarget(const EmittedModel &model, llvm::StringRef directory);

/// Links the model alone. `tables` are the symbols of constants that count as tables. Uses objects that buildForTarget left in
/// `directory`, and makes them if they are missing.
llvm::Expected<Footprint> measureFootprint(const EmittedModel &model, llvm::StringRef directory,
                                           const llvm::StringSet<> &tables);

} // namespace thimble
