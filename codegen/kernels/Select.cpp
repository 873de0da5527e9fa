// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dispatch of kernel selection to the families, and what they share.
#include "codegen/kernels/CallBuilder.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Numeric.h"
#include "thimble/tmb_abi.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::kernels;

llvm::StringRef thimble::kernels::suffixOf(Type type) {
  if (nn::isQuantized(type))
    return nn::getInt16Type(type) ? "s16" : "s8";
  if (type.isF32())
    return "f32";
  if (type.isInteger(1))
    return "u8";
  if (type.isF64())
    return "f64";
  if (type.isUnsignedInteger(64))
    return "u64";
  if (type.isSignlessInteger(32))
    return "s32";
  return type.isSignlessInteger(64) ? "s64" : "";
}

Shape thimble::kernels::denseStrides(llvm::ArrayRef<int64_t> shape) {
  Shape strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

Shape thimble::kernels::broadcastStrides(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> target) {
  Shape dense = denseStrides(shape), strides(target.size(), 0);
  size_t lead = target.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i)
    strides[lead + i] = shape[i] == 1 ? 0 : dense[i];
  return strides;
}

void Walk::merge() {
  Shape newDims;
  llvm::SmallVector<Shape> newStrides(strides.size());
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1)
      continue;
    bool joins = !newDims.empty() && llvm::all_of(llvm::zip(newStrides, strides), [&](auto pair) {
      return std::get<0>(pair).back() == std::get<1>(pair)[i] * dims[i];
    });
    if (joins) {
      newDims.back() *= dims[i];
      for (auto [target, source] : llvm::zip(newStrides, strides))
        target.back() = source[i];
      continue;
    }
    newDims.push_back(dims[i]);
    for (auto [target, source] : llvm::zip(newStrides, strides))
      target.push_back(source[i]);
  }
  // Kernels walk at least one dimension.
  if (newDims.empty()) {
    newDims.push_back(1);
    for (Shape &target : newStrides)
      target.push_back(1);
  }
  dims = std::move(newDims);
  strides = std::move(newStrides);
}

std::pair<int64_t, int64_t> thimble::kernels::int8Clamp(quant::UniformQuantizedType type, std::pair<float, float> act) {
  auto quantize = [&](float real) {
    double stored = std::floor(real / type.getScale() + 0.5) + type.getZeroPoint();
    return int64_t(std::min(std::max(stored, double(type.getStorageTypeMin())), double(type.getStorageTypeMax())));
  };
  return {quantize(act.first), quantize(act.second)};
}

CallBuilder::CallBuilder(Operation *op, llvm::StringRef kernel) : op(op), builder(op->getContext()) {
  call.kernel = lookup(kernel);
  if (!call.kernel)
    fail("there is no kernel " + kernel + " in the runtime");
}

CallBuilder &CallBuilder::argument(Argument argument) {
  call.ins.push_back(argument);
  return *this;
}

CallBuilder &CallBuilder::constant(NewConstant constant) {
  call.ins.push_back({Argument::Constant, unsigned(call.constants.size())});
  call.constants.push_back(std::move(constant));
  return *this;
}

CallBuilder &CallBuilder::results(llvm::ArrayRef<unsigned> indices) {
  call.results.assign(indices.begin(), indices.end());
  return *this;
}

CallBuilder &CallBuilder::scratch(int64_t bytes) {
  call.scratchBytes = bytes;
  return *this;
}

CallBuilder &CallBuilder::overlap(int64_t distance) {
  call.overlap = distance;
  return *this;
}

CallBuilder &CallBuilder::field(llvm::StringRef name, int64_t value) {
  if (value < INT32_MIN || value > INT32_MAX)
    return fail(name + " of " + llvm::Twine(value) + " is beyond 32 bits");
  fields.push_back(builder.getNamedAttr(name, builder.getI32IntegerAttr(int32_t(value))));
  return *this;
}

CallBuilder &CallBuilder::field(llvm::StringRef name, llvm::ArrayRef<int64_t> values) {
  if (values.size() > TMB_MAX_RANK)
    return fail(name + " has " + llvm::Twine(values.size()) + " dimensions that cannot be merged; the kernels walk at most " +
                llvm::Twine(TMB_MAX_RANK));
  llvm::SmallVector<int32_t> narrow;
  for (int64_t value : values) {
    if (value < INT32_MIN || value > INT32_MAX)
      return fail(name + " of " + llvm::Twine(value) + " is beyond 32 bits");
    narrow.push_back(int32_t(value));
  }
  fields.push_back(builder.getNamedAttr(name, builder.getDenseI32ArrayAttr(narrow)));
  return *this;
}

CallBuilder &CallBuilder::real(llvm::StringRef name, double value) {
  // Infinite clamps become the largest float: C has no literal for infinity without math.h.
  double limit = std::numeric_limits<float>::max();
  value = std::isnan(value) ? value : std::min(std::max(value, -limit), limit);
  fields.push_back(builder.getNamedAttr(name, builder.getF32FloatAttr(float(value))));
  return *this;
}

CallBuilder &CallBuilder::macs(int64_t count) {
  call.macs = count;
  return *this;
}

CallBuilder &CallBuilder::fail(const llvm::Twine &reason) {
  if (problem.empty())
    problem = reason.str();
  return *this;
}

CallBuilder &CallBuilder::requantFields(double factor, llvm::StringRef prefix) {
  FailureOr<RequantFactor> requant = makeRequantFactor(factor);
  if (failed(requant))
    return fail("scales differ by a factor of " + llvm::Twine(std::to_string(factor)) + ", which 32 bits cannot hold");
  return field((prefix + "multiplier").str(), requant->multiplier).field((prefix + "shift").str(), requant->shift);
}

FailureOr<KernelCall> CallBuilder::finish() {
  if (problem.empty() && call.ins.size() != call.kernel->ins)
    fail("kernel " + call.kernel->name + " takes " + llvm::Twine(call.kernel->ins) + " inputs, got " +
         llvm::Twine(call.ins.size()));
  if (!problem.empty())
    return op->emitOpError() << problem;
  call.params = builder.getDictionaryAttr(fields);
  return std::move(call);
}

FailureOr<Calls> CallBuilder::finishAlone() {
  FailureOr<KernelCall> one = finish();
  if (failed(one))
    return failure();
  Calls calls;
  calls.push_back(std::move(*one));
  return calls;
}

FailureOr<Calls> thimble::kernels::noKernel(Operation *op, llvm::StringRef kind, Type element) {
  return op->emitOpError("'") << kind << "' has no kernel for elements of type " << element;
}

FailureOr<Calls> thimble::kernels::selectKernels(Operation *op) {
  if (isInt16Arithmetic(op))
    return selectInt16(op);
  if (isa<nn::Conv2DOp, nn::FullyConnectedOp, nn::MatMulOp>(op))
    return selectConvolution(op);
  if (isa<nn::UnaryOp, nn::BinaryOp, nn::CompareOp, nn::SelectOp, nn::CastOp, nn::LookupOp, nn::QuantizeOp, nn::DequantizeOp,
          nn::RequantizeOp>(op))
    return selectElementwise(op);
  if (isa<nn::Pool2DOp, nn::ReduceOp, nn::ArgOp, nn::SoftmaxOp, nn::LayerNormOp>(op))
    return selectReduction(op);
  if (auto attention = dyn_cast<nn::AttentionOp>(op))
    return selectAttention(attention);
  if (isa<nn::RnnOp, nn::GruOp, nn::LstmOp>(op))
    return nn::isQuantized(op->getOperand(0).getType()) ? selectInt8Recurrent(op) : selectRecurrent(op);
  if (isa<nn::GridSampleOp, nn::RoiAlignOp, nn::MaxRoiPoolOp, nn::MaxPoolIndicesOp, nn::DeformConv2DOp>(op))
    return selectSampling(op);
  if (isa<nn::TreeEnsembleOp, nn::SquaredDistanceOp, nn::PairCouplingOp>(op))
    return selectClassical(op);
  if (isa<nn::GatherElementsOp, nn::GatherNDOp, nn::ScatterElementsOp, nn::ScatterNDOp, nn::TopKOp, nn::NonZeroOp, nn::UniqueOp,
          nn::NonMaxSuppressionOp, nn::ReverseSequenceOp>(op))
    return selectIndexing(op);
  if (isa<nn::CumSumOp, nn::DetOp, nn::DftOp, nn::FramesOp, nn::CountNGramsOp>(op))
    return selectSignal(op);
  return selectShape(op);
}

bool thimble::kernels::hasKernel(Operation *op) {
  ScopedDiagnosticHandler silence(op->getContext(), [](Diagnostic &) { return success(); });
  return succeeded(selectKernels(op));
}
