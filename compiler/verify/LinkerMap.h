// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the linker says about an image: which object brought how many bytes to which section.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace thimble {

struct LinkerMap {
  struct Input {
    std::string output; // section of the image: ".rodata"
    std::string name;   // section of the object: ".rodata.kws__conv1_weights", or "*fill*"
    std::string object; // "kws/kws.o", "/usr/lib/.../libm.a(lib_a-sf_exp.o)"; "" of fill bytes
    uint64_t bytes;
  };
  struct Output {
    std::string name;
    uint64_t bytes;
  };
  std::vector<Output> outputs;
  std::vector<Input> inputs; // without empty ones

  uint64_t getBytes(llvm::StringRef output) const;
  /// Bytes that an image made with runtime-mcu/port's linker script stores in flash: code, constants, initial values of data.
  uint64_t getFlashBytes() const;
  /// Bytes of RAM with a fixed place: data and zeroed data, without the stack.
  uint64_t getStaticRamBytes() const;

  static bool isInFlash(llvm::StringRef output);
  /// What lies in external flash.
  static constexpr llvm::StringLiteral externalSection = ".external", externalRamSection = ".external_ram";
};

/// Reads the text that GNU ld writes for -Map. Fails if it is not one.
llvm::Expected<LinkerMap> parseLinkerMap(llvm::StringRef text);

} // namespace thimble
