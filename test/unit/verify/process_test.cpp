// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Child processes: where they run, how they end, and that a hang is no end of ours.
#include "compiler/verify/Process.h"
#include "compiler/verify/VerifyError.h"
#include "llvm/Support/FileSystem.h"
#include <catch2/catch.hpp>
#include <chrono>

using namespace thimble;
using Catch::Matchers::Contains;

static ProcessResult run(const std::string &script, llvm::StringRef directory, unsigned seconds = 20) {
  return cantFail(runCommand({"sh", {"-c", script}, directory.str()}, seconds));
}

TEST_CASE("a program runs in its folder, with its output and exit code kept", "[verify]") {
  TemporaryFolder folder = cantFail(TemporaryFolder::create());
  std::string inner = (folder.getPath() + "/it's a folder").str();
  REQUIRE_FALSE(llvm::sys::fs::create_directories(inner));
  ProcessResult result = run("echo to >&1; echo from >&2; echo x > file; exit 7", inner);
  CHECK(result.end == ProcessResult::End::Exited);
  CHECK(result.exitCode == 7);
  CHECK(result.output == "to\nfrom\n");
  CHECK(llvm::sys::fs::exists(inner + "/file"));
  // Arguments are not read by the shell that changes the folder.
  ProcessResult echo = cantFail(runCommand({"printf", {"%s|", "a b", "$HOME", "", "*"}, inner}, 20));
  CHECK(echo.output == "a b|$HOME||*|");
}

TEST_CASE("messages are in English and nothing leaks in by the environment", "[verify]") {
  TemporaryFolder folder = cantFail(TemporaryFolder::create());
  setenv("CPATH", "/nowhere", 1);
  CHECK(run("echo $LC_ALL $CPATH", folder.getPath()).output == "C\n");
  unsetenv("CPATH");
}

TEST_CASE("hangs and crashes are told apart", "[verify]") {
  TemporaryFolder folder = cantFail(TemporaryFolder::create());
  auto start = std::chrono::steady_clock::now();
  CHECK(cantFail(runCommand({"sleep", {"60"}, folder.getPath().str()}, 1)).end == ProcessResult::End::TimedOut);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
  ProcessResult crash = run("kill -SEGV $$", folder.getPath());
  CHECK(crash.end == ProcessResult::End::Crashed);
  CHECK_THAT(crash.signal, Contains("Segmentation fault"));
}

TEST_CASE("results keep the order of the commands", "[verify]") {
  TemporaryFolder folder = cantFail(TemporaryFolder::create());
  std::vector<Command> commands;
  for (int i = 0; i < 7; ++i)
    commands.push_back(
        {"sh", {"-c", "sleep 0." + std::to_string(7 - i) + "; echo " + std::to_string(i)}, folder.getPath().str()});
  std::vector<ProcessResult> results = cantFail(runCommands(commands, 3, 20));
  REQUIRE(results.size() == 7);
  for (int i = 0; i < 7; ++i)
    CHECK(results[size_t(i)].output == std::to_string(i) + "\n");
  CHECK(cantFail(runCommands({}, 3, 20)).empty());
}

TEST_CASE("a program that is missing is named with its package", "[verify]") {
  TemporaryFolder folder = cantFail(TemporaryFolder::create());
  auto missing = runCommand({"thimble-no-such-program", {}, folder.getPath().str()}, 5);
  REQUIRE_FALSE(bool(missing));
  ErrorDescription error = describe(missing.takeError());
  CHECK(error.code == ExitCode::BadInput);
  CHECK(error.message == "'thimble-no-such-program' is not installed");
  std::string path = getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  std::string compiler = toString(requireProgram("arm-none-eabi-gcc")), emulator = toString(requireProgram("qemu-system-arm"));
  setenv("PATH", path.c_str(), 1);
  CHECK_THAT(compiler, Contains("apt-get install gcc-arm-none-eabi"));
  CHECK_THAT(emulator, Contains("apt-get install qemu-system-arm"));
}

TEST_CASE("a temporary folder goes away with its contents", "[verify]") {
  std::string path;
  {
    TemporaryFolder first = cantFail(TemporaryFolder::create());
    TemporaryFolder folder = std::move(first);
    path = folder.getPath().str();
    REQUIRE_FALSE(llvm::sys::fs::create_directories(path + "/a/b"));
  }
  CHECK_FALSE(llvm::sys::fs::exists(path));
}
