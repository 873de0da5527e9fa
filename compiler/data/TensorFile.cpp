// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Chooses the reader for a data file.
#include "compiler/data/TensorFile.h"
#include "compiler/data/Npy.h"
#include "compiler/data/Npz.h"
#include "llvm/Support/Path.h"

using namespace thimble;

llvm::Expected<std::vector<NamedTensor>> thimble::readTensors(llvm::StringRef path, TensorProtoReader readProto) {
  std::string extension = llvm::sys::path::extension(path).lower();
  if (extension == ".npz")
    return readNpz(path);
  NamedTensor single;
  if (extension == ".npy" || (extension == ".pb" && readProto)) {
    llvm::Expected<Tensor> tensor = extension == ".npy" ? readNpy(path) : readProto(path, &single.name);
    if (!tensor)
      return tensor.takeError();
    single.tensor = std::move(*tensor);
    std::vector<NamedTensor> result;
    result.push_back(std::move(single));
    return result;
  }
  return dataError(path + ": the extension '" + extension +
                   "' is not one that is read: " + (readProto ? ".npy, .npz and .pb are" : ".npy and .npz are"));
}
