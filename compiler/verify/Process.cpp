// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Temporary folders and child processes.
#include "compiler/verify/Process.h"
#include "compiler/verify/VerifyError.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Threading.h"

using namespace thimble;

char VerifyError::ID = 0;

ErrorDescription thimble::describe(llvm::Error error) {
  ErrorDescription result{ExitCode::BadInput, {}};
  llvm::handleAllErrors(
      std::move(error),
      [&](const VerifyError &known) {
        result.code = known.getCode();
        result.message += (result.message.empty() ? "" : "\n") + known.message();
      },
      [&](const llvm::ErrorInfoBase &other) { result.message += (result.message.empty() ? "" : "\n") + other.message(); });
  return result;
}

llvm::Expected<TemporaryFolder> TemporaryFolder::create() {
  llvm::SmallString<128> path;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("thimble-verify", path))
    return verifyError(ExitCode::BadInput, "cannot make a temporary folder: " + error.message() +
                                               "; set TMPDIR to a folder that can be written to");
  return TemporaryFolder(path);
}

TemporaryFolder::~TemporaryFolder() {
  if (!path.empty())
    (void)llvm::sys::fs::remove_directories(path, /*IgnoreErrors=*/true);
}

// Messages of linkers are read by us, and CPATH and its like change what a compiler finds.
static std::vector<std::string> getEnvironment() {
  std::vector<std::string> environment = {"LC_ALL=C"};
  for (llvm::StringRef name : {"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"})
    if (std::optional<std::string> value = llvm::sys::Process::GetEnv(name))
      environment.push_back((name + "=" + *value).str());
  return environment;
}

static llvm::StringRef packageOf(llvm::StringRef program) {
  if (program == "arm-none-eabi-gcc")
    return "gcc-arm-none-eabi libnewlib-arm-none-eabi";
  if (program.starts_with("qemu-system-"))
    return "qemu-system-arm";
  if (program == "cc" || program == "gcc")
    return "gcc libc6-dev";
  return "";
}

llvm::Error thimble::requireProgram(llvm::StringRef program) {
  if (llvm::sys::findProgramByName(program))
    return llvm::Error::success();
  llvm::StringRef packages = packageOf(program);
  return verifyError(ExitCode::BadInput, "'" + program + "' is not installed" +
                                             (packages.empty() ? llvm::Twine() : "; on Debian: apt-get install " + packages));
}

unsigned thimble::getParallelism() { return std::clamp(llvm::hardware_concurrency().compute_thread_count(), 1u, 8u); }

namespace {
struct Child {
  llvm::sys::ProcessInfo info;
  std::string log;
};
} // namespace

// LLVM cannot choose a working directory, so a shell goes there and becomes the program.
static llvm::Expected<Child> start(const Command &command, llvm::StringRef log) {
  if (llvm::Error error = requireProgram(command.program))
    return std::move(error);
  std::vector<llvm::StringRef> arguments = {
      "sh", "-c", "cd -- \"$1\" && shift && exec \"$@\"", "sh", command.directory, command.program};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = getEnvironment();
  std::vector<llvm::StringRef> views(environment.begin(), environment.end());
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), log, log};
  Child child{{}, log.str()};
  std::string message;
  bool hasFailed = false;
  child.info =
      llvm::sys::ExecuteNoWait("/bin/sh", arguments, llvm::ArrayRef(views), redirects, /*MemoryLimit=*/0, &message, &hasFailed);
  if (hasFailed)
    return verifyError(ExitCode::BadInput, "cannot start '" + command.program + "': " + message);
  return child;
}

static ProcessResult wait(Child &child, unsigned seconds) {
  ProcessResult result;
  std::string message;
  llvm::sys::ProcessInfo ended = llvm::sys::Wait(child.info, seconds, &message);
  result.exitCode = ended.ReturnCode;
  if (ended.ReturnCode == -2) {
    bool isTimeout = llvm::StringRef(message).contains("timed out");
    result.end = isTimeout ? ProcessResult::End::TimedOut : ProcessResult::End::Crashed;
    result.signal = message;
  }
  if (auto buffer = llvm::MemoryBuffer::getFile(child.log))
    result.output = (*buffer)->getBuffer().str();
  (void)llvm::sys::fs::remove(child.log);
  return result;
}

llvm::Expected<std::vector<ProcessResult>> thimble::runCommands(llvm::ArrayRef<Command> commands, unsigned parallel,
                                                                unsigned seconds) {
  std::vector<ProcessResult> results;
  std::vector<Child> children;
  llvm::Error failure = llvm::Error::success();
  for (size_t next = 0; results.size() < children.size() || (next < commands.size() && !failure);) {
    if (next < commands.size() && !failure && children.size() - results.size() < std::max(parallel, 1u)) {
      llvm::Expected<Child> child =
          start(commands[next], commands[next].directory + "/output-" + std::to_string(next) + ".log");
      if (child)
        children.push_back(std::move(*child));
      else
        failure = llvm::joinErrors(std::move(failure), child.takeError());
      ++next;
      continue;
    }
    // The oldest first; the others go on meanwhile.
    results.push_back(wait(children[results.size()], seconds));
  }
  if (failure)
    return std::move(failure);
  return results;
}

llvm::Expected<ProcessResult> thimble::runCommand(const Command &command, unsigned seconds) {
  llvm::Expected<std::vector<ProcessResult>> results = runCommands(command, 1, seconds);
  if (!results)
    return results.takeError();
  return std::move(results->front());
}
