// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble compile and thimble analyze: from a model to a folder of C, or to the report alone.
#include "codegen/c/Trees.h"
#include "codegen/project/Project.h"
#include "compiler/pipeline/IrFile.h"
#include "compiler/pipeline/Registration.h"
#include "compiler/report/Report.h"
#include "compiler/support/ByteSize.h"
#include "compiler/support/Version.h"
#include "compiler/verify/VerificationModule.h"
#include "dialects/mcu/McuLiveness.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/thimble/Budget.h"
#include "tools/thimble/Commands.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::driver;

namespace {

struct CompileCommand {
  ModelOptions model;
  std::string target = "host", flash, externalFlash, ram, externalRam, output, format = "text", trees = "auto";
  std::vector<std::string> weightsIn;
  bool isAnalysis = false;

  void addTo(CLI::App &command) {
    model.addInput(command);
    command.add_option("--target", target, "Chip or board: a name of `thimble targets`, or a .json file (host)")
        ->type_name("TARGET");
    command.add_option("--flash", flash, "Flash budget for code, weights and tables, e.g. 256K (the target's)")
        ->type_name("BYTES");
    command.add_option("--external-flash", externalFlash, "Memory mapped flash outside of the chip, e.g. 16M (the target's)")
        ->type_name("BYTES");
    command
        .add_option("--weights-in", weightsIn,
                    "Memory of the constants: flash, ram, external, or external-copied (fetched before use, not mapped), of all layers or "
                    "of one (LAYER with * and ?); auto: external takes what does not fit into flash (flash)")
        ->allow_extra_args(false)
        ->type_name("[LAYER=]MEMORY");
    command.add_option("--ram", ram, "RAM budget for the arena, e.g. 64K (the target's)")->type_name("BYTES");
    command
        .add_option("--external-ram", externalRam,
                    "RAM outside of the chip for what --ram has no room for, e.g. 8M (the target's)")
        ->type_name("BYTES");
    model.addQuantization(command);
    if (!isAnalysis)
      command.add_option("-o,--output", output, "Folder for the generated C")->type_name("DIR");
    command.add_option("--trees", trees, "Decision trees as tables, as code, or whichever suits (auto)")
        ->type_name("FORM")
        ->check(CLI::IsMember({"auto", "table", "code"}));
    model.addStages(command);
    addFormat(command, format);
  }

  ExitCode run();
  ExitCode finish(Compilation &compilation, const CompileOptions &options, const Target &resolved, const std::string &home);
  bool parseBudget(const std::string &text, const char *option, std::optional<uint64_t> &budget);
  bool parseWeightsIn(CompileOptions &options, const Target &resolved);
  /// Emits the program and adds up its bytes.
  llvm::Expected<report::Report> measure(mcu::ProgramOp program, const codegen::ProjectOptions &project, const Target &resolved,
                                         const std::vector<std::string> &notes, std::vector<codegen::EmittedFile> &files);
  ExitCode write(const std::vector<codegen::EmittedFile> &files, Compilation &compilation, const std::string &home);

  std::optional<uint64_t> flashBudget, externalFlashBudget, ramBudget, externalRamBudget;
  bool movesWeights = false; // --weights-in auto
};

bool CompileCommand::parseBudget(const std::string &text, const char *option, std::optional<uint64_t> &budget) {
  if (text.empty())
    return true;
  llvm::Expected<uint64_t> bytes = parseByteSize(text);
  if (!bytes) {
    printError(llvm::Twine(option) + " " + text + ": " + llvm::toString(bytes.takeError()));
    return false;
  }
  budget = *bytes;
  return true;
}

// "external", "auto" or "/conv1/Conv=ram"
bool CompileCommand::parseWeightsIn(CompileOptions &options, const Target &resolved) {
  bool hasExternal = resolved.externalFlash || externalFlashBudget || resolved.flash.empty();
  for (const std::string &text : weightsIn) {
    auto [layers, memory] = llvm::StringRef(text).contains('=') ? llvm::StringRef(text).rsplit('=')
                                                                 : std::pair(llvm::StringRef(), llvm::StringRef(text));
    if (layers.empty() && memory == "auto") {
      movesWeights = true;
      continue;
    }
    std::optional<mcu::Place> place = mcu::symbolizePlace(memory);
    if (!place) {
      printError("--weights-in " + text +
                 ": expected flash, ram, external, external-copied or auto, or LAYER=MEMORY with one of the first four");
      return false;
    }
    if (place == mcu::Place::External && !hasExternal) {
      printError("--weights-in " + text + ": " + resolved.name +
                 " has no external flash; --external-flash BYTES says how much its board has, memory mapped");
      return false;
    }
    options.weightsIn.push_back({layers.str(), *place});
  }
  return true;
}

ExitCode CompileCommand::run() {
  std::string home = findHome();
  if (home.empty())
    return ExitCode::Internal;
  std::optional<CompileOptions> options = model.resolve();
  if (!options)
    return ExitCode::BadInput;
  bool emits = model.stopAfter.empty() || options->stopAfter == Stage::Emit;
  if (emits && !isAnalysis && output.empty()) {
    printError("compile needs -o DIR for the generated C (or --stop-after STAGE; `thimble analyze` writes no files)");
    return ExitCode::BadInput;
  }
  llvm::Expected<Target> resolved = loadTarget(target, targetsDirectory(home));
  if (!resolved)
    return badInput(resolved.takeError());
  flashBudget = resolved->getFlashBytes();
  ramBudget = resolved->getRamBytes();
  externalFlashBudget = resolved->getExternalFlashBytes();
  externalRamBudget = resolved->getExternalRamBytes();
  if (!parseBudget(flash, "--flash", flashBudget) || !parseBudget(externalFlash, "--external-flash", externalFlashBudget) ||
      !parseBudget(ram, "--ram", ramBudget) || !parseBudget(externalRam, "--external-ram", externalRamBudget) ||
      !parseWeightsIn(*options, *resolved))
    return ExitCode::BadInput;
  options->fusesAdditions = resolved->fusesAdditions;
  options->alignment = std::max<int64_t>(resolved->alignment, 8);
  options->ramBudget = ramBudget;
  options->externalRamBudget = externalRamBudget;
  if (resolved->externalRam)
    options->externalRamSlowdown = resolved->externalRam->slowdown;
  options->showsFront = isAnalysis;

  std::unique_ptr<MLIRContext> context = makeContext();
  DiagnosticCollector diagnostics(context.get(), model.quiet || format == "json");
  std::unique_ptr<Compilation> compilation;
  {
    Progress progress(!model.quiet);
    options->progress = [&](llvm::StringRef what, int64_t done, int64_t total) { progress.update(what, done, total); };
    compilation = compile(context.get(), *options);
  }
  if (!compilation) {
    printErrors(diagnostics);
    return ExitCode::BadInput;
  }
  if (!emits) {
    printIr(*compilation->module, llvm::outs());
    return ExitCode::Success;
  }
  ExitCode code = finish(*compilation, *options, *resolved, home);
  printErrors(diagnostics);
  return code;
}

llvm::Expected<report::Report> CompileCommand::measure(mcu::ProgramOp program, const codegen::ProjectOptions &project,
                                                       const Target &resolved, const std::vector<std::string> &notes,
                                                       std::vector<codegen::EmittedFile> &files) {
  llvm::Expected<std::vector<codegen::EmittedFile>> emitted = codegen::emitProject(program, project);
  if (!emitted)
    return emitted.takeError();
  files = std::move(*emitted);
  report::ReportOptions options;
  options.model = project.emit.name;
  options.version = versionString;
  options.target = resolved.name;
  options.flashBudget = flashBudget;
  options.externalFlashBudget = externalFlashBudget;
  options.ramBudget = ramBudget;
  llvm::Expected<CodeSize> code = measureCode(files, project.emit.name, resolved, project.runtimeDirectory, program);
  if (!code)
    return code.takeError();
  options.codeBytes = code->bytes;
  options.isCodeMeasured = code->isMeasured;
  options.notes = notes;
  return report::buildReport(program, options);
}

ExitCode CompileCommand::finish(Compilation &compilation, const CompileOptions &options, const Target &resolved,
                                const std::string &home) {
  mcu::ProgramOp program = compilation.getProgram();
  if (!program) {
    printError("'" + model.model + "' holds no mcu.program");
    return ExitCode::BadInput;
  }
  codegen::TreeForm form = trees == "code"    ? codegen::TreeForm::Code
                           : trees == "table" ? codegen::TreeForm::Table
                                              : codegen::TreeForm::Auto;
  std::vector<std::string> treeNotes = codegen::chooseTreeForms(program, form, resolved.fpu != "none");
  codegen::ProjectOptions project;
  project.emit.name = program.getSymName().str();
  project.emit.version = versionString;
  project.emit.modelFile = model.model;
  project.emit.target = resolved.name;
  bool isInt8 = llvm::any_of(mcu::getKernelNames(program), [](llvm::StringRef kernel) {
    return kernel.ends_with("_s8") || kernel.ends_with("_s16");
  });
  project.emit.provenance.push_back(isInt8 ? "quantized to int8" : "float32, not quantized");
  project.emit.golden = makeGoldenVectors(program);
  project.runtimeDirectory = runtimeDirectory(home);
  project.isa = resolved.isa;
  project.emit.externalAlignment = resolved.externalFlash ? resolved.externalFlash->alignment : 4;
  std::vector<std::string> notes = makeNotes(compilation);
  notes.insert(notes.end(), treeNotes.begin(), treeNotes.end());
  std::vector<codegen::EmittedFile> files;
  llvm::Expected<report::Report> report = measure(program, project, resolved, notes, files);
  // Padding depends on what lies where, so a few bytes may be missing at first.
  int64_t moved = 0;
  for (int tries = 0; tries < 3 && report && !report->fitsFlash() && movesWeights && externalFlashBudget; ++tries) {
    int64_t missing = int64_t(report->flash.getTotal() - *report->flash.budget);
    int64_t bytes = schedule::moveToExternal(program, missing);
    if (bytes == 0)
      break;
    moved += bytes;
    report = measure(program, project, resolved, notes, files);
  }
  if (!report)
    return badInput(report.takeError());
  if (moved > 0)
    report->notes.push_back(formatByteSize(uint64_t(moved)) + " of constants are in external flash, those that are read least");
  report->heldOut = makeHeldOut(compilation);
  report->externalRam.budget = externalRamBudget;
  for (const schedule::SpilledBuffer &buffer : compilation.spilled)
    report->externalRam.add(
        {buffer.name, uint64_t(buffer.bytes), uint64_t(buffer.traffic), uint64_t(buffer.cost), buffer.isCopied});
  report->precision = makePrecision(compilation);
  report->executions = makeExecutions(compilation);
  report->ram.least = findLeast(*report, compilation);
  if (!report->fits())
    for (const std::string &remedy : suggestRemedies(*report, options, resolved, movesWeights && externalFlashBudget,
                                                      targetsDirectory(home)))
      report->notes.push_back(remedy);

  std::string json, text;
  llvm::raw_string_ostream jsonStream(json), textStream(text);
  report::writeJson(*report, jsonStream);
  report::writeText(*report, textStream);
  if (report->fits() && !isAnalysis) {
    std::string page, picture;
    llvm::raw_string_ostream pageStream(page), pictureStream(picture);
    report::writeHtml(*report, pageStream);
    report::writeSvg(*report, pictureStream);
    files.push_back({"report.json", json});
    files.push_back({"report.txt", text});
    files.push_back({"report.html", page});
    files.push_back({"memory.svg", picture});
    if (ExitCode written = write(files, compilation, home); written != ExitCode::Success)
      return written;
  }
  if (format == "json")
    llvm::outs() << json;
  else
    report::writeText(*report, llvm::outs(), {llvm::sys::Process::StandardOutIsDisplayed(), isAnalysis || !report->fits()});
  if (!report->fits())
    return ExitCode::OverBudget;
  if (!isAnalysis && format == "text")
    llvm::outs() << "\nWritten to " << output << "; check it with: thimble verify " << output << " --inputs DATA\n";
  return ExitCode::Success;
}

ExitCode CompileCommand::write(const std::vector<codegen::EmittedFile> &files, Compilation &compilation,
                               const std::string &home) {
  if (llvm::Error error = codegen::writeFiles(files, output))
    return badInput(std::move(error));
  if (!compilation.reference)
    return ExitCode::Success; // started too late to have one: such a folder cannot be verified
  if (llvm::Error error = writeVerificationModule(output, *compilation.reference, *compilation.module))
    return badInput(std::move(error));
  if (llvm::Error error = writeVerificationTarget(output, targetFile(target, targetsDirectory(home))))
    return badInput(std::move(error));
  return ExitCode::Success;
}

void addOne(CLI::App &app, Action &action, bool isAnalysis) {
  auto command = std::make_shared<CompileCommand>();
  command->isAnalysis = isAnalysis;
  CLI::App *subcommand = isAnalysis
                             ? app.add_subcommand("analyze", "Would a model fit, and where do the bytes go? Writes nothing")
                             : app.add_subcommand("compile", "Compile a model to a folder of C");
  command->addTo(*subcommand);
  subcommand->callback([command, &action] { action = [command] { return command->run(); }; });
}

} // namespace

void thimble::driver::addCompileCommands(CLI::App &app, Action &action) {
  addOne(app, action, false);
  addOne(app, action, true);
}
