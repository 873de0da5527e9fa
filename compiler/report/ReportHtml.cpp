// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes a report as one web page that needs nothing else: verdict, budget bars, memory map, tables.
#include "compiler/report/Format.h"
#include "compiler/report/Report.h"
#include "compiler/support/ByteSize.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace thimble;
using namespace thimble::report;

static constexpr llvm::StringRef style = R"css(
:root{color-scheme:light dark;--line:#8884;--good:#2a7;--bad:#c33;--bar:#48c}
body{font:15px/1.45 system-ui,sans-serif;overflow-wrap:anywhere;margin:0 auto;padding:1rem;max-width:64rem}
h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
.verdict{font-weight:600}.good{color:var(--good)}.bad{color:var(--bad)}
.bar{display:grid;grid-template-columns:4rem 1fr;gap:.2rem .6rem;align-items:center;margin:.5rem 0}
.track{height:1rem;border:1px solid var(--line);border-radius:3px;overflow:hidden}
.fill{height:100%;background:var(--bar)}.fill.bad{background:var(--bad)}.bar small{grid-column:2}
.wide{overflow-x:auto}.wide svg{min-width:34rem;width:100%;height:auto}
table{border-collapse:collapse;font-size:.9rem;width:100%}
th,td{padding:.2rem .5rem;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
tr.most{font-weight:600}
)css";

namespace {

class Page {
public:
  Page(const Report &report, llvm::raw_ostream &os) : report(report), os(os) {}

  void write() {
    os << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
          "initial-scale=1\">\n<title>Thimble: "
       << escapeMarkup(report.model) << "</title>\n<style>" << style << "</style>\n</head>\n<body>\n";
    writeVerdict();
    os << "<h2>Memory over time</h2>\n<p>Kernel calls across, addresses up; a rectangle is a buffer. Point at one for its name, bytes and "
          "lifetime.</p>\n<div class=\"wide\">\n";
    writeSvg(report, os);
    os << "</div>\n";
    writeExecutions();
    writeLayers();
    writeStates();
    writeBuffers();
    writePorts();
    writeHeldOut();
    os << "<p><small>Thimble " << escapeMarkup(report.version) << "</small></p>\n</body>\n</html>\n";
  }

private:
  void writeVerdict() {
    std::string target = report.target.empty() ? "" : " on " + escapeMarkup(report.target);
    bool hasBudget = report.flash.budget || report.ram.budget;
    os << "<h1>" << escapeMarkup(report.model) << target << "</h1>\n<p class=\"verdict "
       << (!hasBudget ? "\">No budget given" : report.fits() ? "good\">Fits" : "bad\">Does not fit") << "</p>\n";
    writeBar("Flash", report.flash.getTotal(), report.flash.budget);
    os << "<p>Weights " << formatByteSize(report.flash.weights) << ", tables " << formatByteSize(report.flash.tables)
       << ", code " << formatByteSize(report.flash.code) << (report.flash.isCodeMeasured ? " (measured)" : " (estimated)")
       << "</p>\n";
    if (report.externalFlash.getTotal() > 0) {
      writeBar("External", report.externalFlash.getTotal(), report.externalFlash.budget);
      os << "<p>Weights " << formatByteSize(report.externalFlash.weights) << ", tables "
         << formatByteSize(report.externalFlash.tables) << "</p>\n";
    }
    writeBar("RAM", report.ram.getPeak(), report.ram.budget);
    os << "<p>Arena " << formatByteSize(report.ram.arena) << ", of which scratch " << formatByteSize(report.ram.scratch);
    if (report.ram.state > 0)
      os << "; state " << formatByteSize(report.ram.state);
    if (!report.ram.proof().empty())
      os << " (" << report.ram.proof() << ")";
    if (report.ram.constants > 0)
      os << "; constants " << formatByteSize(report.ram.constants);
    os << "; the stack is extra. " << formatCount(report.macs) << " multiply-accumulates in " << report.layers.size()
       << " kernel calls.</p>\n";
    if (report.externalRam.arena > 0) {
      writeBar("External", report.externalRam.arena, report.externalRam.budget);
      os << "<p>Arena in external RAM (bound " << formatByteSize(report.externalRam.lowerBound)
         << "), of which a run reads and writes " << formatByteSize(report.externalRam.traffic) << ", about "
         << report.externalRam.cost << " cycles more than inside</p>\n";
    }
    if (!report.notes.empty()) {
      os << "<ul>\n";
      for (const std::string &note : report.notes)
        os << "<li>" << escapeMarkup(note) << "</li>\n";
      os << "</ul>\n";
    }
  }

  void writeBar(llvm::StringRef what, uint64_t used, std::optional<uint64_t> budget) {
    os << "<div class=\"bar\"><span>" << what << "</span>";
    if (!budget) {
      os << "<span>" << formatByteSize(used) << ", no limit given</span></div>\n";
      return;
    }
    uint64_t percent = *budget == 0 ? 100 : uint64_t(std::ceil(100.0 * double(used) / double(*budget)));
    os << llvm::formatv(
        "<div class=\"track\"><div class=\"fill{0}\" style=\"width:{1}%\"></div></div><small>{2} of {3} ({4} %)</small></div>\n",
        used > *budget ? " bad" : "", std::min<uint64_t>(percent, 100), formatByteSize(used), formatByteSize(*budget), percent);
  }

  struct Column {
    llvm::StringRef title;
    bool isNumber;
  };

  void beginTable(llvm::StringRef title, llvm::ArrayRef<Column> newColumns) {
    columns = newColumns.vec();
    os << "<h2>" << title << "</h2>\n<div class=\"wide\"><table>\n<thead><tr>";
    for (const Column &column : columns)
      os << "<th" << (column.isNumber ? " class=\"number\">" : ">") << column.title << "</th>";
    os << "</tr></thead>\n<tbody>\n";
  }
  void addRow(llvm::ArrayRef<std::string> cells, bool isMost = false) {
    os << (isMost ? "<tr class=\"most\">" : "<tr>");
    for (auto [column, cell] : llvm::zip(columns, cells))
      os << "<td" << (column.isNumber ? " class=\"number\">" : ">") << escapeMarkup(cell) << "</td>";
    os << "</tr>\n";
  }
  void endTable() { os << "</tbody></table></div>\n"; }

  void writeExecutions() {
    if (report.executions.size() < 2)
      return;
    beginTable("Executions that were planned",
               {{"row by row, in strips", false}, {"arena, bytes", true}, {"more instructions, estimated", true}});
    for (const ExecutionUse &execution : report.executions) {
      addRow({llvm::join(execution.words(), ", "), std::to_string(execution.arena),
              std::to_string(execution.extraInstructions)},
             execution.isChosen);
    }
    endTable();
  }

  void writeLayers() {
    uint64_t most = 0;
    for (const LayerUse &layer : report.layers)
      most = std::max(most, layer.ramBytes);
    beginTable("Layers", {{"call", true},
                          {"node", false},
                          {"kernel", false},
                          {"MACs", true},
                          {"constants, bytes", true},
                          {"in", false},
                          {"RAM in use, bytes", true}});
    for (auto [index, layer] : llvm::enumerate(report.layers))
      addRow({std::to_string(index), layer.name, layer.kernel, formatCount(layer.macs), std::to_string(layer.weightBytes),
              llvm::join(layer.weightsIn, ", "), std::to_string(layer.ramBytes)},
             layer.ramBytes == most);
    endTable();
  }

  void writeStates() {
    if (report.states.empty())
      return;
    beginTable("State, beside the arena",
               {{"input", false}, {"type", false}, {"shape", false}, {"update", false}, {"from", true}, {"to", true}});
    for (const StateUse &state : report.states)
      addRow({state.name, state.type, codegen::formatShape(state.shape), state.isInPlace ? "in place" : "copied at the end",
              std::to_string(state.offset), std::to_string(state.offset + state.bytes)});
    endTable();
  }

  void writeBuffers() {
    beginTable("Memory plan",
               {{"buffer", false}, {"role", false}, {"from", true}, {"to", true}, {"first call", true}, {"last call", true}});
    for (const BufferUse &buffer : report.buffers)
      addRow({buffer.name, buffer.isExternal ? buffer.role + ", external" : buffer.role, std::to_string(buffer.offset),
              std::to_string(buffer.offset + buffer.bytes), buffer.first < 0 ? "start" : std::to_string(buffer.first),
              buffer.last >= int64_t(report.layers.size()) ? "end" : std::to_string(buffer.last)});
    endTable();
  }

  void writePorts() {
    beginTable("Inputs and outputs", {{"", false}, {"name", false}, {"type", false}, {"shape", false}, {"bytes", true}});
    for (const PortUse &port : report.inputs)
      addRow({"input", port.name, port.type, codegen::formatShape(port.shape), std::to_string(port.bytes)});
    for (const PortUse &port : report.outputs)
      addRow({"output", port.name, port.type, codegen::formatShape(port.shape), std::to_string(port.bytes)});
    endTable();
  }

  void writeHeldOut() {
    if (!report.heldOut)
      return;
    auto percent = [](double share) { return llvm::formatv("{0:f2} %", 100 * share).str(); };
    auto decibels = [](double value) {
      return std::isfinite(value) ? llvm::formatv("{0:f1}", value).str() : std::string("exact");
    };
    os << "<h2>Quantization, on " << report.heldOut->samples << " samples that took no part in it</h2>\n<p>Output SQNR "
       << decibels(report.heldOut->outputSqnrDb) << " dB";
    if (report.heldOut->accuracy)
      os << "; accuracy " << percent(report.heldOut->accuracy->second) << ", in float "
         << percent(report.heldOut->accuracy->first);
    os << "</p>\n";
    beginTable("Signal to quantization noise by layer", {{"node", false}, {"op", false}, {"SQNR, dB", true}});
    for (const HeldOutUse::Layer &layer : report.heldOut->layers)
      addRow({layer.name, layer.op, decibels(layer.sqnrDb)});
    endTable();
  }

  const Report &report;
  llvm::raw_ostream &os;
  std::vector<Column> columns;
};

} // namespace

void thimble::report::writeHtml(const Report &report, llvm::raw_ostream &os) { Page(report, os).write(); }
