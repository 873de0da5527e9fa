// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators as operator sets 1 to 6 had them: broadcasting by attributes, and parameters that later became inputs or the other
// way round.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"
#include "passes/legalize/handlers/Types.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::BinaryKind;
using nn::CompareKind;

// The second operand in a shape that broadcasts as NumPy does. Only with attribute 'broadcast' may the shapes differ: then the
// second one's dimensions are consecutive ones of the first, from 'axis' on or the last ones. Null after an error.
static Value secondOperand(NodeBinder &node) {
  Value b = node.operand(1);
  Shape a(shapeOf(node.operand(0))), shape(shapeOf(b));
  int64_t axis = node.integer("axis", -1);
  if (!node.flag("broadcast", false)) {
    if (a != shape)
      (void)node.fail("inputs have shapes " + shapeText(a) + " and " + shapeText(shape) +
                      ", and attribute 'broadcast' is not set");
    return b;
  }
  if (shape.empty() || elementCount(shape) == 1)
    return node.reshape(b, {});
  int64_t lead = node.has("axis") && axis >= 0 ? axis : int64_t(a.size()) - int64_t(shape.size());
  if (lead < 0 || lead + int64_t(shape.size()) > int64_t(a.size())) {
    (void)node.fail("input 1 of shape " + shapeText(shape) + " does not fit into " + shapeText(a) + " from dimension " +
                    Twine(lead) + " on");
    return {};
  }
  for (auto [i, dim] : llvm::enumerate(shape))
    if (dim != 1 && dim != a[size_t(lead) + i]) {
      (void)node.fail("input 1 of shape " + shapeText(shape) + " does not broadcast to " + shapeText(a) + " from dimension " +
                      Twine(lead) + " on");
      return {};
    }
  shape.resize(a.size() - size_t(lead), 1);
  return node.reshape(b, shape);
}

template <BinaryKind kind> static LogicalResult legalizeBinary(NodeBinder &node) {
  Value b = secondOperand(node);
  return node.setResult(node.binary(kind, node.operand(0), b));
}

template <CompareKind kind, bool isSwapped> static LogicalResult legalizeCompare(NodeBinder &node) {
  Value a = node.operand(0), b = secondOperand(node);
  return node.setResult(node.compare(kind, isSwapped ? b : a, isSwapped ? a : b));
}

// One slope, or one for each channel.
static LogicalResult legalizePRelu(NodeBinder &node) {
  Value x = node.operand(0), slope = node.operand(1);
  std::optional<int64_t> count = elementCount(shapeOf(slope));
  Shape shape(shapeOf(x).size(), 1);
  if (count == 1)
    return node.setResult(node.binary(BinaryKind::PRelu, x, node.reshape(slope, {})));
  if (shape.size() < 2 || count != shapeOf(x)[1])
    return node.fail("needs one slope or one for each channel of an input of shape " + shapeText(shapeOf(x)) + ", got shape " +
                     shapeText(shapeOf(slope)));
  shape[1] = *count;
  return node.setResult(node.binary(BinaryKind::PRelu, x, node.reshape(slope, shape)));
}

// The element type was a name.
static LogicalResult legalizeCast(NodeBinder &node) {
  static constexpr StringRef names[] = {"FLOAT",  "UINT8", "INT8",    "UINT16", "INT16",  "INT32", "INT64",
                                        "STRING", "BOOL",  "FLOAT16", "DOUBLE", "UINT32", "UINT64"};
  StringRef name = node.text("to", "");
  const StringRef *found = llvm::find_if(names, [&](StringRef known) { return known.equals_insensitive(name); });
  Type element = found == std::end(names) ? Type() : storedTypeOfCode(node.getBuilder(), found - std::begin(names) + 1);
  if (!element)
    return node.fail("converts to '" + name + "', which is no element type that Thimble supports");
  return node.setResult(node.castToStored(node.operand(0), element));
}

static LogicalResult legalizePad(NodeBinder &node) {
  Value x = node.operand(0);
  Shape pads = node.integers("paddings");
  StringRef name = node.text("mode", "constant");
  std::optional<nn::PadMode> mode = nn::symbolizePadMode(name);
  size_t rank = shapeOf(x).size();
  if (!mode || *mode == nn::PadMode::Wrap)
    return node.fail("attribute 'mode' is '" + name + "', which is none of ONNX's values");
  if (pads.size() != 2 * rank)
    return node.fail("attribute 'paddings' must have " + Twine(2 * rank) + " entries, got " + Twine(pads.size()));
  for (auto [i, pad] : llvm::enumerate(pads))
    if (pad < 0 || pad > INT32_MAX || (shapeOf(x)[i % rank] == 0 && *mode != nn::PadMode::Constant))
      return node.fail("attribute 'paddings' holds " + Twine(pad) + ", which is out of range");
  return node.setResult(node.emit<nn::PadOp>(*mode, x, Shape(ShapeRef(pads).take_front(rank)),
                                             Shape(ShapeRef(pads).drop_front(rank)),
                                             llvm::APFloat(double(node.real("value", 0)))));
}

static LogicalResult legalizeReshape(NodeBinder &node) {
  Value x = node.operand(0);
  Shape shape = node.integers("shape");
  std::optional<int64_t> count = elementCount(shapeOf(x));
  int64_t known = 1, open = -1;
  for (auto [i, dim] : llvm::enumerate(shape)) {
    if (dim == 0 && i < shapeOf(x).size())
      dim = shapeOf(x)[i];
    if (dim == -1 && open < 0)
      open = int64_t(i);
    else if (dim < 0 || llvm::MulOverflow(known, dim, known))
      return node.fail("cannot reshape " + shapeText(shapeOf(x)) + " to " + shapeText(shape));
  }
  if (open >= 0)
    shape[size_t(open)] = known > 0 ? *count / known : 0;
  if (elementCount(shape) != count)
    return node.fail("cannot reshape " + shapeText(shapeOf(x)) + " to " + shapeText(shape));
  return node.setResult(node.reshape(x, shape));
}

// The sizes are an attribute, an input, or missing: then the parts are equal.
static LogicalResult legalizeSplit(NodeBinder &node) {
  Value x = node.operand(0);
  size_t count = node.getNode().getOutputs().size();
  FailureOr<int64_t> axis = node.axis(node.integer("axis", 0), shapeOf(x).size());
  if (failed(axis))
    return failure();
  Shape sizes = node.integers("split");
  if (node.operand(1)) {
    FailureOr<Shape> given = node.constantIntegers(1, "split");
    if (failed(given))
      return failure();
    sizes = *given;
  }
  int64_t size = shapeOf(x)[*axis], begin = 0;
  if (sizes.empty() && size % int64_t(count) == 0)
    sizes.assign(count, size / int64_t(count));
  if (sizes.size() != count)
    return node.fail("cannot split dimension " + Twine(*axis) + " of size " + Twine(size) + " into " + Twine(count) + " parts");
  for (size_t i = 0; i < count; begin += sizes[i], ++i) {
    if (sizes[i] < 0 || sizes[i] > size - begin)
      return node.fail("parts are larger than dimension " + Twine(*axis) + " of size " + Twine(size));
    if (failed(node.setResult(i, node.slice(x, *axis, begin, sizes[i]))))
      return failure();
  }
  return begin == size ? success() : node.fail("parts are smaller than dimension " + Twine(*axis) + " of size " + Twine(size));
}

// Repeats along one axis.
static LogicalResult legalizeTile(NodeBinder &node) {
  Value x = node.operand(0);
  FailureOr<int64_t> tiles = node.constantInteger(1, "tiles"), given = node.constantInteger(2, "axis");
  if (failed(tiles) || failed(given))
    return failure();
  FailureOr<int64_t> axis = node.axis(*given, shapeOf(x).size());
  if (failed(axis))
    return failure();
  Shape spread(shapeOf(x)), result(shapeOf(x));
  spread.insert(spread.begin() + *axis, 1);
  Shape repeated(spread);
  repeated[*axis] = *tiles;
  if (*tiles < 0 || llvm::MulOverflow(result[*axis], *tiles, result[*axis]))
    return node.fail("input 'tiles' is " + Twine(*tiles) + ", which is out of range");
  return node.setResult(node.reshape(node.broadcast(node.reshape(x, spread), repeated), result));
}

void legalize::registerLegacy(Registry &registry) {
  registry.add("Add", {1, 6}, {2, 2}, legalizeBinary<BinaryKind::Add>);
  registry.add("Sub", {1, 6}, {2, 2}, legalizeBinary<BinaryKind::Sub>);
  registry.add("Mul", {1, 6}, {2, 2}, legalizeBinary<BinaryKind::Mul>);
  registry.add("Div", {1, 6}, {2, 2}, legalizeBinary<BinaryKind::Div>);
  registry.add("Pow", {1}, {2, 2}, legalizeBinary<BinaryKind::Pow>);
  registry.add("And", {1}, {2, 2}, legalizeBinary<BinaryKind::And>);
  registry.add("Or", {1}, {2, 2}, legalizeBinary<BinaryKind::Or>);
  registry.add("Xor", {1}, {2, 2}, legalizeBinary<BinaryKind::Xor>);
  registry.add("Equal", {1}, {2, 2}, legalizeCompare<CompareKind::Equal, false>);
  registry.add("Less", {1}, {2, 2}, legalizeCompare<CompareKind::Less, false>);
  registry.add("Greater", {1}, {2, 2}, legalizeCompare<CompareKind::Less, true>);
  registry.add("PRelu", {1, 6}, {2, 2}, legalizePRelu);
  registry.add("Cast", {1}, {1, 1}, legalizeCast);
  registry.add("Pad", {1}, {1, 1}, legalizePad);
  registry.add("Reshape", {1}, {1, 1}, legalizeReshape);
  registry.add("Split", {1}, {1, 2}, legalizeSplit);
  registry.add("Tile", {1}, {3, 3}, legalizeTile);
}
