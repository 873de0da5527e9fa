// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sequences as casts to tuples.
#include "passes/legalize/Sequences.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

bool legalize::isSequence(Value value) { return value && isa<TupleType>(value.getType()); }
bool legalize::isNothing(Value value) { return value && isa<NoneType>(value.getType()); }
bool legalize::isTensor(Value value) { return value && isa<RankedTensorType>(value.getType()); }

llvm::SmallVector<Value> legalize::elementsOf(Value sequence) {
  return llvm::to_vector(sequence.getDefiningOp<UnrealizedConversionCastOp>().getInputs());
}

static Value cast(NodeBinder &node, Type type, llvm::ArrayRef<Value> elements) {
  return node.getBuilder().create<UnrealizedConversionCastOp>(node.getLoc(), TypeRange(type), elements).getResult(0);
}

Value legalize::makeSequence(NodeBinder &node, llvm::ArrayRef<Value> elements) {
  constexpr size_t longest = 4096; // a loop that inserts makes a type for each length
  if (elements.size() > longest) {
    (void)node.fail("gives a sequence of more than " + llvm::Twine(longest) + " elements");
    return {};
  }
  llvm::SmallVector<Type> types;
  for (Value element : elements) {
    if (!element)
      return {};
    if (!isTensor(element)) {
      (void)node.fail("elements of sequences must be tensors");
      return {};
    }
    types.push_back(element.getType());
  }
  return node.hasFailed() ? Value() : cast(node, TupleType::get(node.getBuilder().getContext(), types), elements);
}

Value legalize::makeNothing(NodeBinder &node) { return cast(node, node.getBuilder().getNoneType(), {}); }

Value legalize::selectAny(NodeBinder &node, Value condition, Value a, Value b, llvm::StringRef what) {
  if (node.hasFailed() || !a || !b)
    return {};
  if (a == b)
    return a;
  if (a.getType() != b.getType()) {
    auto text = [](Value value) { return isNothing(value) ? std::string("nothing") : typeText(value.getType()); };
    (void)node.fail(what + " " + text(a) + " and " + text(b) +
                    ", so that Thimble must know at compile time which one to take; " +
                    "make the input that decides a constant with --bind");
    return {};
  }
  if (isNothing(a))
    return a;
  if (!isTensor(a) && !isSequence(a)) {
    (void)node.fail(what + " texts or maps, so that Thimble must know at compile time which one to take");
    return {};
  }
  if (isTensor(a))
    return node.select(condition, a, b);
  llvm::SmallVector<Value> chosen;
  for (auto [left, right] : llvm::zip(elementsOf(a), elementsOf(b)))
    chosen.push_back(left == right ? left : node.select(condition, left, right));
  return makeSequence(node, chosen);
}
