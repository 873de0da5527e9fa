// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes emitted files to disk.
#include "codegen/project/Project.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace thimble::codegen;

static llvm::Error writeFile(const EmittedFile &file, llvm::StringRef directory) {
  std::string path = (directory + "/" + file.path).str();
  auto refuse = [&](std::error_code error) {
    return llvm::createStringError(error, "cannot write '" + path + "': " + error.message());
  };
  if (auto existing = llvm::MemoryBuffer::getFile(path); existing && (*existing)->getBuffer() == file.contents)
    return llvm::Error::success();
  if (std::error_code error = llvm::sys::fs::create_directories(llvm::sys::path::parent_path(path)))
    return refuse(error);
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return refuse(error);
  os << file.contents;
  os.close();
  if (os.has_error()) {
    error = os.error();
    os.clear_error(); // or its destructor ends the program
    return refuse(error);
  }
  return llvm::Error::success();
}

llvm::Error thimble::codegen::writeFiles(llvm::ArrayRef<EmittedFile> files, llvm::StringRef directory) {
  for (const EmittedFile &file : files)
    if (llvm::Error error = writeFile(file, directory))
      return error;
  return llvm::Error::success();
}
