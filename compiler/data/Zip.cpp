// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and writing zip archives.
#include "compiler/data/Zip.h"
#include "compiler/data/FileBytes.h"
#include "compiler/data/Tensor.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Endian.h"
#include <algorithm>
#include <zlib.h>

using namespace thimble;
using llvm::StringRef;
using llvm::Twine;
namespace endian = llvm::support::endian;

// Signatures and sizes of the format's records.
constexpr uint32_t localSignature = 0x04034b50, centralSignature = 0x02014b50, endSignature = 0x06054b50;
constexpr uint32_t end64Signature = 0x06064b50, locator64Signature = 0x07064b50;
constexpr size_t localSize = 30, centralSize = 46, endSize = 22, end64Size = 56, locator64Size = 20;
constexpr uint32_t beyond32 = 0xffffffff;

namespace {
/// The archive with reads that cannot leave it: whoever reads a record first asks whether it is there.
struct Archive {
  StringRef bytes;
  bool has(uint64_t at, uint64_t size) const { return at <= bytes.size() && size <= bytes.size() - at; }
  uint16_t u16(uint64_t at) const { return endian::read16le(bytes.data() + at); }
  uint32_t u32(uint64_t at) const { return endian::read32le(bytes.data() + at); }
  uint64_t u64(uint64_t at) const { return endian::read64le(bytes.data() + at); }
};

/// Where the directory is.
struct Directory {
  uint64_t at, entries;
};

/// What the directory says of one entry.
struct EntryRecord {
  StringRef name;
  uint16_t flags, method;
  uint32_t checksum;
  uint64_t packedSize, size, localAt;
};
} // namespace

static llvm::Error damaged(const Twine &why) { return dataError("the archive is damaged: " + why); }

static llvm::Expected<Directory> findDirectory(const Archive &archive) {
  // The end record stands last, before a comment of at most 65535 bytes.
  size_t size = archive.bytes.size();
  if (size < endSize)
    return dataError("not a zip archive");
  size_t first = size - std::min<size_t>(size, endSize + 65535);
  for (size_t at = size - endSize + 1; at-- > first;) {
    if (archive.u32(at) != endSignature)
      continue;
    Directory directory{archive.u32(at + 16), archive.u16(at + 10)};
    if (at >= locator64Size && archive.u32(at - locator64Size) == locator64Signature) {
      uint64_t at64 = archive.u64(at - locator64Size + 8);
      if (!archive.has(at64, end64Size) || archive.u32(at64) != end64Signature)
        return damaged("its 64-bit directory is not where it should be");
      directory = {archive.u64(at64 + 48), archive.u64(at64 + 32)};
    }
    return directory;
  }
  if (archive.u32(0) == localSignature)
    return damaged("its directory is missing; was the file cut off?");
  return dataError("not a zip archive");
}

/// Replaces the fields that do not fit into 32 bits by their 64-bit values.
static llvm::Error readExtra64(const Archive &archive, uint64_t at, uint64_t end, EntryRecord &entry) {
  while (end - at >= 4) {
    uint16_t tag = archive.u16(at), size = archive.u16(at + 2);
    at += 4;
    if (size > end - at)
      return damaged("an extra field of " + quoted(entry.name) + " is cut off");
    if (tag == 1) {
      uint64_t next = at;
      for (uint64_t *field : {&entry.size, &entry.packedSize, &entry.localAt}) {
        if (*field != beyond32)
          continue;
        if (at + size - next < 8)
          return damaged("the 64-bit sizes of " + quoted(entry.name) + " are missing");
        *field = archive.u64(next);
        next += 8;
      }
    }
    at += size;
  }
  return llvm::Error::success();
}

static llvm::Expected<std::vector<char>> inflateBytes(StringRef packed, uint64_t size, StringRef name) {
  // Deflate packs at most 1032 to 1; a larger claim is a lie, and must not make us allocate.
  if (size / 1032 > packed.size())
    return damaged(quoted(name) + " claims " + Twine(size) + " bytes, more than " + Twine(packed.size()) +
                   " bytes can unpack to");
  std::vector<char> out(size);
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return dataError("zlib cannot be initialized");
  // zlib writes at least one byte to `next_out` only if there is room, but wants a pointer even if there is none.
  Bytef none;
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data()));
  stream.avail_in = uInt(packed.size());
  stream.next_out = size ? reinterpret_cast<Bytef *>(out.data()) : &none;
  stream.avail_out = uInt(size);
  int result = inflate(&stream, Z_FINISH);
  bool isWhole = result == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  if (!isWhole)
    return damaged(quoted(name) + " does not unpack to the " + Twine(size) + " bytes that it claims");
  return out;
}

static llvm::Expected<std::vector<char>> readEntry(const Archive &archive, const EntryRecord &entry) {
  if (entry.flags & 1)
    return dataError(quoted(entry.name) + " is encrypted");
  if (entry.method != 0 && entry.method != 8)
    return dataError(quoted(entry.name) + " is packed with method " + Twine(entry.method) +
                     "; only stored and deflated are read");
  if (!archive.has(entry.localAt, localSize) || archive.u32(entry.localAt) != localSignature)
    return damaged(quoted(entry.name) + " is not where the directory says");
  uint64_t at = entry.localAt + localSize + archive.u16(entry.localAt + 26) + archive.u16(entry.localAt + 28);
  if (!archive.has(at, entry.packedSize))
    return damaged(quoted(entry.name) + " is cut off");
  if (entry.size > maxFileBytes)
    return dataError(quoted(entry.name) + " has " + Twine(entry.size) + " bytes, more than the limit of " +
                     Twine(maxFileBytes));
  StringRef packed = archive.bytes.substr(at, entry.packedSize);
  std::vector<char> bytes;
  if (entry.method == 0) {
    if (entry.size != entry.packedSize)
      return damaged("the two sizes of " + quoted(entry.name) + " differ");
    bytes.assign(packed.begin(), packed.end());
  } else {
    llvm::Expected<std::vector<char>> unpacked = inflateBytes(packed, entry.size, entry.name);
    if (!unpacked)
      return unpacked.takeError();
    bytes = std::move(*unpacked);
  }
  if (crc32(0, reinterpret_cast<const Bytef *>(bytes.data()), uInt(bytes.size())) != entry.checksum)
    return damaged("the checksum of " + quoted(entry.name) + " is wrong");
  return bytes;
}

llvm::Expected<std::vector<ZipEntry>> thimble::readZip(llvm::ArrayRef<char> bytes) {
  Archive archive{StringRef(bytes.data(), bytes.size())};
  llvm::Expected<Directory> directory = findDirectory(archive);
  if (!directory)
    return directory.takeError();
  std::vector<ZipEntry> entries;
  uint64_t at = directory->at, total = 0;
  for (uint64_t i = 0; i < directory->entries; ++i) {
    if (!archive.has(at, centralSize) || archive.u32(at) != centralSignature)
      return damaged("its directory is cut off");
    uint64_t nameSize = archive.u16(at + 28), extraSize = archive.u16(at + 30), commentSize = archive.u16(at + 32);
    if (!archive.has(at, centralSize + nameSize + extraSize + commentSize))
      return damaged("its directory is cut off");
    EntryRecord entry{archive.bytes.substr(at + centralSize, nameSize),
                      archive.u16(at + 8),
                      archive.u16(at + 10),
                      archive.u32(at + 16),
                      archive.u32(at + 20),
                      archive.u32(at + 24),
                      archive.u32(at + 42)};
    uint64_t extraAt = at + centralSize + nameSize;
    if (llvm::Error error = readExtra64(archive, extraAt, extraAt + extraSize, entry))
      return std::move(error);
    at += centralSize + nameSize + extraSize + commentSize;
    if (entry.name.ends_with("/"))
      continue;
    // Entries that share their bytes could otherwise unpack to any size.
    if (entry.size > maxFileBytes - total)
      return dataError("the archive unpacks to more than the limit of " + Twine(maxFileBytes) + " bytes");
    total += entry.size;
    llvm::Expected<std::vector<char>> content = readEntry(archive, entry);
    if (!content)
      return content.takeError();
    entries.push_back({entry.name.str(), std::move(*content)});
  }
  return entries;
}

llvm::Expected<std::vector<char>> thimble::writeZip(llvm::ArrayRef<ZipEntry> entries) {
  std::string out, directory;
  auto put = [](std::string &to, uint64_t value, int size) {
    for (int i = 0; i < size; ++i)
      to += char(value >> (8 * i));
  };
  for (const ZipEntry &entry : entries) {
    if (out.size() + entry.bytes.size() > maxFileBytes || entries.size() > 65535 || entry.name.size() > 65535)
      return dataError("too much data for one archive");
    uint64_t localAt = out.size();
    uint32_t checksum = uint32_t(crc32(0, reinterpret_cast<const Bytef *>(entry.bytes.data()), uInt(entry.bytes.size())));
    // The fields that both records have: version, flags, method, time and date (1980-01-01), checksum, sizes, name, extra.
    auto putCommon = [&](std::string &to) {
      put(to, 20, 2);
      put(to, 0, 2);
      put(to, 0, 2);
      put(to, 0, 2);
      put(to, 0x21, 2);
      put(to, checksum, 4);
      put(to, entry.bytes.size(), 4);
      put(to, entry.bytes.size(), 4);
      put(to, entry.name.size(), 2);
      put(to, 0, 2);
    };
    put(out, localSignature, 4);
    putCommon(out);
    out += entry.name;
    out.append(entry.bytes.begin(), entry.bytes.end());
    put(directory, centralSignature, 4);
    put(directory, 20, 2);
    putCommon(directory);
    put(directory, 0, 6); // no comment, first disk, no internal attributes
    put(directory, 0, 4); // no external attributes
    put(directory, localAt, 4);
    directory += entry.name;
  }
  uint64_t directoryAt = out.size();
  out += directory;
  put(out, endSignature, 4);
  put(out, 0, 4);
  put(out, entries.size(), 2);
  put(out, entries.size(), 2);
  put(out, directory.size(), 4);
  put(out, directoryAt, 4);
  put(out, 0, 2);
  return std::vector<char>(out.begin(), out.end());
}
