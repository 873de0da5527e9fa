// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Protobuf's wire format, read without knowing the messages: to say where a file is damaged.
#pragma once

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace thimble {

struct WireField {
  uint32_t number;
  size_t at;               // offset of its tag in the file
  uint64_t value;          // of a number
  llvm::StringRef payload; // of a string, of packed numbers, or of a message
  bool hasPayload;
};

/// Steps through the fields of one message.
class WireReader {
public:
  /// `offset` is that of the message in the file.
  WireReader(llvm::StringRef message, size_t offset) : start(message.data()), rest(message), offset(offset) {}

  /// The next field; none at the end, or where the bytes make no sense.
  std::optional<WireField> next();
  /// Why the bytes make no sense, or "".
  const std::string &getDamage() const { return damage; }
  /// Offset in the file of bytes within the message.
  size_t offsetOf(llvm::StringRef part) const { return offset + (part.data() - start); }

private:
  bool readNumber(uint64_t &value);
  std::nullopt_t fail(size_t at, const std::string &what);

  const char *start;
  llvm::StringRef rest;
  size_t offset;
  std::string damage;
};

/// Where and how the bytes of a model break the wire format: "byte 17: ..."; "" if they do not, as far as one can see.
std::string findDamage(llvm::StringRef model);

} // namespace thimble
