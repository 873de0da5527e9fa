// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions that a model defines itself; their calls are expanded during import.
#pragma once

#include "compiler/import/OperatorSets.h"

namespace thimble {

struct ModelFunction {
  const proto::FunctionProto *proto;
  OperatorSets opsets;
  /// Attributes that a caller may leave out, with their values.
  std::vector<proto::AttributeProto> defaults;
};

class FunctionTable {
public:
  /// Reports functions that are defined twice or use operator sets that we cannot read.
  FunctionTable(ImportContext &context, const proto::ModelProto &model);

  /// The function that a node of this domain and type calls; null if it is an operator.
  const ModelFunction *find(llvm::StringRef domain, llvm::StringRef opType) const;

private:
  std::map<std::pair<std::string, std::string>, ModelFunction> functions;
};

} // namespace thimble
