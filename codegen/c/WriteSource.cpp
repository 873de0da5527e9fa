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
    fields.push_back((field.member.empty() ? "" : "." + field.member.str()) + "." + field.name.str() + " = " +
                     formatField(field, record.bytes));
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
  std::string advance =
      argument.advance == 0 ? "" : (argument.advance < 0 ? " - " : " + ") + std::to_string(std::abs(argument.advance)) + " * i";
  if (argument.constant < 0) {
    llvm::StringRef place = argument.isSpilled ? "EXTERNAL_AT(" : argument.isState ? "STATE_AT(" : "AT(";
    return place.str() + type + ", " + std::to_string(argument.offset) + advance + ")";
  }
  const ModelConstant &constant = model.constants[argument.constant];
  if (argument.offset != 0 || argument.advance != 0)
    return "(" + type + " *)(const void *)((const uint8_t *)" + constant.symbol + " + " + std::to_string(argument.offset) +
           advance + ")";
  if (llvm::StringRef(constant.type->name) == argument.type->name)
    return constant.symbol;
  return "(" + type + " *)(const void *)" + constant.symbol;
}

static std::string streamName(const Model &model, size_t call) { return model.name + "__rows_" + std::to_string(call); }

// A row that the caller feeds: without one the function returns, and goes on here when it comes.
static void writeFeed(llvm::raw_ostream &os, const Model &model, const ModelStep &step, int64_t place, llvm::StringRef indent) {
  os << indent << "f->at = " << place << ";\n"
     << indent << "f->i = i;\n"
     << indent << "if (row == NULL)\n"
     << indent << "  return;\n";
  os << indent << "/* fall through */\n  case " << place << ":\n";
  os << indent << "memcpy(" << formatArgument(model, step.arguments[0]) << ", row, " << step.fedBytes << ");\n"
     << indent << "row = NULL;\n";
}

static void writeStep(llvm::raw_ostream &os, const Model &model, const ModelStep &step, llvm::StringRef indent) {
  std::vector<std::string> arguments;
  for (const ModelArgument &argument : step.arguments)
    arguments.push_back(formatArgument(model, argument));
  arguments.push_back("&" + model.records[step.record].symbol);
  if (step.kernel != "tmb_slide")
    os << indent << "/* " << commentText(step.node) << " */\n";
  writeWrapped(os, (indent + step.kernel + "(").str(), arguments, ");", unsigned(indent.size()) + 4);
}

// The pointers that the function of a streamed part takes, each with `type` before it.
static std::string streamMemory(const ModelCall &call, const std::string &type) {
  auto uses = [&](bool ModelArgument::*memory) {
    return llvm::any_of(call.arguments, [&](const ModelArgument &argument) { return argument.*memory; });
  };
  return type + "a" + (uses(&ModelArgument::isSpilled) ? ", " + type + "e" : "") +
         (uses(&ModelArgument::isState) ? ", " + type + "s" : "");
}

// The beginning of a function of the model, which takes the arena and, where they exist, the external arena and the state.
static void writeMemoryPointers(llvm::raw_ostream &os, const Model &model) {
  os << "  uint8_t *const a = (uint8_t *)arena;\n";
  if (model.externalArenaBytes > 0)
    os << "  uint8_t *const e = (uint8_t *)external;\n";
  if (!model.states.empty())
    os << "  uint8_t *const s = (uint8_t *)state;\n";
}

static void writeMemoryChecks(llvm::raw_ostream &os, const Model &model, const std::string &more) {
  os << "  if (a == NULL || (uintptr_t)a % " << model.macro << "_ARENA_ALIGNMENT != 0" << more
     << ")\n    return TMB_ERROR_ARGUMENT;\n";
  if (model.externalArenaBytes > 0)
    os << "  if (e == NULL || (uintptr_t)e % " << model.macro << "_ARENA_ALIGNMENT != 0)\n    return TMB_ERROR_ARGUMENT;\n";
  if (model.states.empty())
    return;
  os << "  if (s == NULL || (uintptr_t)s % " << model.macro << "_STATE_ALIGNMENT != 0)\n    return TMB_ERROR_ARGUMENT;\n"
     << "  if (*STATE_AT(const uint32_t, " << model.macro << "_STATE_BYTES - 4) != " << model.macro
     << "_STATE_FORMAT)\n    return TMB_ERROR_STATE;\n";
}

// True if `bytes` are the first `width` of them over and over.
static bool isRepeated(llvm::ArrayRef<char> bytes, size_t width) {
  return bytes.size() % width == 0 && std::equal(bytes.begin() + long(width), bytes.end(), bytes.begin());
}

// As a C string that has exactly these bytes.
static std::string formatBytes(llvm::ArrayRef<char> bytes) {
  std::string text;
  for (char byte : bytes)
    for (int shift : {6, 3, 0}) // three octal digits, which no character behind them can join
      text += (shift == 6 ? "\\" : "") + std::to_string(uint8_t(byte) >> shift & 7);
  return text;
}

static std::string startSymbol(const Model &model, const ModelState &state) {
  return model.name + "__start_at_" + std::to_string(state.offset);
}

// What states start with, if it is more than one element.
static void writeStarts(llvm::raw_ostream &os, const Model &model) {
  for (const ModelState &state : model.states)
    if (!isRepeated(state.start, size_t(state.type->bytes))) {
      os << "\n/* What '" << commentText(state.name) << "' starts with. */\n";
      writeArray(os, "static const ", *state.type, startSymbol(model, state), state.start);
    }
}

static void writeReset(llvm::raw_ostream &os, const Model &model) {
  auto isElement = [](const ModelState &state) {
    return !isRepeated(state.start, 1) && isRepeated(state.start, size_t(state.type->bytes));
  };
  os << "\ntmb_status " << model.name << "_reset(void *state) {\n  uint8_t *const s = (uint8_t *)state;\n"
     << (llvm::any_of(model.states, isElement) ? "  int32_t i;\n" : "")
     << "  if (s == NULL || (uintptr_t)s % " << model.macro << "_STATE_ALIGNMENT != 0)\n    return TMB_ERROR_ARGUMENT;\n";
  // Neighbours of the same byte at once, and the gaps between them.
  auto byteOf = [&](size_t i) -> std::optional<char> {
    const std::vector<char> &start = model.states[i].start;
    return start.empty() ? std::optional<char>(0) : isRepeated(start, 1) ? std::optional(start[0]) : std::nullopt;
  };
  for (size_t first = 0, last = 0; first < model.states.size(); first = last) {
    std::optional<char> byte = byteOf(first);
    for (last = first + 1; last < model.states.size() && byte && byteOf(last) == byte;)
      ++last;
    const ModelState &state = model.states[first];
    int64_t begin = state.offset, end = last < model.states.size() ? model.states[last].offset : model.stateBytes;
    std::string at = "s" + (begin == 0 ? std::string() : " + " + std::to_string(begin));
    if (byte)
      os << "  memset(" << at << ", " << int(*byte) << ", " << end - begin << ");\n";
    else if (isRepeated(state.start, size_t(state.type->bytes)))
      os << "  for (i = 0; i < " << state.bytes / state.type->bytes << "; ++i)\n    memcpy(" << at << " + " << state.type->bytes
         << " * i, \"" << formatBytes(llvm::ArrayRef(state.start).take_front(size_t(state.type->bytes))) << "\", "
         << state.type->bytes << ");\n";
    else
      os << "  memcpy(" << at << ", " << startSymbol(model, state) << ", " << state.bytes << ");\n";
  }
  os << "  *STATE_AT(uint32_t, " << model.macro << "_STATE_BYTES - 4) = " << model.macro
     << "_STATE_FORMAT;\n  return TMB_OK;\n}\n";
}

// A part of the model that runs depth first over rows, as a function of its own.
static void writeStream(llvm::raw_ostream &os, const Model &model, size_t index) {
  const ModelCall &call = model.calls[index];
  bool hasLoop = llvm::any_of(call.loops, [](const ModelLoop &loop) { return loop.count > 1; });
  bool fetches = llvm::any_of(call.loops, [](const ModelLoop &loop) {
    return llvm::any_of(loop.steps, [](const ModelStep &step) { return step.kernel == "tmb_fetch"; });
  });
  if (fetches)
    os << "\n/* " << commentText(call.node)
       << ": the weights of some output channels at a time come from external memory. */\n";
  else
    os << "\n/* Up to " << commentText(call.node)
       << ", depth first: a few rows of each tensor at a time. tmb_slide keeps the rows that are\n"
       << " * needed again. */\n";
  bool isFed = call.feedState >= 0;
  int64_t place = 1; // 0 is the beginning
  os << "static void " << streamName(model, index) << "(" << streamMemory(call, "uint8_t *")
     << (isFed ? ", const uint8_t *row) {\n" : ") {\n");
  if (isFed)
    os << "  " << model.name << "__feeding *const f = AT(" << model.name << "__feeding, " << call.feedState
       << ");\n  int32_t i = f->i;\n\n  switch (f->at) {\n  case 0:\n";
  else if (hasLoop)
    os << "  int32_t i;\n\n";
  for (const ModelLoop &loop : call.loops) {
    if (loop.count > 1)
      os << "  for (i = 0; i < " << loop.count << "; ++i) {\n";
    llvm::StringRef indent = loop.count > 1 ? "    " : "  ";
    for (const ModelStep &step : loop.steps)
      if (step.fedBytes > 0)
        writeFeed(os, model, step, place++, indent);
      else
        writeStep(os, model, step, indent);
    if (loop.count > 1)
      os << "  }\n";
  }
  if (model.externalArenaBytes > 0)
    os << "  (void)e;\n";
  if (isFed)
    os << "  f->at = " << place << ";\n  break;\n  default: /* no more rows are needed */\n    break;\n  }\n";
  os << "}\n";
}

// What the caller feeds rows with.
static void writeFeeding(llvm::raw_ostream &os, const Model &model, size_t index) {
  const ModelPort &port = *model.getFed();
  const std::string &name = model.name;
  int64_t state = model.calls[index].feedState;
  std::string prefix = model.macro + "_INPUT" + std::to_string(port.index);
  os << "\ntmb_status " << name << "_feed_start(void *arena) {\n  uint8_t *const a = (uint8_t *)arena;\n";
  os << "  if (a == NULL || (uintptr_t)a % " << model.macro << "_ARENA_ALIGNMENT != 0)\n    return TMB_ERROR_ARGUMENT;\n";
  os << "  memset(AT(" << name << "__feeding, " << state << "), 0, sizeof(" << name << "__feeding));\n  return TMB_OK;\n}\n";
  os << "\ntmb_status " << name << "_feed_rows(" << formatMemoryParameters(model) << ", const void *rows, int32_t count) {\n";
  writeMemoryPointers(os, model);
  os << "  const uint8_t *row = (const uint8_t *)rows;\n  " << name << "__feeding *f;\n";
  writeMemoryChecks(os, model, " || rows == NULL || count < 0");
  os << "  f = AT(" << name << "__feeding, " << state << ");\n";
  os << "  if (f->rows < 0 || f->rows > " << prefix << "_ROWS || count > " << prefix
     << "_ROWS - f->rows)\n    return TMB_ERROR_ROWS;\n";
  os << "  BEGIN_FEEDING();\n  for (; count > 0; --count, ++f->rows, row += " << prefix << "_ROW_BYTES) {\n    CHECK_ROW("
     << index << ");\n    " << streamName(model, index) << "(" << streamMemory(model.calls[index], "")
     << ", row);\n  }\n  CHECK_ROW(" << index << ");\n  return TMB_OK;\n}\n";
}

static void writeRun(llvm::raw_ostream &os, const Model &model) {
  os << "\ntmb_status " << model.name << "_run(" << formatMemoryParameters(model) << ") {\n";
  writeMemoryPointers(os, model);
  writeMemoryChecks(os, model, "");
  if (!model.calls.empty())
    os << "  BEGIN_CHECKS();\n";
  for (auto [index, call] : llvm::enumerate(model.calls)) {
    mcu::CallOp op = call.op;
    if (call.feedState >= 0) {
      os << "\n  /* up to " << commentText(call.node) << ": done, row by row, as the rows came */\n";
      os << "  if (AT(" << model.name << "__feeding, " << call.feedState << ")->rows != " << model.macro << "_INPUT"
         << model.getFed()->index << "_ROWS)\n    return TMB_ERROR_ROWS;\n";
      continue;
    }
    if (!call.loops.empty()) {
      os << "\n  /* up to " << commentText(call.node) << ": rows, " << formatShapes(op) << " */\n";
      os << "  CHECK_BEFORE(" << index << ");\n  " << streamName(model, index) << "(" << streamMemory(call, "") << ");\n";
      continue;
    }
    os << "\n  /* " << commentText(call.node) << ": " << getKernelOperation(op.getKernel()) << ", " << formatShapes(op)
       << " */\n";
    std::vector<std::string> arguments;
    for (const ModelArgument &argument : call.arguments)
      arguments.push_back(formatArgument(model, argument));
    if (call.function.empty())
      arguments.push_back("&" + model.records[call.record].symbol);
    os << "  CHECK_BEFORE(" << index << ");\n";
    writeWrapped(os, ("  " + (call.function.empty() ? op.getKernel() : llvm::StringRef(call.function)) + "(").str(), arguments,
                 ");", 6);
  }
  if (!model.calls.empty())
    os << "\n  CHECK_BEFORE(" << model.calls.size() << ");";
  os << "\n  return TMB_OK;\n}\n";
}

static void writeAccessor(llvm::raw_ostream &os, const Model &model, llvm::StringRef kind, llvm::StringRef qualifier,
                          const std::vector<ModelPort> &ports) {
  os << "\n" << qualifier << "void *" << model.name << "_" << kind << "(" << qualifier << "void *arena, int index) {\n";
  os << "  " << qualifier << "uint8_t *const a = (" << qualifier << "uint8_t *)arena;\n";
  os << "  if (a == NULL)\n    return NULL;\n  switch (index) {\n";
  for (auto [index, port] : llvm::enumerate(ports))
    if (port.rowBytes == 0)
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
  os << "#include \"" << model.name << ".h\"\n\n#include <stddef.h>\n"
     << (model.getFed() || hasTreeCode(model) || !model.states.empty() ? "#include <string.h>\n" : "")
     << "\n#include \"thimble/tmb_kernels.h\"\n";
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
  if (model.externalArenaBytes > 0)
    os << "\n/* The same in external RAM. */\n#define EXTERNAL_AT(type, offset) ((type *)(void *)(e + (offset)))\n";
  if (!model.states.empty())
    os << "\n/* The same in the state. */\n#define STATE_AT(type, offset) ((type *)(void *)(s + (offset)))\n";
  if (model.getFed())
    os << "\n/* How far the feeding has come: rows that were fed, where " << model.name
       << "_feed_rows goes on, and the loop there. */\n"
       << "typedef struct {\n  int32_t rows, at, i;\n} " << model.name << "__feeding;\n";
  writePlanCheck(os, model);
  writeAccessor(os, model, "input", "", model.inputs);
  writeAccessor(os, model, "output", "const ", model.outputs);
  for (size_t call = 0; call < model.calls.size(); ++call)
    if (!model.calls[call].loops.empty()) {
      writeStream(os, model, call);
      if (model.calls[call].feedState >= 0)
        writeFeeding(os, model, call);
    }
  if (!model.states.empty()) {
    writeStarts(os, model);
    writeReset(os, model);
  }
  writeRun(os, model);
  return text;
}
