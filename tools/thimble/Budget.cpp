// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Measured code, golden vectors, notes and remedies.
#include "tools/thimble/Budget.h"
#include "dialects/mcu/McuLiveness.h"
#include "codegen/c/Model.h"
#include "codegen/project/Project.h"
#include "compiler/execute/Executor.h"
#include "compiler/report/Format.h"
#include "compiler/support/ByteSize.h"
#include "compiler/verify/Build.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include <set>
#include <tuple>

using namespace mlir;
using namespace thimble;
using namespace thimble::driver;

std::string thimble::driver::targetFile(const std::string &nameOrPath, const std::string &targetsDirectory) {
  std::string byName = targetsDirectory + "/" + nameOrPath + ".json";
  return llvm::sys::fs::exists(byName) ? byName : nameOrPath;
}

// Kernels have about 500 bytes on Cortex-M at -O2, a call about 40.
static CodeSize estimateCode(mcu::ProgramOp program) {
  std::vector<std::string> kernels = mcu::getKernelNames(program);
  uint64_t calls = 0;
  program.walk([&](Operation *op) { calls += isa<mcu::CallOp, mcu::StepOp>(op); });
  return {500 * kernels.size() + 40 * calls + 100, false};
}

llvm::Expected<CodeSize> thimble::driver::measureCode(const std::vector<codegen::EmittedFile> &files, const std::string &name,
                                                      const Target &target, const std::string &runtimeDirectory,
                                                      mcu::ProgramOp program) {
  if (!target.emulator || !llvm::sys::findProgramByName(target.compiler))
    return estimateCode(program);
  llvm::SmallString<128> folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("thimble-measure", folder))
    return llvm::createStringError(error, "cannot make a temporary folder: " + error.message());
  auto remove = llvm::make_scope_exit([&] { llvm::sys::fs::remove_directories(folder); });
  if (llvm::Error error = codegen::writeFiles(files, folder))
    return std::move(error);
  llvm::Expected<codegen::Model> model = codegen::buildModel(program, name);
  if (!model)
    return model.takeError();
  llvm::StringSet<> tables;
  for (const codegen::ModelConstant &constant : model->constants)
    if (constant.isTable)
      tables.insert(constant.symbol);
  EmittedModel emitted;
  emitted.folder = folder.str().str();
  emitted.name = name;
  emitted.target = target;
  emitted.runtimeDirectory = runtimeDirectory;
  emitted.hasState = !model->states.empty();
  // To be measured it must link; whether it fits is decided afterwards, with the numbers.
  emitted.memory.flash = emitted.memory.ram = emitted.memory.externalFlash = emitted.memory.externalRam = uint64_t(1) << 26;
  std::string build = emitted.folder + "/measure";
  if (std::error_code error = llvm::sys::fs::create_directories(build))
    return llvm::createStringError(error, "cannot make a temporary folder: " + error.message());
  llvm::Expected<Footprint> footprint = measureFootprint(emitted, build, tables);
  if (!footprint)
    return footprint.takeError();
  return CodeSize{footprint->code + footprint->kernels + footprint->libraries + footprint->padding, true};
}

// A linear congruential generator (Knuth's MMIX constants): the same numbers everywhere.
static uint32_t nextRandom(uint64_t &state) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return uint32_t(state >> 33);
}

static std::vector<char> randomInput(mcu::BufferOp buffer, uint64_t &state) {
  Type element = cast<MemRefType>(buffer.getMemory().getType()).getElementType();
  std::vector<char> bytes(size_t(mcu::byteSize(buffer.getMemory())));
  if (element.isF32()) {
    for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
      float value = float(int32_t(nextRandom(state) & 0xFFFF) - 0x8000) / 32768.0f;
      std::memcpy(bytes.data() + i, &value, sizeof(value));
    }
  } else if (element.isInteger(8)) {
    for (char &byte : bytes)
      byte = char(nextRandom(state));
  } else if (element.isInteger(1)) {
    for (char &byte : bytes)
      byte = char(nextRandom(state) & 1);
  }
  // Other integers are indices as a rule: zero is always one.
  return bytes;
}

std::vector<codegen::GoldenVector> thimble::driver::makeGoldenVectors(mcu::ProgramOp program) {
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(program);
  if (failed(executor))
    return {};
  std::vector<mcu::BufferOp> inputs((*executor)->getInputCount());
  for (mcu::BufferOp buffer : program.getBody().front().getOps<mcu::BufferOp>())
    if (buffer.getRole() == mcu::Role::Input)
      inputs[size_t(buffer.getIndex())] = buffer;
  uint64_t state = 1;
  std::vector<codegen::GoldenVector> vectors;
  // What one run leaves shows in the next ones.
  size_t count = (*executor)->hasState() ? 3 : 1;
  for (size_t vector = 0; vector < count; ++vector) {
    codegen::GoldenVector &golden = vectors.emplace_back();
    for (mcu::BufferOp input : inputs)
      golden.inputs.push_back(randomInput(input, state));
    std::vector<llvm::ArrayRef<char>> views(golden.inputs.begin(), golden.inputs.end());
    (*executor)->run(views);
    for (size_t i = 0; i < (*executor)->getOutputCount(); ++i) {
      llvm::ArrayRef<char> output = (*executor)->getOutput(i);
      golden.outputs.emplace_back(output.begin(), output.end());
    }
  }
  return vectors;
}

std::vector<std::string> thimble::driver::makeNotes(const Compilation &compilation) {
  std::vector<std::string> notes;
  for (const LayerChoice &choice : compilation.layerChoices) {
    const char *how = choice.isInt16 ? "computes in int16" : "runs in float";
    std::string note = llvm::formatv("node '{0}' {1}: {2}", choice.node, how, choice.reason);
    if (choice.afterDb && std::isfinite(*choice.afterDb))
      note += llvm::formatv("; now {0:F1} dB", *choice.afterDb);
    if (choice.isInt16)
      note += llvm::formatv("; its tensors grow by {0}, and it takes about {1} instructions more",
                            formatByteSize(uint64_t(choice.bytes)),
                            report::formatCount(uint64_t(std::max<int64_t>(choice.instructions, 0))));
    notes.push_back(std::move(note));
  }
  if (!compilation.heldOut)
    return notes;
  const HeldOutResult &result = *compilation.heldOut;
  std::string line =
      llvm::formatv("int8 against float on {0} samples that took no part in the calibration: outputs {1:F1} dB SQNR",
                    result.samples, result.outputSqnrDb);
  if (result.hasLabels)
    line += llvm::formatv(", accuracy {0:P2} (float {1:P2})", result.compiledAccuracy, result.floatAccuracy);
  notes.push_back(line);
  std::vector<HeldOutResult::Layer> worst = result.layers;
  llvm::sort(worst, [](const auto &a, const auto &b) { return a.sqnrDb != b.sqnrDb ? a.sqnrDb < b.sqnrDb : a.node < b.node; });
  for (const HeldOutResult::Layer &layer : llvm::ArrayRef(worst).take_front(3))
    notes.push_back(llvm::formatv("least exact layer: {0} ({1}), {2:F1} dB SQNR", layer.node, layer.op, layer.sqnrDb));
  return notes;
}

std::optional<report::HeldOutUse> thimble::driver::makeHeldOut(const Compilation &compilation) {
  if (!compilation.heldOut)
    return std::nullopt;
  const HeldOutResult &result = *compilation.heldOut;
  report::HeldOutUse use{uint64_t(result.samples), result.outputSqnrDb, std::nullopt, {}};
  if (result.hasLabels)
    use.accuracy = {result.floatAccuracy, result.compiledAccuracy};
  for (const HeldOutResult::Layer &layer : result.layers)
    use.layers.push_back({layer.node, layer.op, layer.sqnrDb});
  return use;
}

std::vector<report::PrecisionUse> thimble::driver::makePrecision(const Compilation &compilation) {
  std::vector<report::PrecisionUse> uses;
  for (const LayerChoice &choice : compilation.layerChoices)
    uses.push_back({choice.node, choice.isInt16 ? "int16" : "float", choice.reason, choice.beforeDb, choice.afterDb,
                    choice.bytes, choice.instructions});
  return uses;
}

std::vector<report::ExecutionUse> thimble::driver::makeExecutions(const Compilation &compilation) {
  std::vector<report::ExecutionUse> uses;
  for (auto [index, option] : llvm::enumerate(compilation.ramSearch.options)) {
    report::ExecutionUse use{uint64_t(option.arenaBytes), option.extraInstructions, index == compilation.ramSearch.chosen, {}};
    for (const schedule::StreamedPart &part : option.parts)
      use.parts.push_back({part.first, part.last, uint64_t(part.calls), uint64_t(part.scratchBytes)});
    if (option.strips)
      use.strips = {option.strips->first, option.strips->last, uint64_t(option.strips->strips)};
    use.external = uint64_t(option.externalBytes);
    uses.push_back(std::move(use));
  }
  return uses;
}

std::optional<report::RamUse::Least> thimble::driver::findLeast(const report::Report &report, const Compilation &compilation) {
  // The call during which most of the chosen plan is in use, and the buffers that hold it.
  auto most = std::max_element(report.layers.begin(), report.layers.end(),
                               [](const report::LayerUse &a, const report::LayerUse &b) { return a.ramBytes < b.ramBytes; });
  if (report.fitsRam() || !compilation.ramSearch.provenLeast || most == report.layers.end())
    return std::nullopt;
  report::RamUse::Least least{report.ram.arena, uint64_t(*compilation.ramSearch.provenLeast), most->name, most->op, {}};
  int64_t call = most - report.layers.begin();
  for (const report::BufferUse &buffer : report.buffers)
    if (buffer.first <= call && call <= buffer.last)
      least.holders.push_back({buffer.name, buffer.role, buffer.bytes});
  llvm::sort(least.holders, [](const auto &a, const auto &b) { return std::tie(b.bytes, a.name) < std::tie(a.bytes, b.name); });
  return least;
}

static std::string describe(const report::RamUse::Least &least) {
  std::string text = "RAM: the least that was found is an arena of " + std::to_string(least.found) + " bytes; ";
  if (least.found <= least.proven)
    text += "it is proven that no execution needs less";
  else
    text += "no execution needs less than " + std::to_string(least.proven);
  text += ". Most is in use at " + least.name + " (" + least.op + "), held by";
  for (size_t i = 0; i < std::min<size_t>(least.holders.size(), 4); ++i)
    text += std::string(i == 0 ? " " : ", ") + least.holders[i].role + " '" + least.holders[i].name + "' of " +
            std::to_string(least.holders[i].bytes);
  return text;
}

// How the target's external flash, or that of a board, would take constants.
static std::string describeExternal(const Target &target) {
  if (target.getExternalFlashBytes())
    return "try: --weights-in auto puts constants that do not fit into the external flash of " + target.name + " (" +
           formatByteSize(*target.getExternalFlashBytes()) + ")";
  if (target.externalFlash)
    return "try: --weights-in auto --external-flash BYTES, if the board has memory mapped flash at " +
           target.externalFlash->name + " of " + target.name;
  return target.name +
         " has no external flash; if a board has some that is memory mapped, --weights-in auto --external-flash BYTES "
         "puts constants there";
}

std::vector<std::string> thimble::driver::suggestRemedies(const report::Report &report, const CompileOptions &options,
                                                          const Target &target, bool movesWeights,
                                                          const std::string &targetsDirectory) {
  std::vector<std::string> remedies;
  if (!report.fitsFlash())
    remedies.push_back("flash: " + std::to_string(report.flash.getTotal() - *report.flash.budget) + " bytes too many");
  if (!report.fitsExternalFlash())
    remedies.push_back("external flash: " + std::to_string(report.externalFlash.getTotal() - *report.externalFlash.budget) +
                       " bytes too many");
  if (!report.fitsRam())
    remedies.push_back("RAM: " + std::to_string(report.ram.getPeak() - *report.ram.budget) + " bytes too many");
  if (report.ram.least)
    remedies.push_back(describe(*report.ram.least));
  // A model may come quantized.
  bool isFloat = options.quantization != Quantization::Int8 && llvm::none_of(report.layers, [](const report::LayerUse &layer) {
    return llvm::StringRef(layer.kernel).contains("_s8") || llvm::StringRef(layer.kernel).contains("_s16");
  });
  if (isFloat)
    remedies.push_back("try: --quantize int8 --calibration DATA stores weights and activations in a quarter of the bytes");
  if (!report.fitsRam() && isFloat && !options.nhwcIo)
    remedies.push_back(
        "try: --io-layout nhwc if the caller can deliver images that way; it saves the transposed copy of the input");
  if (options.ioFloat && !isFloat && !report.fitsRam())
    remedies.push_back("try: --io int8 keeps no float copy of inputs and outputs");
  bool leftInt8 = llvm::any_of(report.precision, [](const report::PrecisionUse &use) { return use.type == "float"; });
  if (!report.fitsFlash() && leftInt8)
    remedies.push_back("try: --fallback int16, or a lower --least-sqnr than " +
                       llvm::formatv("{0:F1}", options.leastSqnrDb).str() +
                       ": layers that run in float have weights of four bytes");
  if (!report.fitsFlash() && !movesWeights)
    remedies.push_back(describeExternal(target));
  bool hasImage = report.inputs.size() == 1 && report.inputs[0].shape.size() >= 3;
  if (!report.fitsRam() && hasImage && !options.feedsRows && report.inputs[0].bytes * 4 >= report.ram.getPeak())
    remedies.push_back("try: --feed-rows takes the input of " + std::to_string(report.inputs[0].bytes) +
                       " bytes row by row, so that it never lies in RAM as a whole");
  if (!report.fitsRam() && target.externalRam && !report.externalRam.budget)
    remedies.push_back("try: --external-ram BYTES, if the board has memory mapped RAM at " + target.externalRam->name + " of " +
                       target.name);
  llvm::Expected<std::vector<Target>> targets = listTargets(targetsDirectory);
  if (!targets) {
    llvm::consumeError(targets.takeError());
    return remedies;
  }
  const Target *smallest = nullptr;
  for (const Target &target : *targets) {
    std::optional<uint64_t> flash = target.getFlashBytes(), ram = target.getRamBytes();
    bool fits = flash && ram && *flash >= report.flash.getTotal() && *ram >= report.ram.getPeak() + 4096;
    if (fits && llvm::StringRef(target.name).starts_with("stm32") &&
        (!smallest || *flash + *ram < *smallest->getFlashBytes() + *smallest->getRamBytes()))
      smallest = &target;
  }
  if (smallest)
    remedies.push_back("the smallest listed chip that it fits: " + smallest->name + " (" +
                       formatByteSize(*smallest->getFlashBytes()) + " flash, " + formatByteSize(*smallest->getRamBytes()) +
                       " RAM)");
  return remedies;
}
