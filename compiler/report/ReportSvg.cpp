// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Draws the memory plan: kernel calls across, addresses up, one rectangle for each buffer.
#include "compiler/report/Format.h"
#include "compiler/report/Report.h"
#include "compiler/support/ByteSize.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace thimble;
using namespace thimble::report;

namespace {

constexpr double plotLeft = 70, plotTop = 14, plotHeight = 300, plotBottom = 34, rightMargin = 14;

// Coordinates with one decimal, without a locale.
std::string number(double value) {
  int64_t tenths = int64_t(std::llround(value * 10));
  std::string text = std::to_string(tenths / 10);
  return tenths % 10 == 0 ? text : text + "." + std::to_string(tenths % 10);
}

class Plot {
public:
  Plot(const Report &report, llvm::raw_ostream &os) : report(report), os(os), calls(int64_t(report.layers.size())) {
    // A column for each call, one before for the inputs and one after for the outputs.
    columns = calls + 2;
    columnWidth = std::max(6.0, std::min(46.0, 860.0 / double(columns)));
    width = plotLeft + columnWidth * double(columns) + rightMargin;
    // The plan fills the plot; a budget is drawn if it does not shrink the plan to less than half of it.
    top = std::max<uint64_t>(report.ram.getPeak(), 1);
    if (report.ram.budget && *report.ram.budget > top && *report.ram.budget <= 2 * top)
      top = *report.ram.budget;
  }

  void draw() {
    os << llvm::formatv(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" role=\"img\" font-family=\"system-ui, "
        "sans-serif\" font-size=\"11\">\n<title>Memory plan of {2}</title>\n",
        number(width), number(plotTop + plotHeight + plotBottom), escapeMarkup(report.model));
    os << "<style>.axis{stroke:#8886;fill:none}.note{fill:#888}.column{fill:transparent}.column:hover{fill:#8882}"
          ".buffer{stroke:#0006;fill-opacity:.8}.buffer:hover{fill-opacity:1;stroke:#000}.bound{stroke:#2a7;stroke-dasharray:5 3}"
          ".budget{stroke:#c33;stroke-dasharray:5 3}</style>\n";
    drawAddresses();
    drawColumns();
    for (auto [index, buffer] : llvm::enumerate(report.buffers))
      if (!buffer.isExternal)
        drawBuffer(buffer, index);
    for (auto [index, state] : llvm::enumerate(report.states))
      drawState(state, index);
    if (report.ram.lowerBound)
      drawLine(*report.ram.lowerBound, "bound", "least possible");
    if (report.ram.budget && *report.ram.budget <= top)
      drawLine(*report.ram.budget, "budget", "budget");
    os << "</svg>\n";
  }

private:
  double x(int64_t call) const { return plotLeft + columnWidth * double(call + 1); }
  double y(uint64_t address) const { return plotTop + plotHeight * (1 - double(address) / double(top)); }

  void drawAddresses() {
    // About five round steps.
    uint64_t step = 4;
    while (top / step > 6)
      step *= 2;
    for (uint64_t address = 0; address <= top; address += step)
      os << llvm::formatv(
          "<path class=\"axis\" d=\"M{0} {2}H{1}\"/><text class=\"note\" x=\"{3}\" y=\"{4}\" text-anchor=\"end\">{5}</text>\n",
          number(plotLeft), number(width - rightMargin), number(y(address)), number(plotLeft - 6), number(y(address) + 4),
          formatByteSize(address));
  }

  void drawColumns() {
    int64_t every = std::max<int64_t>(1, int64_t(std::ceil(28 / columnWidth)));
    for (int64_t call = -1; call <= calls; ++call) {
      std::string what = call < 0        ? "before the first call"
                         : call == calls ? "after the last call"
                                         : llvm::formatv("call {0}: {1} ({2}), {3} in use", call,
                                                         report.layers[size_t(call)].name, report.layers[size_t(call)].kernel,
                                                         formatByteSize(report.layers[size_t(call)].ramBytes))
                                               .str();
      os << llvm::formatv("<rect class=\"column\" x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{3}\"><title>{4}</title></rect>\n",
                          number(x(call)), number(plotTop), number(columnWidth), number(plotHeight), escapeMarkup(what));
      if (call >= 0 && call < calls && call % every == 0)
        os << llvm::formatv("<text class=\"note\" x=\"{0}\" y=\"{1}\" text-anchor=\"middle\">{2}</text>\n",
                            number(x(call) + columnWidth / 2), number(plotTop + plotHeight + 14), call);
    }
    os << llvm::formatv("<text class=\"note\" x=\"{0}\" y=\"{1}\">kernel calls</text>\n", number(plotLeft),
                        number(plotTop + plotHeight + 28));
  }

  void drawBuffer(const BufferUse &buffer, size_t index) {
    size_t hue = index * 137 % 360; // the golden angle: neighbours differ
    bool isScratch = buffer.role == "scratch";
    os << llvm::formatv(
        "<rect class=\"buffer\" x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{3}\" fill=\"hsl({4} {5}% 62%)\"><title>{6} "
        "({7}): {8} bytes at {9}, {10} to {11}</title></rect>\n",
        number(x(buffer.first)), number(y(buffer.offset + buffer.bytes)),
        number(columnWidth * double(buffer.last - buffer.first + 1)),
        number(std::max(1.0, y(buffer.offset) - y(buffer.offset + buffer.bytes))), hue, isScratch ? 8 : 55,
        escapeMarkup(buffer.name), buffer.role, buffer.bytes, buffer.offset,
        buffer.first < 0 ? std::string("start") : "call " + std::to_string(buffer.first),
        buffer.last >= calls ? std::string("end") : "call " + std::to_string(buffer.last));
  }

  // The state lasts: above the arena, from before the first column to behind the last.
  void drawState(const StateUse &state, size_t index) {
    uint64_t from = report.ram.arena + state.offset, to = from + state.bytes;
    os << llvm::formatv(
        "<rect class=\"buffer\" x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{3}\" fill=\"hsl({4} 30% 72%)\"><title>{5} "
        "(state): {6} bytes at {7} of the state, from run to run</title></rect>\n",
        number(x(-1)), number(y(to)), number(columnWidth * double(columns)), number(std::max(1.0, y(from) - y(to))),
        (report.buffers.size() + index) * 137 % 360, escapeMarkup(state.name), state.bytes, state.offset);
  }

  void drawLine(uint64_t address, llvm::StringRef kind, llvm::StringRef text) {
    os << llvm::formatv("<path class=\"{0}\" d=\"M{1} {2}H{3}\"><title>{4}: {5} bytes</title></path>\n", kind, number(plotLeft),
                        number(y(address)), number(width - rightMargin), text, address);
  }

  const Report &report;
  llvm::raw_ostream &os;
  int64_t calls, columns;
  double columnWidth, width;
  uint64_t top; // address at the upper edge
};

} // namespace

void thimble::report::writeSvg(const Report &report, llvm::raw_ostream &os) { Plot(report, os).draw(); }
