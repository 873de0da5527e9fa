// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and checking the imported operator sets.
#include "compiler/import/OperatorSets.h"
#include "compiler/data/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace thimble;
using llvm::Twine;

llvm::StringRef thimble::canonicalDomain(llvm::StringRef domain) { return domain == "ai.onnx" ? "" : domain; }

std::string thimble::domainText(llvm::StringRef domain) { return quoted(domain.empty() ? "ai.onnx" : domain); }

static void checkDefaultVersion(ImportContext &context, int64_t version, const std::string &owner) {
  std::string range = std::to_string(oldestOpset) + " to " + std::to_string(newestOpset);
  if (version < oldestOpset)
    context.error(owner + " uses operator set " + Twine(version) + ", which is too old: versions " + range +
                  " are read; onnx.version_converter can raise it");
  else if (version > newestOpset)
    context.warning(owner + " uses operator set " + Twine(version) + ", which is newer than the known ones (" + range +
                    "); operators that changed since may be misread");
}

OperatorSets OperatorSets::read(ImportContext &context, const Imports &imports, const std::string &owner) {
  OperatorSets sets;
  if (imports.empty())
    context.error(owner + " imports no operator set; one of the versions " + Twine(oldestOpset) + " to " + Twine(newestOpset) +
                  " is needed");
  for (const proto::OperatorSetIdProto &import : imports) {
    std::string domain = canonicalDomain(import.domain()).str();
    auto [entry, isNew] = sets.versions.insert({domain, import.version()});
    if (!isNew) {
      if (entry->second != import.version())
        context.error(owner + " imports domain " + domainText(domain) + " in two versions, " + Twine(entry->second) + " and " +
                      Twine(import.version()));
      continue;
    }
    if (domain.empty())
      checkDefaultVersion(context, import.version(), owner);
    else if (import.version() < 1)
      context.error(owner + " imports version " + Twine(import.version()) + " of domain " + quoted(domain) +
                    ", which is not possible");
  }
  return sets;
}

std::optional<int64_t> OperatorSets::version(llvm::StringRef domain) const {
  auto found = versions.find(domain.str());
  return found == versions.end() ? std::nullopt : std::optional(found->second);
}

mlir::DictionaryAttr OperatorSets::toAttribute(mlir::MLIRContext *context) const {
  mlir::Builder builder(context);
  llvm::SmallVector<mlir::NamedAttribute> attributes;
  for (const auto &[domain, version] : versions)
    attributes.push_back(builder.getNamedAttr(domain.empty() ? "ai.onnx" : domain, builder.getI64IntegerAttr(version)));
  return builder.getDictionaryAttr(attributes);
}
