// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading the functions of a model.
#include "compiler/import/FunctionTable.h"
#include "compiler/data/Tensor.h"

using namespace thimble;

/// Field 11 of a function, attributes with defaults, came with ONNX 1.13; our library keeps it as unknown bytes.
static std::vector<proto::AttributeProto> readDefaults(const proto::FunctionProto &function) {
  std::vector<proto::AttributeProto> defaults;
  const google::protobuf::UnknownFieldSet &unknown = function.unknown_fields();
  for (int i = 0; i < unknown.field_count(); ++i) {
    const google::protobuf::UnknownField &field = unknown.field(i);
    proto::AttributeProto attribute;
    if (field.number() == 11 && field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED &&
        attribute.ParseFromString(field.length_delimited()))
      defaults.push_back(std::move(attribute));
  }
  return defaults;
}

FunctionTable::FunctionTable(ImportContext &context, const proto::ModelProto &model) {
  for (const proto::FunctionProto &function : model.functions()) {
    std::string owner = "function " + quoted(function.name());
    std::pair<std::string, std::string> key(canonicalDomain(function.domain()).str(), function.name());
    if (functions.count(key)) {
      context.error(owner + " of domain " + domainText(key.first) + " is defined twice");
      continue;
    }
    functions[key] = {&function, OperatorSets::read(context, function.opset_import(), owner), readDefaults(function)};
  }
}

const ModelFunction *FunctionTable::find(llvm::StringRef domain, llvm::StringRef opType) const {
  auto found = functions.find({domain.str(), opType.str()});
  return found == functions.end() ? nullptr : &found->second;
}
