// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading tensors in files of their own.
#include "compiler/import/TensorProtoFile.h"
#include "compiler/data/FileBytes.h"
#include "compiler/import/TensorImport.h"
#include "llvm/Support/Path.h"

using namespace thimble;

llvm::Expected<Tensor> thimble::readTensorProto(llvm::StringRef path, std::string *name) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file = readFileBytes(path);
  if (!file)
    return file.takeError();
  proto::TensorProto parsed;
  try {
    google::protobuf::LogSilencer silencer;
    if (!parsed.ParseFromArray((*file)->getBufferStart(), int((*file)->getBufferSize())))
      return dataError(path + ": not an ONNX tensor, or damaged (protobuf parse failed)");
  } catch (const std::exception &error) {
    return dataError(path + ": not an ONNX tensor: " + error.what());
  }
  if (!parsed.has_data_type())
    return dataError(path + ": not an ONNX tensor (it has no data type)");
  llvm::Expected<Tensor> tensor = decodeTensor(parsed, ExternalFiles(llvm::sys::path::parent_path(path)));
  if (!tensor)
    return dataError(path + ": the tensor " + llvm::toString(tensor.takeError()));
  if (name)
    *name = parsed.name();
  return tensor;
}
