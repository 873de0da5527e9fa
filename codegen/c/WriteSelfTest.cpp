// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes <name>_selftest.c: known inputs, the outputs that the compiler computed for them, and their comparison on the device.
#include "codegen/c/Writers.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace thimble::codegen;

static bool isFloat(const ModelPort &port) { return port.type->kind == CType::F32 || port.type->kind == CType::F64; }

static std::string goldenName(const Model &model, size_t vector, llvm::StringRef kind, size_t index) {
  return (model.name + "__golden" + llvm::Twine(vector) + "_" + kind + llvm::Twine(index)).str();
}

// Libraries and compilers differ in the last bits of floating-point functions. What is tolerated is measured against the
// largest element of the output: small elements are often differences of large ones.
static std::string formatTolerance(const ModelPort &port, llvm::ArrayRef<char> expected) {
  double largest = 0;
  for (size_t i = 0; i < expected.size(); i += port.type->bytes) {
    double value;
    if (port.type->kind == CType::F64) {
      std::memcpy(&value, expected.data() + i, sizeof(value));
    } else {
      float single;
      std::memcpy(&single, expected.data() + i, sizeof(single));
      value = single;
    }
    if (std::isfinite(value))
      largest = std::max(largest, std::abs(value));
  }
  double tolerance = 1e-4 * (largest > 0 ? largest : 1e-2);
  return port.type->kind == CType::F64 ? formatDouble(tolerance) : formatFloat(float(tolerance));
}

static void writeComparisons(llvm::raw_ostream &os, const Model &model) {
  for (CType::Kind kind : {CType::F32, CType::F64}) {
    if (llvm::none_of(model.outputs, [&](const ModelPort &port) { return port.bytes != 0 && port.type->kind == kind; }))
      continue;
    llvm::StringRef type = kind == CType::F32 ? "float" : "double";
    os << "\nstatic int " << model.name << "__wrong_" << type << "(const " << type << " *actual, const " << type
       << " *expected, size_t count, " << type << " tolerance) {\n"
       << "  int wrong = 0;\n  size_t i;\n  for (i = 0; i < count; ++i) {\n"
       << "    const " << type << " difference = actual[i] - expected[i];\n"
       << "    /* Infinities are equal, and a NaN is as good as another. */\n"
       << "    const int same = actual[i] == expected[i] || (actual[i] != actual[i] && expected[i] != expected[i]);\n"
       << "    wrong += !same && !(difference <= tolerance && difference >= -tolerance);\n"
       << "  }\n  return wrong;\n}\n";
  }
  if (llvm::all_of(model.outputs, [](const ModelPort &port) { return port.bytes == 0 || isFloat(port); }))
    return;
  os << "\nstatic int " << model.name
     << "__wrong_exact(const void *actual, const void *expected, size_t count, size_t size) {\n"
     << "  const uint8_t *a = (const uint8_t *)actual;\n  const uint8_t *b = (const uint8_t *)expected;\n"
     << "  int wrong = 0;\n  size_t i;\n  for (i = 0; i < count; ++i)\n"
     << "    wrong += memcmp(a + i * size, b + i * size, size) != 0;\n  return wrong;\n}\n";
}

static void writeVector(llvm::raw_ostream &os, const Model &model, const GoldenVector &golden, size_t vector) {
  const std::string &name = model.name;
  std::string memory = formatMemoryArguments(model, name + "__");
  os << "\n  /* Vector " << vector << " */\n";
  if (const ModelPort *fed = model.getFed())
    os << "  status = " << name << "_feed_start(" << name << "__arena);\n  if (status == TMB_OK)\n    status = " << name
       << "_feed_rows(" << memory << ", " << goldenName(model, vector, "input", size_t(fed->index)) << ", " << model.macro
       << "_INPUT" << fed->index << "_ROWS);\n  if (status != TMB_OK)\n    return (int)status;\n";
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    if (model.inputs[i].bytes == 0 || model.inputs[i].rowBytes != 0)
      continue; // C has no empty arrays
    os << "  memcpy(" << name << "_input(" << name << "__arena, " << i << "), " << goldenName(model, vector, "input", i) << ", "
       << model.macro << "_INPUT" << i << "_BYTES);\n";
  }
  os << "  status = " << name << "_run(" << memory << ");\n  if (status != TMB_OK)\n    return (int)status;\n";
  for (auto [i, port] : llvm::enumerate(model.outputs)) {
    if (port.bytes == 0)
      continue;
    std::string actual = name + "_output(" + name + "__arena, " + std::to_string(i) + ")";
    std::string expected = goldenName(model, vector, "output", i);
    std::string last = isFloat(port) ? formatTolerance(port, golden.outputs[i]) : std::to_string(port.type->bytes);
    llvm::StringRef comparison = isFloat(port) ? llvm::StringRef(port.type->name) : "exact";
    std::string cast = isFloat(port) ? "(const " + std::string(port.type->name) + " *)" : "";
    writeWrapped(os, ("  wrong += " + llvm::Twine(name) + "__wrong_" + comparison + "(").str(),
                 {cast + actual, expected, std::to_string(port.bytes / port.type->bytes), last}, ");", 6);
  }
}

std::string thimble::codegen::writeSelfTest(const Model &model, const EmitOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  const std::string &name = model.name;
  writeBanner(
      os, "The self-test of the model '" + name + "'. Define TMB_NO_MAIN to call " + name + "_selftest() from your own main().",
      options);
  os << "#include \"" << name << ".h\"\n\n";
  bool needsMath = false;
  for (const GoldenVector &golden : options.golden) {
    for (auto [port, value] : llvm::zip(model.inputs, golden.inputs))
      needsMath |= hasNonFinite(*port.type, value);
    for (auto [port, value] : llvm::zip(model.outputs, golden.outputs))
      needsMath |= hasNonFinite(*port.type, value);
  }
  if (needsMath)
    os << "#include <math.h> /* INFINITY and NAN, no function */\n";
  os << "#include <stddef.h>\n#include <string.h>\n";
  for (auto [vector, golden] : llvm::enumerate(options.golden)) {
    for (auto [i, port] : llvm::enumerate(model.inputs)) {
      if (port.bytes == 0)
        continue;
      os << "\n";
      writeArray(os, "static const ", *port.type, goldenName(model, vector, "input", i), golden.inputs[i]);
    }
    for (auto [i, port] : llvm::enumerate(model.outputs)) {
      if (port.bytes == 0)
        continue;
      os << "\n";
      writeArray(os, "static const ", *port.type, goldenName(model, vector, "output", i), golden.outputs[i]);
    }
  }
  os << "\n";
  writeMemories(os, model);
  writeComparisons(os, model);
  os << "\nint " << name << "_selftest(void) {\n  int wrong = 0;\n  tmb_status status;\n";
  if (!model.states.empty())
    os << "\n  /* The vectors are one sequence. */\n  status = " << name << "_reset(" << name
       << "__state);\n  if (status != TMB_OK)\n    return (int)status;\n";
  for (auto [vector, golden] : llvm::enumerate(options.golden))
    writeVector(os, model, golden, vector);
  os << "\n  return wrong;\n}\n";
  os << "\n#ifndef TMB_NO_MAIN\nint main(void) { return " << name << "_selftest() == 0 ? 0 : 1; }\n#endif\n";
  return text;
}
