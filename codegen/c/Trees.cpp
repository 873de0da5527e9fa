// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads the tables of a tree kernel's call back and prints them as nested ifs.
#include "codegen/c/Trees.h"
#include "codegen/c/Literals.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace thimble;
using namespace thimble::codegen;

static constexpr llvm::StringLiteral formName = "trees"; // discardable attribute of calls: "float" or "ordered"
static constexpr int maxNesting = 100;                   // C compilers must take 127 levels
static constexpr uint64_t maxCopies = 4;                 // subtrees are shared by tables, not by code

// Bytes on Cortex-M4 and M0+ at -O2, measured on scikit-learn's forests.
struct CodeBytes {
  uint64_t node, leaf, wideLeaf, tree, fixed, allowance;
};
static constexpr CodeBytes withFpu{16, 10, 6, 24, 60, 512}, withoutFpu{30, 18, 6, 32, 100, 0};
static constexpr uint64_t kernelBytes = 300;

namespace {

struct Node {
  uint32_t feature;
  bool nanIsLeft;
  int32_t key;
  int64_t left, right;
};

// The tables of a call, checked: children come before their parents.
struct Tables {
  std::vector<Node> nodes;
  std::vector<std::pair<int64_t, int64_t>> trees; // root, first target
  std::vector<float> leaves;
  int64_t rows = 0, features = 0, targets = 0, width = 0, aggregate = 0;
  float initial = 0;
  uint64_t bytes = 0;

  static constexpr int64_t leafFlag = int64_t(1) << 40;
  static std::optional<Tables> read(mcu::CallOp call);
  bool comparesAsFloats() const;
  /// Nodes and leaves of all trees if nothing is shared, and the deepest nesting of ifs.
  struct Size {
    uint64_t nodes = 0, leaves = 0;
    int nesting = 0;
  };
  Size getCodeSize() const;
};

} // namespace

static bool isTreeCall(mcu::CallOp call) { return call.getKernel().starts_with("tmb_tree_ensemble_"); }

std::optional<Tables> Tables::read(mcu::CallOp call) {
  Tables tables;
  std::vector<ConstantData> data;
  for (Value in : call.getIns().drop_front()) {
    auto constant = dyn_cast<mcu::ConstantOp>(mcu::getRoot(in));
    FailureOr<ConstantData> bytes = constant ? ConstantData::get(constant.getValue()) : FailureOr<ConstantData>(failure());
    if (failed(bytes))
      return std::nullopt;
    tables.bytes += bytes->bytes().size();
    data.push_back(std::move(*bytes));
  }
  if (data.size() != 4 || !data[3].getType().getElementType().isF32())
    return std::nullopt;
  auto field = [&](llvm::StringRef name) {
    auto number = dyn_cast_or_null<IntegerAttr>(call.getParams().get(name));
    return number ? number.getInt() : -1;
  };
  tables.rows = field("rows");
  tables.features = field("features");
  tables.targets = field("targets");
  tables.width = field("width");
  tables.aggregate = field("aggregate");
  if (auto initial = dyn_cast_or_null<FloatAttr>(call.getParams().get("initial")))
    tables.initial = float(initial.getValueAsDouble());
  tables.leaves = data[3].floats();
  SmallVector<int64_t> words = data[0].integers(), keys = data[1].integers(), trees = data[2].integers();
  int64_t flag = call.getKernel().ends_with("_u16") ? 0x8000 : 0x80000000;
  int64_t leafCount = tables.width > 0 ? int64_t(tables.leaves.size()) / tables.width : 0;
  auto reference = [&](int64_t word, size_t limit) -> std::optional<int64_t> {
    bool isLeaf = word & flag;
    int64_t index = word & ~flag;
    if (index >= (isLeaf ? leafCount : int64_t(limit)))
      return std::nullopt;
    return isLeaf ? index | leafFlag : index;
  };
  for (size_t at = 0; at + 4 <= words.size(); at += 4) {
    auto left = reference(words[at + 2], at / 4), right = reference(words[at + 3], at / 4);
    if (!left || !right || words[at + 1] >= int64_t(keys.size()) || (words[at] & ~flag) >= tables.features)
      return std::nullopt;
    tables.nodes.push_back(
        {uint32_t(words[at] & ~flag), bool(words[at] & flag), int32_t(keys[size_t(words[at + 1])]), *left, *right});
  }
  for (size_t at = 0; at + 2 <= trees.size(); at += 2) {
    auto root = reference(trees[at], tables.nodes.size());
    if (!root || trees[at + 1] + tables.width > tables.targets)
      return std::nullopt;
    tables.trees.push_back({*root, trees[at + 1]});
  }
  return tables;
}

// The number whose key it is.
static float numberOf(int32_t key) {
  int32_t bits = key < 0 ? key ^ INT32_MAX : key;
  float number;
  std::memcpy(&number, &bits, sizeof(number));
  return number;
}

// Infinities have no literal, and -0 is not below +0 as a float.
bool Tables::comparesAsFloats() const {
  return llvm::all_of(nodes, [](const Node &node) { return std::isfinite(numberOf(node.key)) && node.key != -1; });
}

Tables::Size Tables::getCodeSize() const {
  std::vector<Size> sizes(nodes.size());
  auto sizeOf = [&](int64_t at) { return at & leafFlag ? Size{0, 1, 0} : sizes[size_t(at)]; };
  auto add = [](uint64_t a, uint64_t b) { return llvm::SaturatingAdd(a, b); };
  for (auto [node, size] : llvm::zip(nodes, sizes)) {
    Size left = sizeOf(node.left), right = sizeOf(node.right);
    size = {add(add(left.nodes, right.nodes), 1), add(left.leaves, right.leaves), std::max(left.nesting + 1, right.nesting)};
  }
  Size total;
  for (auto [root, target] : trees) {
    Size size = sizeOf(root);
    total = {add(total.nodes, size.nodes), add(total.leaves, size.leaves), std::max(total.nesting, size.nesting)};
  }
  return total;
}

std::vector<std::string> thimble::codegen::chooseTreeForms(mcu::ProgramOp program, TreeForm form, bool hasFpu) {
  std::vector<std::string> lines;
  uint64_t kernel = kernelBytes; // shared by all calls that use it
  for (mcu::CallOp call : program.getBody().front().getOps<mcu::CallOp>()) {
    if (!isTreeCall(call))
      continue;
    call->removeAttr(formName);
    std::optional<Tables> tables = Tables::read(call);
    if (!tables)
      continue;
    Tables::Size size = tables->getCodeSize();
    bool isPossible = size.nesting < maxNesting && size.nodes <= maxCopies * (tables->nodes.size() + 16);
    uint64_t leafTable = tables->width > 1 ? tables->leaves.size() * sizeof(float) : 0;
    const CodeBytes &each = hasFpu ? withFpu : withoutFpu;
    uint64_t leafBytes = tables->width > 1 ? each.wideLeaf : each.leaf;
    uint64_t code = leafTable + each.fixed + each.tree * tables->trees.size();
    code += isPossible ? each.node * size.nodes + leafBytes * size.leaves : 0;
    uint64_t table = tables->bytes + kernel;
    bool isCode = isPossible && (form == TreeForm::Code || (form == TreeForm::Auto && code <= table + each.allowance));
    std::string what = nodeName(call.getLoc()) + ": " + std::to_string(tables->trees.size()) + " trees with " +
                       std::to_string(tables->nodes.size()) + " comparisons as " + (isCode ? "code" : "tables");
    if (!isPossible)
      what += ", since ifs would nest too deep or repeat what tables share";
    else
      what += llvm::formatv(", {0} bytes of flash; as {1} about {2}{3}", isCode ? code : table, isCode ? "tables" : "code",
                            isCode ? table : code, form == TreeForm::Auto ? "" : " (chosen with --trees)")
                  .str();
    lines.push_back(what);
    if (isCode)
      call->setAttr(formName, StringAttr::get(call.getContext(), hasFpu && tables->comparesAsFloats() ? "float" : "ordered"));
    else
      kernel = 0;
  }
  return lines;
}

bool thimble::codegen::isTreeCode(mcu::CallOp call) {
  return isTreeCall(call) && call->hasAttr(formName) && Tables::read(call);
}

std::vector<unsigned> thimble::codegen::getTreeCodeInputs(mcu::CallOp call) {
  std::optional<Tables> tables = Tables::read(call);
  return tables && tables->width > 1 ? std::vector<unsigned>{0, 4} : std::vector<unsigned>{0};
}

namespace {

class TreeWriter {
public:
  TreeWriter(llvm::raw_ostream &os, const Tables &tables, const std::string &name, bool isFloat)
      : os(os), tables(tables), name(name), isFloat(isFloat) {}
  void write();

private:
  void writeKey();
  void writeNode(int64_t at, unsigned indent);
  std::string condition(const Node &node);
  void writeCombination();

  llvm::raw_ostream &os;
  const Tables &tables;
  const std::string &name;
  bool isFloat;
};

} // namespace

std::string TreeWriter::condition(const Node &node) {
  std::string feature = std::to_string(node.feature);
  if (isFloat && node.nanIsLeft)
    return "!(x[" + feature + "] > " + formatFloat(numberOf(node.key)) + ")";
  if (isFloat)
    return "x[" + feature + "] <= " + formatFloat(numberOf(node.key));
  return name + "_key(x + " + feature + ", " + (node.nanIsLeft ? "INT32_MIN" : "INT32_MAX") +
         ") <= " + formatInteger(node.key, 4);
}

// The right child follows the if, so only left children nest.
void TreeWriter::writeNode(int64_t at, unsigned indent) {
  while (!(at & Tables::leafFlag)) {
    const Node &node = tables.nodes[size_t(at)];
    os.indent(indent) << "if (" << condition(node) << ") {\n";
    writeNode(node.left, indent + 2);
    os.indent(indent) << "}\n";
    at = node.right;
  }
  int64_t leaf = at & ~Tables::leafFlag;
  os.indent(indent) << "return " << (tables.width > 1 ? std::to_string(leaf) : formatFloat(tables.leaves[size_t(leaf)]))
                    << ";\n";
}

void TreeWriter::writeKey() {
  os << "\n/* The key of a number, which orders numbers as integers; NaN has `nan`. */\n";
  os << "static int32_t " << name << "_key(const float *x, int32_t nan) {\n";
  os << "  int32_t bits;\n  memcpy(&bits, x, sizeof(bits));\n";
  os << "  if ((bits & INT32_MAX) > 0x7f800000)\n    return nan;\n";
  os << "  return bits < 0 ? bits ^ INT32_MAX : bits;\n}\n";
}

void TreeWriter::writeCombination() {
  const char *condition = tables.aggregate == 1 ? "value < *y" : "value > *y";
  os << "\nstatic void " << name << "_take(float value, float *y) {\n";
  if (tables.aggregate == 0)
    os << "  *y += value;\n}\n";
  else
    os << "  if (" << condition << ")\n    *y = value;\n}\n";
}

void TreeWriter::write() {
  bool isWide = tables.width > 1;
  if (!isFloat && !tables.nodes.empty())
    writeKey();
  for (auto [index, tree] : llvm::enumerate(tables.trees)) {
    os << "\nstatic " << (isWide ? "int32_t " : "float ") << name << "_" << index << "(const float *x) {\n";
    if (tree.first & Tables::leafFlag)
      os << "  (void)x;\n";
    writeNode(tree.first, 2);
    os << "}\n";
  }
  writeCombination();
  os << "\n/* All trees. */\n";
  os << "static void " << name << "(const float *x, " << (isWide ? "const float *leaves, " : "") << "float *y) {\n";
  os << "  int32_t row, i;\n  for (row = 0; row < " << tables.rows << "; ++row) {\n";
  os << "    for (i = 0; i < " << tables.targets << "; ++i)\n      y[i] = " << formatFloat(tables.initial) << ";\n";
  for (auto [index, tree] : llvm::enumerate(tables.trees)) {
    std::string value = name + "_" + std::to_string(index) + "(x)";
    if (!isWide) {
      os << "    " << name << "_take(" << value << ", y + " << tree.second << ");\n";
      continue;
    }
    os << "    {\n      const float *leaf = leaves + " << value << " * " << tables.width << ";\n";
    os << "      for (i = 0; i < " << tables.width << "; ++i)\n        " << name << "_take(leaf[i], y + " << tree.second
       << " + i);\n    }\n";
  }
  os << "    x += " << tables.features << ";\n    y += " << tables.targets << ";\n  }\n}\n";
}

std::string thimble::codegen::writeTreeCode(mcu::CallOp call, const std::string &name) {
  std::string text;
  llvm::raw_string_ostream os(text);
  Tables tables = *Tables::read(call);
  auto form = call->getAttrOfType<StringAttr>(formName);
  bool isFloat = form && form.getValue() == "float" && tables.comparesAsFloats();
  TreeWriter(os, tables, name, isFloat).write();
  return text;
}
