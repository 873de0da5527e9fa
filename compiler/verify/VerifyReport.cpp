// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Results of a verification as JSON and as text.
#include "compiler/support/ByteSize.h"
#include "compiler/support/Version.h"
#include "compiler/verify/Compare.h"
#include "compiler/verify/Verify.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include <cmath>

using namespace thimble;
using llvm::json::OStream;

static void writeNumber(OStream &json, llvm::StringRef key, std::optional<double> value) {
  if (value && std::isfinite(*value))
    json.attribute(key, *value);
  else
    json.attribute(key, nullptr);
}
static void writeCount(OStream &json, llvm::StringRef key, std::optional<uint64_t> value) {
  if (value)
    json.attribute(key, int64_t(*value));
  else
    json.attribute(key, nullptr);
}
static std::optional<uint64_t> unlessZero(uint64_t value) { return value == 0 ? std::nullopt : std::optional(value); }

static void writeMeasurement(OStream &json, const VerifyResult &result) {
  const TargetMeasurement *measured = result.measurement ? &*result.measurement : nullptr;
  bool isCounted = measured && measured->instructions > 0 && result.samples > 0;
  writeNumber(json, "instructions",
              isCounted ? std::optional(double(measured->instructions) / double(result.runs)) : std::nullopt);
  writeCount(json, "instructions_min", isCounted ? std::optional(measured->leastInstructions) : std::nullopt);
  writeCount(json, "instructions_max", isCounted ? std::optional(measured->mostInstructions) : std::nullopt);
  writeCount(json, "flash_bytes", measured ? std::optional(measured->footprint.getFlash()) : std::nullopt);
  writeCount(json, "external_flash_bytes", measured ? std::optional(measured->footprint.external) : std::nullopt);
  writeCount(json, "ram_bytes", measured ? std::optional(measured->getRam()) : std::nullopt);
  writeCount(json, "external_ram_bytes", measured ? std::optional(measured->externalRamBytes) : std::nullopt);
  writeCount(json, "stack_bytes", measured ? unlessZero(measured->stackBytes) : std::nullopt);
  if (!measured) {
    json.attribute("flash", nullptr);
    return;
  }
  json.attributeObject("flash", [&] {
    writeCount(json, "weights", measured->footprint.weights);
    writeCount(json, "tables", measured->footprint.tables);
    writeCount(json, "kernels", measured->footprint.kernels);
    writeCount(json, "code", measured->footprint.code);
    writeCount(json, "libraries", measured->footprint.libraries);
    writeCount(json, "padding", measured->footprint.padding);
    writeCount(json, "image", measured->imageBytes);
  });
}

void thimble::writeJson(const VerifyResult &result, llvm::raw_ostream &os) {
  OStream json(os, 2);
  json.object([&] {
    json.attribute("schema_version", 1);
    json.attribute("thimble", versionString);
    json.attribute("model", result.model);
    json.attribute("target", result.target);
    json.attribute("ran_on", result.ranOnEmulator ? "emulator" : "host");
    json.attribute("passed", result.hasPassed());
    if (result.problem.empty())
      json.attribute("problem", nullptr);
    else
      json.attribute("problem", llvm::json::fixUTF8(result.problem));
    json.attribute("samples", result.samples);
    json.attribute("runs", result.runs);
    json.attribute("outputs_tested", result.outputsTested);
    json.attributeObject("outputs", [&] {
      writeNumber(json, "max_abs_error", result.maxAbsError);
      json.attribute("reference", result.isReferenceExpected ? "expected" : "float");
      writeCount(json, "mismatches", result.hostMismatches + result.targetMismatches);
      writeCount(json, "compared", result.compared);
    });
    json.attribute("host_equals_target",
                   result.hostEqualsTarget ? llvm::json::Value(*result.hostEqualsTarget) : llvm::json::Value(nullptr));
    if (!result.accuracy)
      json.attribute("accuracy", nullptr);
    else
      json.attributeObject("accuracy", [&] {
        double samples = double(result.accuracy->samples);
        json.attribute("float", double(result.accuracy->floatRight) / samples);
        json.attribute("compiled", double(result.accuracy->compiledRight) / samples);
        json.attribute("samples", result.accuracy->samples);
      });
    writeNumber(json, "agreement",
                result.agreement ? std::optional(double(*result.agreement) / double(result.samples)) : std::nullopt);
    writeMeasurement(json, result);
    json.attributeArray("notes", [&] {
      for (const std::string &note : result.notes)
        json.value(note);
    });
  });
  os << "\n";
}

// "12,345,678"
static std::string group(uint64_t number) {
  std::string digits = std::to_string(number);
  for (int at = int(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(size_t(at), ",");
  return digits;
}

static std::string percent(int64_t part, int64_t whole) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.2f %%", 100.0 * double(part) / double(whole));
  return text;
}

static void writeVerdict(const VerifyResult &result, llvm::raw_ostream &os) {
  os << result.model << " on " << result.target << ": " << (result.hasPassed() ? "verified" : "FAILED") << "\n\n";
  llvm::StringRef where = result.hostEqualsTarget ? "this computer and the emulated target" : "this computer";
  if (!result.problem.empty())
    os << "  " << result.problem << "\n";
  if (result.compared == 0)
    return;
  if (result.hostMismatches + result.targetMismatches == 0) {
    os << "  Compiled C on " << where << " computes what the compiler computed: " << group(result.compared)
       << " output elements of " << group(uint64_t(result.samples)) << (result.samples == 1 ? " sample" : " samples");
    if (result.hasFloatOutputs)
      os << ", floating-point ones within " << llvm::format("%g", floatTolerance) << "\n";
    else
      os << ", bit for bit\n";
    return;
  }
  os << "  Compiled C does not compute what the compiler computed.\n";
  os << "  Wrong output elements on this computer: " << group(result.hostMismatches);
  if (result.hostEqualsTarget)
    os << ", on the emulated target: " << group(result.targetMismatches);
  os << ", of " << group(result.compared) << " in " << group(uint64_t(result.samples)) << " samples\n";
  os << "  The first: " << result.firstMismatch << "\n";
  os << "  The emitted files were changed, or this is a defect of Thimble: compile again to find out.\n";
}

static void writeError(const VerifyResult &result, llvm::raw_ostream &os) {
  if (!result.maxAbsError)
    return;
  os << "\n  Error against " << (result.isReferenceExpected ? "the expected outputs" : "the float model") << ": ";
  if (std::isnan(*result.maxAbsError))
    os << "not a number";
  else
    os << "at most " << llvm::format("%.6g", *result.maxAbsError);
  if (result.maxAllowedError)
    os << (*result.maxAbsError <= *result.maxAllowedError ? ", " : ", MORE than the ")
       << llvm::format("%.6g", *result.maxAllowedError) << " allowed";
  os << "\n";
  if (result.floatModelError)
    os << "  Error of the float model against the expected outputs: at most " << llvm::format("%.6g", *result.floatModelError)
       << "\n";
  if (result.accuracy)
    os << "  Accuracy: " << percent(result.accuracy->compiledRight, result.accuracy->samples) << ", of the float model "
       << percent(result.accuracy->floatRight, result.accuracy->samples) << "\n";
  if (result.agreement)
    os << "  Float and compiled model name the same class for " << percent(*result.agreement, result.samples)
       << " of the samples\n";
}

static void writeMeasurement(const VerifyResult &result, llvm::raw_ostream &os) {
  if (!result.measurement)
    return;
  const TargetMeasurement &measured = *result.measurement;
  const Footprint &flash = measured.footprint;
  os << "\n  Measured on the emulated " << result.target << ":\n";
  if (measured.instructions > 0) {
    os << (result.runs > result.samples ? "  Instructions for the frames of one run: " : "  Instructions for one inference: ")
       << group(measured.instructions / uint64_t(result.runs));
    if (measured.leastInstructions != measured.mostInstructions)
      os << " (" << group(measured.leastInstructions) << " to " << group(measured.mostInstructions) << ")";
    os << "\n";
  }
  os << "  Flash: " << formatByteSize(flash.getFlash()) << " (weights " << formatByteSize(flash.weights) << ", tables "
     << formatByteSize(flash.tables) << ", kernels " << formatByteSize(flash.kernels) << ", calls "
     << formatByteSize(flash.code) << ", C libraries " << formatByteSize(flash.libraries)
     << "); with harness and start-up code " << formatByteSize(measured.imageBytes) << "\n";
  if (flash.external > 0)
    os << "  External flash: " << formatByteSize(flash.external) << "\n";
  if (measured.externalRamBytes > 0)
    os << "  External RAM: " << formatByteSize(measured.externalRamBytes) << "\n";
  os << "  RAM: " << formatByteSize(measured.getRam()) << " (arena " << formatByteSize(measured.arenaBytes);
  if (flash.constants > 0)
    os << ", constants " << formatByteSize(flash.constants);
  if (measured.stateBytes > 0)
    os << ", state " << formatByteSize(measured.stateBytes);
  if (flash.staticRam > 0)
    os << ", data of C libraries " << formatByteSize(flash.staticRam);
  os << ", stack " << formatByteSize(measured.stackBytes) << " including the harness)\n";
}

void thimble::writeText(const VerifyResult &result, llvm::raw_ostream &os) {
  writeVerdict(result, os);
  writeError(result, os);
  writeMeasurement(result, os);
  for (const std::string &note : result.notes)
    os << "  Note: " << note << "\n";
}
