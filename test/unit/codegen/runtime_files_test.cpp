// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which of several kernels of one name an instruction set gets.
#include "codegen/project/RuntimeFiles.h"
#include "support.h"
#include "llvm/ADT/STLExtras.h"

using namespace thimble;
using namespace thimble::test;

static const std::string runtimeDirectory = sourceDirectory + "/runtime-mcu";
using Folders = std::vector<std::string>;

TEST_CASE("kernel folders, best first", "[codegen]") {
  CHECK(codegen::listKernelFolders(runtimeDirectory, "armv7em") == Folders{"src/arch/armv7em", "src/kernels"});
  CHECK(codegen::listKernelFolders(runtimeDirectory, "armv7em_fpv5") ==
        Folders{"src/arch/armv7em_fpv5", "src/arch/armv7em", "src/kernels"});
  // Without a folder of its own.
  CHECK(codegen::listKernelFolders(runtimeDirectory, "armv6m").back() == "src/kernels");
}

TEST_CASE("an instruction set takes from others what it lacks", "[codegen]") {
  auto contentsFor = [](llvm::StringRef isa, llvm::StringRef path) {
    auto files = codegen::collectRuntime({"tmb_conv2d_f32", "tmb_conv2d_s8"}, runtimeDirectory, isa);
    if (!files)
      FAIL(llvm::toString(files.takeError()));
    auto found = llvm::find_if(files->files, [&](const codegen::EmittedFile &file) { return path == file.path; });
    REQUIRE(found != files->files.end());
    return found->contents;
  };
  for (llvm::StringRef path : {"runtime/src/tmb_conv2d_s8.c", "runtime/src/tmb_conv2d_f32.c"}) {
    CHECK(contentsFor("armv7em_fpv5", path) == contentsFor("armv7em", path));
    CHECK(contentsFor("armv8m_main", path) == contentsFor("armv7em", path));
  }
  CHECK(contentsFor("armv7em", "runtime/src/tmb_conv2d_s8.c") != contentsFor("generic", "runtime/src/tmb_conv2d_s8.c"));
  llvm::StringRef header = "runtime/src/tmb_multiply_add_f32.h";
  CHECK(contentsFor("armv7em_fpv5", header) != contentsFor("armv7em", header));
}
