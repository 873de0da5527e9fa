// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading protobuf's wire format, and looking for the place where a model is damaged.
#include "compiler/import/WireReader.h"

using namespace thimble;

std::nullopt_t WireReader::fail(size_t at, const std::string &what) {
  damage = "byte " + std::to_string(at) + ": " + what;
  rest = {};
  return std::nullopt;
}

bool WireReader::readNumber(uint64_t &value) {
  value = 0;
  for (unsigned i = 0; i < 10 && i < rest.size(); ++i) {
    uint8_t byte = rest[i];
    value |= uint64_t(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      rest = rest.drop_front(i + 1);
      return true;
    }
  }
  return false;
}

std::optional<WireField> WireReader::next() {
  if (rest.empty())
    return std::nullopt;
  size_t at = offsetOf(rest);
  uint64_t tag;
  if (!readNumber(tag))
    return fail(at, "a field's tag is cut off");
  uint64_t number = tag >> 3;
  if (number == 0 || number >= (1u << 29))
    return fail(at, "no field can have the number " + std::to_string(number));
  std::string field = "field " + std::to_string(number);
  WireField result{uint32_t(number), at, 0, {}, false};
  switch (tag & 7) {
  case 0:
    if (!readNumber(result.value))
      return fail(at, field + " is cut off");
    return result;
  case 1:
  case 5: {
    size_t size = (tag & 7) == 1 ? 8 : 4;
    if (rest.size() < size)
      return fail(at, field + " is cut off");
    for (size_t i = 0; i < size; ++i)
      result.value |= uint64_t(uint8_t(rest[i])) << (8 * i);
    rest = rest.drop_front(size);
    return result;
  }
  case 2: {
    uint64_t size;
    if (!readNumber(size))
      return fail(at, field + " is cut off");
    if (size > rest.size())
      return fail(at, field + " claims " + std::to_string(size) + " bytes where " + std::to_string(rest.size()) + " are left");
    result.payload = rest.take_front(size);
    result.hasPayload = true;
    rest = rest.drop_front(size);
    return result;
  }
  default:
    return fail(at, field + " has the wire type " + std::to_string(tag & 7) + ", which ONNX does not use");
  }
}

namespace {
/// The messages that make up most of a model.
enum class Kind { Model, Graph, Node, Attribute, Leaf };
} // namespace

/// What a field of a message holds; nothing if it is not a message, or not one that is worth looking into.
static std::optional<Kind> kindOfField(Kind message, uint32_t number) {
  switch (message) {
  case Kind::Model:
    return number == 7 ? std::optional(Kind::Graph) : std::nullopt;
  case Kind::Graph:
    if (number == 1)
      return Kind::Node;
    // Initializers, inputs, outputs and intermediate values.
    return number == 5 || (number >= 11 && number <= 13) ? std::optional(Kind::Leaf) : std::nullopt;
  case Kind::Node:
    return number == 5 ? std::optional(Kind::Attribute) : std::nullopt;
  case Kind::Attribute:
    if (number == 6 || number == 11)
      return Kind::Graph;
    return number == 5 || number == 10 ? std::optional(Kind::Leaf) : std::nullopt;
  case Kind::Leaf:
    return std::nullopt;
  }
  return std::nullopt;
}

static std::string findDamage(llvm::StringRef message, size_t offset, Kind kind, int depth) {
  WireReader reader(message, offset);
  while (std::optional<WireField> field = reader.next()) {
    std::optional<Kind> inner = kindOfField(kind, field->number);
    // Protobuf itself gives up on messages that nest deeper than this.
    if (!inner || !field->hasPayload || depth >= 100)
      continue;
    std::string damage = findDamage(field->payload, reader.offsetOf(field->payload), *inner, depth + 1);
    if (!damage.empty())
      return damage;
  }
  return reader.getDamage();
}

std::string thimble::findDamage(llvm::StringRef model) { return ::findDamage(model, 0, Kind::Model, 0); }
