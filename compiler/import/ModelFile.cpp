// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading model files.
#include "compiler/import/ModelFile.h"
#include "compiler/data/FileBytes.h"
#include "compiler/data/Tensor.h"
#include "compiler/import/OnnxParser.h"
#include "compiler/import/WireReader.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace thimble;
using llvm::StringRef;

/// What a file that is no ONNX model seems to be, with what to do about it; "" if there is nothing to say.
static StringRef recognize(StringRef bytes) {
  if (bytes.starts_with("version https://git-lfs"))
    return "it is a Git LFS pointer; fetch the file itself with 'git lfs pull'";
  if (bytes.substr(4).starts_with("TFL3"))
    return "it is a TensorFlow Lite model; convert it with tf2onnx";
  if (bytes.starts_with("PK\x03\x04"))
    return "it is a zip archive, as PyTorch and Keras write them; export the model to ONNX";
  if (bytes.starts_with("\x89HDF"))
    return "it is an HDF5 file, as Keras writes them; export the model to ONNX";
  if (bytes.starts_with("\x1f\x8b"))
    return "it is compressed; unpack it with gunzip";
  StringRef head = bytes.take_front(512);
  if (llvm::all_of(head, [](char c) { return llvm::isPrint(c) || llvm::isSpace(c); }))
    return "it is text; ONNX's text form is read from files named .onnxtext";
  return "";
}

llvm::Expected<OwnedModel> thimble::parseModelBytes(llvm::ArrayRef<char> bytes, StringRef name) {
  StringRef view(bytes.data(), bytes.size());
  if (view.empty())
    return dataError(name + ": the file is empty");
  auto fail = [&](const llvm::Twine &why) {
    StringRef what = recognize(view);
    return dataError(name + ": not an ONNX model" + (what.empty() ? ", or damaged (" + why + ")" : ": " + what));
  };
  // Some writers of text form would parse as a message of unknown fields only; a file without graph is caught below.
  auto model = std::make_unique<proto::ModelProto>();
  try {
    google::protobuf::LogSilencer silencer;
    if (bytes.size() > size_t(INT32_MAX) || !model->ParseFromArray(bytes.data(), int(bytes.size()))) {
      std::string damage = findDamage(view);
      return fail("protobuf parse failed" +
                  (damage.empty() ? ": its messages nest too deep or are malformed" : " at " + damage));
    }
  } catch (const std::exception &error) {
    return fail(llvm::Twine("protobuf parse failed: ") + error.what());
  }
  if (!model->has_graph())
    return fail("it has no graph");
  return model;
}

/// ONNX's parser recurses for each of these brackets without a limit of its own.
static bool nestsTooDeep(StringRef text) {
  int depth = 0;
  for (char c : text) {
    if (c == '{' || c == '(')
      ++depth;
    else if (c == '}' || c == ')')
      --depth;
    if (depth > 100)
      return true;
  }
  return false;
}

llvm::Expected<OwnedModel> thimble::parseModelText(StringRef text, StringRef name) {
  if (text.trim().empty())
    return dataError(name + ": the file is empty");
  if (text.contains('\0'))
    return dataError(name + ": not ONNX text (it holds zero bytes)");
  if (nestsTooDeep(text))
    return dataError(name + ": brackets nest more than 100 deep");
  std::string terminated = text.str();
  auto model = std::make_unique<proto::ModelProto>();
  proto::OnnxParser parser(terminated.c_str());
  std::string problem;
  try {
    google::protobuf::LogSilencer silencer;
    auto status = parser.Parse(*model);
    if (!status.IsOK())
      problem = StringRef(status.ErrorMessage()).rtrim().rsplit('\n').second;
    else if (!parser.EndOfInput())
      problem = "Text follows after the end of the model.";
  } catch (const std::exception &error) {
    // Numbers that do not fit or are missing.
    problem = std::string("Not a number (") + error.what() + ").";
  }
  if (!problem.empty())
    return dataError(name + ": not ONNX text, or damaged " + parser.GetCurrentPos() + ": " + problem);
  return model;
}

llvm::Expected<OwnedModel> thimble::readModelFile(StringRef path, uint64_t maxBytes) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file = readFileBytes(path, maxBytes);
  if (!file)
    return file.takeError();
  std::string extension = llvm::sys::path::extension(path).lower();
  StringRef bytes = (*file)->getBuffer();
  if (extension == ".onnxtext" || extension == ".onnxtxt")
    return parseModelText(bytes, path);
  return parseModelBytes(llvm::ArrayRef<char>(bytes.begin(), bytes.end()), path);
}
