// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble verify: builds an output folder, runs it on this computer and on the emulated target, and compares.
#include "compiler/verify/Verify.h"
#include "compiler/import/TensorProtoFile.h"
#include "compiler/support/ByteSize.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/thimble/Commands.h"

using namespace thimble;
using namespace thimble::driver;

namespace {

struct VerifyCommand {
  std::string folder, on = "auto", format = "text", flash, externalFlash, ram, externalRam, stack;
  VerifyOptions options;
  double maxError = 0;
  bool hasMaxError = false, quiet = false;

  ExitCode run();
  static bool parseSize(const std::string &text, const char *option, std::optional<uint64_t> &bytes);
};

bool VerifyCommand::parseSize(const std::string &text, const char *option, std::optional<uint64_t> &bytes) {
  if (text.empty())
    return true;
  llvm::Expected<uint64_t> parsed = parseByteSize(text);
  if (!parsed) {
    printError(llvm::Twine(option) + " " + text + ": " + llvm::toString(parsed.takeError()));
    return false;
  }
  bytes = *parsed;
  return true;
}

ExitCode VerifyCommand::run() {
  std::string home = findHome();
  if (home.empty())
    return ExitCode::Internal;
  std::optional<uint64_t> stackBytes;
  if (!parseSize(flash, "--flash", options.memory.flash) || !parseSize(ram, "--ram", options.memory.ram) ||
      !parseSize(externalRam, "--external-ram", options.memory.externalRam) ||
      !parseSize(externalFlash, "--external-flash", options.memory.externalFlash) || !parseSize(stack, "--stack", stackBytes))
    return ExitCode::BadInput;
  options.stackBytes = stackBytes.value_or(options.stackBytes);
  options.runtimeDirectory = runtimeDirectory(home);
  options.on = on == "host" ? VerifyOn::Host : on == "emulator" ? VerifyOn::Emulator : VerifyOn::Auto;
  if (hasMaxError)
    options.maxError = maxError;
  llvm::Expected<VerifyResult> result = [&] {
    Progress progress(!quiet);
    options.progress = [&](llvm::StringRef what, int64_t done, int64_t total) { progress.update(what, done, total); };
    return verifyFolder(folder, options, readTensorProto);
  }();
  if (!result) {
    ErrorDescription error = describe(result.takeError());
    printError(error.message);
    return error.code;
  }
  if (format == "json")
    writeJson(*result, llvm::outs());
  else
    writeText(*result, llvm::outs());
  return result->hasPassed() ? ExitCode::Success : ExitCode::VerificationFailed;
}

} // namespace

void thimble::driver::addVerifyCommand(CLI::App &app, Action &action) {
  auto command = std::make_shared<VerifyCommand>();
  CLI::App *subcommand =
      app.add_subcommand("verify", "Build and run an output folder, on this computer and emulated, and compare");
  subcommand->add_option("folder", command->folder, "Output folder of thimble compile")->required()->type_name("DIR");
  subcommand
      ->add_option("--inputs", command->options.inputs, "Samples (.npy, .npz, .pb), or NAME=FILE for one input of several")
      ->required()
      ->type_name("FILE");
  subcommand->add_option("--labels", command->options.labels, "Class of each sample (.npy), if the inputs' .npz has none")
      ->type_name("FILE");
  subcommand
      ->add_option("--expected", command->options.expected, "Reference outputs, e.g. of ONNX Runtime; default: the float model")
      ->type_name("FILE");
  subcommand->add_option("--max-error", command->maxError, "Fail if an output differs by more from its reference")
      ->type_name("X");
  subcommand->add_option("--on", command->on, "host, emulator (host too), or auto: the emulator if the target has one (auto)")
      ->check(CLI::IsMember({"auto", "host", "emulator"}))
      ->type_name("WHERE");
  subcommand->add_option("--samples", command->options.samples, "Run only the first N samples")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  subcommand->add_flag("--check-plan", command->options.checksPlan,
                       "Check at run time that no call writes or reads what the memory plan does not give it; takes long");
  addSequenceLength(*subcommand, command->options.sequenceLength);
  subcommand->add_option("--flash", command->flash, "Flash of the emulated chip (the target's)")->type_name("BYTES");
  subcommand->add_option("--external-flash", command->externalFlash, "External flash of the emulated board (the target's)")
      ->type_name("BYTES");
  subcommand->add_option("--ram", command->ram, "RAM of the emulated chip (the target's)")->type_name("BYTES");
  subcommand->add_option("--external-ram", command->externalRam, "External RAM of the emulated board (the target's)")
      ->type_name("BYTES");
  subcommand->add_option("--stack", command->stack, "Stack to reserve (4K)")->type_name("BYTES");
  subcommand->add_option("--timeout", command->options.seconds, "Seconds that a run of all samples may take (600)")
      ->check(CLI::PositiveNumber)
      ->type_name("SECONDS");
  subcommand->add_flag("-q,--quiet", command->quiet, "No progress on stderr");
  addFormat(*subcommand, command->format);
  subcommand->callback([command, subcommand, &action] {
    command->hasMaxError = subcommand->count("--max-error") > 0;
    action = [command] { return command->run(); };
  });
}
