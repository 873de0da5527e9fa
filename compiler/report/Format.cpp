// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers and names as the reports for people show them.
#include "compiler/report/Format.h"
#include "llvm/Support/JSON.h"

std::string thimble::report::formatCount(uint64_t count) {
  if (count < 10000)
    return std::to_string(count);
  uint64_t unit = 1000;
  llvm::StringRef suffix = " k";
  if (count >= 1000000000)
    unit = 1000000000, suffix = " G";
  else if (count >= 1000000)
    unit = 1000000, suffix = " M";
  uint64_t hundredths = (count % unit) * 100 / unit;
  return std::to_string(count / unit) + (hundredths < 10 ? ".0" : ".") + std::to_string(hundredths) + suffix.str();
}

std::string thimble::report::escapeMarkup(llvm::StringRef text) {
  std::string escaped;
  for (char c : llvm::json::fixUTF8(text))
    switch (c) {
    case '&': escaped += "&amp;"; break;
    case '<': escaped += "&lt;"; break;
    case '>': escaped += "&gt;"; break;
    case '"': escaped += "&quot;"; break;
    default:
      escaped += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  return escaped;
}
