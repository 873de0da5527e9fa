// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Einsum as transposes, diagonals, reductions and matrix products.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

namespace {

// A dimension's name: a letter, or firstEllipsis + its place in the ellipsis.
using Label = int;
using Labels = SmallVector<Label>;
constexpr Label firstEllipsis = 256;

struct Term {
  Value value;
  Labels labels; // one for each dimension
};

class Einsum {
public:
  explicit Einsum(NodeBinder &node) : node(node) {}
  LogicalResult run();

private:
  LogicalResult parse();
  FailureOr<Labels> parseTerm(StringRef text, size_t rank, size_t skippedEllipsis);
  LogicalResult noteSizes();
  void permute(Term &term, ArrayRef<Label> order);
  void sumOut(Term &term, llvm::function_ref<bool(Label)> isKept);
  void takeDiagonals(Term &term);
  void dropBroadcast(Term &term);
  Term contract(Term a, Term b, llvm::function_ref<bool(Label)> isKept);
  int64_t sizeOf(ArrayRef<Label> labels) {
    int64_t size = 1;
    for (Label label : labels)
      size *= sizes[label];
    return size;
  }
  Shape shapeFor(ArrayRef<Label> labels) {
    Shape shape;
    for (Label label : labels)
      shape.push_back(sizes[label]);
    return shape;
  }

  NodeBinder &node;
  std::vector<Term> terms;
  Labels output;
  std::map<Label, int64_t> sizes;
};

} // namespace

// The labels of "ab...c" for a tensor of `rank` dimensions, whose ellipsis lacks the first `skippedEllipsis` dimensions.
FailureOr<Labels> Einsum::parseTerm(StringRef text, size_t rank, size_t skippedEllipsis) {
  Labels labels;
  size_t dots = text.find("...");
  size_t letters = text.size() - (dots == StringRef::npos ? 0 : 3);
  if (letters > rank || (dots == StringRef::npos && letters != rank))
    return node.fail("'" + text + "' does not name the " + Twine(rank) + " dimensions of its tensor");
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == dots) {
      for (size_t k = 0; k < rank - letters; ++k)
        labels.push_back(firstEllipsis + Label(skippedEllipsis + k));
      i += 2;
    } else if (llvm::isAlpha(text[i])) {
      labels.push_back(text[i]);
    } else {
      return node.fail("equation has '" + Twine(text[i]) + "' where a letter or '...' must stand");
    }
  }
  return labels;
}

LogicalResult Einsum::parse() {
  std::string equation;
  for (char c : node.text("equation", ""))
    if (c != ' ')
      equation += c;
  auto [left, right] = StringRef(equation).split("->");
  bool isExplicit = StringRef(equation).contains("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  if (parts.size() != node.getOperandCount())
    return node.fail("equation '" + equation + "' has " + Twine(parts.size()) + " terms for " + Twine(node.getOperandCount()) +
                     " inputs");
  auto ellipsisRank = [&](size_t i) -> size_t {
    size_t rank = shapeOf(node.operand(i)).size(), letters = parts[i].size() - 3;
    return parts[i].contains("...") && rank > letters ? rank - letters : 0;
  };
  size_t ellipsis = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!node.operand(i))
      return node.fail("input " + Twine(i) + " is left out");
    if (elementOf(node.operand(i)) != elementOf(node.operand(0)))
      return node.fail("inputs have different element types");
    ellipsis = std::max(ellipsis, ellipsisRank(i));
  }
  std::map<Label, int> uses;
  for (size_t i = 0; i < parts.size(); ++i) {
    Value value = node.operand(i);
    FailureOr<Labels> labels = parseTerm(parts[i], shapeOf(value).size(), ellipsis - ellipsisRank(i));
    if (failed(labels))
      return failure();
    for (Label label : *labels)
      ++uses[label];
    terms.push_back({value, *labels});
  }
  if (isExplicit) {
    size_t letters = right.size() - (right.contains("...") ? 3 : 0);
    FailureOr<Labels> labels = parseTerm(right, letters + (right.contains("...") ? ellipsis : 0), 0);
    if (failed(labels))
      return failure();
    output = *labels;
  } else {
    // The ellipsis, then the letters that occur once, in alphabetical order.
    for (size_t k = 0; k < ellipsis; ++k)
      output.push_back(firstEllipsis + Label(k));
    for (auto [label, count] : uses)
      if (label < firstEllipsis && count == 1)
        output.push_back(label);
  }
  for (size_t i = 0; i < output.size(); ++i)
    if (!uses.count(output[i]) || llvm::is_contained(ArrayRef(output).take_front(i), output[i]))
      return node.fail("equation '" + equation + "' has an output dimension that is not in the inputs, or twice");
  return success();
}

LogicalResult Einsum::noteSizes() {
  for (const Term &term : terms)
    for (auto [label, size] : llvm::zip(term.labels, shapeOf(term.value))) {
      int64_t &known = sizes.try_emplace(label, size).first->second;
      if (known == 1)
        known = size;
      if (size != 1 && size != known)
        return node.fail("a dimension of the equation has the sizes " + Twine(known) + " and " + Twine(size));
    }
  return success();
}

void Einsum::permute(Term &term, ArrayRef<Label> order) {
  Shape permutation;
  for (Label label : order)
    permutation.push_back(llvm::find(term.labels, label) - term.labels.begin());
  term.value = node.transpose(term.value, permutation);
  term.labels.assign(order.begin(), order.end());
}

void Einsum::sumOut(Term &term, llvm::function_ref<bool(Label)> isKept) {
  Shape axes;
  Labels left;
  for (auto [i, label] : llvm::enumerate(term.labels))
    if (isKept(label))
      left.push_back(label);
    else
      axes.push_back(int64_t(i));
  if (axes.empty())
    return;
  term.value = node.reduce(nn::ReduceKind::Sum, term.value, axes, false);
  term.labels = left;
}

// Two dimensions of the same name become one: flattened, every (n + 1)th element is on the diagonal.
void Einsum::takeDiagonals(Term &term) {
  for (size_t i = 0; i < term.labels.size(); ++i) {
    auto *again = std::find(term.labels.begin() + i + 1, term.labels.end(), term.labels[i]);
    if (again == term.labels.end())
      continue;
    size_t j = again - term.labels.begin(), rank = term.labels.size();
    Label label = term.labels[i];
    Shape permutation, shape;
    Labels left;
    for (size_t d = 0; d < rank; ++d)
      if (d != i && d != j) {
        permutation.push_back(int64_t(d));
        left.push_back(term.labels[d]);
        shape.push_back(shapeOf(term.value)[d]);
      }
    int64_t n = shapeOf(term.value)[i];
    if (shapeOf(term.value)[j] != n) {
      (void)node.fail("takes the diagonal of a matrix that is not square");
      return;
    }
    permutation.push_back(int64_t(i));
    permutation.push_back(int64_t(j));
    Value flat = node.transpose(term.value, permutation);
    shape.push_back(n * n);
    flat = node.reshape(flat, shape);
    Shape offsets(shape.size(), 0), strides(shape.size(), 1);
    shape.back() = n;
    strides.back() = n + 1;
    term.value = node.emit<nn::SliceOp>(flat, offsets, shape, strides);
    left.push_back(label);
    term.labels = left;
    if (node.hasFailed())
      return;
    i = size_t(-1); // dimensions moved: look again
  }
}

// A dimension of 1 that is longer elsewhere is as good as none.
void Einsum::dropBroadcast(Term &term) {
  Labels left;
  Shape shape;
  for (auto [label, size] : llvm::zip(term.labels, shapeOf(term.value)))
    if (size == sizes[label]) {
      left.push_back(label);
      shape.push_back(size);
    }
  if (left.size() == term.labels.size())
    return;
  term.value = node.reshape(term.value, shape);
  term.labels = left;
}

// The product of two terms, summed over what only they have and nobody keeps.
Term Einsum::contract(Term a, Term b, llvm::function_ref<bool(Label)> isKept) {
  auto isIn = [](const Term &term, Label label) { return llvm::is_contained(term.labels, label); };
  sumOut(a, [&](Label label) { return isKept(label) || isIn(b, label); });
  sumOut(b, [&](Label label) { return isKept(label) || isIn(a, label); });
  Labels batch, summed, rows, cols;
  for (Label label : a.labels)
    (!isIn(b, label) ? rows : isKept(label) ? batch : summed).push_back(label);
  for (Label label : b.labels)
    if (!isIn(a, label))
      cols.push_back(label);
  auto order = [&](ArrayRef<Label> own) {
    Labels result(batch);
    result.append(own.begin(), own.end());
    result.append(summed.begin(), summed.end());
    return result;
  };
  permute(a, order(rows));
  permute(b, order(cols));
  if (node.hasFailed())
    return {};
  int64_t n = sizeOf(batch), m = sizeOf(rows), k = sizeOf(summed), c = sizeOf(cols);
  Value y;
  if (!isF32(a.value) || k == 0) {
    // Kernels multiply matrices of floats only.
    Value product = node.mul(node.reshape(a.value, {n, m, 1, k}), node.reshape(b.value, {n, 1, c, k}));
    y = node.reduce(nn::ReduceKind::Sum, product, {3}, false);
  } else if (summed.empty()) {
    y = node.mul(node.reshape(a.value, {n, m, 1}), node.reshape(b.value, {n, 1, c}));
  } else {
    y = node.matmul(node.reshape(a.value, {n, m, k}), node.reshape(b.value, {n, c, k}), false, /*transposeB=*/true);
  }
  Labels labels(batch);
  labels.append(rows.begin(), rows.end());
  labels.append(cols.begin(), cols.end());
  return {node.reshape(y, shapeFor(labels)), labels};
}

LogicalResult Einsum::run() {
  if (failed(parse()) || failed(noteSizes()))
    return failure();
  for (Term &term : terms) {
    dropBroadcast(term);
    takeDiagonals(term);
    if (node.hasFailed())
      return failure();
  }
  Term result = terms[0];
  for (size_t i = 1; i < terms.size(); ++i) {
    result = contract(result, terms[i], [&](Label label) {
      return llvm::is_contained(output, label) || llvm::any_of(ArrayRef(terms).drop_front(i + 1), [&](const Term &later) {
               return llvm::is_contained(later.labels, label);
             });
    });
    if (node.hasFailed())
      return failure();
  }
  sumOut(result, [&](Label label) { return llvm::is_contained(output, label); });
  permute(result, output);
  return node.setResult(result.value);
}

static LogicalResult legalizeEinsum(NodeBinder &node) { return Einsum(node).run(); }

void legalize::registerEinsum(Registry &registry) { registry.add("Einsum", {12}, {1, anyNumber}, legalizeEinsum); }
