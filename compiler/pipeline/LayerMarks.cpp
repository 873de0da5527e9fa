// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Marks as attributes that the quantizer reads.
#include "compiler/pipeline/LayerMarks.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/nn/NNDialect.h"
#include "passes/quantize/Range.h"
#include "llvm/Support/GlobPattern.h"

using namespace mlir;
using namespace thimble;

constexpr llvm::StringLiteral askedFor = "asked for";

bool thimble::canBeMarked(Operation *op) {
  return !isa<nn::ConstantOp, nn::QuantizeOp, nn::DequantizeOp>(op) && llvm::any_of(op->getResults(), quantize::isFloat);
}

void thimble::markInt16(Operation *op, StringRef reason) {
  op->removeDiscardableAttr(quantize::keepFloatAttrName);
  op->setDiscardableAttr(quantize::int16AttrName, StringAttr::get(op->getContext(), reason));
}

void thimble::markFloat(Operation *op, StringRef reason) {
  op->removeDiscardableAttr(quantize::int16AttrName);
  op->setDiscardableAttr(quantize::keepFloatAttrName, StringAttr::get(op->getContext(), reason));
}

// Calls `mark` for each pattern, which says whether the pattern names anything of the kind that `what` describes.
static LogicalResult forEachPattern(func::FuncOp function, ArrayRef<std::string> patterns, StringRef type, StringRef what,
                                    llvm::function_ref<bool(const llvm::GlobPattern &)> mark) {
  for (const std::string &text : patterns) {
    llvm::Expected<llvm::GlobPattern> pattern = llvm::GlobPattern::create(text);
    if (!pattern)
      return function.emitError("--activations ") << text << "=" << type << ": " << llvm::toString(pattern.takeError());
    if (!mark(*pattern))
      return function.emitError("--activations ") << text << "=" << type << " names no " << what
                                                  << " that computes with real numbers";
  }
  return success();
}

// Marks operations that the pattern names; false if there is none.
static bool markNamed(func::FuncOp function, const llvm::GlobPattern &pattern, void (*mark)(Operation *, StringRef)) {
  bool isAny = false;
  for (Operation &op : function.getBody().front())
    if (canBeMarked(&op) && pattern.match(nodeName(op.getLoc()))) {
      mark(&op, askedFor);
      isAny = true;
    }
  return isAny;
}

LogicalResult thimble::markInt16(func::FuncOp function, ArrayRef<std::string> patterns, bool all) {
  auto mark = [&](const llvm::GlobPattern &pattern) {
    bool isAny = markNamed(function, pattern, markInt16);
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto name = function.getArgAttrOfType<StringAttr>(i, "onnx.name");
      if (quantize::isFloat(function.getArgument(i)) && pattern.match(name ? name.getValue() : StringRef())) {
        function.setArgAttr(i, quantize::int16AttrName, StringAttr::get(function.getContext(), askedFor));
        isAny = true;
      }
    }
    return isAny;
  };
  if (all)
    mark(cantFail(llvm::GlobPattern::create("*")));
  return forEachPattern(function, patterns, "int16", "node and no input", mark);
}

LogicalResult thimble::markFloat(func::FuncOp function, ArrayRef<std::string> patterns) {
  return forEachPattern(function, patterns, "float", "node",
                        [&](const llvm::GlobPattern &pattern) { return markNamed(function, pattern, markFloat); });
}

LayerMarks thimble::unmark(func::FuncOp function, StringRef name) {
  LayerMarks marks;
  for (Operation &op : function.getBody().front())
    if (nodeName(op.getLoc()) == name) {
      marks.emplace_back(&op, op.getDiscardableAttrDictionary());
      op.removeDiscardableAttr(quantize::int16AttrName);
      op.removeDiscardableAttr(quantize::keepFloatAttrName);
    }
  return marks;
}

void thimble::restore(const LayerMarks &marks) {
  for (auto [op, attributes] : marks)
    op->setDiscardableAttrs(attributes);
}

int64_t thimble::layerBytes(func::FuncOp function, StringRef name) {
  int64_t bytes = 0;
  for (Operation &op : function.getBody().front())
    if (!isa<nn::ConstantOp>(op) && nodeName(op.getLoc()) == name)
      for (ValueRange values : {ValueRange(op.getOperands()), ValueRange(op.getResults())})
        for (Value value : values)
          if (quantize::isFloat(value))
            bytes += tensorBytes(cast<RankedTensorType>(value.getType()));
  return bytes;
}

Operation *thimble::findLayer(func::FuncOp function, StringRef name) {
  Operation *found = nullptr;
  for (Operation &op : function.getBody().front())
    if (canBeMarked(&op) && nodeName(op.getLoc()) == name)
      found = &op;
  return found;
}
