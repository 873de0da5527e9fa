// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// QuantizeLinear and DequantizeLinear.
//
// Activations of int8 and uint8 with one constant scale become !quant values, from which the quantize phase makes integer
// arithmetic; uint8 codes are stored less 128. Constants are computed here. Whatever else ONNX allows (scales that are not
// constant or differ along an axis, codes that something else than a DequantizeLinear reads) is composed of f32 operations.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Types.h"
#include <cmath>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

using Int8Type = quant::UniformQuantizedType;

// Operators that hand codes on as they are, so that a !quant value may pass through them.
static bool movesCodes(llvm::StringRef opType) {
  return llvm::is_contained({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity", "MaxPool", "Slice", "Split"},
                            opType);
}

// True if the codes of `value` matter to nothing but DequantizeLinear, behind operators that move them, and outputs of int8.
static bool isOnlyDequantized(Value value, bool isSigned, int depth = 0) {
  return depth < 16 && llvm::all_of(value.getUses(), [&](OpOperand &use) {
    auto node = dyn_cast<onnx::NodeOp>(use.getOwner());
    if (!node)
      return isSigned && isa<func::ReturnOp>(use.getOwner());
    if (use.getOperandNumber() != 0)
      return false;
    if (node.getOpType() == "DequantizeLinear")
      return true;
    return movesCodes(node.getOpType()) && llvm::all_of(node.getOutputs(), [&](Value output) {
             return isOnlyDequantized(output, isSigned, depth + 1);
           });
  });
}

namespace {
// Scale and zero point of a node.
struct Parameters {
  Value scale, zeroPoint; // zero point may be null
  Type storage;           // element type of the codes; null if the node does not say
  Shape aligned;          // their shape with ones, so that they broadcast along the axis; empty for one element
  int64_t axis = 0, block = 0;
};
} // namespace

// i8 and ui8, which the int8 kernels can hold.
static bool isByte(Type storage) { return storage && storage.isInteger(8); }

static FailureOr<Parameters> readParameters(NodeBinder &node, Value x) {
  Parameters result{node.operand(1), node.operand(2), {}, {}};
  node.ignore({"saturate", "precision"});
  int64_t axis = node.integer("axis", 1), code = node.integer("output_dtype", 0);
  result.block = node.integer("block_size", 0);
  if (!isF32(result.scale))
    return node.fail("needs a scale of floats, got " + typeText(elementOf(result.scale)));
  ShapeRef shape = shapeOf(x), scales = shapeOf(result.scale);
  if (result.zeroPoint) {
    result.storage = elementOf(result.zeroPoint);
    if (shapeOf(result.zeroPoint) != scales)
      return node.fail("scale and zero point have different shapes: " + shapeText(scales) + " and " +
                       shapeText(shapeOf(result.zeroPoint)));
  } else if (code != 0) {
    result.storage = typeOfCode(node.getBuilder(), code);
  }
  if (*elementCount(scales) == 1 && (scales.size() < 2 || result.block == 0))
    return result;
  FailureOr<int64_t> dim = node.axis(axis, shape.size());
  if (failed(dim))
    return failure();
  result.axis = *dim;
  if (result.block != 0) {
    bool fits = result.block > 0 && result.block <= INT32_MAX && scales.size() == shape.size();
    for (size_t i = 0; fits && i < shape.size(); ++i)
      fits = scales[i] == (int64_t(i) == *dim ? (shape[i] + result.block - 1) / result.block : shape[i]);
    if (!fits)
      return node.fail("scales of shape " + shapeText(scales) + " do not fit blocks of " + Twine(result.block) + " of a tensor of shape " +
                       shapeText(shape));
    return result;
  }
  if (scales.size() != 1 || scales[0] != shape[*dim])
    return node.fail("scales of shape " + shapeText(scales) + " do not fit dimension " + Twine(*dim) + " of a tensor of shape " +
                     shapeText(shape));
  result.aligned.assign(shape.size(), 1);
  result.aligned[*dim] = scales[0];
  return result;
}

// A scale or a zero point in a shape that broadcasts against x.
static Value aligned(NodeBinder &node, const Parameters &parameters, Value value, ShapeRef x) {
  if (parameters.block > 0) {
    Shape spread(shapeOf(value)), repeated;
    spread.insert(spread.begin() + parameters.axis + 1, 1);
    repeated = spread;
    repeated[parameters.axis + 1] = parameters.block;
    Shape joined(shapeOf(value));
    joined[parameters.axis] *= parameters.block;
    Value all = node.reshape(node.broadcast(node.reshape(value, spread), repeated), joined);
    return node.slice(all, parameters.axis, 0, x[parameters.axis]);
  }
  return node.reshape(value, parameters.aligned);
}

// The per-tensor int8 type with these parameters; null if they are not constant, not of one element, or not of 8 bits.
static Int8Type int8Type(NodeBinder &node, const Parameters &parameters) {
  if (!parameters.aligned.empty() || parameters.block > 0 || !isByte(parameters.storage))
    return {};
  FailureOr<ConstantData> scale = ConstantData::get(parameters.scale);
  FailureOr<ConstantData> zeroPoint = parameters.zeroPoint ? ConstantData::get(parameters.zeroPoint) : FailureOr<ConstantData>();
  if (failed(scale) || (parameters.zeroPoint && failed(zeroPoint)))
    return {};
  double step = scale->number(0);
  if (!std::isfinite(step) || step < 1e-30)
    return {};
  int64_t zero = parameters.zeroPoint ? int64_t(zeroPoint->number(0)) : 0;
  if (parameters.storage.isUnsignedInteger())
    zero -= 128;
  MLIRContext *context = node.getBuilder().getContext();
  return Int8Type::get(quant::QuantizationFlags::Signed, IntegerType::get(context, 8), Float32Type::get(context), step, zero, -128,
                       127);
}

// y = sat(round(x / scale) + zero_point), halves to even.
static LogicalResult legalizeQuantizeLinear(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<Parameters> parameters = readParameters(node, x);
  if (failed(parameters))
    return failure();
  Type element = elementOf(x);
  if (!isF32(x) && !element.isInteger(32))
    return node.fail("needs f32 or i32 input, got " + typeText(element));
  if (!parameters->storage)
    parameters->storage = IntegerType::get(element.getContext(), 8, IntegerType::Unsigned);
  auto storage = dyn_cast<IntegerType>(parameters->storage);
  if (!storage || (storage.getWidth() != 8 && storage.getWidth() != 16 && storage.getWidth() != 32))
    return node.fail("gives elements of type " + typeText(parameters->storage) + "; Thimble supports int8, uint8, int16, uint16 and int32");
  Value output = node.getNode().getOutputs()[0];
  Int8Type type = int8Type(node, *parameters);
  if (type && isF32(x) && !isConstant(x) && isOnlyDequantized(output, storage.isSignless()))
    return node.setResult(node.emitAs<nn::QuantizeOp>(shapeOf(x), type, x));
  Value real = node.cast(x, node.getBuilder().getF32Type());
  Value codes = node.unary(nn::UnaryKind::Round, node.div(real, aligned(node, *parameters, parameters->scale, shapeOf(x))));
  if (parameters->zeroPoint)
    codes = node.add(codes, aligned(node, *parameters, node.cast(parameters->zeroPoint, node.getBuilder().getF32Type()), shapeOf(x)));
  return node.setResult(node.cast(codes, storage)); // casts saturate
}

// y = (x - zero_point) * scale
static LogicalResult legalizeDequantizeLinear(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<Parameters> parameters = readParameters(node, x);
  if (failed(parameters))
    return failure();
  Type real = node.getBuilder().getF32Type();
  if (Int8Type from = nn::getInt8Type(x.getType())) {
    Int8Type type = int8Type(node, *parameters);
    if (!type)
      return node.fail("needs the constant scale and the zero point of type int8 or uint8 with which its input was quantized");
    // The same codes in another scale are a table that changes nothing but the type.
    if (type != from) {
      std::vector<int8_t> codes;
      for (int code = -128; code < 128; ++code)
        codes.push_back(int8_t(code));
      Value table = node.constant<int8_t>({256}, node.getBuilder().getI8Type(), codes);
      x = node.emitAs<nn::LookupOp>(shapeOf(x), type, x, table);
    }
    return node.setResult(node.emitAs<nn::DequantizeOp>(shapeOf(x), real, x));
  }
  if (!isInteger(x))
    return node.fail("needs integer elements, got " + typeText(elementOf(x)));
  Value codes = node.cast(x, real);
  if (parameters->zeroPoint)
    codes = node.sub(codes, aligned(node, *parameters, node.cast(parameters->zeroPoint, real), shapeOf(x)));
  return node.setResult(node.mul(codes, aligned(node, *parameters, parameters->scale, shapeOf(x))));
}

void legalize::registerQuantizations(Registry &registry) {
  registry.add("QuantizeLinear", {10, 13, 19, 21}, {2, 3}, legalizeQuantizeLinear);
  registry.add("DequantizeLinear", {10, 13, 19, 21}, {2, 3}, legalizeDequantizeLinear);
}
