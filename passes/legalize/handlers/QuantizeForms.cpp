// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// QuantizeLinear and DequantizeLinear in every form that ONNX has, composed of f32 operations: scales for the tensor, along an
// axis or for blocks, codes of 4 to 32 bits and 8-bit floats.
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Types.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

// Scale or zero point (`value`) in a shape that broadcasts to `shape`; null after an error.
static Value spread(NodeBinder &node, Value value, StringRef name, ShapeRef shape) {
  ShapeRef own = shapeOf(value);
  int64_t block = node.integer("block_size", 0);
  if (elementCount(own) == 1 && block == 0)
    return node.reshape(value, {});
  FailureOr<int64_t> axis = node.axis(node.integer("axis", 1), shape.size());
  if (failed(axis))
    return {};
  Shape aligned(shape.size(), 1);
  if (block == 0) {
    if (own.size() != 1 || own[0] != shape[*axis]) {
      (void)node.fail("input '" + name + "' of shape " + shapeText(own) + " does not fit dimension " + Twine(*axis) +
                      " of a tensor of shape " + shapeText(shape));
      return {};
    }
    aligned[*axis] = own[0];
    return node.reshape(value, aligned);
  }
  bool fits = block > 0 && own.size() == shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i)
    fits = own[i] == (int64_t(i) == *axis ? (shape[i] - 1) / block + 1 : shape[i]);
  int64_t padded = 0;
  if (!fits || llvm::MulOverflow(own[*axis], block, padded) || padded > INT32_MAX) {
    (void)node.fail("input '" + name + "' of shape " + shapeText(own) + " does not fit blocks of " + Twine(block) +
                    " of a tensor of shape " + shapeText(shape));
    return {};
  }
  Shape split(own), joined(own);
  split.insert(split.begin() + *axis + 1, 1);
  Shape repeated(split);
  repeated[*axis + 1] = block;
  joined[*axis] = padded;
  return node.slice(node.reshape(node.broadcast(node.reshape(value, split), repeated), joined), *axis, 0, shape[*axis]);
}

static bool isSmallFloat(Type type) { return isa<FloatType>(type) && type.getIntOrFloatBitWidth() == 8; }

static LogicalResult readParameters(NodeBinder &node, Value &scale, Value &zeroPoint) {
  node.ignore({"precision", "axis", "block_size"});
  scale = node.operand(1), zeroPoint = node.operand(2);
  if (failed(node.needFloat(scale, "scale")))
    return failure();
  if (zeroPoint && shapeOf(zeroPoint) != shapeOf(scale) &&
      !(elementCount(shapeOf(zeroPoint)) == 1 && elementCount(shapeOf(scale)) == 1))
    return node.fail("scale and zero point have different shapes, " + shapeText(shapeOf(scale)) + " and " +
                     shapeText(shapeOf(zeroPoint)));
  return success();
}

// y = sat(round(x / scale) + zero point), halves to even; of 8-bit floats, x / scale rounded to one.
LogicalResult legalize::composeQuantizeLinear(NodeBinder &node) {
  Value x = node.operand(0), scale, zeroPoint;
  Builder &builder = node.getBuilder();
  int64_t code = node.integer("output_dtype", 0);
  bool isSaturating = node.flag("saturate", true);
  if (failed(readParameters(node, scale, zeroPoint)))
    return failure();
  if (!isF32(x) && !isInteger(x))
    return node.fail("needs numbers, got elements of type " + typeText(elementOf(x)));
  Type type = zeroPoint ? elementOf(zeroPoint) : code ? storedTypeOfCode(builder, code) : storedTypeOfCode(builder, 2);
  auto integer = dyn_cast_or_null<IntegerType>(type);
  if (!type || (!isSmallFloat(type) && !(integer && integer.getWidth() > 1 && integer.getWidth() <= 16)))
    return node.fail("gives elements of a type that ONNX does not quantize to");
  Value quotient = node.div(node.cast(x, builder.getF32Type()), spread(node, scale, "y_scale", shapeOf(x)));
  if (isSmallFloat(type)) {
    float largest = float(llvm::APFloat::getLargest(mlir::cast<FloatType>(type).getFloatSemantics()).convertToDouble());
    if (isSaturating)
      quotient = node.unary(nn::UnaryKind::Clamp, quotient, -largest, largest);
    return node.setResult(node.cast(quotient, type));
  }
  Value codes = node.unary(nn::UnaryKind::Round, quotient);
  if (zeroPoint)
    codes = node.add(codes, node.cast(spread(node, zeroPoint, "y_zero_point", shapeOf(x)), builder.getF32Type()));
  return node.setResult(node.cast(codes, type)); // saturates
}

// y = (x - zero point) * scale
LogicalResult legalize::composeDequantizeLinear(NodeBinder &node) {
  Value x = node.operand(0), scale, zeroPoint;
  Builder &builder = node.getBuilder();
  node.ignore({"output_dtype"}); // another float than the scale's is f32 all the same
  if (failed(readParameters(node, scale, zeroPoint)))
    return failure();
  if (!isInteger(x) && !isSmallFloat(elementOf(x)))
    return node.fail("needs integers or 8-bit floats, got elements of type " + typeText(elementOf(x)));
  if (zeroPoint && elementOf(zeroPoint) != elementOf(x))
    return node.fail("zero point has elements of type " + typeText(elementOf(zeroPoint)) + ", the input of " +
                     typeText(elementOf(x)));
  Value codes = x;
  if (zeroPoint && isInteger(x)) // exact in 32 bits
    codes = node.sub(node.cast(x, builder.getI32Type()),
                     node.cast(spread(node, zeroPoint, "x_zero_point", shapeOf(x)), builder.getI32Type()));
  return node.setResult(node.mul(node.cast(codes, builder.getF32Type()), spread(node, scale, "x_scale", shapeOf(x))));
}
