// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes <name>_weights.c and its header: the constants in flash.
#include "codegen/c/Names.h"
#include "codegen/c/Writers.h"

using namespace thimble::codegen;

std::string thimble::codegen::writeWeightsHeader(const Model &model, const EmitOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  std::string guard = "THIMBLE_MODEL_" + model.macro + "_WEIGHTS_H";
  writeBanner(os, "The constants of the model '" + model.name + "', for its own files only.", options);
  os << "#ifndef " << guard << "\n#define " << guard << "\n\n#include <stdint.h>\n";
  if (!model.constants.empty())
    os << "\n";
  for (const ModelConstant &constant : model.constants)
    os << "extern " << formatArrayDeclaration(*constant.type, constant.symbol, constant.bytes()) << ";\n";
  os << "\n#endif\n";
  return text;
}

std::string thimble::codegen::writeWeights(const Model &model, const EmitOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeBanner(os, "The constants of the model '" + model.name + "'.", options);
  os << "#include \"" << model.name << "_weights.h\"\n\n";
  bool needsMath = llvm::any_of(model.constants,
                                [](const ModelConstant &constant) { return hasNonFinite(*constant.type, constant.bytes()); });
  if (needsMath)
    os << "#include <math.h> /* INFINITY and NAN, no function */\n\n";
  os << "#include \"thimble/tmb_status.h\"\n";
  for (const ModelConstant &constant : model.constants) {
    os << "\n/* " << commentText(constant.name) << ", " << constant.bytes().size() << " bytes"
       << (constant.isEncoded ? ", encoded" : "") << " */\n";
    writeArray(os, "", *constant.type, constant.symbol, constant.bytes());
  }
  return text;
}
