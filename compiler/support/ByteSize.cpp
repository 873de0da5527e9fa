// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers of bytes as people write and read them.
#include "compiler/support/ByteSize.h"
#include "llvm/ADT/StringExtras.h"

using namespace thimble;

static llvm::Error refuse(llvm::StringRef text, llvm::StringRef why) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 "'" + text + "' " + why + "; write for example 65536, 64K or 1M");
}

llvm::Expected<uint64_t> thimble::parseByteSize(llvm::StringRef text) {
  llvm::StringRef digits = text.trim().take_while(llvm::isDigit);
  llvm::StringRef unit = text.trim().drop_front(digits.size()).ltrim();
  if (digits.empty())
    return refuse(text, "is not a number of bytes");
  unsigned shift = 0;
  if (!unit.empty() && !unit.equals_insensitive("b")) {
    switch (llvm::toLower(unit.front())) {
    case 'k':
      shift = 10;
      break;
    case 'm':
      shift = 20;
      break;
    case 'g':
      shift = 30;
      break;
    default:
      return refuse(text, "has an unknown unit");
    }
    llvm::StringRef rest = unit.drop_front();
    if (!rest.empty() && !rest.equals_insensitive("b") && !rest.equals_insensitive("ib"))
      return refuse(text, "has an unknown unit");
  }
  uint64_t value;
  if (digits.getAsInteger(10, value) || value > (UINT64_MAX >> shift))
    return refuse(text, "is too large");
  return value << shift;
}

std::string thimble::formatByteSize(uint64_t bytes) {
  if (bytes < 1024)
    return std::to_string(bytes) + " B";
  bool isMega = bytes >= 1024 * 1024;
  // Tenths of a KiB or hundredths of a MiB in integers: a floating-point format would depend on the locale.
  uint64_t parts = isMega ? 100 : 10, unit = isMega ? 1024 * 1024 : 1024;
  uint64_t whole = bytes / unit, part = ((bytes % unit) * parts + unit - 1) / unit;
  whole += part / parts;
  std::string fraction = std::to_string(part % parts);
  if (isMega && fraction.size() == 1)
    fraction.insert(0, "0");
  return std::to_string(whole) + "." + fraction + (isMega ? " MiB" : " KiB");
}
