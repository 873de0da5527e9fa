// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A chip or core as the files in this folder describe it; target.schema.json says what each field means.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

struct MemoryRegion {
  std::string name;
  uint64_t origin;
  uint64_t bytes;
};

/// Memory outside of the chip that it reads like its own.
struct ExternalMemory {
  std::string name;
  uint64_t origin;
  uint64_t bytes;     // of what is there; else of the range of addresses
  bool isFitted;      // false: the chip has the interface, and a board may have the memory
  unsigned alignment; // of what lies there, at least
  unsigned slowdown;  // times that a byte takes of one in the first region of RAM, one after the other
};

struct Emulator {
  std::string qemu; // the program
  std::string machine;
  std::vector<std::string> args;
  uint64_t flashOrigin;
  uint64_t ramOrigin;
  std::optional<uint64_t> vectorsOrigin;
  std::optional<MemoryRegion> external; // of the machine, for what is external of the target
  std::vector<std::string> port; // folders of runtime-mcu/port
  std::vector<std::string> linkFlags;
  std::string notes;
};

struct Target {
  std::string name;
  std::string description;
  std::string core;
  std::string isa;                 // folder of runtime-mcu/src/arch, or "generic"
  std::string fpu;                 // "none", "sp" or "dp"
  std::vector<MemoryRegion> flash; // empty: no limit
  std::vector<MemoryRegion> ram;   // empty: no limit
  std::optional<ExternalMemory> externalFlash, externalRam;
  std::string compiler;
  std::vector<std::string> flags;
  unsigned alignment; // of buffers in the arena
  bool fusesAdditions = true; // the kernels gain where an int8 convolution adds the residual itself
  std::optional<Emulator> emulator;

  /// Bytes of the region that code and weights, or arena, data and stack go to. Nothing: no limit.
  std::optional<uint64_t> getFlashBytes() const;
  std::optional<uint64_t> getRamBytes() const;
  /// Bytes of external memory that is there. Nothing: none, or nobody knows.
  std::optional<uint64_t> getExternalFlashBytes() const;
  std::optional<uint64_t> getExternalRamBytes() const;
};

/// Reads and checks a target. `nameOrPath` is the name of a file in `targetsDirectory` without ".json", or a path, recognized
/// by a
/// "/" or ".json". An unknown name's message lists those there are.
llvm::Expected<Target> loadTarget(llvm::StringRef nameOrPath, llvm::StringRef targetsDirectory);

/// All targets in a folder, by name. Fails if one of them is malformed.
llvm::Expected<std::vector<Target>> listTargets(llvm::StringRef targetsDirectory);

} // namespace thimble
