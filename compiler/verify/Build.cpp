// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Command lines of compilers and linkers, and what their failures mean.
#include "compiler/verify/Build.h"
#include "codegen/project/Project.h"
#include "codegen/project/RuntimeFiles.h"
#include "compiler/verify/Process.h"
#include "compiler/verify/VerifyError.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace thimble;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

// A large model's constants take a while.
static constexpr unsigned compileSeconds = 600;

llvm::ArrayRef<llvm::StringRef> thimble::getCompileFlags() {
  static constexpr llvm::StringRef flags[] = {
      "-std=c99",
      "-pedantic",
      "-Wall",
      "-Wextra",
      "-Wconversion",
      "-Wundef",
      "-Werror",
      "-O2",               // what users ship
      "-ffp-contract=off", // float32 products and sums are rounded each, on every machine
      "-fno-math-errno"};  // no kernel reads errno, so a square root may be one instruction
  return flags;
}

llvm::ArrayRef<llvm::StringRef> thimble::getImageCompileFlags() {
  static constexpr llvm::StringRef flags[] = {"-ffunction-sections", "-fdata-sections"};
  return flags;
}

static std::string makeAbsolute(llvm::StringRef name) {
  llvm::SmallString<256> absolute = name;
  (void)fs::make_absolute(absolute); // fails only without a current folder; then the compiler says what it cannot find
  path::remove_dots(absolute, /*remove_dot_dot=*/false);
  return absolute.str().str();
}

namespace {
/// One C file and its object, relative to the build folder.
struct Unit {
  std::string source;
  std::string object;
};

/// A build in one folder for one machine.
class Builder {
public:
  // Programs run in the build folder, so paths must not depend on ours.
  Builder(const EmittedModel &emitted, llvm::StringRef directory, bool isForHost)
      : model(emitted), directory(makeAbsolute(directory)), isForHost(isForHost) {
    model.folder = makeAbsolute(emitted.folder);
    model.runtimeDirectory = makeAbsolute(emitted.runtimeDirectory);
  }

  llvm::Error addModel();
  llvm::Error addHarness();
  llvm::Error addPorts();
  llvm::Error compile();
  llvm::Error link(llvm::StringRef output, llvm::ArrayRef<std::string> options);
  llvm::Error writeMemory();
  std::string getFile(const llvm::Twine &name) const { return (llvm::Twine(directory) + "/" + name).str(); }
  std::vector<std::string> getTargetLinkOptions() const;
  llvm::Expected<LinkerMap> readMap(llvm::StringRef file) const;

private:
  llvm::StringRef getCompiler() const { return isForHost ? llvm::StringRef("cc") : llvm::StringRef(model.target.compiler); }
  void add(llvm::StringRef group, const llvm::Twine &source) {
    std::string file = source.str();
    units.push_back({file, (group + "/" + path::stem(file) + ".o").str()});
  }
  llvm::Error addFolder(llvm::StringRef group, const llvm::Twine &folder);
  llvm::Error explain(llvm::StringRef what, const ProcessResult &result) const;

  EmittedModel model;
  std::string directory;
  bool isForHost;
  std::vector<Unit> units;
};
} // namespace

static llvm::Error badFolder(const EmittedModel &model, const llvm::Twine &problem) {
  return verifyError(ExitCode::BadInput,
                     "'" + model.folder + "' is not a complete output folder of `thimble compile`: " + problem);
}

// The C files in a folder, sorted: folders are listed in any order.
static llvm::Expected<std::vector<std::string>> listSources(const EmittedModel &model, const llvm::Twine &folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; at != end && !error; at.increment(error))
    if (path::extension(at->path()) == ".c")
      files.push_back(at->path());
  // A model that is nothing but trees as code needs no kernels.
  if (error && error != std::errc::no_such_file_or_directory)
    return badFolder(model, "cannot list '" + folder + "': " + error.message());
  llvm::sort(files);
  return files;
}

llvm::Error Builder::addFolder(llvm::StringRef group, const llvm::Twine &folder) {
  llvm::Expected<std::vector<std::string>> sources = listSources(model, folder);
  if (!sources)
    return sources.takeError();
  for (const std::string &source : *sources)
    add(group, source);
  return llvm::Error::success();
}

// Where this computer cannot run the target's kernels, their portable twins are compiled: the same names in src/kernels.
llvm::Error Builder::addModel() {
  for (llvm::StringRef suffix : {".c", "_weights.c"})
    if (std::string file = (model.folder + "/" + model.name + suffix).str(); fs::exists(file))
      add("model", file);
    else
      return badFolder(model, "there is no " + model.name + suffix);
  llvm::Expected<std::vector<std::string>> sources = listSources(model, model.folder + "/runtime/src");
  if (!sources)
    return sources.takeError();
  bool isSpecial = false;
  std::vector<std::string> folders = codegen::listKernelFolders(model.runtimeDirectory, model.target.isa);
  folders.pop_back(); // the portable ones
  for (const std::string &folder : folders) {
    std::error_code error;
    for (fs::directory_iterator at(model.runtimeDirectory + "/" + folder, error), end; at != end && !error; at.increment(error))
      isSpecial |= fs::exists(model.folder + "/runtime/src/" + path::filename(at->path()));
  }
  for (const std::string &source : *sources) {
    if (!model.kernels.empty() && !llvm::is_contained(model.kernels, path::stem(source)))
      continue;
    std::string portable = (model.runtimeDirectory + "/src/kernels/" + path::filename(source)).str();
    add("runtime", isForHost && isSpecial && fs::exists(portable) ? portable : source);
  }
  return llvm::Error::success();
}

llvm::Error Builder::addHarness() {
  std::string file = model.folder + "/verify/" + model.name + "_verify.c";
  if (!fs::exists(file))
    return badFolder(model, "there is no verify/" + model.name + "_verify.c");
  add("harness", file);
  if (isForHost)
    add("harness", model.runtimeDirectory + "/port/harness/host.c");
  return llvm::Error::success();
}

llvm::Error Builder::addPorts() {
  for (const std::string &port : model.target.emulator->port)
    if (llvm::Error error = addFolder("port", model.runtimeDirectory + "/port/" + port))
      return error;
  return llvm::Error::success();
}

// Compiles what has no object yet.
llvm::Error Builder::compile() {
  std::vector<Command> commands;
  for (const Unit &unit : units) {
    if (fs::exists(getFile(unit.object)))
      continue;
    if (std::error_code error = fs::create_directories(path::parent_path(getFile(unit.object))))
      return verifyError(ExitCode::BadInput, "cannot make the folder of '" + getFile(unit.object) + "': " + error.message());
    Command command{getCompiler().str(), {}, directory};
    llvm::append_range(command.arguments, llvm::map_range(getCompileFlags(), [](llvm::StringRef flag) { return flag.str(); }));
    if (!isForHost) {
      llvm::append_range(command.arguments,
                         llvm::map_range(getImageCompileFlags(), [](llvm::StringRef flag) { return flag.str(); }));
      llvm::append_range(command.arguments, model.target.flags);
    }
    if (model.checksPlan)
      command.arguments.push_back("-DTMB_CHECK_PLAN");
    for (const std::string &folder :
         {model.folder, model.folder + "/runtime/include", model.runtimeDirectory + "/port/harness"})
      command.arguments.push_back("-I" + folder);
    llvm::append_range(command.arguments, std::vector<std::string>{"-c", unit.source, "-o", unit.object});
    commands.push_back(std::move(command));
  }
  llvm::Expected<std::vector<ProcessResult>> results = runCommands(commands, getParallelism(), compileSeconds);
  if (!results)
    return results.takeError();
  for (auto [command, result] : llvm::zip(commands, *results))
    if (!result.isSuccess())
      return explain("'" + command.arguments[command.arguments.size() - 3] + "' cannot be compiled", result);
  return llvm::Error::success();
}

llvm::Error Builder::link(llvm::StringRef output, llvm::ArrayRef<std::string> options) {
  Command command{getCompiler().str(), {}, directory};
  if (!isForHost)
    command.arguments = model.target.flags;
  for (const Unit &unit : units)
    command.arguments.push_back(unit.object);
  llvm::append_range(command.arguments, options);
  llvm::append_range(command.arguments, std::vector<std::string>{"-lm", "-o", output.str()});
  llvm::Expected<ProcessResult> result = runCommand(command, compileSeconds);
  if (!result)
    return result.takeError();
  return result->isSuccess() ? llvm::Error::success() : explain("the model cannot be linked", *result);
}

// What is left of the linker's text when it says that memory is too small: "region `FLASH' overflowed by 1234 bytes".
static std::optional<std::string> findOverflow(llvm::StringRef text, llvm::StringRef region) {
  auto [before, after] = text.split(("region `" + region + "' overflowed by ").str());
  if (after.empty())
    return std::nullopt;
  return after.take_while(llvm::isDigit).str();
}

llvm::Error Builder::explain(llvm::StringRef what, const ProcessResult &result) const {
  llvm::StringRef output = llvm::StringRef(result.output).trim();
  const std::string &target = model.target.name;
  if (!isForHost) {
    uint64_t flash = model.memory.flash.value_or(model.target.getFlashBytes().value_or(0));
    uint64_t ram = model.memory.ram.value_or(model.target.getRamBytes().value_or(0));
    if (output.contains("the constants do not fit into external flash"))
      return verifyError(ExitCode::OverBudget, "the constants in external flash do not fit into that of " + target +
                                                   ", or of the machine that emulates it (--external-flash)");
    if (std::optional<std::string> bytes = findOverflow(output, "FLASH"))
      return verifyError(ExitCode::OverBudget, "the image does not fit into the " + llvm::Twine(flash) + " bytes of flash of " +
                                                   target + ": " + *bytes + " bytes are missing");
    if (output.contains("the arena does not fit into external RAM"))
      return verifyError(ExitCode::OverBudget, "the arena in external RAM does not fit into that of " + target +
                                                   ", or of the machine that emulates it (--external-ram)");
    std::optional<std::string> bytes = findOverflow(output, "RAM");
    if (bytes || output.contains("data and stack do not fit into RAM"))
      return verifyError(ExitCode::OverBudget,
                         "the image does not fit into the " + llvm::Twine(ram) + " bytes of RAM of " + target + ": " +
                             (bytes ? "already without the stack " + *bytes + " bytes are missing"
                                    : "the arena" +
                                          (model.arenaBytes > 0 ? " of " + llvm::Twine(model.arenaBytes) : llvm::Twine()) +
                                          " and the stack of " + llvm::Twine(model.stackBytes) +
                                          " bytes do not fit both. Compile for less --ram, or verify with less --stack"));
  }
  std::string how = result.end == ProcessResult::End::TimedOut  ? " within " + std::to_string(compileSeconds) + " seconds"
                    : result.end == ProcessResult::End::Crashed ? ": " + getCompiler().str() + " crashed: " + result.signal
                                                                : "";
  // Of pages of messages the first ones matter.
  return verifyError(ExitCode::VerificationFailed,
                     what + (isForHost ? "" : " for " + target) + how + "\n" + output.take_front(4000).str());
}

llvm::Error Builder::writeMemory() {
  llvm::Expected<std::string> script =
      codegen::writeMemoryScript(model.target, model.stackBytes, model.memory);
  if (!script)
    return script.takeError();
  return codegen::writeFiles(codegen::EmittedFile{"memory.ld", *script}, directory);
}

std::vector<std::string> Builder::getTargetLinkOptions() const {
  std::vector<std::string> options = model.target.emulator->linkFlags;
  llvm::append_range(options,
                     std::vector<std::string>{"-T", "link.ld", "-L", ".", "-L",
                                              model.runtimeDirectory + "/port/" + model.target.emulator->port.front()});
  return options;
}

llvm::Expected<LinkerMap> Builder::readMap(llvm::StringRef file) const {
  auto buffer = llvm::MemoryBuffer::getFile(getFile(file));
  if (!buffer)
    return verifyError(ExitCode::Internal, "the linker wrote no map: " + buffer.getError().message());
  return parseLinkerMap((*buffer)->getBuffer());
}

llvm::Expected<std::string> thimble::buildForHost(const EmittedModel &model, llvm::StringRef directory) {
  Builder builder(model, directory, /*isForHost=*/true);
  llvm::Error error = builder.addModel();
  if (!error)
    error = builder.addHarness();
  if (!error)
    error = builder.compile();
  if (!error)
    error = builder.link("verify", {});
  if (error)
    return std::move(error);
  return builder.getFile("verify");
}

static llvm::Error requireEmulator(const EmittedModel &model) {
  if (model.target.emulator && !model.target.emulator->port.empty())
    return llvm::Error::success();
  return verifyError(ExitCode::BadInput, "target '" + model.target.name + "' has no emulator: verify on the host");
}

llvm::Expected<TargetImage> thimble::buildForTarget(const EmittedModel &model, llvm::StringRef directory) {
  if (llvm::Error error = requireEmulator(model))
    return std::move(error);
  Builder builder(model, directory, /*isForHost=*/false);
  llvm::Error error = builder.writeMemory();
  if (!error)
    error = builder.addModel();
  if (!error)
    error = builder.addHarness();
  if (!error)
    error = builder.addPorts();
  if (!error)
    error = builder.compile();
  std::vector<std::string> options = builder.getTargetLinkOptions();
  options.push_back("-Wl,-Map=image.map");
  if (!error)
    error = builder.link("image.elf", options);
  if (error)
    return std::move(error);
  llvm::Expected<LinkerMap> map = builder.readMap("image.map");
  if (!map)
    return map.takeError();
  return TargetImage{builder.getFile("image.elf"), std::move(*map)};
}

static Footprint attribute(const LinkerMap &map, const llvm::StringSet<> &tables) {
  Footprint footprint;
  for (const LinkerMap::Input &input : map.inputs) {
    if (!LinkerMap::isInFlash(input.output))
      continue;
    llvm::StringRef object = input.object, name = input.name;
    if (input.output == ".data" && object.starts_with("model/"))
      footprint.constants += input.bytes;
    bool isCode = input.output == ".text";
    if (object.starts_with("runtime/"))
      footprint.kernels += input.bytes;
    else if (object.starts_with("model/") && isCode)
      footprint.code += input.bytes;
    else if (object.starts_with("model/") && object.ends_with("_weights.o"))
      (tables.contains(name.rsplit('.').second) ? footprint.tables : footprint.weights) += input.bytes;
    else if (object.starts_with("model/"))
      footprint.tables += input.bytes; // parameter records
    else if (!object.empty())
      footprint.libraries += input.bytes;
  }
  footprint.padding = map.getFlashBytes() - std::min(map.getFlashBytes(), footprint.getFlash());
  footprint.external = map.getBytes(LinkerMap::externalSection);
  footprint.staticRam = map.getStaticRamBytes() - footprint.constants;
  return footprint;
}

llvm::Expected<Footprint> thimble::measureFootprint(const EmittedModel &model, llvm::StringRef directory,
                                                    const llvm::StringSet<> &tables) {
  if (llvm::Error error = requireEmulator(model))
    return std::move(error);
  Builder builder(model, directory, /*isForHost=*/false);
  llvm::Error error = builder.writeMemory();
  if (!error)
    error = builder.addModel();
  if (!error)
    error = builder.compile();
  // What a program calls is what counts; without a start-up file these are the roots.
  std::vector<std::string> options = builder.getTargetLinkOptions();
  llvm::append_range(options, std::vector<std::string>{"-Wl,-Map=model.map", "-Wl,--entry=" + model.name + "_run",
                                                       "-Wl,-u," + model.name + "_input", "-Wl,-u," + model.name + "_output"});
  if (model.hasState)
    options.push_back("-Wl,-u," + model.name + "_reset");
  if (!error)
    error = builder.link("model.elf", options);
  if (error)
    return std::move(error);
  llvm::Expected<LinkerMap> map = builder.readMap("model.map");
  if (!map)
    return map.takeError();
  return attribute(*map, tables);
}
