// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Marks for int16 or float, from the layers that are not exact enough back to where their errors arise.
#include "compiler/pipeline/Fallback.h"
#include "compiler/pipeline/LayerMarks.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/nn/NNDialect.h"
#include "passes/quantize/Range.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace thimble;

namespace {
class Marker {
public:
  Marker(func::FuncOp function, ArrayRef<calibrate::LayerError> errors, double leastDb, Fallback fallback,
         llvm::function_ref<void(Operation *, bool, std::string)> note)
      : body(function.getBody().front()), leastDb(leastDb), isInt16(fallback == Fallback::Int16), note(note) {
    for (const calibrate::LayerError &layer : errors)
      if (std::isfinite(layer.sqnrDb) && layer.sqnrDb < leastDb)
        inexact[layer.node] = layer.sqnrDb;
  }

  bool run() {
    // A node may have become several operations, which share its error.
    llvm::DenseMap<Value, std::string> spoiledBy;
    llvm::StringSet<> inheriting;
    for (Operation &op : body) {
      if (isa<nn::ConstantOp>(op))
        continue;
      std::string name = nodeName(op.getLoc()), by = inexact.contains(name) ? name : "";
      for (Value operand : op.getOperands())
        if (auto found = spoiledBy.find(operand); found != spoiledBy.end() && found->second != name) {
          by = found->second;
          inheriting.insert(name);
        }
      if (!by.empty())
        for (Value result : op.getResults())
          spoiledBy[result] = by;
    }
    for (Operation &op : body)
      if (auto found = inexact.find(nodeName(op.getLoc())); found != inexact.end())
        if (canBeMarked(&op) && !inheriting.contains(found->first()))
          raise(op, found->second);
    return isAny;
  }

private:
  static bool isMarked(Operation *op, bool asInt16) {
    return op->hasAttr(quantize::keepFloatAttrName) || (asInt16 && op->hasAttr(quantize::int16AttrName));
  }

  void mark(Operation *op, bool asInt16, std::string reason) {
    asInt16 ? markInt16(op, reason) : markFloat(op, reason);
    note(op, asInt16, std::move(reason));
    isAny = true;
  }

  void raise(Operation &op, double sqnrDb) {
    const char *was = op.hasAttr(quantize::int16AttrName) ? "int16" : "int8";
    std::string reason = llvm::formatv("in {0} its signal-to-noise ratio is {1:F1} dB, below the {2:F1} dB of --least-sqnr",
                                       was, sqnrDb, leastDb);
    for (bool asInt16 : {true, false}) {
      if (asInt16 && !isInt16)
        continue;
      if (!isMarked(&op, asInt16))
        return mark(&op, asInt16, reason);
      llvm::SmallDenseSet<Operation *> seen;
      if (blameProducers(op, asInt16, llvm::formatv("node '{0}' reads it and is below the {1:F1} dB of --least-sqnr",
                                                    nodeName(op.getLoc()), leastDb), seen))
        return;
    }
  }

  // Marks the nearest operations before `op` that are not marked; false if there are none.
  bool blameProducers(Operation &op, bool asInt16, const std::string &reason, llvm::SmallDenseSet<Operation *> &seen) {
    bool isNew = false;
    for (Value operand : op.getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (!producer || !quantize::isFloat(operand) || !canBeMarked(producer) || !seen.insert(producer).second)
        continue;
      if (isMarked(producer, asInt16)) {
        isNew |= blameProducers(*producer, asInt16, reason, seen);
        continue;
      }
      mark(producer, asInt16, reason);
      isNew = true;
    }
    return isNew;
  }

  Block &body;
  double leastDb;
  bool isInt16, isAny = false;
  llvm::function_ref<void(Operation *, bool, std::string)> note;
  llvm::StringMap<double> inexact;
};
} // namespace

bool thimble::markInexact(func::FuncOp function, ArrayRef<calibrate::LayerError> errors, double leastDb, Fallback fallback,
                          llvm::function_ref<void(Operation *, bool isInt16, std::string reason)> note) {
  return Marker(function, errors, leastDb, fallback, note).run();
}
