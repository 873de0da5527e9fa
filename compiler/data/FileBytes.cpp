// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and writing whole files.
#include "compiler/data/FileBytes.h"
#include "compiler/data/Tensor.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace thimble;

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> thimble::readFileBytes(llvm::StringRef path, uint64_t maxBytes) {
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status))
    return dataError(path + ": " + (error == std::errc::no_such_file_or_directory ? "no such file" : error.message()));
  if (llvm::sys::fs::is_directory(status))
    return dataError(path + ": is a directory, not a file");
  // Pipes and devices may never end.
  if (!llvm::sys::fs::is_regular_file(status))
    return dataError(path + ": is not a regular file");
  if (status.getSize() > maxBytes)
    return dataError(path + ": has " + llvm::Twine(status.getSize()) + " bytes, more than the limit of " +
                     llvm::Twine(maxBytes));
  // "Volatile" reads the file instead of mapping it: a mapped file that another program truncates would kill this one.
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false, /*IsVolatile=*/true);
  if (!buffer)
    return dataError(path + ": cannot be read: " + buffer.getError().message());
  return std::move(*buffer);
}

llvm::Error thimble::writeFileBytes(llvm::StringRef path, llvm::ArrayRef<char> bytes) {
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error);
  if (!error) {
    stream.write(bytes.data(), bytes.size());
    stream.close();
    error = stream.error();
    stream.clear_error();
    if (error)
      llvm::sys::fs::remove(path);
  }
  return error ? dataError(path + ": cannot be written: " + error.message()) : llvm::Error::success();
}
