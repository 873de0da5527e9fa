// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble import: shows what the importer, or any later stage, makes of a model.
#include "compiler/pipeline/IrFile.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/thimble/Commands.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::driver;

static ExitCode runImport(const ModelOptions &model, const std::string &output) {
  std::optional<CompileOptions> options = model.resolve();
  if (!options)
    return ExitCode::BadInput;
  options->stopAfter = model.stopAfter.empty() ? Stage::Import : options->stopAfter;
  std::unique_ptr<MLIRContext> context = makeContext();
  DiagnosticCollector diagnostics(context.get(), model.quiet);
  std::unique_ptr<Compilation> compilation = compile(context.get(), *options);
  bool isWritten = compilation && (output.empty() || succeeded(writeIr(*compilation->module, output)));
  if (!isWritten) {
    printErrors(diagnostics);
    return ExitCode::BadInput;
  }
  if (output.empty())
    printIr(*compilation->module, llvm::outs());
  return ExitCode::Success;
}

void thimble::driver::addImportCommand(CLI::App &app, Action &action) {
  auto model = std::make_shared<ModelOptions>();
  auto output = std::make_shared<std::string>();
  CLI::App *subcommand = app.add_subcommand("import", "Show a model as IR, as imported or after a stage");
  model->addInput(*subcommand);
  model->addQuantization(*subcommand);
  model->addStages(*subcommand);
  subcommand->add_option("-o,--output", *output, "Write to a file: text, or bytecode if it ends in .mlirbc")->type_name("FILE");
  subcommand->callback([model, output, &action] { action = [model, output] { return runImport(*model, *output); }; });
}
