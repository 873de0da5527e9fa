// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads targets from JSON; every mistake is reported with the place where it is.
#include "codegen/targets/Target.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace thimble;
namespace json = llvm::json;

static std::optional<uint64_t> getFirstBytes(const std::vector<MemoryRegion> &regions) {
  return regions.empty() ? std::nullopt : std::optional(regions.front().bytes);
}
std::optional<uint64_t> Target::getFlashBytes() const { return getFirstBytes(flash); }
std::optional<uint64_t> Target::getRamBytes() const { return getFirstBytes(ram); }

static std::optional<uint64_t> getFittedBytes(const std::optional<ExternalMemory> &memory) {
  return memory && memory->isFitted ? std::optional(memory->bytes) : std::nullopt;
}
std::optional<uint64_t> Target::getExternalFlashBytes() const { return getFittedBytes(externalFlash); }
std::optional<uint64_t> Target::getExternalRamBytes() const { return getFittedBytes(externalRam); }

namespace {
/// The fields of a JSON object, all of which must be known. Problems go to `path`; the first one counts.
class Fields {
public:
  Fields(const json::Value &value, json::Path path) : object(value.getAsObject()), path(path) {
    if (!object)
      path.report("expected object");
  }
  explicit operator bool() const { return object != nullptr; }

  /// Reads a field that must be there.
  template <typename T> bool read(llvm::StringLiteral key, T &to) {
    known.push_back(key);
    if (const json::Value *value = object->get(key))
      return convert(*value, to, path.field(key));
    path.field(key).report("missing value");
    return false;
  }
  /// Reads a field that may be missing; then `to` stays as it is.
  bool readFlag(llvm::StringLiteral key, bool &to) {
    std::optional<bool> given;
    if (!readOptional(key, given))
      return false;
    to = given.value_or(to);
    return true;
  }
  template <typename T> bool readOptional(llvm::StringLiteral key, std::optional<T> &to) {
    known.push_back(key);
    const json::Value *value = object->get(key);
    if (!value)
      return true;
    return convert(*value, to.emplace(), path.field(key));
  }
  /// Reads a string that must be one of `allowed`, which `message` lists.
  bool readOneOf(llvm::StringLiteral key, std::string &to, llvm::ArrayRef<llvm::StringRef> allowed,
                 llvm::StringLiteral message) {
    if (!read(key, to))
      return false;
    if (!llvm::is_contained(allowed, to))
      return path.field(key).report(message), false;
    return true;
  }
  /// Reads what becomes part of a path or a command line.
  bool readName(llvm::StringLiteral key, std::string &to) {
    if (!read(key, to))
      return false;
    auto isAllowed = [](char c) { return llvm::isAlnum(c) || c == '_' || c == '-' || c == '+' || c == '.'; };
    if (to.empty() || !llvm::isAlnum(to.front()) || !llvm::all_of(to, isAllowed))
      return path.field(key).report("expected a name of letters, digits and _-+."), false;
    return true;
  }
  /// To be called last: fails if there are fields that nobody asked for.
  bool finish() {
    for (const auto &field : *object)
      if (!llvm::is_contained(known, llvm::StringRef(field.first)))
        return path.field(field.first).report("unknown field"), false;
    return true;
  }

private:
  static bool convert(const json::Value &value, std::string &to, json::Path path) { return json::fromJSON(value, to, path); }
  static bool convert(const json::Value &value, std::vector<std::string> &to, json::Path path) {
    return json::fromJSON(value, to, path);
  }
  static bool convert(const json::Value &value, unsigned &to, json::Path path) {
    std::optional<int64_t> number = value.getAsInteger();
    if (!number || (*number != 4 && *number != 8 && *number != 16 && *number != 32))
      return path.report("expected 4, 8, 16 or 32"), false;
    to = unsigned(*number);
    return true;
  }
  // Addresses are strings, since JSON has no hexadecimal numbers; sizes are numbers.
  static bool convert(const json::Value &value, uint64_t &to, json::Path path) {
    if (std::optional<llvm::StringRef> text = value.getAsString()) {
      llvm::StringRef digits = *text;
      if (!digits.consume_front("0x") || digits.empty() || digits.size() > 8 || digits.getAsInteger(16, to))
        return path.report("expected an address such as \"0x20000000\""), false;
      return true;
    }
    return path.report("expected an address such as \"0x20000000\""), false;
  }
  static bool convert(const json::Value &value, int64_t &to, json::Path path) {
    std::optional<int64_t> number = value.getAsInteger();
    if (!number || *number < 1)
      return path.report("expected a positive number of bytes"), false;
    to = *number;
    return true;
  }
  static bool convert(const json::Value &value, MemoryRegion &to, json::Path path) {
    Fields fields(value, path);
    int64_t bytes = 0;
    bool done = fields && fields.read("name", to.name) && fields.read("origin", to.origin) && fields.read("bytes", bytes) &&
                fields.finish();
    to.bytes = uint64_t(bytes);
    return done;
  }
  static bool convert(const json::Value &value, std::vector<MemoryRegion> &to, json::Path path) {
    const json::Array *array = value.getAsArray();
    if (!array)
      return path.report("expected array"), false;
    for (auto [index, item] : llvm::enumerate(*array))
      if (!convert(item, to.emplace_back(), path.index(index)))
        return false;
    return true;
  }
  static bool convert(const json::Value &value, bool &to, json::Path path) { return json::fromJSON(value, to, path); }
  static bool convert(const json::Value &value, ExternalMemory &to, json::Path path) {
    Fields fields(value, path);
    int64_t bytes = 0, slowdown = 0;
    bool done = fields && fields.read("name", to.name) && fields.read("origin", to.origin) && fields.read("bytes", bytes) &&
                fields.read("fitted", to.isFitted) && fields.read("alignment", to.alignment) &&
                fields.read("slowdown", slowdown) && fields.finish();
    to.bytes = uint64_t(bytes);
    to.slowdown = unsigned(std::min<int64_t>(slowdown, 1 << 20));
    return done;
  }
  static bool convert(const json::Value &value, std::optional<Emulator> &to, json::Path path) {
    if (value.getAsNull())
      return true;
    Fields fields(value, path);
    if (!fields)
      return false;
    Emulator &e = to.emplace();
    return fields.read("qemu", e.qemu) && fields.read("machine", e.machine) && fields.read("args", e.args) &&
           fields.read("flash_origin", e.flashOrigin) && fields.read("ram_origin", e.ramOrigin) &&
           fields.readOptional("vectors_origin", e.vectorsOrigin) && fields.readOptional("external", e.external) &&
           fields.read("port", e.port) &&
           fields.read("link_flags", e.linkFlags) && fields.read("notes", e.notes) && fields.finish();
  }

  const json::Object *object;
  json::Path path;
  llvm::SmallVector<llvm::StringRef> known;
};
} // namespace

static bool readTarget(const json::Value &value, Target &target, json::Path path) {
  Fields fields(value, path);
  return fields && fields.readName("name", target.name) && fields.read("description", target.description) &&
         fields.readName("core", target.core) && fields.readName("isa", target.isa) &&
         fields.readOneOf("fpu", target.fpu, {"none", "sp", "dp"}, "expected none, sp or dp") &&
         fields.read("flash", target.flash) && fields.read("ram", target.ram) &&
         fields.readOptional("external_flash", target.externalFlash) &&
         fields.readOptional("external_ram", target.externalRam) && fields.readName("compiler", target.compiler) &&
         fields.read("flags", target.flags) && fields.read("alignment", target.alignment) &&
         fields.readFlag("fuses_additions", target.fusesAdditions) && fields.read("emulator", target.emulator) &&
         fields.finish();
}

static llvm::Error refuse(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), "target: " + message);
}

static llvm::Expected<Target> readFile(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return refuse("cannot read '" + path + "': " + buffer.getError().message());
  llvm::Expected<json::Value> value = json::parse((*buffer)->getBuffer());
  if (!value)
    return refuse("'" + path + "': " + llvm::toString(value.takeError()));
  Target target;
  json::Path::Root root(llvm::sys::path::filename(path));
  if (!readTarget(*value, target, root))
    return refuse("'" + path + "': " + llvm::toString(root.getError()));
  if (target.name != llvm::sys::path::stem(path))
    return refuse("'" + path + "' calls itself '" + target.name + "': name and file must agree");
  return target;
}

static llvm::Expected<std::vector<std::string>> listNames(llvm::StringRef directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator at(directory, error), end; at != end && !error; at.increment(error)) {
    llvm::StringRef file = llvm::sys::path::filename(at->path());
    if (file.ends_with(".json") && !file.ends_with(".schema.json"))
      names.push_back(file.drop_back(5).str());
  }
  if (error)
    return refuse("cannot list '" + directory + "': " + error.message());
  llvm::sort(names); // folders are listed in any order
  return names;
}

llvm::Expected<Target> thimble::loadTarget(llvm::StringRef nameOrPath, llvm::StringRef targetsDirectory) {
  if (nameOrPath.contains('/') || nameOrPath.ends_with(".json"))
    return readFile(nameOrPath);
  llvm::Expected<std::vector<std::string>> names = listNames(targetsDirectory);
  if (!names)
    return names.takeError();
  if (!llvm::is_contained(*names, nameOrPath))
    return refuse("there is no target '" + nameOrPath + "'; there are " + llvm::join(*names, ", ") +
                  ". The path of a file works as well");
  return readFile((targetsDirectory + "/" + nameOrPath + ".json").str());
}

llvm::Expected<std::vector<Target>> thimble::listTargets(llvm::StringRef targetsDirectory) {
  llvm::Expected<std::vector<std::string>> names = listNames(targetsDirectory);
  if (!names)
    return names.takeError();
  std::vector<Target> targets;
  for (const std::string &name : *names) {
    llvm::Expected<Target> target = readFile((targetsDirectory + "/" + name + ".json").str());
    if (!target)
      return target.takeError();
    targets.push_back(std::move(*target));
  }
  return targets;
}
