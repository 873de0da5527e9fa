// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parses GNU ld's map, in which a long section name has a line of its own.
#include "compiler/verify/LinkerMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace thimble;

static bool isInRam(llvm::StringRef output) { return output == ".data" || output == ".bss"; }

bool LinkerMap::isInFlash(llvm::StringRef output) {
  return output == ".vectors" || output == ".text" || output == ".rodata" || output == ".ARM.exidx" || output == ".data";
}

uint64_t LinkerMap::getBytes(llvm::StringRef output) const {
  uint64_t bytes = 0;
  for (const Output &section : outputs)
    bytes += section.name == output ? section.bytes : 0;
  return bytes;
}

uint64_t LinkerMap::getFlashBytes() const {
  uint64_t bytes = 0;
  for (const Output &section : outputs)
    bytes += isInFlash(section.name) ? section.bytes : 0;
  return bytes;
}

uint64_t LinkerMap::getStaticRamBytes() const {
  uint64_t bytes = 0;
  for (const Output &section : outputs)
    bytes += isInRam(section.name) ? section.bytes : 0;
  return bytes;
}

// Takes "0x00001234 0x56" from the start of `text`; leaves what follows. Only the size is wanted.
static std::optional<uint64_t> takeSize(llvm::StringRef &text) {
  uint64_t address, size;
  llvm::StringRef rest = text.ltrim();
  if (!rest.starts_with("0x") || rest.consumeInteger(0, address))
    return std::nullopt;
  rest = rest.ltrim();
  if (!rest.starts_with("0x") || rest.consumeInteger(0, size))
    return std::nullopt;
  text = rest.trim();
  return size;
}

llvm::Expected<LinkerMap> thimble::parseLinkerMap(llvm::StringRef text) {
  LinkerMap map;
  size_t start = text.find("\nLinker script and memory map\n");
  if (start == llvm::StringRef::npos)
    return llvm::createStringError(llvm::inconvertibleErrorCode(), "the linker's map cannot be read: it is not GNU ld's");
  std::string output, name;
  enum { Nothing, Output, Input } pending = Nothing; // the name was read, its size is to come
  for (llvm::StringRef line : llvm::split(text.substr(start), '\n')) {
    llvm::StringRef rest = line;
    if (line.starts_with(".")) {
      std::tie(rest, line) = std::pair(line.drop_front(line.take_until(llvm::isSpace).size()), line.take_until(llvm::isSpace));
      output = line.str();
      pending = Output;
    } else if (line.starts_with(" .") || line.starts_with(" COMMON") || line.starts_with(" *fill*")) {
      rest = line.drop_front(1);
      name = rest.take_until(llvm::isSpace).str();
      rest = rest.drop_front(name.size());
      pending = Input;
    }
    if (pending == Nothing)
      continue;
    if (std::optional<uint64_t> size = takeSize(rest)) {
      if (pending == Output)
        map.outputs.push_back({output, *size});
      else if (*size > 0)
        map.inputs.push_back({output, name, name == "*fill*" ? "" : rest.str(), *size});
      pending = Nothing;
    } else if (!rest.trim().empty()) {
      pending = Nothing; // a section that was merged into another has neither address nor size
    }
  }
  return map;
}
