// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which version of each operator domain a model, or one of its functions, imports.
#pragma once

#include "compiler/import/ImportContext.h"
#include "compiler/import/OnnxProto.h"
#include <map>

namespace thimble {

/// The default domain has two names, "" and "ai.onnx"; this one is used from here on.
llvm::StringRef canonicalDomain(llvm::StringRef domain);
/// The domain as messages show it.
std::string domainText(llvm::StringRef domain);

class OperatorSets {
public:
  using Imports = google::protobuf::RepeatedPtrField<proto::OperatorSetIdProto>;

  /// Reports versions that we cannot read; `owner` is "the model" or the like.
  static OperatorSets read(ImportContext &context, const Imports &imports, const std::string &owner);

  /// The version of a domain in its canonical form, if it is imported.
  std::optional<int64_t> version(llvm::StringRef domain) const;

  /// A dictionary of the versions; the default domain is "ai.onnx" here, since no key of a dictionary may be empty.
  mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context) const;

private:
  std::map<std::string, int64_t> versions;
};

} // namespace thimble
