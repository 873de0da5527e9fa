// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes verify/<name>_verify.c: runs the model over a file of inputs, on the host or on an emulated target.
#include "codegen/c/Writers.h"

using namespace thimble::codegen;

// Reading, for models that have inputs. @ is the model's name.
static constexpr llvm::StringLiteral reading = R"(
/* 1: all n bytes were read; 0: the file ended before the first; -1: it ended in between. */
static int @__read(int file, void *data, size_t n) {
  uint8_t *to = (uint8_t *)data;
  size_t done = 0;
  while (done < n) {
    const long got = tmb_port_read(file, to + done, n - done);
    if (got <= 0)
      return got == 0 && done == 0 ? 0 : -1;
    done += (size_t)got;
  }
  return 1;
}
)";

// Text without printf, which a bare-metal image need not carry.
static constexpr llvm::StringLiteral printing = R"(
static char *@__put_text(char *at, const char *text) {
  while (*text != '\0')
    *at++ = *text++;
  *at = '\0';
  return at;
}

static char *@__put_number(char *at, uint64_t number) {
  char digits[20];
  int count = 0;
  do {
    digits[count++] = (char)('0' + (int)(number % 10));
    number /= 10;
  } while (number != 0);
  while (count > 0)
    *at++ = digits[--count];
  *at = '\0';
  return at;
}
)";

static constexpr llvm::StringLiteral mainStart = R"(
int main(void) {
  uint64_t samples = 0, total = 0, least = UINT64_MAX, most = 0;
  int status = 0;
  char line[192];
  char *at = line;
  const int in = tmb_port_open("inputs.bin", 0);
  const int out = tmb_port_open("outputs.bin", 1);
  if (in < 0 || out < 0)
    status = @__NO_FILE;
  while (status == 0) {
    uint64_t count;
    status = @__fill(in, samples);
    if (status != 0)
      break;
    count = 0;
)";

static constexpr llvm::StringLiteral runIt = R"(    count += tmb_port_counter_read();
    if (status != 0)
      break;
)";

static constexpr llvm::StringLiteral mainEnd = R"(    ++samples;
    total += count;
    least = count < least ? count : least;
    most = count > most ? count : most;
  }
  if (status == @__END)
    status = 0;
  tmb_port_close(in);
  tmb_port_close(out);

  at = @__put_text(at, "tmb: samples=");
  at = @__put_number(at, samples);
  at = @__put_text(at, " instructions=");
  at = @__put_number(at, total);
  at = @__put_text(at, " min=");
  at = @__put_number(at, samples == 0 ? 0 : least);
  at = @__put_text(at, " max=");
  at = @__put_number(at, most);
  at = @__put_text(at, " stack=");
  at = @__put_number(at, tmb_port_stack_used());
  at = @__put_text(at, status < 0 ? " status=-" : " status=");
  at = @__put_number(at, (uint64_t)(status < 0 ? -status : status));
  @__put_text(at, "\n");
  tmb_port_print(line);
  return status == 0 ? 0 : 1;
}
)";

static void writeTemplate(llvm::raw_ostream &os, llvm::StringRef text, llvm::StringRef name) {
  while (!text.empty()) {
    size_t at = text.find('@');
    os << text.substr(0, at);
    if (at == llvm::StringRef::npos)
      return;
    os << name;
    text = text.drop_front(at + 1);
  }
}

// Rows come one after the other, in pieces of one and of two. Only what the model does with them is counted.
static void writeFeed(llvm::raw_ostream &os, const Model &model) {
  std::string prefix = model.name + "__", input = model.macro + "_INPUT0";
  os << "\n/* Feeds the rows of the next sample: 0, or why there is none. */\n";
  os << "static int " << prefix << "feed(int in, uint64_t *count) {\n"
     << "  static uint8_t row[2 * " << input << "_ROW_BYTES] TMB_ALIGNED(8);\n"
     << "  int32_t fed = 0;\n  int status = (int)" << model.name << "_feed_start(" << prefix << "arena);\n"
     << "  while (status == 0 && fed < " << input << "_ROWS) {\n"
     << "    const int32_t rows = fed % 3 == 1 && fed + 2 <= " << input << "_ROWS ? 2 : 1;\n"
     << "    const int got = " << prefix << "read(in, row, (size_t)rows * " << input << "_ROW_BYTES);\n"
     << "    if (got != 1)\n      return got == 0 && fed == 0 ? " << prefix << "END : " << prefix << "CUT_OFF;\n"
     << "    tmb_port_counter_start();\n"
     << "    status = (int)" << model.name << "_feed_rows(" << formatMemoryArguments(model, prefix) << ", row, rows);\n"
     << "    *count += tmb_port_counter_read();\n    fed += rows;\n  }\n  return status;\n}\n";
}

// The arena is dirtied before each run: what a run would read without having written it differs from sample to sample.
static void writeFill(llvm::raw_ostream &os, const Model &model) {
  std::string prefix = model.name + "__";
  auto isRead = [](const ModelPort &port) { return port.bytes != 0 && port.rowBytes == 0; };
  size_t first = size_t(llvm::find_if(model.inputs, isRead) - model.inputs.begin()); // that can tell the end of the file
  bool reads = first < model.inputs.size(), hasState = !model.states.empty();
  os << "\n/* Makes the arena ready for the next sample: 0, or why there is none. */\n";
  os << "static int " << prefix << "fill(int in, uint64_t sample) {\n";
  if (reads || hasState)
    os << "  int got;\n";
  if (hasState)
    os << "  uint8_t begins;\n";
  os << "  memset(" << prefix << "arena, sample % 2 == 0 ? 0xA5 : 0x5A, sizeof(" << prefix << "arena));\n";
  if (model.externalArenaBytes > 0)
    os << "  memset(" << prefix << "external, sample % 2 == 0 ? 0xA5 : 0x5A, sizeof(" << prefix << "external));\n";
  if (hasState)
    os << "  got = " << prefix << "read(in, &begins, 1);\n  if (got != 1)\n    return got == 0 ? " << prefix
       << "END : " << prefix << "CUT_OFF;\n  if (begins != 0)\n    (void)" << model.name << "_reset(" << prefix << "state);\n";
  if (!reads && hasState)
    os << "  return 0;\n}\n";
  else if (!reads && model.getFed()) // which has told the end of the file
    os << "  (void)in;\n  (void)sample;\n  return 0;\n}\n";
  else if (!reads)
    os << "  (void)in;\n  return sample == 0 ? 0 : " << prefix << "END;\n}\n";
  for (size_t i = first; i < model.inputs.size(); ++i) {
    if (!isRead(model.inputs[i]))
      continue;
    os << "  got = " << prefix << "read(in, " << model.name << "_input(" << prefix << "arena, " << i << "), " << model.macro
       << "_INPUT" << i << "_BYTES);\n";
    if (i == first && !hasState)
      os << "  if (got == 0)\n    return " << prefix << "END;\n";
    os << "  if (got != 1)\n    return " << prefix << "CUT_OFF;\n";
  }
  if (reads)
    os << "  return 0;\n}\n";
}

std::string thimble::codegen::writeVerifyMain(const Model &model, const EmitOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  std::string prefix = model.name + "__";
  writeBanner(os, "Runs the model '" + model.name + "' over inputs.bin and writes outputs.bin.", options);
  os << "/* A sample in inputs.bin is the bytes of all inputs, one after the other; outputs.bin likewise. "
     << (model.states.empty() ? "" : "A byte before them\n * is 1 where the state starts anew. ") << "At the end one line\n"
     << " * says how many instructions a run took (0: unknown) and how many bytes of stack the program. */\n";
  os << "#include \"" << model.name << ".h\"\n\n#include <stddef.h>\n#include <string.h>\n\n#include \"tmb_port.h\"\n\n";
  writeMemories(os, model);
  os << "\n";
  os << "/* Reasons to stop, beside the negative tmb_status of a run. */\nenum {\n"
     << "  " << prefix << "END = 1,     /* no more samples: not an error */\n"
     << "  " << prefix << "NO_FILE = 2, /* a file cannot be opened */\n"
     << "  " << prefix << "CUT_OFF = 3, /* inputs.bin ends within a sample */\n"
     << "  " << prefix << "NO_SPACE = 4 /* outputs.bin cannot be written */\n};\n";
  if (!model.states.empty() || llvm::any_of(model.inputs, [](const ModelPort &port) { return port.bytes != 0; }))
    writeTemplate(os, reading, model.name);
  writeTemplate(os, printing, model.name);
  if (model.getFed())
    writeFeed(os, model);
  writeFill(os, model);
  writeTemplate(os, mainStart, model.name);
  if (model.getFed())
    os << "    status = " << prefix << "feed(in, &count);\n    if (status != 0)\n      break;\n";
  os << "    tmb_port_counter_start();\n    status = (int)" << model.name << "_run(" << formatMemoryArguments(model, prefix)
     << ");\n";
  writeTemplate(os, runIt, model.name);
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    if (model.outputs[i].bytes == 0)
      continue;
    os << "    if (tmb_port_write(out, " << model.name << "_output(" << prefix << "arena, " << i << "), " << model.macro
       << "_OUTPUT" << i << "_BYTES) != 0) {\n      status = " << prefix << "NO_SPACE;\n      break;\n    }\n";
  }
  writeTemplate(os, mainEnd, model.name);
  return text;
}
