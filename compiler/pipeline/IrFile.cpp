// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and writing IR files.
#include "compiler/pipeline/IrFile.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace thimble;

OwningOpRef<ModuleOp> thimble::readIr(MLIRContext *context, llvm::StringRef path) {
  Location location = UnknownLoc::get(context);
  if (llvm::sys::fs::is_directory(path)) {
    emitError(location) << "'" << path << "' is a folder, not a file of IR";
    return nullptr;
  }
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file) {
    emitError(location) << "cannot read '" << path << "': " << file.getError().message();
    return nullptr;
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*file), llvm::SMLoc());
  return parseSourceFile<ModuleOp>(sources, ParserConfig(context));
}

void thimble::printIr(ModuleOp module, llvm::raw_ostream &os) {
  OpPrintingFlags flags;
  flags.enableDebugInfo(true, false);
  module->print(os, flags);
  os << "\n";
}

LogicalResult thimble::writeIr(ModuleOp module, llvm::StringRef path) {
  std::error_code error;
  llvm::raw_fd_ostream file(path, error);
  if (!error) {
    if (!path.ends_with(".mlirbc"))
      printIr(module, file);
    else if (failed(writeBytecodeToFile(module, file)))
      return failure();
    file.flush();
    error = file.error();
    file.clear_error();
  }
  if (error)
    return emitError(UnknownLoc::get(module.getContext())) << "cannot write '" << path << "': " << error.message();
  return success();
}
