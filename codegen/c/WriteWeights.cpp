// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes <name>_weights.c and its header: the constants in flash.
#include "codegen/c/Names.h"
#include "codegen/c/Writers.h"

using namespace thimble;
using namespace thimble::codegen;

namespace {
/// A kind of constants that has a place of its own.
struct Section {
  llvm::StringRef name; // the end of the macro's
  llvm::StringRef meaning;
};
} // namespace

static const Section &sectionOf(const ModelConstant &constant) {
  static constexpr Section ram = {"RAM", "constants in RAM that the start-up code initialises"},
                           external = {"EXTERNAL", "constants in external flash"}, weights = {"WEIGHTS", "weights in flash"},
                           tables = {"TABLES", "biases, multipliers and tables in flash"};
  switch (constant.place) {
  case mcu::Place::Ram:
    return ram;
  case mcu::Place::External:
  case mcu::Place::Copied:
    return external;
  case mcu::Place::Flash:
    break;
  }
  return constant.isTable ? tables : weights;
}

// Not const: then every start-up code takes a constant to RAM.
static llvm::StringRef qualifierOf(const ModelConstant &constant) { return constant.place == mcu::Place::Ram ? "" : "const "; }

// The macros by which a user says where the linker puts the constants of this model.
static void writeSections(llvm::raw_ostream &os, const Model &model) {
  std::vector<const Section *> sections;
  for (const ModelConstant &constant : model.constants)
    if (const Section *section = &sectionOf(constant); !llvm::is_contained(sections, section))
      sections.push_back(section);
  for (const Section *section : sections) {
    std::string macro = (model.macro + "_SECTION_" + section->name).str();
    os << "\n#ifndef " << macro << " /* attribute of " << section->meaning << " */\n#define " << macro
       << "(symbol) TMB_SECTION_" << section->name << "(symbol)\n#endif\n";
  }
}

std::string thimble::codegen::writeWeightsHeader(const Model &model, const EmitOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  std::string guard = "THIMBLE_MODEL_" + model.macro + "_WEIGHTS_H";
  writeBanner(os, "The constants of the model '" + model.name + "', for its own files only.", options);
  os << "#ifndef " << guard << "\n#define " << guard << "\n\n#include <stdint.h>\n";
  if (!model.constants.empty())
    os << "\n";
  for (const ModelConstant &constant : model.constants)
    os << "extern " << qualifierOf(constant) << formatArrayDeclaration(*constant.type, constant.symbol, constant.bytes())
       << ";\n";
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
  writeSections(os, model);
  for (const ModelConstant &constant : model.constants) {
    os << "\n/* " << commentText(constant.name) << ", " << constant.bytes().size() << " bytes"
       << (constant.isEncoded ? ", encoded" : "") << " */\n";
    os << model.macro << "_SECTION_" << sectionOf(constant).name << "(" << constant.symbol << ")\n";
    writeArray(os, qualifierOf(constant), *constant.type, constant.symbol, constant.bytes(),
               constant.place >= mcu::Place::External ? options.externalAlignment : 4);
  }
  return text;
}
