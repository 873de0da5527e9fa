// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs other programs: compilers, the emulator, the compiled model itself.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace thimble {

/// A folder for temporary files with a unique name, removed with all that is in it.
class TemporaryFolder {
public:
  /// In the system's folder for temporary files.
  static llvm::Expected<TemporaryFolder> create();
  TemporaryFolder(TemporaryFolder &&other) : path(std::move(other.path)) { other.path.clear(); }
  TemporaryFolder &operator=(TemporaryFolder &&) = delete;
  ~TemporaryFolder();
  llvm::StringRef getPath() const { return path; }

private:
  explicit TemporaryFolder(llvm::StringRef path) : path(path) {}
  llvm::SmallString<128> path;
};

struct Command {
  std::string program; // looked up in PATH unless it contains a "/"
  std::vector<std::string> arguments;
  std::string directory; // where it runs; an absolute path
};

struct ProcessResult {
  enum class End { Exited, TimedOut, Crashed } end = End::Exited;
  int exitCode = 0;   // if it exited by itself
  std::string output; // standard output and error, in the order of writing
  std::string signal; // what it crashed with

  bool isSuccess() const { return end == End::Exited && exitCode == 0; }
};

/// Runs all commands, at most `parallel` at a time, each for at most `seconds`; then it is killed. Their environment is reduced
/// to what finding programs needs, and their language is English. Fails if one cannot be started.
llvm::Expected<std::vector<ProcessResult>> runCommands(llvm::ArrayRef<Command> commands, unsigned parallel, unsigned seconds);
llvm::Expected<ProcessResult> runCommand(const Command &command, unsigned seconds);

/// Fails with the name of the Debian package that has `program` if it is not installed.
llvm::Error requireProgram(llvm::StringRef program);

/// How many programs are run at once: the number of processors, at most 8.
unsigned getParallelism();

} // namespace thimble
