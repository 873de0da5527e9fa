// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Follows the includes of kernels.
#include "codegen/project/RuntimeFiles.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <map>

using namespace thimble::codegen;

static llvm::Error refuse(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), "emit: " + message);
}

llvm::Expected<std::string> thimble::codegen::readRuntimeFile(llvm::StringRef runtimeDirectory, const llvm::Twine &path) {
  std::string full = (runtimeDirectory + "/" + path).str();
  auto buffer = llvm::MemoryBuffer::getFile(full, /*IsText=*/true);
  if (!buffer)
    return refuse("cannot read '" + full + "' of the runtime: " + buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

std::vector<std::string> thimble::codegen::listKernelFolders(llvm::StringRef runtimeDirectory, llvm::StringRef isa) {
  std::vector<std::string> folders;
  std::string name = isa.str();
  while (!name.empty()) {
    std::string folder = "src/arch/" + name;
    // A folder that extends itself, however indirectly, ends the list.
    if (llvm::is_contained(folders, folder))
      break;
    folders.push_back(folder);
    auto base = llvm::MemoryBuffer::getFile(runtimeDirectory + "/" + folder + "/extends", /*IsText=*/true);
    name = base ? (*base)->getBuffer().trim().str() : "";
  }
  folders.push_back("src/kernels");
  return folders;
}

namespace {
class Collector {
public:
  Collector(llvm::StringRef root, llvm::StringRef isa) : root(root), folders(listKernelFolders(root, isa)) {}

  /// Adds src/.../<name> or include/<name>, and what it includes. Returns its path in the output folder.
  llvm::Expected<std::string> add(llvm::StringRef name);

  std::map<std::string, std::string> files; // by path in the output folder
  bool usesLibm = false;

private:
  llvm::Expected<std::string> find(llvm::StringRef name);
  llvm::Error addIncludes(llvm::StringRef path, llvm::StringRef contents);

  llvm::StringRef root;
  std::vector<std::string> folders; // the first one that has a file gives it
};
} // namespace

// Where `name` is, below the runtime's directory.
llvm::Expected<std::string> Collector::find(llvm::StringRef name) {
  if (name.starts_with("thimble/"))
    return ("include/" + name).str();
  for (const std::string &folder : folders)
    if (std::string candidate = (folder + "/" + name).str(); llvm::sys::fs::exists(root + "/" + candidate))
      return candidate;
  return refuse("the runtime in '" + root + "' has no '" + name + "'");
}

llvm::Expected<std::string> Collector::add(llvm::StringRef name) {
  if (name.contains("..") || (name.contains('/') && !name.starts_with("thimble/")))
    return refuse("the runtime includes '" + name + "': only plain names and thimble/ are possible");
  llvm::Expected<std::string> path = find(name);
  if (!path)
    return path.takeError();
  std::string output = ((name.starts_with("thimble/") ? "runtime/include/" : "runtime/src/") + name).str();
  if (files.count(output))
    return output;
  llvm::Expected<std::string> contents = readRuntimeFile(root, *path);
  if (!contents)
    return contents.takeError();
  files[output] = *contents;
  if (llvm::Error error = addIncludes(*path, *contents))
    return std::move(error);
  return output;
}

llvm::Error Collector::addIncludes(llvm::StringRef path, llvm::StringRef contents) {
  for (llvm::StringRef line : llvm::split(contents, '\n')) {
    line = line.ltrim();
    if (!line.consume_front("#"))
      continue;
    line = line.ltrim();
    if (!line.consume_front("include"))
      continue;
    line = line.ltrim();
    usesLibm |= line.starts_with("<math.h>");
    if (!line.consume_front("\""))
      continue;
    llvm::Expected<std::string> included = add(line.take_until([](char c) { return c == '"'; }));
    if (!included)
      return llvm::joinErrors(refuse("while following the includes of '" + path + "'"), included.takeError());
  }
  return llvm::Error::success();
}

llvm::Expected<RuntimeFiles> thimble::codegen::collectRuntime(const std::vector<std::string> &kernels,
                                                              llvm::StringRef runtimeDirectory, llvm::StringRef isa) {
  Collector collector(runtimeDirectory, isa);
  RuntimeFiles result;
  for (const std::string &kernel : kernels) {
    llvm::Expected<std::string> path = collector.add(kernel + ".c");
    if (!path)
      return path.takeError();
    result.sources.push_back(*path);
  }
  // What generated files include themselves.
  for (llvm::StringRef header :
       {"thimble/tmb_abi.h", "thimble/tmb_check_plan.h", "thimble/tmb_kernels.h", "thimble/tmb_status.h"})
    if (llvm::Expected<std::string> path = collector.add(header); !path)
      return path.takeError();
  llvm::sort(result.sources);
  result.sources.erase(std::unique(result.sources.begin(), result.sources.end()), result.sources.end());
  for (const auto &[path, contents] : collector.files)
    result.files.push_back({path, contents});
  result.usesLibm = collector.usesLibm;
  return result;
}
