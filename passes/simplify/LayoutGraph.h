// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The choice between two dimension orders for each operation of a function, and what it costs in transposes.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/simplify/LayoutRules.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

namespace thimble::simplify {

class MinCut;

/// A value as a transpose of one that is none.
struct Origin {
  mlir::Value root;
  Permutation order;
};
Origin originOf(mlir::Value value);

/// An operand that is no constant.
struct Use {
  mlir::Operation *consumer;
  unsigned index;
  Permutation order; // of the operand, with respect to the root
};

class LayoutGraph {
public:
  explicit LayoutGraph(mlir::func::FuncOp function);

  /// Proposes another layout for each operation that could save a transpose: of its operands if `downwards`, else of its
  /// result. What an operation gets first stays, so the two directions differ where transposes cannot all disappear.
  void propose(bool downwards);

  /// The operations that should take the proposed layout. Empty if that saves nothing.
  llvm::DenseSet<mlir::Operation *> choose() const;

  const OpLayout &getProposal(mlir::Operation *op) const { return proposals.find(op)->second; }

private:
  using Moved = llvm::DenseSet<mlir::Operation *>;

  void assign(mlir::Operation *op, std::optional<OpLayout> layout);
  void spread(mlir::Operation *op);
  bool isProposed(mlir::Operation *op) const { return op && proposals.count(op); }
  int64_t costOf(mlir::Value root) const;
  int64_t evaluate(const Moved &moved) const;
  void addRoot(mlir::Value root, llvm::ArrayRef<Use> uses, const llvm::DenseMap<mlir::Operation *, unsigned> &nodes,
               MinCut &cut) const;

  mlir::func::FuncOp function;
  llvm::MapVector<mlir::Value, llvm::SmallVector<Use>> roots;
  llvm::MapVector<mlir::Operation *, OpLayout> proposals;
  llvm::DenseSet<mlir::Operation *> pinned; // neighbours that fit as they are
  llvm::SmallVector<mlir::Operation *> worklist;
};

} // namespace thimble::simplify
