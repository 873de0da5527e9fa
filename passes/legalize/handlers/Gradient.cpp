// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gradient of ONNX's training domain: reverse differentiation of the operations that legalization has emitted so far.
#include "compiler/support/Diagnostics.h"
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;
using nn::ReduceKind;
using nn::UnaryKind;

namespace {

class Differentiator {
public:
  Differentiator(NodeBinder &node, ArrayRef<Value> xs) : node(node), active(xs.begin(), xs.end()) {}

  LogicalResult run(Value y);
  /// The derivative of y for `x`, which is 0 where y does not depend on it.
  Value gradientOf(Value x) {
    Value known = gradients.lookup(x);
    return known ? known : node.filled(shapeOf(x), elementOf(x), 0);
  }

private:
  bool differentiate(Operation *op, Value g);
  bool differentiate(nn::BinaryOp op, Value g);
  bool differentiate(nn::UnaryOp op, Value g);
  bool differentiate(nn::ReduceOp op, Value g);
  bool differentiate(nn::MatMulOp op, Value g);
  void add(Value value, Value g);

  NodeBinder &node;
  llvm::DenseSet<Value> active; // what depends on the inputs
  llvm::DenseMap<Value, Value> gradients;
};

} // namespace

// Adds to the gradient of `value`, whose elements may have been repeated: the sum over all copies.
void Differentiator::add(Value value, Value g) {
  if (!g || !active.contains(value))
    return;
  Shape axes;
  ShapeRef from = shapeOf(value), to = shapeOf(g);
  for (size_t i = 0; i < to.size(); ++i)
    if (size_t lead = to.size() - from.size(); i < lead || (from[i - lead] == 1 && to[i] != 1))
      axes.push_back(int64_t(i));
  if (!axes.empty())
    g = node.reshape(node.reduce(ReduceKind::Sum, g, axes, true), from);
  Value &known = gradients[value];
  known = known ? node.add(known, g) : g;
}

bool Differentiator::differentiate(nn::BinaryOp op, Value g) {
  Value a = op.getA(), b = op.getB();
  switch (op.getKind()) {
  case BinaryKind::Add:
    add(a, g);
    add(b, g);
    return true;
  case BinaryKind::Sub:
    add(a, g);
    add(b, node.unary(UnaryKind::Neg, g));
    return true;
  case BinaryKind::Mul:
    add(a, node.mul(g, b));
    add(b, node.mul(g, a));
    return true;
  case BinaryKind::Div:
    add(a, node.div(g, b));
    add(b, node.unary(UnaryKind::Neg, node.div(node.mul(g, op.getY()), b)));
    return true;
  default:
    return false;
  }
}

bool Differentiator::differentiate(nn::UnaryOp op, Value g) {
  Value x = op.getX(), y = op.getY(), one = node.scalar(1);
  switch (op.getKind()) {
  case UnaryKind::Neg:
    add(x, node.unary(UnaryKind::Neg, g));
    return true;
  case UnaryKind::Exp:
    add(x, node.mul(g, y));
    return true;
  case UnaryKind::Log:
    add(x, node.div(g, x));
    return true;
  case UnaryKind::Sqrt:
    add(x, node.div(node.mul(g, node.scalar(0.5f)), y));
    return true;
  case UnaryKind::Tanh:
    add(x, node.mul(g, node.sub(one, node.mul(y, y))));
    return true;
  case UnaryKind::Sigmoid:
    add(x, node.mul(g, node.mul(y, node.sub(one, y))));
    return true;
  case UnaryKind::Relu:
    add(x, node.select(node.compare(nn::CompareKind::Less, node.scalar(0), x), g, node.scalar(0)));
    return true;
  case UnaryKind::Sin:
    add(x, node.mul(g, node.unary(UnaryKind::Cos, x)));
    return true;
  case UnaryKind::Cos:
    add(x, node.unary(UnaryKind::Neg, node.mul(g, node.unary(UnaryKind::Sin, x))));
    return true;
  default:
    return false;
  }
}

bool Differentiator::differentiate(nn::ReduceOp op, Value g) {
  ShapeRef x = shapeOf(op.getX());
  if (op.getKind() != ReduceKind::Sum && op.getKind() != ReduceKind::Mean)
    return false;
  Shape kept(x);
  int64_t count = 1;
  for (int64_t axis : op.getAxes()) {
    count *= x[axis];
    kept[axis] = 1;
  }
  g = node.broadcast(node.reshape(g, kept), x);
  add(op.getX(), op.getKind() == ReduceKind::Sum ? g : node.div(g, node.scalar(float(count))));
  return true;
}

bool Differentiator::differentiate(nn::MatMulOp op, Value g) {
  Value a = op.getA(), b = op.getB();
  if (op.getTransposeA() || op.getTransposeB() || shapeOf(a).size() != shapeOf(b).size())
    return false;
  add(a, node.matmul(g, b, false, /*transposeB=*/true));
  add(b, node.matmul(a, g, /*transposeA=*/true, false));
  return true;
}

bool Differentiator::differentiate(Operation *op, Value g) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<nn::BinaryOp, nn::UnaryOp, nn::ReduceOp, nn::MatMulOp>([&](auto typed) { return differentiate(typed, g); })
      .Case([&](nn::ReshapeOp reshape) {
        add(reshape.getX(), node.reshape(g, shapeOf(reshape.getX())));
        return true;
      })
      .Case([&](nn::BroadcastOp broadcast) {
        add(broadcast.getX(), g);
        return true;
      })
      .Case([&](nn::TransposeOp transpose) {
        Shape inverse(transpose.getPermutation().size());
        for (auto [i, dim] : llvm::enumerate(transpose.getPermutation()))
          inverse[dim] = int64_t(i);
        add(transpose.getX(), node.transpose(g, inverse));
        return true;
      })
      .Default(false);
}

LogicalResult Differentiator::run(Value y) {
  Operation *last = y.getDefiningOp();
  gradients[y] = node.filled(shapeOf(y), elementOf(y), 1);
  if (!last || active.contains(y))
    return success(!node.hasFailed());
  // Emission goes on behind the last operation, so that this list does not grow.
  SmallVector<Operation *> operations;
  for (Operation &op : *last->getBlock()) {
    if (llvm::any_of(op.getOperands(), [&](Value operand) { return active.contains(operand); })) {
      operations.push_back(&op);
      active.insert(op.result_begin(), op.result_end());
    }
    if (&op == last)
      break;
  }
  for (Operation *op : llvm::reverse(operations)) {
    if (isa<onnx::OnnxDialect>(op->getDialect()) || op->getNumResults() != 1)
      continue;
    Value g = gradients.lookup(op->getResult(0));
    if (g && !differentiate(op, g))
      return node.fail("'" + op->getName().getStringRef() + "', which node '" + nodeName(op->getLoc()) +
                       "' has become, has no derivative here");
    if (node.hasFailed())
      return failure();
  }
  return success();
}

// The importer gives the value that is differentiated as a further input.
static LogicalResult legalizeGradient(NodeBinder &node) {
  node.ignore({"y", "zs"});
  size_t count = node.texts("xs").size();
  Value y = node.operand(node.getOperandCount() - 1);
  if (count == 0 || count >= node.getOperandCount() || count != node.getNode().getOutputs().size())
    return node.fail("needs an input and an output for each of 'xs'");
  SmallVector<Value> xs;
  for (size_t i = 0; i < count; ++i) {
    xs.push_back(node.operand(i));
    if (!xs.back() || isConstant(xs.back()))
      return node.fail("differentiates for inputs of the model only, not for what is known at compile time");
    if (failed(node.needFloat(xs.back(), "xs")))
      return failure();
  }
  if (!y || failed(node.needFloat(y, "y")))
    return failure();
  Differentiator differentiator(node, xs);
  if (failed(differentiator.run(y)))
    return failure();
  for (size_t i = 0; i < count; ++i)
    if (failed(node.setResult(i, differentiator.gradientOf(xs[i]))))
      return failure();
  return success();
}

void legalize::registerGradients(Registry &registry) {
  registry.add("ai.onnx.preview.training.Gradient", {1}, {2, anyNumber}, legalizeGradient);
}
