// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// inputs.bin, outputs.bin and the line "tmb: samples=... status=..." of a verification program.
#include "compiler/verify/Harness.h"
#include "compiler/data/FileBytes.h"
#include "compiler/verify/Process.h"
#include "compiler/verify/VerifyError.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

using namespace thimble;

// Fewer samples than this are not worth a process.
static constexpr size_t minSamplesPerProcess = 16;
static constexpr int faultExitCode = 99; // TMB_PORT_EXIT_FAULT
static constexpr int64_t planStatus = -1000; // TMB_ERROR_PLAN

namespace {
/// The samples [first, last) and the process that runs them.
struct Part {
  size_t first, last;
  Command command;
};

struct Report {
  uint64_t samples = 0, instructions = 0, least = 0, most = 0, stack = 0;
  int64_t status = 0;
};
} // namespace

// "tmb: samples=N instructions=TOTAL min=.. max=.. stack=.. status=0", the last such line.
static std::optional<Report> parseReport(llvm::StringRef output) {
  size_t at = output.rfind("tmb: samples=");
  if (at == llvm::StringRef::npos)
    return std::nullopt;
  llvm::StringRef line = output.substr(at).take_until([](char c) { return c == '\n'; }).drop_front(5);
  Report report;
  unsigned found = 0;
  for (llvm::StringRef field : llvm::split(line, ' ')) {
    auto [key, value] = field.split('=');
    auto read = [&, value = value](auto &to) { found += !value.getAsInteger(10, to); };
    if (key == "samples")
      read(report.samples);
    else if (key == "instructions")
      read(report.instructions);
    else if (key == "min")
      read(report.least);
    else if (key == "max")
      read(report.most);
    else if (key == "stack")
      read(report.stack);
    else if (key == "status")
      read(report.status);
  }
  return found == 6 ? std::optional(report) : std::nullopt;
}

// What went wrong, if anything; `expected` is the number of samples.
static std::string findProblem(const ProcessResult &result, const std::optional<Report> &report, const HarnessOptions &options,
                               size_t expected) {
  llvm::StringRef output = llvm::StringRef(result.output).trim();
  std::string where = options.emulator ? "on the emulated target" : "on this computer";
  if (result.end == ProcessResult::End::TimedOut)
    return "the model did not end " + where + " within " + std::to_string(options.seconds) +
           " seconds: it hangs, or there are too many samples for this time";
  if (result.end == ProcessResult::End::Crashed)
    return "the model crashed " + where + ": " + result.signal;
  if (result.exitCode == faultExitCode) {
    size_t at = output.find("FAULT ");
    return "the model was stopped " + where + ": " + output.substr(std::min(at, output.size())).split('\n').first.str();
  }
  if (!report)
    return "the model ended " + where + " with exit code " + std::to_string(result.exitCode) + " and reported nothing" +
           (output.empty() ? "" : ": " + output.take_front(1000).str());
  if (report->status <= planStatus)
    return "call " + std::to_string(planStatus - report->status) + " of the model violated the memory plan " + where +
           " at sample " + std::to_string(report->samples) +
           ": it wrote beyond its outputs, or what it reads is not what was written there";
  if (report->status != 0)
    return "the model ended " + where + " with status " + std::to_string(report->status) + " at sample " +
           std::to_string(report->samples);
  if (result.exitCode != 0)
    return "the model ended " + where + " with exit code " + std::to_string(result.exitCode);
  if (report->samples != expected)
    return "the model ran " + std::to_string(report->samples) + " of " + std::to_string(expected) + " samples " + where;
  return "";
}

static llvm::Error prepare(Part &part, const HarnessOptions &options, const Samples &samples, const std::string &directory) {
  if (std::error_code error = llvm::sys::fs::create_directories(directory))
    return verifyError(ExitCode::BadInput, "cannot make '" + directory + "': " + error.message());
  std::vector<char> bytes;
  for (size_t sample = part.first; sample < part.last; ++sample) {
    if (options.hasState)
      bytes.push_back(sample == part.first || (options.sequenceLength > 0 && sample % size_t(options.sequenceLength) == 0) ? 1
                                                                                                                           : 0);
    for (const std::vector<char> &input : samples[sample])
      bytes.insert(bytes.end(), input.begin(), input.end());
  }
  part.command.directory = directory;
  if (!options.emulator) {
    part.command.program = options.program;
  } else {
    part.command.program = options.emulator->qemu;
    part.command.arguments = {"-M", options.emulator->machine};
    llvm::append_range(part.command.arguments, options.emulator->args);
    llvm::append_range(part.command.arguments, std::vector<std::string>{"-kernel", options.program});
  }
  return writeFileBytes(directory + "/inputs.bin", bytes);
}

static llvm::Error readOutputs(const Part &part, const HarnessOptions &options, HarnessRun &run) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer = readFileBytes(part.command.directory + "/outputs.bin");
  if (!buffer)
    return buffer.takeError();
  llvm::StringRef bytes = (*buffer)->getBuffer();
  size_t samples = part.last - part.first;
  if (bytes.size() != samples * options.outputBytes) {
    run.problem = "the model wrote " + std::to_string(bytes.size()) + " bytes of outputs for " + std::to_string(samples) +
                  " samples instead of " + std::to_string(samples * options.outputBytes);
    return llvm::Error::success();
  }
  for (size_t sample = 0; sample < samples; ++sample) // whose outputs may have no elements
    run.outputs.emplace_back(bytes.begin() + sample * options.outputBytes, bytes.begin() + (sample + 1) * options.outputBytes);
  return llvm::Error::success();
}

llvm::Expected<HarnessRun> thimble::runHarness(const HarnessOptions &options, const Samples &samples,
                                               llvm::StringRef directory) {
  // A sequence runs in one process.
  size_t unit = !options.hasState            ? 1
                : options.sequenceLength > 0 ? size_t(options.sequenceLength)
                                             : std::max<size_t>(samples.size(), 1);
  size_t units = (samples.size() + unit - 1) / unit;
  size_t count = std::clamp<size_t>(std::min(samples.size() / minSamplesPerProcess, units), 1, getParallelism());
  std::vector<Part> parts;
  std::vector<Command> commands;
  for (size_t i = 0; i < count; ++i) {
    Part &part = parts.emplace_back(
        Part{std::min(units * i / count * unit, samples.size()), std::min(units * (i + 1) / count * unit, samples.size()), {}});
    if (llvm::Error error = prepare(part, options, samples, (directory + "/run-" + llvm::Twine(i)).str()))
      return std::move(error);
    commands.push_back(part.command);
  }
  llvm::Expected<std::vector<ProcessResult>> results = runCommands(commands, unsigned(count), options.seconds);
  if (!results)
    return results.takeError();
  HarnessRun run;
  for (auto [part, result] : llvm::zip(parts, *results)) {
    std::optional<Report> report = parseReport(result.output);
    run.problem = findProblem(result, report, options, part.last - part.first);
    if (run.problem.empty())
      if (llvm::Error error = readOutputs(part, options, run))
        return std::move(error);
    if (!run.problem.empty())
      return run;
    run.instructions += report->instructions;
    run.least = run.least == 0 ? report->least : std::min(run.least, report->least);
    run.most = std::max(run.most, report->most);
    run.stackBytes = std::max(run.stackBytes, report->stack);
  }
  return run;
}
