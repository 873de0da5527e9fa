// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes <name>.h, the public face of a compiled model.
#include "codegen/c/Names.h"
#include "codegen/c/Writers.h"
#include "llvm/ADT/StringExtras.h"

using namespace thimble;
using namespace thimble::codegen;

static void writePort(llvm::raw_ostream &os, const Model &model, const ModelPort &port, llvm::StringRef kind, size_t index) {
  std::string prefix = ("#define " + llvm::Twine(model.macro) + "_" + kind + llvm::Twine(index)).str();
  os << "\n/* " << (kind == "INPUT" ? "Input " : "Output ") << index << ", '" << commentText(port.onnxName)
     << "' in the ONNX model: " << port.type->getLabel() << " " << formatShape(port.shape) << " */\n";
  os << prefix << "_BYTES " << port.bytes << "\n";
  os << prefix << "_TYPE " << port.type->constant << "\n";
  os << prefix << "_RANK " << port.shape.size() << "\n";
  std::vector<std::string> sizes;
  for (int64_t size : port.shape)
    sizes.push_back(std::to_string(size));
  if (sizes.empty())
    sizes = {"1"}; // C has no empty initializers
  os << prefix << "_SHAPE {" << llvm::join(sizes, ", ") << "}\n";
  if (port.rowBytes > 0)
    os << prefix << "_ROWS " << port.bytes / port.rowBytes << "\n" << prefix << "_ROW_BYTES " << port.rowBytes << "\n";
  if (port.frames)
    os << prefix << "_FRAME_AXIS " << port.frames->axis << "\n"
       << prefix << "_FRAMES " << port.shape[size_t(port.frames->axis)] << "\n"
       << prefix << "_WINDOW_FRAMES " << port.frames->length << "\n"
       << prefix << "_DELAY " << port.frames->delay << "\n";
  if (port.bound)
    os << "/* The size of dimension " << port.bound->dimension << " depends on the data: at most "
       << port.shape[port.bound->dimension] << ", after a run as many as output\n * " << port.bound->output
       << " says. The elements lie as the shape above says; those past the actual size mean nothing. */\n"
       << prefix << "_BOUND_DIMENSION " << port.bound->dimension << "\n"
       << prefix << "_BOUND_SIZE_OUTPUT " << port.bound->output << "\n";
  if (!port.labels.empty()) {
    os << "/* " << (port.isIndex() ? "An element is an index of this table. */\n" : "The names along the last dimension. */\n");
    os << prefix << "_LABEL_COUNT " << port.labels.size() << "\n";
    os << "extern const char *const " << model.name << "_output" << index << "_labels[" << port.labels.size() << "];\n";
  }
  if (port.scale == 0)
    return;
  // value = (element - zero point) * scale
  os << prefix << "_SCALE " << formatFloat(float(port.scale)) << "\n";
  // Parenthesized: `x -KWS_INPUT0_ZERO_POINT` would read as x-- for a negative one.
  std::string zeroPoint = std::to_string(port.zeroPoint);
  os << prefix << "_ZERO_POINT " << (port.zeroPoint < 0 ? "(" + zeroPoint + ")" : zeroPoint) << "\n";
}

static void writeUsage(llvm::raw_ostream &os, const Model &model, const EmitOptions &options) {
  const std::string &name = model.name, &macro = model.macro;
  std::string memory = formatMemoryArguments(model, "");
  os << "\n/* How to use it:\n *\n";
  os << " *   #include \"" << name << ".h\"\n";
  os << " *   static uint8_t arena[" << macro << "_ARENA_BYTES] TMB_ALIGNED(" << macro << "_ARENA_ALIGNMENT);\n";
  if (model.externalArenaBytes > 0)
    os << " *   TMB_SECTION_EXTERNAL_RAM(external)\n *   static uint8_t external[" << macro
       << "_EXTERNAL_ARENA_BYTES] TMB_ALIGNED(" << macro << "_ARENA_ALIGNMENT);\n";
  if (!model.states.empty())
    os << " *   static uint8_t state[" << macro << "_STATE_BYTES] TMB_ALIGNED(" << macro << "_STATE_ALIGNMENT);\n *   "
       << name << "_reset(state); // once, and whenever a new sequence begins\n";
  os << " *\n";
  if (const ModelPort *fed = model.getFed())
    os << " *   tmb_status status = " << name << "_feed_start(arena);\n"
       << " *   while (...) // as rows come, " << macro << "_INPUT" << fed->index << "_ROWS in all\n"
       << " *     status = " << name << "_feed_rows(" << memory << ", row, 1); // " << macro << "_INPUT" << fed->index
       << "_ROW_BYTES bytes\n";
  else if (!model.inputs.empty())
    os << " *   " << model.inputs[0].type->name << " *in = " << name << "_input(arena, 0); // write " << macro
       << "_INPUT0_BYTES bytes to it\n";
  os << (model.getFed() ? " *   status = " : " *   tmb_status status = ") << name << "_run(" << memory
     << "); // TMB_OK or a negative code\n";
  if (!model.outputs.empty())
    os << " *   const " << model.outputs[0].type->name << " *out = " << name << "_output(arena, 0);\n";
  os << " *\n * Inputs and outputs lie in the arena, whose memory is used again and again during a run: write all inputs "
        "before\n"
     << " * every run, and read the outputs before the next one. "
     << (model.states.empty() ? "The model keeps nothing else: one arena serves one run at a\n"
                              : "All that lasts is the state: one arena serves one run at a\n")
     << " * time, several arenas several. Tensors are dense and row-major; where there is a scale, a number is\n"
     << " * (element - zero point) * scale. */\n";
}

// Where constants lie, if that is not flash alone.
static void writePlaces(llvm::raw_ostream &os, const Model &model) {
  auto bytesIn = [&](mcu::Place place) { return model.getWeightBytes(place) + model.getTableBytes(place); };
  const std::string &macro = model.macro;
  if (int64_t bytes = bytesIn(mcu::Place::External))
    os << "\n/* Constants in external flash, which must be mapped before a run. They are in the sections .thimble_external.*, or where\n"
       << " * " << macro << "_SECTION_EXTERNAL(symbol) puts them if you define it (tmb_status.h). */\n#define " << macro
       << "_EXTERNAL_FLASH_BYTES " << bytes << "\n";
  if (int64_t bytes = bytesIn(mcu::Place::Ram))
    os << "\n/* Constants in RAM, in addition to the arena; the start-up code initialises them from flash like any variable. */\n#define "
       << macro << "_CONSTANTS_IN_RAM_BYTES " << bytes << "\n";
}

// How windows and runs belong together.
static void writeFrames(llvm::raw_ostream &os, const Model &model) {
  auto input = llvm::find_if(model.inputs, [](const ModelPort &port) { return port.frames.has_value(); });
  if (input == model.inputs.end())
    return;
  std::string prefix = model.macro + "_INPUT" + std::to_string(input->index);
  int64_t count = input->shape[size_t(input->frames->axis)];
  os << "\n/* A run takes the next " << prefix
     << "_FRAMES frames of a stream; the state has what it needs of those before. The model itself\n"
     << " * is one over windows of " << prefix
     << "_WINDOW_FRAMES frames. Frame number i since the reset is frame i - _DELAY of a window,\n"
     << " * and number i of the frames of an output is frame i - _DELAY of the window's output; those before mean nothing. After\n"
     << " * " << model.macro
     << "_WINDOW_RUNS runs a window has come, and outputs without frames are the window's. Later runs go on: for a model\n"
     << " * that pads nothing in time and has no recurrent layer, what they give is that of the last window. */\n#define "
     << model.macro << "_WINDOW_RUNS " << (input->frames->length + input->frames->delay) / count << "\n";
}

static void writeState(llvm::raw_ostream &os, const Model &model) {
  const std::string &name = model.name, &macro = model.macro;
  if (model.states.empty()) {
    os << "\n/* Memory that lasts from run to run: this model has none. */\n#define " << macro << "_STATE_BYTES 0\n";
    return;
  }
  os << "\n/* Memory that lasts from run to run, apart from the arena, which others may use in between. To save and restore a state copy\n"
     << " * all of its bytes; it may move. Its last four bytes are " << macro << "_STATE_FORMAT: " << name
     << "_run takes the state of no other\n"
     << " * model, nor of this one compiled with other weights.\n";
  for (const ModelState &state : model.states) {
    os << " *   at " << state.offset << ": '" << commentText(state.name) << "', " << state.type->getLabel() << " "
       << formatShape(state.shape);
    if (state.scale != 0)
      os << ", scale " << formatFloat(float(state.scale)) << ", zero point " << state.zeroPoint;
    os << "\n";
  }
  os << " */\n#define " << macro << "_STATE_BYTES " << model.stateBytes << "\n";
  os << "#define " << macro << "_STATE_ALIGNMENT " << model.alignment << "\n";
  os << "#define " << macro << "_STATE_FORMAT 0x" << llvm::utohexstr(model.stateFormat, /*LowerCase=*/false, 8) << "u\n";
  os << "\n/* Begins a sequence: states get what they start with, as a rule zeros. TMB_ERROR_ARGUMENT if state is NULL or not aligned to "
     << macro << "_STATE_ALIGNMENT. */\n";
  os << "tmb_status " << name << "_reset(void *state);\n";
}

std::string thimble::codegen::writeHeader(const Model &model, const EmitOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  const std::string &name = model.name, &macro = model.macro;
  writeBanner(os, "The model '" + name + "': how to run it.", options);
  os << "#ifndef THIMBLE_MODEL_" << macro << "_H\n#define THIMBLE_MODEL_" << macro << "_H\n\n";
  os << "#include <stdint.h>\n\n#include \"thimble/tmb_abi.h\"\n#include \"thimble/tmb_status.h\"\n\n";
  os << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
  writeUsage(os, model, options);

  os << "\n/* The Thimble that made these files. */\n#define " << macro << "_VERSION \"";
  os.write_escaped(commentText(options.version)) << "\"\n";
  os << "\n#define " << macro << "_INPUT_COUNT " << model.inputs.size() << "\n";
  os << "#define " << macro << "_OUTPUT_COUNT " << model.outputs.size() << "\n";
  for (auto [index, port] : llvm::enumerate(model.inputs))
    writePort(os, model, port, "INPUT", index);
  for (auto [index, port] : llvm::enumerate(model.outputs))
    writePort(os, model, port, "OUTPUT", index);

  os << "\n/* The memory that the caller gives to every function. */\n";
  os << "#define " << macro << "_ARENA_BYTES " << model.arenaBytes << "\n";
  os << "#define " << macro << "_ARENA_ALIGNMENT " << model.alignment << "\n";
  if (model.externalArenaBytes > 0)
    os << "\n/* A second one in external RAM, as aligned, for what is used least. It may not be NULL. */\n#define " << macro
       << "_EXTERNAL_ARENA_BYTES " << model.externalArenaBytes << "\n";
  writePlaces(os, model);
  writeState(os, model);
  writeFrames(os, model);

  os << "\n/* Where to write an input. NULL if there is no such input, or arena is NULL. */\n";
  os << "void *" << name << "_input(void *arena, int index);\n";
  if (const ModelPort *fed = model.getFed()) {
    std::string rows = macro + "_INPUT" + std::to_string(fed->index) + "_ROWS";
    os << "\n/* Begins a new input " << fed->index << ", which never lies in memory as a whole. */\n";
    os << "tmb_status " << name << "_feed_start(void *arena);\n";
    os << "\n/* Takes the next `count` rows of input " << fed->index
       << ", and computes what they make possible. TMB_ERROR_ROWS if that is\n"
       << " * more than " << rows << " in all. */\n";
    os << "tmb_status " << name << "_feed_rows(" << formatMemoryParameters(model) << ", const void *rows, int32_t count);\n";
  }
  os << "\n/* Runs the model once" << (model.getFed() ? ", after all rows were fed (else TMB_ERROR_ROWS)" : "")
     << ". TMB_ERROR_ARGUMENT if arena is NULL or not aligned to " << macro << "_ARENA_ALIGNMENT."
     << (model.states.empty()
             ? ""
             : "\n * The same for state, which must come from " + name + "_reset or an earlier run, else TMB_ERROR_STATE.")
     << " */\n";
  os << "tmb_status " << name << "_run(" << formatMemoryParameters(model) << ");\n";
  os << "\n/* Where to read an output after a run. NULL if there is no such output, or arena is NULL. */\n";
  os << "const void *" << name << "_output(const void *arena, int index);\n";
  if (!options.golden.empty()) {
    os << "\n/* Runs the model on " << options.golden.size() << " known input" << (options.golden.size() == 1 ? "" : "s")
       << " and returns how many output elements are wrong: 0 if all is well.\n"
       << " * In " << name << "_selftest.c, which has an arena of its own. */\n";
    os << "int " << name << "_selftest(void);\n";
  }
  os << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}
