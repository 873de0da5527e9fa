// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Builds small functions of nn operations, as legalization leaves them, and compares what they compute before and after passes.
#pragma once

#include "dialects/nn/NNDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <string>
#include <vector>

namespace thimble::test {

using Shape = llvm::SmallVector<int64_t>;
using ShapeRef = llvm::ArrayRef<int64_t>;

/// Numbers that look random and are the same everywhere.
class Random {
public:
  explicit Random(uint32_t seed) : state(seed * 2654435761u + 12345u) {}
  uint32_t bits();
  int64_t below(int64_t limit) { return int64_t(bits() % uint32_t(limit)); }
  float between(float low, float high) { return low + (high - low) * float(bits() % 65536) / 65535.0f; }

private:
  uint32_t state;
};

/// A module with one function. Images are NCHW, as in ONNX.
class Network {
public:
  explicit Network(uint32_t seed = 1);

  mlir::Value input(ShapeRef shape, mlir::Type element = {});
  mlir::Value constant(ShapeRef shape, std::vector<float> elements);
  mlir::Value number(float value) { return constant({}, {value}); }
  /// A constant of random numbers.
  mlir::Value random(ShapeRef shape, float low = -1, float high = 1);
  mlir::func::FuncOp finish(mlir::ValueRange outputs);

  mlir::Value transpose(mlir::Value x, ShapeRef permutation);
  mlir::Value reshape(mlir::Value x, ShapeRef shape);
  mlir::Value unary(nn::UnaryKind kind, mlir::Value x, float alpha = 0, float beta = 0);
  mlir::Value binary(nn::BinaryKind kind, mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, mlir::Value b) { return binary(nn::BinaryKind::Add, a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return binary(nn::BinaryKind::Sub, a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return binary(nn::BinaryKind::Mul, a, b); }
  mlir::Value div(mlir::Value a, mlir::Value b) { return binary(nn::BinaryKind::Div, a, b); }
  mlir::Value relu(mlir::Value x) { return unary(nn::UnaryKind::Relu, x); }
  mlir::Value clamp(mlir::Value x, float low, float high) { return unary(nn::UnaryKind::Clamp, x, low, high); }
  mlir::Value reduce(nn::ReduceKind kind, mlir::Value x, ShapeRef axes, bool keepDims = true);
  mlir::Value concat(mlir::ValueRange inputs, int64_t axis);
  mlir::Value slice(mlir::Value x, ShapeRef offsets, ShapeRef sizes);
  mlir::Value pad(mlir::Value x, ShapeRef before, ShapeRef after, double value = 0);
  mlir::Value softmax(mlir::Value x, int64_t axis);
  mlir::Value fullyConnected(mlir::Value x, int64_t cols, bool hasBias = true);
  mlir::Value matmul(mlir::Value a, mlir::Value b);
  /// Of an NCHW image, between transposes.
  mlir::Value conv(mlir::Value x, int64_t channels, int64_t kernel, int64_t stride = 1, Shape pads = {0, 0, 0, 0},
                   int64_t groups = 1, bool hasBias = true);
  mlir::Value pool(nn::PoolKind kind, mlir::Value x, int64_t kernel, int64_t stride, Shape pads = {0, 0, 0, 0},
                   bool countsPads = false);
  mlir::Value batchNorm(mlir::Value x);

  /// Any operation of the nn dialect, at the end of the function.
  template <typename Op, typename... Args> mlir::Value make(Args &&...args) {
    return builder.create<Op>(builder.getUnknownLoc(), std::forward<Args>(args)...)->getResult(0);
  }

  mlir::ModuleOp getModule() { return module.get(); }
  mlir::OpBuilder &getBuilder() { return builder; }

private:
  mlir::MLIRContext context;
  mlir::OpBuilder builder;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  Random numbers;
};

/// Runs a pass pipeline of functions ("thimble-simplify-fold-linear"), or a named one of modules, on a copy of the network;
/// executes both on random inputs; requires equal outputs, floats within 1e-5 of the largest. Returns the function of the copy.
struct Simplified {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;

  template <typename Op> size_t count() {
    size_t number = 0;
    function.walk([&](Op) { ++number; });
    return number;
  }
  /// Operations that compute: neither constants nor reshapes nor the return.
  size_t countComputations();
};
Simplified simplify(Network &network, const std::string &functionPasses);
Simplified simplifyModule(Network &network, const std::string &modulePasses);

/// Runs passes on a module; its function.
mlir::func::FuncOp runPasses(mlir::ModuleOp module, const std::string &modulePasses);

/// Executes two functions that differ in that 4-D inputs and outputs may be NCHW in the first and NHWC in the second one, and
/// requires equal outputs.
void compareTransposed(mlir::func::FuncOp nchw, mlir::func::FuncOp nhwc);

} // namespace thimble::test
