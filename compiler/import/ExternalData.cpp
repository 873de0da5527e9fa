// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading external tensor data, without ever leaving the model's folder.
#include "compiler/import/ExternalData.h"
#include "compiler/data/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace thimble;
using llvm::StringRef;
using llvm::Twine;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// Whether a location is relative and has no ".." in it, whatever the system that it was written on.
static bool staysInside(StringRef location) {
  for (path::Style style : {path::Style::posix, path::Style::windows})
    if (path::is_absolute(location, style) || path::has_root_path(location, style) ||
        llvm::is_contained(llvm::make_range(path::begin(location, style), path::end(location)), ".."))
      return false;
  return !location.contains('\0');
}

llvm::Expected<std::vector<char>> ExternalFiles::read(const ExternalRange &range, uint64_t size) const {
  std::string file = "external data file " + quoted(range.location);
  if (range.location.empty())
    return dataError("its data is external, but no location is given");
  if (!folder)
    return dataError("its data is in " + file + ", which only a model read from a file can refer to");
  if (!staysInside(range.location))
    return dataError(file + " is not inside the model's folder; the location must be a relative path without '..'");

  llvm::SmallString<256> full(*folder), realFile, realFolder;
  path::append(full, range.location);
  fs::file_status status;
  if (std::error_code error = fs::status(full, status))
    return dataError(file + (error == std::errc::no_such_file_or_directory ? " is missing" : ": " + error.message()));
  if (!fs::is_regular_file(status))
    return dataError(file + " is not a regular file");
  // Links could still lead out of the folder.
  if (fs::real_path(full, realFile) || fs::real_path(*folder, realFolder))
    return dataError(file + " cannot be found");
  path::append(realFolder, "");
  if (!realFile.starts_with(realFolder))
    return dataError(file + " is a link that leads out of the model's folder; put a copy there");

  if (range.length && *range.length != size)
    return dataError(Twine(size) + " bytes are needed, but a length of " + Twine(*range.length) + " is given for " + file);
  if (range.offset > status.getSize() || size > status.getSize() - range.offset)
    return dataError(Twine(size) + " bytes are needed at offset " + Twine(range.offset) + ", " + file + " has " +
                     Twine(status.getSize()));
  if (size == 0)
    return std::vector<char>();
  auto slice = llvm::MemoryBuffer::getFileSlice(full, size, range.offset, /*IsVolatile=*/true);
  if (!slice)
    return dataError(file + " cannot be read: " + slice.getError().message());
  return std::vector<char>((*slice)->getBufferStart(), (*slice)->getBufferEnd());
}
