// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and writing archives of NumPy arrays.
#include "compiler/data/Npz.h"
#include "compiler/data/FileBytes.h"
#include "compiler/data/Npy.h"
#include "compiler/data/Zip.h"
#include "llvm/ADT/StringSet.h"

using namespace thimble;

llvm::Expected<std::vector<NamedTensor>> thimble::readNpz(llvm::StringRef path) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file = readFileBytes(path);
  if (!file)
    return file.takeError();
  auto entries = readZip(llvm::ArrayRef<char>((*file)->getBufferStart(), (*file)->getBufferSize()));
  if (!entries)
    return dataError(path + ": " + llvm::toString(entries.takeError()));
  std::vector<NamedTensor> tensors;
  llvm::StringSet<> seen;
  for (ZipEntry &entry : *entries) {
    llvm::StringRef name = entry.name;
    if (!name.consume_back(".npy"))
      return dataError(path + ": holds " + quoted(name) + ", which is not a NumPy array (.npy)");
    if (!seen.insert(name).second)
      return dataError(path + ": holds two arrays of the name " + quoted(name));
    llvm::Expected<Tensor> tensor = parseNpy(entry.bytes, (path + ": " + quoted(name)).str());
    if (!tensor)
      return tensor.takeError();
    tensors.push_back({name.str(), std::move(*tensor)});
    entry.bytes = {};
  }
  return tensors;
}

llvm::Error thimble::writeNpz(llvm::StringRef path, llvm::ArrayRef<NamedTensor> tensors) {
  std::vector<ZipEntry> entries;
  llvm::StringSet<> seen;
  for (const NamedTensor &named : tensors) {
    if (!seen.insert(named.name).second)
      return dataError(path + ": two tensors of the name " + quoted(named.name));
    llvm::Expected<std::vector<char>> bytes = serializeNpy(named.tensor);
    if (!bytes)
      return dataError(path + ": " + quoted(named.name) + ": " + llvm::toString(bytes.takeError()));
    entries.push_back({named.name + ".npy", std::move(*bytes)});
  }
  llvm::Expected<std::vector<char>> archive = writeZip(entries);
  if (!archive)
    return dataError(path + ": " + llvm::toString(archive.takeError()));
  return writeFileBytes(path, *archive);
}
