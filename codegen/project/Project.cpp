// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Puts the output folder of a compiled model together.
#include "codegen/project/Project.h"
#include "codegen/c/Trees.h"
#include "codegen/kernels/KernelTable.h"
#include "codegen/project/BuildFiles.h"
#include "codegen/project/RuntimeFiles.h"
#include "dialects/mcu/McuLiveness.h"

using namespace thimble;
using namespace thimble::codegen;

llvm::Expected<std::vector<EmittedFile>> thimble::codegen::emitProject(mcu::ProgramOp program, const ProjectOptions &options) {
  llvm::Expected<std::vector<EmittedFile>> files = emitC(program, options.emit);
  if (!files)
    return files.takeError();
  std::vector<std::string> kernels = mcu::getKernelNames(program);
  // A kernel all of whose calls became code of the model's own is not needed.
  llvm::erase_if(kernels, [&](llvm::StringRef name) {
    std::vector<mcu::CallOp> calls = mcu::getCalls(program);
    llvm::erase_if(calls, [&](mcu::CallOp call) { return call.getKernel() != name; });
    return !calls.empty() && llvm::all_of(calls, isTreeCode);
  });
  llvm::Expected<RuntimeFiles> runtime = collectRuntime(kernels::sourcesOf(kernels), options.runtimeDirectory, options.isa);
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
