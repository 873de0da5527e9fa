// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes and reads the folder verify/ of a compiled model.
#include "compiler/verify/VerificationModule.h"
#include "compiler/support/Diagnostics.h"
#include "compiler/verify/Process.h"
#include "compiler/verify/VerifyError.h"
#include "dialects/nn/NNDialect.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Quant/QuantOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace thimble;
namespace fs = llvm::sys::fs;

static constexpr llvm::StringLiteral referenceName = "reference";
static constexpr llvm::StringLiteral compiledName = "compiled";

static std::string modulePath(llvm::StringRef folder, llvm::StringRef model) {
  return (folder + "/verify/" + model + ".mlirbc").str();
}
static std::string targetPath(llvm::StringRef folder) { return (folder + "/verify/target.json").str(); }

template <typename Op> static Op findOnly(ModuleOp module) {
  auto ops = module.getOps<Op>();
  return std::distance(ops.begin(), ops.end()) == 1 ? *ops.begin() : Op();
}

static llvm::Error cannotWrite(llvm::StringRef path, std::error_code error) {
  return verifyError(ExitCode::BadInput, "cannot write '" + path + "': " + error.message());
}

static llvm::Error writeFile(llvm::StringRef path, llvm::StringRef contents) {
  if (std::error_code error = fs::create_directories(llvm::sys::path::parent_path(path)))
    return cannotWrite(path, error);
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return cannotWrite(path, error);
  os << contents;
  os.close();
  if (!os.has_error())
    return llvm::Error::success();
  error = os.error();
  os.clear_error(); // or its destructor ends the program
  return cannotWrite(path, error);
}

// A deep copy of a module with another name and locations without files.
static void addCopy(ModuleOp outer, ModuleOp module, llvm::StringRef name) {
  ModuleOp copy = module.clone();
  copy.setSymName(name);
  outer.getBody()->push_back(copy);
  auto strip = [context = outer.getContext()](Location location) -> Location {
    std::string node = nodeName(location);
    return node.empty() ? Location(UnknownLoc::get(context)) : nodeLocation(context, node);
  };
  copy->walk([&](Operation *op) {
    op->setLoc(strip(op->getLoc()));
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          argument.setLoc(strip(argument.getLoc()));
  });
}

llvm::Error thimble::writeVerificationModule(llvm::StringRef outputFolder, ModuleOp reference, ModuleOp compiled) {
  auto program = findOnly<mcu::ProgramOp>(compiled);
  if (!program || !reference.lookupSymbol<func::FuncOp>("main"))
    return verifyError(ExitCode::Internal, "verification needs one mcu.program and the float model as @main");
  OwningOpRef<ModuleOp> outer = ModuleOp::create(UnknownLoc::get(reference.getContext()));
  addCopy(*outer, reference, referenceName);
  addCopy(*outer, compiled, compiledName);
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  if (failed(writeBytecodeToFile(*outer, os, BytecodeWriterConfig("thimble"))))
    return verifyError(ExitCode::Internal, "the models cannot be written as bytecode");
  return writeFile(modulePath(outputFolder, program.getSymName()), bytes);
}

llvm::Error thimble::writeVerificationTarget(llvm::StringRef outputFolder, llvm::StringRef targetFile) {
  auto buffer = llvm::MemoryBuffer::getFile(targetFile);
  if (!buffer)
    return verifyError(ExitCode::BadInput, "cannot read '" + targetFile + "': " + buffer.getError().message());
  return writeFile(targetPath(outputFolder), (*buffer)->getBuffer());
}

static llvm::Error badFolder(llvm::StringRef folder, const llvm::Twine &problem) {
  return verifyError(ExitCode::BadInput, "'" + folder + "' cannot be verified: " + problem +
                                             ". Give the folder that `thimble compile -o` wrote, or compile again");
}

llvm::Expected<VerificationModule> thimble::readVerificationModule(llvm::StringRef outputFolder, llvm::StringRef model,
                                                                   MLIRContext &context) {
  DialectRegistry registry;
  registry.insert<nn::NNDialect, mcu::McuDialect, pack::PackDialect, func::FuncDialect, quant::QuantizationDialect>();
  context.appendDialectRegistry(registry);
  std::string path = modulePath(outputFolder, model);
  if (!fs::exists(path))
    return badFolder(outputFolder, "there is no verify/" + model + ".mlirbc");
  DiagnosticCollector diagnostics(&context, /*quiet=*/true);
  VerificationModule result;
  result.module = parseSourceFile<ModuleOp>(path, ParserConfig(&context));
  if (!result.module)
    return badFolder(outputFolder, "verify/" + model + ".mlirbc is damaged or of another version" +
                                       (diagnostics.getErrors().empty() ? "" : ": " + format(diagnostics.getErrors().front())));
  auto reference = result.module->lookupSymbol<ModuleOp>(referenceName);
  auto compiled = result.module->lookupSymbol<ModuleOp>(compiledName);
  if (reference)
    result.reference = reference.lookupSymbol<func::FuncOp>("main");
  if (compiled)
    result.program = findOnly<mcu::ProgramOp>(compiled);
  if (!result.reference || !result.program)
    return badFolder(outputFolder, "verify/" + model + ".mlirbc lacks the float model or the program");
  return result;
}

llvm::Expected<Target> thimble::readVerificationTarget(llvm::StringRef outputFolder) {
  std::string path = targetPath(outputFolder);
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return badFolder(outputFolder, "there is no verify/target.json");
  llvm::Expected<llvm::json::Value> value = llvm::json::parse((*buffer)->getBuffer());
  if (!value)
    return badFolder(outputFolder, "verify/target.json: " + toString(value.takeError()));
  // A target's file must be called like the target: this copy is for loadTarget alone.
  const llvm::json::Object *object = value->getAsObject();
  std::optional<llvm::StringRef> name = object ? object->getString("name") : std::nullopt;
  if (!name || name->empty() || name->contains('/'))
    return badFolder(outputFolder, "verify/target.json has no name");
  llvm::Expected<TemporaryFolder> temporary = TemporaryFolder::create();
  if (!temporary)
    return temporary.takeError();
  std::string copy = (temporary->getPath() + "/" + *name + ".json").str();
  if (llvm::Error error = writeFile(copy, (*buffer)->getBuffer()))
    return std::move(error);
  return loadTarget(copy, temporary->getPath());
}

llvm::Expected<std::string> thimble::readModelName(llvm::StringRef outputFolder) {
  auto buffer = llvm::MemoryBuffer::getFile(outputFolder + "/report.json");
  if (!buffer)
    return badFolder(outputFolder, "there is no report.json");
  llvm::Expected<llvm::json::Value> report = llvm::json::parse((*buffer)->getBuffer());
  if (!report)
    return badFolder(outputFolder, "report.json: " + toString(report.takeError()));
  const llvm::json::Object *object = report->getAsObject();
  std::optional<llvm::StringRef> model = object ? object->getString("model") : std::nullopt;
  // It becomes part of paths.
  if (!model || model->empty() || model->contains('/'))
    return badFolder(outputFolder, "report.json does not name the model");
  return model->str();
}
