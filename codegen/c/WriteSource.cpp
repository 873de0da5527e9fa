// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes <name>.c: the parameter records and the function that calls the kernels in order.
#include "codegen/c/Names.h"
#include "codegen/c/Writers.h"
#include "llvm/ADT/StringExtras.h"
#include <cstring>

using namespace mlir;
using namespace thimble;
using namespace thimble::codegen;

static std::string formatField(const mcu::RecordField &field, const std::vector<char> &bytes) {
  std::vector<std::string> values;
  for (size_t i = 0; i < field.count; ++i) {
    const char *at = bytes.data() + field.offset + i * 4;
    int32_t integer;
    float number;
    std::memcpy(&integer, at, sizeof(integer));
    std::memcpy(&number, at, sizeof(number));
    values.push_back(field.isFloat ? formatFloat(number) : formatInteger(integer, 4));
  }
  if (field.count == 1)
    return values.front();
  // The rest of an array is 0 anyway.
  while (values.size() > 1 && values.back() == "0")
    values.pop_back();
  return "{" + llvm::join(values, ", ") + "}";
}

static void writeRecord(llvm::raw_ostream &os, const ModelRecord &record) {
  std::vector<std::string> fields;
  for (const mcu::RecordField &field : record.record->fields)
    fields.push_back("." + field.name.str() + " = " + formatField(field, record.bytes));
  os << "\n/* " << commentText(record.node) << " */\n";
  os << "static const " << record.record->name << " " << record.symbol << " = {\n";
  writeWrapped(os, "    ", fields, "", 4);
  os << "};\n";
}

// A negative size if the record or the arena is not what the plan was made for: C99 has no static assertion.
static void writeChecks(llvm::raw_ostream &os, const Model &model) {
  os << "\n/* Does not compile if the arena is smaller than what the calls below use. */\n";
  os << "typedef char " << model.name << "__" << planCheckName << "[" << model.macro << "_ARENA_BYTES >= " << model.planBytes
     << " ? 1 : -1];\n";
}

// The texts that classifiers give as indices.
static void writeLabels(llvm::raw_ostream &os, const Model &model) {
  for (auto [index, port] : llvm::enumerate(model.outputs)) {
    if (port.labels.empty())
      continue;
    os << "\n/* Labels of output " << index << " */\n";
    os << "const char *const " << model.name << "_output" << index << "_labels[" << port.labels.size() << "] = {\n";
    std::vector<std::string> literals;
    for (const std::string &label : port.labels)
      literals.push_back(formatText(label));
    writeWrapped(os, "    ", literals, "", 4);
    os << "};\n";
  }
}

static std::string formatShapes(mcu::CallOp call) {
  auto shapeOf = [](Value value) { return formatShape(cast<MemRefType>(value.getType()).getShape()); };
  std::vector<std::string> ins, outs;
  for (Value in : call.getIns())
    if (mcu::getBuffer(in))
      ins.push_back(shapeOf(in));
  for (Value out : call.getOuts())
    outs.push_back(shapeOf(out));
  return llvm::join(ins, ", ") + " -> " + llvm::join(outs, ", ");
}

static std::string formatArgument(const Model &model, const ModelArgument &argument) {
  std::string type = (argument.isConst ? "const " : "") + std::string(argument.type->name);
  if (argument.constant < 0)
    return "AT(" + type + ", " + std::to_string(argument.offset) + ")";
  const ModelConstant &constant = model.constants[argument.constant];
  if (llvm::StringRef(constant.type->name) == argument.type->name)
    return constant.symbol;
  return "(" + type + " *)(const void *)" + constant.symbol;
}

static void writeRun(llvm::raw_ostream &os, const Model &model) {
  os << "\ntmb_status " << model.name << "_run(void *arena) {\n";
  os << "  uint8_t *const a = (uint8_t *)arena;\n";
  os << "  if (a == NULL || (uintptr_t)a % " << model.macro << "_ARENA_ALIGNMENT != 0)\n    return TMB_ERROR_ARGUMENT;\n";
  for (const ModelCall &call : model.calls) {
    mcu::CallOp op = call.op;
    os << "\n  /* " << commentText(call.node) << ": " << getKernelOperation(op.getKernel()) << ", " << formatShapes(op)
       << " */\n";
    std::vector<std::string> arguments;
    for (const ModelArgument &argument : call.arguments)
      arguments.push_back(formatArgument(model, argument));
    if (call.function.empty())
      arguments.push_back("&" + model.records[call.record].symbol);
    writeWrapped(os, ("  " + (call.function.empty() ? op.getKernel() : llvm::StringRef(call.function)) + "(").str(), arguments, ");", 6);
  }
  os << "\n  return TMB_OK;\n}\n";
}

static void writeAccessor(llvm::raw_ostream &os, const Model &model, llvm::StringRef kind, llvm::StringRef qualifier,
                          const std::vector<ModelPort> &ports) {
  os << "\n" << qualifier << "void *" << model.name << "_" << kind << "(" << qualifier << "void *arena, int index) {\n";
  os << "  " << qualifier << "uint8_t *const a = (" << qualifier << "uint8_t *)arena;\n";
  os << "  if (a == NULL)\n    return NULL;\n  switch (index) {\n";
  for (auto [index, port] : llvm::enumerate(ports))
    os << "  case " << index << ": /* " << commentText(port.onnxName) << " */\n    return a + " << port.offset << ";\n";
  os << "  default:\n    return NULL;\n  }\n}\n";
}

static bool hasTreeCode(const Model &model) {
  return llvm::any_of(model.calls, [](const ModelCall &call) { return !call.definition.empty(); });
}

std::string thimble::codegen::writeSource(const Model &model, const EmitOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeBanner(os, "The model '" + model.name + "': its kernels, called in order.", options);
  os << "#include \"" << model.name << ".h\"\n\n#include <stddef.h>\n" << (hasTreeCode(model) ? "#include <string.h>\n" : "") << "\n#include \"thimble/tmb_kernels.h\"\n";
  os << "#include \"" << model.name << "_weights.h\"\n";
  writeChecks(os, model);
  writeLabels(os, model);
  for (const ModelCall &call : model.calls)
    if (!call.definition.empty())
      os << "\n/* " << commentText(call.node) << ": decision trees */" << call.definition;
  for (const ModelRecord &record : model.records)
    writeRecord(os, record);
  os << "\n/* Memory in the arena, `offset` bytes from its start. */\n"
     << "#define AT(type, offset) ((type *)(void *)(a + (offset)))\n";
  writeAccessor(os, model, "input", "", model.inputs);
  writeAccessor(os, model, "output", "const ", model.outputs);
  writeRun(os, model);
  return text;
}
