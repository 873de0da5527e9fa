// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble operators: the ONNX operators that can be compiled.
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include "passes/legalize/Registry.h"
#include "tools/thimble/Commands.h"

using namespace thimble;
using namespace thimble::driver;

static void printJson() {
  llvm::json::OStream json(llvm::outs(), 2);
  json.array([&] {
    for (const auto &[name, versions] : legalize::getRegistry().list())
      json.object([&, &name = name, &versions = versions] {
        json.attribute("name", name);
        json.attributeArray("since", [&] {
          for (int64_t version : versions)
            json.value(version);
        });
      });
  });
  llvm::outs() << "\n";
}

void thimble::driver::addOperatorsCommand(CLI::App &app, Action &action) {
  auto format = std::make_shared<std::string>("text");
  CLI::App *subcommand = app.add_subcommand("operators", "List the ONNX operators that can be compiled");
  addFormat(*subcommand, *format);
  subcommand->callback([format, &action] {
    action = [format] {
      if (*format == "json") {
        printJson();
        return ExitCode::Success;
      }
      for (const auto &[name, versions] : legalize::getRegistry().list()) {
        llvm::outs() << llvm::formatv("{0,-28} since", name);
        for (int64_t version : versions)
          llvm::outs() << " " << version;
        llvm::outs() << "\n";
      }
      return ExitCode::Success;
    };
  });
}
