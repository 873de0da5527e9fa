// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading a node: attributes, operands, axes.
#include "passes/legalize/NodeBinder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

ShapeRef legalize::shapeOf(Value value) { return value ? cast<RankedTensorType>(value.getType()).getShape() : ShapeRef(); }

Type legalize::elementOf(Value value) { return value ? cast<RankedTensorType>(value.getType()).getElementType() : Type(); }

bool legalize::isF32(Value value) { return value && elementOf(value).isF32(); }
bool legalize::isBoolean(Value value) { return value && elementOf(value).isInteger(1); }
bool legalize::isInteger(Value value) { return value && isa<IntegerType>(elementOf(value)) && !isBoolean(value); }
bool legalize::isComputedAsF32(Type element) { return element.isF16() || element.isBF16() || element.isF64(); }
bool legalize::isConstant(Value value) { return value && value.getDefiningOp<nn::ConstantOp>(); }

std::optional<int64_t> legalize::elementCount(ShapeRef shape) {
  // Zeros come last, so that a shape is valid or not whatever its order.
  int64_t count = 1;
  for (int64_t dim : shape)
    if (dim < 0 || llvm::MulOverflow(count, std::max<int64_t>(dim, 1), count))
      return std::nullopt;
  return llvm::is_contained(shape, 0) ? 0 : count;
}

Shape legalize::sequence(int64_t begin, int64_t end) {
  Shape result;
  for (int64_t i = begin; i < end; ++i)
    result.push_back(i);
  return result;
}

std::string legalize::shapeText(ShapeRef shape) {
  std::string text;
  for (int64_t dim : shape)
    text += (text.empty() ? "" : "x") + (ShapedType::isDynamic(dim) ? "?" : std::to_string(dim));
  return text.empty() ? "scalar" : text;
}

std::string legalize::typeText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

NodeBinder::NodeBinder(onnx::NodeOp node, OpBuilder &builder, ValueMap &values, InlineBody inlineBody)
    : node(node), builder(builder), values(values), inlineRegion(std::move(inlineBody)) {}

LogicalResult NodeBinder::fail(const llvm::Twine &message) {
  if (!isFailed)
    emitError(getLoc()) << getOpType() << ": " << message;
  isFailed = true;
  return failure();
}

void NodeBinder::warnOfUnreadAttributes() {
  if (DictionaryAttr attributes = node.getAttrsAttr())
    for (NamedAttribute attribute : attributes)
      if (!llvm::is_contained(known, attribute.getName().getValue()) &&
          (attribute.getName() != "consumed_inputs" || getOpset() > 5)) // a hint for memory
        emitWarning(getLoc()) << getOpType() << ": attribute '" << attribute.getName().getValue()
                              << "' is unknown for operator set " << getOpset() << " and was ignored";
}

Attribute NodeBinder::attribute(llvm::StringRef name) {
  known.push_back(name);
  DictionaryAttr attributes = node.getAttrsAttr();
  return attributes ? attributes.get(name) : Attribute();
}

template <typename T> T NodeBinder::attribute(llvm::StringRef name, llvm::StringRef kind) {
  Attribute found = attribute(name);
  auto typed = dyn_cast_or_null<T>(found);
  if (found && !typed)
    (void)fail("attribute '" + name + "' must be " + kind);
  return typed;
}

bool NodeBinder::has(llvm::StringRef name) { return bool(attribute(name)); }

int64_t NodeBinder::integer(llvm::StringRef name, int64_t fallback) {
  auto found = attribute<IntegerAttr>(name, "an integer");
  return found && found.getValue().getSignificantBits() <= 64 ? found.getValue().getSExtValue() : fallback;
}

float NodeBinder::real(llvm::StringRef name, float fallback) {
  auto found = attribute<FloatAttr>(name, "a float");
  return found ? float(found.getValueAsDouble()) : fallback;
}

llvm::StringRef NodeBinder::text(llvm::StringRef name, llvm::StringRef fallback) {
  auto found = attribute<StringAttr>(name, "a string");
  return found ? found.getValue() : fallback;
}

Shape NodeBinder::integers(llvm::StringRef name, ShapeRef fallback) {
  auto found = attribute<DenseI64ArrayAttr>(name, "a list of integers");
  return Shape(found ? found.asArrayRef() : fallback);
}

llvm::SmallVector<float> NodeBinder::reals(llvm::StringRef name) {
  auto found = attribute<DenseF32ArrayAttr>(name, "a list of floats");
  return found ? llvm::SmallVector<float>(found.asArrayRef()) : llvm::SmallVector<float>();
}

llvm::SmallVector<llvm::StringRef> NodeBinder::texts(llvm::StringRef name) {
  llvm::SmallVector<llvm::StringRef> result;
  if (auto found = attribute<ArrayAttr>(name, "a list of strings"))
    for (Attribute element : found)
      if (auto string = dyn_cast<StringAttr>(element))
        result.push_back(string.getValue());
  return result;
}

ElementsAttr NodeBinder::tensor(llvm::StringRef name) { return attribute<ElementsAttr>(name, "a tensor"); }

void NodeBinder::ignore(llvm::ArrayRef<llvm::StringRef> names) { known.append(names.begin(), names.end()); }

Value NodeBinder::operand(size_t index) { return index < getOperandCount() ? values.lookup(node.getInputs()[index]) : Value(); }

FailureOr<Shape> NodeBinder::constantIntegers(size_t index, llvm::StringRef name) {
  Value value = operand(index);
  if (!value)
    return fail("input '" + name + "' is missing");
  if (!isInteger(value))
    return fail("input '" + name + "' must have integer elements, got " + typeText(elementOf(value)));
  FailureOr<ConstantData> data = ConstantData::get(value);
  if (failed(data))
    return fail("input '" + name +
                "' must be known at compile time, but depends on the model's inputs; export the model with fixed shapes");
  return data->integers();
}

FailureOr<int64_t> NodeBinder::constantInteger(size_t index, llvm::StringRef name) {
  FailureOr<Shape> numbers = constantIntegers(index, name);
  if (failed(numbers))
    return failure();
  if (numbers->size() != 1)
    return fail("input '" + name + "' must be one number, got " + llvm::Twine(numbers->size()));
  return numbers->front();
}

bool NodeBinder::isResultUsed(size_t index) {
  return index < node.getOutputs().size() && !node.getOutputs()[index].use_empty();
}

LogicalResult NodeBinder::setResult(size_t index, Value value) {
  if (hasFailed() || !value)
    return failure();
  if (index < node.getOutputs().size())
    values[node.getOutputs()[index]] = value;
  return success();
}

LogicalResult NodeBinder::setBounded(size_t index, Value value, int64_t dimension, Value size) {
  if (hasFailed() || !value || !size)
    return failure();
  if (FailureOr<ConstantData> known = isConstant(size) ? ConstantData::get(size) : FailureOr<ConstantData>(); succeeded(known))
    return setResult(index, slice(value, dimension, 0, known->integers()[0]));
  if (!sizes)
    return fail("gives a size that depends on data, which cannot be passed on here");
  (*sizes)[value] = {dimension, size};
  return setResult(index, value);
}

std::optional<Shape> NodeBinder::declaredShape(size_t index) {
  if (index >= node.getOutputs().size())
    return std::nullopt;
  Value output = node.getOutputs()[index];
  RankedTensorType type;
  if (auto declared = node->getAttrOfType<ArrayAttr>("onnx.types"); declared && index < declared.size())
    if (auto attribute = dyn_cast<TypeAttr>(declared[index]))
      type = dyn_cast<RankedTensorType>(attribute.getValue());
  for (OpOperand &use : output.getUses()) {
    auto function = dyn_cast<func::FuncOp>(use.getOwner()->getParentOp());
    if (type || !function || !isa<func::ReturnOp>(use.getOwner()))
      continue;
    if (auto declared = function.getResultAttrOfType<TypeAttr>(use.getOperandNumber(), "onnx.type"))
      type = dyn_cast<RankedTensorType>(declared.getValue());
  }
  return type && type.hasStaticShape() && elementCount(type.getShape()) ? std::optional(Shape(type.getShape())) : std::nullopt;
}

FailureOr<Shape> NodeBinder::shapeInsteadOf(llvm::StringRef parameter, size_t index) {
  if (std::optional<Shape> shape = declaredShape(index)) {
    std::string what = getOpType().str() + ": the result has the shape " + shapeText(*shape) +
                       " that the file declares, whatever input '" + parameter.str() + "' holds at run time";
    if (llvm::is_contained(*shape, 0)) // some exporters mean "unknown" by it
      emitWarning(getLoc()) << what << "; it has no elements";
    else
      emitRemark(getLoc()) << what;
    return *shape;
  }
  return fail("input '" + parameter +
              "' depends on the model's inputs, and the file does not say which shape the result has; " +
              "export the model with fixed shapes, or make the input that decides a constant with --bind");
}

FailureOr<llvm::SmallVector<Value>> NodeBinder::inlineBody(llvm::StringRef name, llvm::ArrayRef<Value> arguments) {
  if (!attribute<UnitAttr>(name, "a graph"))
    return fail("graph '" + name + "' is missing");
  size_t region = 0;
  for (NamedAttribute other : node.getAttrsAttr()) {
    if (other.getName() == name)
      break;
    region += isa<UnitAttr>(other.getValue());
  }
  FailureOr<llvm::SmallVector<Value>> results = inlineRegion(node.getBodies()[region], arguments);
  isFailed |= failed(results); // its own nodes have the errors
  return results;
}

FailureOr<int64_t> NodeBinder::axis(int64_t axis, size_t rank) {
  int64_t limit = int64_t(rank);
  if (axis < -limit || axis >= limit)
    return fail("axis " + llvm::Twine(axis) + " is outside a tensor of " + llvm::Twine(rank) + " dimensions");
  return axis < 0 ? axis + limit : axis;
}

FailureOr<Shape> NodeBinder::axes(ShapeRef axes, size_t rank) {
  Shape result;
  for (int64_t one : axes) {
    FailureOr<int64_t> normalized = axis(one, rank);
    if (failed(normalized))
      return failure();
    result.push_back(*normalized);
  }
  llvm::sort(result);
  if (std::adjacent_find(result.begin(), result.end()) != result.end())
    return fail("axes must not repeat");
  return result;
}

LogicalResult NodeBinder::checkTable(int64_t count) {
  if (count <= 1 << 24)
    return success(!hasFailed());
  return fail("needs a table of " + llvm::Twine(count) + " entries, which is too large");
}

LogicalResult NodeBinder::needFloat(Value value, llvm::StringRef name) {
  if (!value || isF32(value))
    return success(!hasFailed());
  return fail("input '" + name + "' has elements of type " + typeText(elementOf(value)) +
              ", but Thimble computes this operator in float32 only");
}
