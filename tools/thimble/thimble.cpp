// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble: the command line of the compiler.
#include "compiler/support/Version.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/thimble/Commands.h"
#include <exception>
#include <iostream>

using namespace thimble;
using namespace thimble::driver;

static const char *const footer = R"(Examples:
  thimble compile kws.onnx --target stm32f746 --flash 256K --ram 64K --calibration data.npz -o out/
  thimble analyze kws.onnx --target stm32l4r5 --quantize int8 --calibration data.npz
  thimble verify out/ --inputs test.npz
  thimble run kws.onnx --inputs test.npz -o logits.npy

Exit codes: 0 success; 1 verify found a difference; 2 bad input (model, data or option);
            3 the model does not fit the budget; 70 internal error.)";

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  CLI::App app("Thimble compiles ONNX models to C for microcontrollers, within a byte budget.", "thimble");
  app.set_version_flag("--version", std::string("thimble ") + versionString);
  app.require_subcommand(1);
  app.footer(footer);
  app.get_formatter()->column_width(36);

  Action action;
  addCompileCommands(app, action);
  addVerifyCommand(app, action);
  addRunCommand(app, action);
  addTargetsCommand(app, action);
  addOperatorsCommand(app, action);
  addImportCommand(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    int code = app.exit(error, std::cout, std::cerr);
    return code == 0 ? int(ExitCode::Success) : int(ExitCode::BadInput);
  }
  try {
    return int(action());
  } catch (const std::bad_alloc &) {
    printError("out of memory");
    return int(ExitCode::Internal);
  } catch (const std::exception &error) {
    printError(llvm::Twine("internal error: ") + error.what());
    return int(ExitCode::Internal);
  }
}
