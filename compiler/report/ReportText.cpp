// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes a report for people: the verdict first, details below it.
#include "compiler/report/Format.h"
#include "compiler/report/Report.h"
#include "compiler/support/ByteSize.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Unicode.h"

using namespace thimble;
using namespace thimble::report;

static constexpr unsigned barWidth = 32;
static constexpr unsigned maxNameWidth = 40;

// Columns on a terminal; names may be in any script.
static unsigned getWidth(llvm::StringRef text) {
  int width = llvm::sys::unicode::columnWidthUTF8(text);
  return width < 0 ? unsigned(text.size()) : unsigned(width);
}

// Names as they come, but a report stays on its lines.
static std::string cleanName(llvm::StringRef name) {
  std::string clean = llvm::json::fixUTF8(name);
  for (char &c : clean)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = ' ';
  if (getWidth(clean) <= maxNameWidth)
    return clean;
  // The ends of long names differ more often than their starts. Cut between characters.
  size_t start = 0;
  while (getWidth(llvm::StringRef(clean).drop_front(start)) > maxNameWidth - 3) {
    ++start;
    while (start < clean.size() && (static_cast<unsigned char>(clean[start]) & 0xC0) == 0x80)
      ++start;
  }
  return "..." + clean.substr(start);
}

namespace {
/// Rows of cells; columns before `firstNumber` are aligned left, the others right.
class Table {
public:
  Table(std::vector<std::string> header, unsigned firstNumber) : firstNumber(firstNumber) { rows.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }
  void write(llvm::raw_ostream &os) const {
    std::vector<unsigned> widths(rows.front().size(), 0);
    for (const auto &row : rows)
      for (auto [column, cell] : llvm::enumerate(row))
        widths[column] = std::max(widths[column], getWidth(cell));
    for (const auto &row : rows) {
      std::string line = " ";
      for (auto [column, cell] : llvm::enumerate(row)) {
        std::string blanks(widths[column] - getWidth(cell), ' ');
        line += " " + (column < firstNumber ? cell + blanks : blanks + cell) + " ";
      }
      os << llvm::StringRef(line).rtrim() << "\n";
    }
  }

private:
  unsigned firstNumber;
  std::vector<std::vector<std::string>> rows;
};
} // namespace

static void writeBar(llvm::raw_ostream &os, llvm::StringRef what, uint64_t used, std::optional<uint64_t> budget, bool unicode) {
  os << "  " << what << std::string(6 - what.size(), ' ');
  if (!budget) {
    os << formatByteSize(used) << ", no limit given\n";
    return;
  }
  // Never full while something is left, never empty while something is used.
  unsigned filled = barWidth;
  if (used < *budget)
    filled = std::min<unsigned>(barWidth - 1, unsigned(double(used) / double(*budget) * barWidth + 0.5));
  if (used > 0)
    filled = std::max(filled, 1u);
  os << (unicode ? "" : "[");
  for (unsigned i = 0; i < barWidth; ++i)
    os << (unicode ? (i < filled ? "█" : "░") : (i < filled ? "#" : "-"));
  os << (unicode ? "" : "]") << (used > *budget ? ">" : " ");
  uint64_t percent = *budget == 0 ? 0 : (used / *budget) * 100 + ((used % *budget) * 100 + *budget - 1) / *budget;
  os << " " << formatByteSize(used) << " of " << formatByteSize(*budget);
  if (*budget > 0)
    os << " (" << percent << " %)";
  if (used > *budget)
    os << ", " << used - *budget << (used - *budget == 1 ? " byte" : " bytes") << " too many";
  else
    os << ", " << formatByteSize(*budget - used) << " left";
  os << "\n";
}

// "flash and RAM"
static std::string listExceeded(const Report &report) {
  std::vector<std::string> exceeded;
  if (!report.fitsFlash())
    exceeded.push_back("flash");
  if (!report.fitsExternalFlash())
    exceeded.push_back("external flash");
  if (!report.fitsRam())
    exceeded.push_back("RAM");
  return llvm::join(exceeded, " and ");
}

static void writeVerdict(const Report &report, llvm::raw_ostream &os, const TextStyle &style) {
  std::string target = report.target.empty() ? "" : " " + report.target;
  if (!report.flash.budget && !report.ram.budget)
    os << report.model << " on" << (target.empty() ? " any target" : target) << ": no budget given\n\n";
  else if (report.fits())
    os << report.model << " fits" << target << "\n\n";
  else
    os << report.model << " does not fit" << target << ": too much "
       << listExceeded(report) << "\n\n";
  writeBar(os, "Flash", report.flash.getTotal(), report.flash.budget, style.unicode);
  bool hasExternal = report.externalFlash.getTotal() > 0;
  if (hasExternal)
    writeBar(os, "Ext.", report.externalFlash.getTotal(), report.externalFlash.budget, style.unicode);
  writeBar(os, "RAM", report.ram.getPeak(), report.ram.budget, style.unicode);
  os << "\n  Flash: weights " << formatByteSize(report.flash.weights) << ", tables " << formatByteSize(report.flash.tables)
     << ", code " << formatByteSize(report.flash.code) << (report.flash.isCodeMeasured ? " (measured)\n" : " (estimated)\n");
  if (hasExternal)
    os << "  External flash: weights " << formatByteSize(report.externalFlash.weights) << ", tables "
       << formatByteSize(report.externalFlash.tables) << "\n";
  os << "  RAM: arena " << formatByteSize(report.ram.arena);
  if (!report.ram.proof().empty())
    os << " (" << report.ram.proof() << ")";
  os << ", of which scratch " << formatByteSize(report.ram.scratch);
  if (report.ram.state > 0)
    os << ", state " << formatByteSize(report.ram.state);
  if (report.ram.constants > 0)
    os << ", constants " << formatByteSize(report.ram.constants);
  os << "; the stack is extra\n";
  if (report.externalRam.arena > 0)
    os << "  External RAM: arena " << formatByteSize(report.externalRam.arena) << " (bound "
       << formatByteSize(report.externalRam.lowerBound) << "), of which a run reads and writes "
       << formatByteSize(report.externalRam.traffic) << ", about " << report.externalRam.cost << " cycles more than inside\n";
  for (const PortUse &input : report.inputs)
    if (input.frames) {
      int64_t count = input.shape[size_t(input.frames->axis)];
      os << "  Frame by frame: a run takes " << count << " frame" << (count == 1 ? "" : "s") << " of '" << cleanName(input.name)
         << "', " << (input.frames->length + input.frames->delay) / count << " runs a window of " << input.frames->length
         << "\n";
    }
  os << "  " << formatCount(report.macs) << " multiply-accumulates in " << report.layers.size() << " kernel calls\n";
  for (const ExecutionUse &execution : report.executions)
    if (execution.isChosen && execution.strips)
      os << "  In strips of columns: " << execution.strips->first << " to " << execution.strips->last << ", "
         << execution.strips->count << " one after the other\n";
  for (const ExecutionUse &execution : report.executions)
    if (execution.isChosen)
      for (const ExecutionUse::Part &part : execution.parts)
        os << "  Row by row: " << part.first << " to " << part.last << " (" << part.calls << " layers) in "
           << formatByteSize(part.scratch) << " of rows\n";
  for (const std::string &note : report.notes)
    os << "  Note: " << note << "\n";
}

static void writePorts(const std::vector<PortUse> &ports, llvm::StringRef kind, Table &table) {
  for (auto [index, port] : llvm::enumerate(ports))
    table.add({(kind + " " + llvm::Twine(index)).str(), cleanName(port.name), port.type, codegen::formatShape(port.shape),
               std::to_string(port.bytes)});
}

void thimble::report::writeText(const Report &report, llvm::raw_ostream &os, const TextStyle &style) {
  writeVerdict(report, os, style);
  if (!style.details)
    return;

  if (report.executions.size() > 1) {
    os << "\nExecutions that were planned (* chosen; instructions are an estimate)\n";
    Table executions({"", "row by row, in strips", "arena", "more instructions"}, 2);
    for (const ExecutionUse &execution : report.executions) {
      std::vector<std::string> parts = execution.words();
      if (size_t more = parts.size(); more > 2) {
        parts.resize(1);
        parts.push_back(std::to_string(more - 1) + " more");
      }
      executions.add({execution.isChosen ? "*" : "", llvm::join(parts, ", "), std::to_string(execution.arena),
                      std::to_string(execution.extraInstructions)});
    }
    executions.write(os);
  }

  os << "\nInputs and outputs\n";
  Table ports({"", "name", "type", "shape", "bytes"}, 4);
  writePorts(report.inputs, "input", ports);
  writePorts(report.outputs, "output", ports);
  ports.write(os);

  if (!report.states.empty()) {
    os << "\nStates (memory that lasts from run to run, beside the arena; its last four bytes say whose it is)\n";
    Table states({"name", "type", "shape", "update", "from", "to"}, 4);
    for (const StateUse &state : report.states)
      states.add({cleanName(state.name), state.type, codegen::formatShape(state.shape),
                  state.isInPlace ? "in place" : "copied at the end", std::to_string(state.offset),
                  std::to_string(state.offset + state.bytes)});
    states.write(os);
  }

  os << "\nLayers (RAM: bytes of the arena in use while the layer runs; * the most)\n";
  uint64_t most = 0;
  for (const LayerUse &layer : report.layers)
    most = std::max(most, layer.ramBytes);
  bool isElsewhere = llvm::any_of(report.layers, [](const LayerUse &layer) {
    return llvm::any_of(layer.weightsIn, [](const std::string &place) { return place != "flash"; });
  });
  auto rowOf = [&](std::vector<std::string> cells) {
    if (!isElsewhere)
      cells.erase(cells.begin() + 4);
    return cells;
  };
  Table layers(rowOf({"node", "kernel", "MACs", "constants", "in", "RAM  "}), 2);
  for (const LayerUse &layer : report.layers)
    layers.add(
        rowOf({cleanName(layer.name), layer.kernel, formatCount(layer.macs), std::to_string(layer.weightBytes),
               llvm::join(layer.weightsIn, ", "), std::to_string(layer.ramBytes) + (layer.ramBytes == most ? " *" : "  ")}));
  layers.write(os);

  os << "\nMemory plan (calls count from 0; inputs are live before them, outputs after)\n";
  Table plan({"buffer", "role", "from", "to", "first call", "last call"}, 2);
  for (const BufferUse &buffer : report.buffers)
    plan.add({cleanName(buffer.name), buffer.isExternal ? buffer.role + ", external" : buffer.role,
              std::to_string(buffer.offset), std::to_string(buffer.offset + buffer.bytes),
              buffer.first < 0 ? "start" : std::to_string(buffer.first),
              buffer.last >= int64_t(report.layers.size()) ? "end" : std::to_string(buffer.last)});
  plan.write(os);

  os << "\nLargest tensors\n";
  Table tensors({"tensor", "kind", "bytes"}, 2);
  for (const TensorUse &tensor : report.largestTensors)
    tensors.add({cleanName(tensor.name), tensor.isWeight ? "weights" : "activation", std::to_string(tensor.bytes)});
  tensors.write(os);
}
