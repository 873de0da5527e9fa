// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Puts the output folder of a compiled model together.
#include "codegen/project/Project.h"
#include "codegen/c/Trees.h"
#include "codegen/project/BuildFiles.h"
#include "codegen/project/RuntimeFiles.h"
#include "dialects/mcu/McuLiveness.h"

using namespace thimble;
using namespace thimble::codegen;

llvm::Expected<std::vector<EmittedFile>> thimble::codegen::emitProject(mcu::ProgramOp program, const ProjectOptions &options) {
  llvm::Expected<std::vector<EmittedFile>> files = emitC(program, options.emit);
  if (!files)
    return files.takeError();
  std::vector<std::string> kernels;
  for (mcu::CallOp call : mcu::getCalls(program))
    if (!isTreeCode(call))
      kernels.push_back(call.getKernel().str());
  llvm::Expected<RuntimeFiles> runtime = collectRuntime(kernels, options.runtimeDirectory, options.isa);
  if (!runtime)
    return runtime.takeError();
  files->insert(files->end(), runtime->files.begin(), runtime->files.end());
  files->push_back({"CMakeLists.txt", writeCMakeLists(options.emit, *runtime)});
  files->push_back({options.emit.name + ".mk", writeMakeFragment(options.emit, *runtime)});
  for (llvm::StringRef name : {"tmb_port.h", "host.c"}) {
    llvm::Expected<std::string> contents = readRuntimeFile(options.runtimeDirectory, "port/harness/" + name);
    if (!contents)
      return contents.takeError();
    files->push_back({"verify/" + name.str(), *contents});
  }
  llvm::sort(*files, [](const EmittedFile &a, const EmittedFile &b) { return a.path < b.path; });
  return files;
}
