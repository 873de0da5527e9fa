// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble targets: the chips and boards that the compiler knows.
#include "codegen/targets/Target.h"
#include "compiler/support/ByteSize.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/thimble/Commands.h"

using namespace thimble;
using namespace thimble::driver;

static std::string sizeText(std::optional<uint64_t> bytes) { return bytes ? formatByteSize(*bytes) : "no limit"; }
static std::string externalText(std::optional<uint64_t> bytes) { return bytes ? formatByteSize(*bytes) : "-"; }

static void printText(const std::vector<Target> &targets) {
  llvm::outs() << llvm::formatv("{0,-16} {1,-12} {2,-5} {3,10} {4,10} {5,10} {6,10}  {7}\n", "target", "core", "FPU", "flash",
                                "RAM", "ext. flash", "ext. RAM", "emulated on");
  for (const Target &target : targets)
    llvm::outs() << llvm::formatv("{0,-16} {1,-12} {2,-5} {3,10} {4,10} {5,10} {6,10}  {7}\n", target.name, target.core,
                                  target.fpu, sizeText(target.getFlashBytes()), sizeText(target.getRamBytes()),
                                  externalText(target.getExternalFlashBytes()), externalText(target.getExternalRamBytes()),
                                  target.emulator ? target.emulator->machine : "-");
  llvm::outs() << "\n--target also takes the path of a .json file of the same form (codegen/targets/target.schema.json).\n";
}

static void printJson(const std::vector<Target> &targets) {
  llvm::json::OStream json(llvm::outs(), 2);
  json.array([&] {
    for (const Target &target : targets)
      json.object([&] {
        json.attribute("name", target.name);
        json.attribute("description", target.description);
        json.attribute("core", target.core);
        json.attribute("fpu", target.fpu);
        json.attribute("flash_bytes", target.getFlashBytes());
        json.attribute("ram_bytes", target.getRamBytes());
        json.attribute("external_flash_bytes", target.getExternalFlashBytes());
        json.attribute("external_ram_bytes", target.getExternalRamBytes());
        json.attribute("emulator", target.emulator ? llvm::json::Value(target.emulator->machine) : llvm::json::Value(nullptr));
      });
  });
  llvm::outs() << "\n";
}

void thimble::driver::addTargetsCommand(CLI::App &app, Action &action) {
  auto format = std::make_shared<std::string>("text");
  CLI::App *subcommand = app.add_subcommand("targets", "List the chips and boards that --target knows");
  addFormat(*subcommand, *format);
  subcommand->callback([format, &action] {
    action = [format] {
      std::string home = findHome();
      if (home.empty())
        return ExitCode::Internal;
      llvm::Expected<std::vector<Target>> targets = listTargets(targetsDirectory(home));
      if (!targets)
        return badInput(targets.takeError());
      if (*format == "json")
        printJson(*targets);
      else
        printText(*targets);
      return ExitCode::Success;
    };
  });
}
