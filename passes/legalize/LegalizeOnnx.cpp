// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-legalize-onnx: the walk over a graph, and what is checked of its inputs and outputs.
#include "passes/legalize/Legalize.h"
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/Registry.h"
#include "passes/legalize/Sequences.h"
#include "passes/legalize/Texts.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace thimble::legalize {
#define GEN_PASS_DEF_LEGALIZEONNX
#include "passes/legalize/Passes.h.inc"
} // namespace thimble::legalize

using namespace thimble;
using namespace thimble::legalize;

namespace {

constexpr size_t maxListedNodes = 20;
constexpr size_t maxInlinedNodes = 20000;

// The operator's key in the registry: qualified unless it is one of ONNX's own.
std::string qualifiedName(onnx::NodeOp node) {
  StringRef domain = node.getDomain();
  return domain.empty() || domain == "ai.onnx" ? node.getOpType().str() : (domain + "." + node.getOpType()).str();
}

std::string displayName(onnx::NodeOp node) {
  auto named = node.getLoc()->findInstanceOf<NameLoc>();
  return named ? named.getName().str() : "";
}

class GraphLegalizer {
public:
  explicit GraphLegalizer(func::FuncOp function) : function(function), builder(function.getContext()) {}
  LogicalResult run();

private:
  LogicalResult checkArguments();
  LogicalResult checkSupport(Block &block);
  LogicalResult legalizeBlock(Block &block);
  LogicalResult legalizeNode(onnx::NodeOp node);
  LogicalResult callHandler(onnx::NodeOp node, const Entry &entry);
  FailureOr<SmallVector<Value>> inlineRegion(Region &region, ArrayRef<Value> arguments);
  LogicalResult checkOutput(size_t index, Value &value, Location loc);
  void appendSizes(SmallVector<Value> &results, SmallVector<Type> &types, SmallVector<DictionaryAttr> &attributes);
  LogicalResult replaceReturn();
  void quantizeArguments();
  void cleanUp();

  func::FuncOp function;
  OpBuilder builder;
  NodeBinder::ValueMap values;
  SizeMap sizes;
  SmallVector<onnx::NodeOp> inlining; // nodes whose bodies are being inlined
  size_t inlinedNodes = 0;            // of all bodies, as often as each was inlined
};

LogicalResult GraphLegalizer::checkArguments() {
  bool isSound = true;
  for (BlockArgument argument : function.getArguments()) {
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "onnx.name");
    std::string input = "input '" + (name ? name.str() : std::to_string(argument.getArgNumber())) + "'";
    auto refuse = [&]() {
      isSound = false;
      return emitError(function.getLoc()) << input;
    };
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.hasStaticShape()) {
      refuse() << " must be a tensor with fixed dimensions, got " << argument.getType();
      continue;
    }
    std::optional<int64_t> count = elementCount(type.getShape());
    if (!count || *count > INT32_MAX / std::max<int64_t>(elementBytes(type.getElementType()), 1))
      refuse() << " of shape " << shapeText(type.getShape()) << " is too large: kernels address fewer than 2^31 bytes";
    if (type.getElementType().isInteger(4))
      refuse() << " has 4-bit elements, which are only supported in constants";
    else if (elementBytes(type.getElementType()) == 0)
      refuse() << " has elements of the unsupported type " << type.getElementType();
    else if (*count == 0) // what has no elements is known
      values[argument] = builder.create<nn::ConstantOp>(argument.getLoc(), type, makeConstant(type, ArrayRef<char>()));
    else if (isComputedAsF32(type.getElementType()))
      values[argument] = builder.create<nn::CastOp>(argument.getLoc(), type.clone(builder.getF32Type()), argument);
    else
      values[argument] = argument;
  }
  return success(isSound);
}

// Emits one error that lists every node without a handler.
LogicalResult GraphLegalizer::checkSupport(Block &block) {
  SmallVector<std::string> unsupported;
  for (auto node : block.getOps<onnx::NodeOp>()) {
    std::string opType = qualifiedName(node);
    if (getRegistry().lookup(opType, node.getOpset()))
      continue;
    std::optional<int64_t> oldest = getRegistry().getOldest(opType);
    std::string why = oldest ? " of operator set " + std::to_string(node.getOpset()) + ", supported from " +
                                   std::to_string(*oldest) + " on; convert the model to a newer operator set"
                             : "";
    unsupported.push_back("'" + displayName(node) + "' (" + opType + why + ")");
  }
  if (unsupported.empty())
    return success();
  bool isOne = unsupported.size() == 1;
  InFlightDiagnostic error = emitError(function.getLoc())
                             << unsupported.size() << (isOne ? " node uses an operator" : " nodes use operators")
                             << " that Thimble does not support: "
                             << llvm::join(ArrayRef(unsupported).take_front(maxListedNodes), ", ");
  if (unsupported.size() > maxListedNodes)
    error << ", and " << unsupported.size() - maxListedNodes << " more";
  return error;
}

LogicalResult GraphLegalizer::callHandler(onnx::NodeOp node, const Entry &entry) {
  NodeBinder binder(node, builder, values,
                    [this, node](Region &region, ArrayRef<Value> arguments) -> FailureOr<SmallVector<Value>> {
                      inlining.push_back(node);
                      FailureOr<SmallVector<Value>> results = inlineRegion(region, arguments);
                      inlining.pop_back();
                      return results;
                    });
  size_t count = node.getInputs().size();
  if (count < entry.inputs.least || count > entry.inputs.most) {
    std::string bound = count < entry.inputs.least ? "at least " + std::to_string(entry.inputs.least)
                                                   : "at most " + std::to_string(entry.inputs.most);
    return binder.fail("takes " + bound + " inputs, got " + Twine(count));
  }
  for (size_t i = 0; i < entry.inputs.least; ++i)
    if (!binder.operand(i))
      return binder.fail("input " + Twine(i) + " is required, but left out");
  for (size_t i = 0; i < count && !entry.takesSequences; ++i)
    if (Value operand = binder.operand(i); operand && !isTensor(operand))
      return binder.fail("input " + Twine(i) + (isNothing(operand)                  ? " is an optional without a value"
                                                   : isText(operand) || isMap(operand) ? " holds texts or a map"
                                                                                       : " is a sequence") +
                         "; only tensors are supported");
  binder.trackSizes(sizes);
  LogicalResult result = entry.handler(binder);
  if (binder.hasFailed())
    return failure();
  if (failed(result))
    return binder.fail("could not be legalized");
  if (failed(propagateSizes(binder, sizes)))
    return failure();
  for (auto [i, output] : llvm::enumerate(node.getOutputs()))
    if (!output.use_empty() && !values.count(output))
      return binder.fail("output " + Twine(i) + " is used, but Thimble does not compute it");
  binder.warnOfUnreadAttributes();
  return success();
}

LogicalResult GraphLegalizer::legalizeNode(onnx::NodeOp node) {
  // Bodies are inlined where their node stands.
  builder.setInsertionPoint(inlining.empty() ? node : inlining.front());
  for (Value input : node.getInputs())
    if (!values.count(input))
      return failure(); // depends on a node that has an error already
  for (Value output : node.getOutputs())
    if (auto type = dyn_cast<RankedTensorType>(output.getType()); type && !type.hasStaticShape())
      return emitError(node.getLoc()) << node.getOpType() << ": result type must be !onnx.value";
  const Entry *entry = getRegistry().lookup(qualifiedName(node), node.getOpset());
  return callHandler(node, *entry);
}

LogicalResult GraphLegalizer::legalizeBlock(Block &block) {
  if (failed(checkSupport(block)))
    return failure();
  bool isSound = true;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (isa<onnx::NoneOp>(op)) {
      values[op.getResult(0)] = Value();
    } else if (auto constant = dyn_cast<onnx::ConstantOp>(op)) {
      builder.setInsertionPoint(inlining.empty() ? &op : inlining.front());
      FailureOr<ConstantData> data = ConstantData::get(constant.getValue());
      auto type = cast<RankedTensorType>(constant.getType());
      Type element = type.getElementType();
      bool isWide = isComputedAsF32(element);
      if (isWide)
        type = RankedTensorType::get(type.getShape(), builder.getF32Type());
      ElementsAttr value = isWide && succeeded(data) ? makeConstant<float>(type, data->floats()) : constant.getValue();
      values[constant] = builder.create<nn::ConstantOp>(op.getLoc(), type, value);
    } else if (auto node = dyn_cast<onnx::NodeOp>(op)) {
      isSound &= succeeded(legalizeNode(node));
    } else {
      for (Value result : op.getResults()) // nn operations stay as they are
        values[result] = result;
    }
  }
  return success(isSound);
}

FailureOr<SmallVector<Value>> GraphLegalizer::inlineRegion(Region &region, ArrayRef<Value> arguments) {
  if (!llvm::hasSingleElement(region))
    return failure();
  if (region.front().getNumArguments() != arguments.size())
    return emitError(inlining.back().getLoc()) << inlining.back().getOpType() << ": a body has "
                                               << region.front().getNumArguments() << " inputs, but gets " << arguments.size();
  inlinedNodes += region.front().getOperations().size();
  if (inlinedNodes > maxInlinedNodes)
    return emitError(inlining.back().getLoc()) << inlining.back().getOpType() << ": is unrolled to more than "
                                               << maxInlinedNodes << " nodes, which is too long a program";
  for (auto [argument, value] : llvm::zip(region.front().getArguments(), arguments))
    values[argument] = value;
  if (failed(legalizeBlock(region.front())))
    return failure();
  SmallVector<Value> results;
  for (Value operand : region.front().getTerminator()->getOperands()) {
    Value result = values.lookup(operand);
    if (!result)
      return emitError(inlining.back().getLoc()) << inlining.back().getOpType() << ": a body gives a value that is left out";
    results.push_back(result);
  }
  return results;
}

// The types that the file declares for the graph's outputs are checked, not believed.
LogicalResult GraphLegalizer::checkOutput(size_t index, Value &value, Location loc) {
  auto name = function.getResultAttrOfType<StringAttr>(index, "onnx.name");
  auto declared = function.getResultAttrOfType<TypeAttr>(index, "onnx.type");
  auto type = declared ? dyn_cast<RankedTensorType>(declared.getValue()) : RankedTensorType();
  if (!type)
    return success();
  std::string output = name ? name.str() : std::to_string(index);
  if (!isTensor(value))
    return emitError(loc) << "the file declares output '" << output
                          << "' as a tensor of numbers, but it holds texts or is a sequence, map or optional";
  auto actual = cast<RankedTensorType>(value.getType());
  // Some exporters write 0 for sizes that they do not know.
  auto differ = [](int64_t declared, int64_t size) {
    return declared != size && declared != 0 && !ShapedType::isDynamic(declared);
  };
  auto size = sizes.find(value);
  int64_t bounded = size == sizes.end() ? -1 : size->second.dimension; // the file may have the size that its author saw
  bool isSame = type.getRank() == actual.getRank();
  for (int64_t i = 0; isSame && i < type.getRank(); ++i)
    isSame = !differ(type.getDimSize(i), actual.getDimSize(i)) || (i == bounded && type.getDimSize(i) <= actual.getDimSize(i));
  if (!isSame)
    return emitError(loc) << "the file declares output '" << output << "' as " << shapeText(type.getShape())
                          << ", but the operators give " << shapeText(actual.getShape());
  // An int8 output keeps its scale, which the generated header tells.
  auto quantized = dyn_cast<quant::QuantizedType>(actual.getElementType());
  if (type.getElementType() == (quantized ? quantized.getStorageType() : actual.getElementType()))
    return success();
  if (quantized && type.getElementType().isUnsignedInteger(8)) { // its codes are stored less 128
    ElementsAttr table = nn::makeCodeTable(builder.getContext(), /*isUnsigned=*/true);
    auto constant = builder.create<nn::ConstantOp>(loc, table.getShapedType(), table);
    value = builder.create<nn::LookupOp>(loc, actual.clone(type.getElementType()), value, constant);
    return success();
  }
  if (isComputedAsF32(type.getElementType()) && actual.getElementType().isF32()) {
    auto narrowed = value.getDefiningOp<nn::CastOp>(); // f64 arithmetic gives f32, cast from f64
    bool isKept = narrowed && narrowed.getX().getType() == actual.clone(type.getElementType());
    Value stored =
        isKept ? narrowed.getX() : builder.create<nn::CastOp>(loc, actual.clone(type.getElementType()), value).getY();
    if (auto bounded = sizes.find(value); bounded != sizes.end()) {
      auto size = bounded->second;
      sizes.try_emplace(stored, size);
    }
    value = stored;
    return success();
  }
  InFlightDiagnostic error = emitError(loc) << "the file declares output '" << output << "' with elements of type "
                                            << type.getElementType() << ", but the operators give " << actual.getElementType();
  return error;
}

// Sizes that depend on data become further results, each once, called after the first result that has it.
void GraphLegalizer::appendSizes(SmallVector<Value> &results, SmallVector<Type> &types,
                                 SmallVector<DictionaryAttr> &attributes) {
  llvm::DenseMap<Value, int64_t> places;
  for (size_t i = 0, count = results.size(); i < count; ++i) {
    auto bounded = sizes.find(results[i]);
    if (bounded == sizes.end())
      continue;
    auto [place, isNew] = places.try_emplace(bounded->second.size, int64_t(results.size()));
    NamedAttrList named(attributes[i]);
    if (isNew) {
      auto name = dyn_cast_or_null<StringAttr>(named.get("onnx.name"));
      NamedAttrList own;
      own.set("onnx.name", builder.getStringAttr((name ? name.getValue() : "output") + ".size"));
      results.push_back(bounded->second.size);
      types.push_back(bounded->second.size.getType());
      attributes.push_back(own.getDictionary(function.getContext()));
    }
    named.set(nn::boundAttrName, builder.getDenseI64ArrayAttr({bounded->second.dimension, place->second}));
    attributes[i] = named.getDictionary(function.getContext());
  }
}

// A sequence becomes one result for each element, called after it: y_0, y_1, ...; an optional without a value becomes none.
LogicalResult GraphLegalizer::replaceReturn() {
  auto end = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  builder.setInsertionPoint(end);
  bool isSound = true;
  SmallVector<Value> results;
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  auto add = [&](Value result, NamedAttrList named) {
    named.erase("onnx.type");
    results.push_back(result);
    types.push_back(result.getType());
    attributes.push_back(named.getDictionary(function.getContext()));
  };
  for (auto [i, operand] : llvm::enumerate(end.getOperands())) {
    Value result = values.lookup(operand);
    Operation *producer = operand.getDefiningOp();
    if (!result) { // the file names an input that is left out as an output
      isSound = false;
      emitError(end.getLoc()) << "output " << i << " has no value";
      continue;
    }
    isSound &= succeeded(checkOutput(i, result, producer ? producer->getLoc() : function.getLoc()));
    NamedAttrList named(function.getResultAttrDict(i));
    if (isTensor(result))
      add(result, named);
    if (isText(result) || isMap(result)) {
      named.set(labelsAttrName, namesAttrOf(result));
      add(carriedBy(result), named);
    }
    if (!isSequence(result))
      continue;
    auto name = dyn_cast_or_null<StringAttr>(named.get("onnx.name"));
    for (auto [index, element] : llvm::enumerate(elementsOf(result))) {
      if (name)
        named.set("onnx.name", builder.getStringAttr(name.getValue() + "_" + Twine(index)));
      add(element, named);
    }
  }
  if (isSound && results.empty())
    return emitError(function.getLoc())
           << "the model gives nothing: its outputs are empty sequences or optionals without a value";
  if (!isSound)
    return failure();
  appendSizes(results, types, attributes);
  end.getOperandsMutable().assign(results);
  function.setFunctionType(FunctionType::get(function.getContext(), function.getArgumentTypes(), types));
  function.setAllResultAttrs(attributes);
  return success();
}

// An input of int8 whose readers all take its codes in one scale has that scale, which the generated header tells.
void GraphLegalizer::quantizeArguments() {
  FailureOr<ConstantData> plain = ConstantData::get(nn::makeCodeTable(builder.getContext(), /*isUnsigned=*/false));
  for (BlockArgument argument : function.getArguments()) {
    Type type;
    bool isShared = getElementTypeOrSelf(argument.getType()).isSignlessInteger(8) && !argument.use_empty();
    for (Operation *user : argument.getUsers()) {
      auto lookup = dyn_cast<nn::LookupOp>(user);
      FailureOr<ConstantData> table = lookup ? ConstantData::get(lookup.getTable()) : FailureOr<ConstantData>();
      bool takesCodes = succeeded(table) && table->bytes() == plain->bytes() && nn::getInt8Type(lookup.getType());
      isShared &= takesCodes && (!type || type == lookup.getType());
      type = lookup ? lookup.getType() : type;
    }
    if (!isShared)
      continue;
    for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
      user->getResult(0).replaceAllUsesWith(argument);
      user->erase();
    }
    argument.setType(type);
  }
  function.setFunctionType(FunctionType::get(function.getContext(), function.getFunctionBody().getArgumentTypes(),
                                             function.getResultTypes()));
}

// Erases the nodes and what does not contribute to a result.
void GraphLegalizer::cleanUp() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front()))) {
    if (isa<onnx::OnnxDialect>(op.getDialect()))
      op.dropAllUses();
    if (isa<onnx::OnnxDialect>(op.getDialect()) || isOpTriviallyDead(&op))
      op.erase();
  }
}

LogicalResult GraphLegalizer::run() {
  if (!llvm::hasSingleElement(function.getBody()))
    return emitError(function.getLoc()) << "function '" << function.getName() << "' must have one block";
  builder.setInsertionPointToStart(&function.getBody().front());
  LogicalResult arguments = checkArguments();
  if (failed(legalizeBlock(function.getBody().front())) || failed(arguments) || failed(replaceReturn()))
    return failure();
  cleanUp();
  quantizeArguments();
  return success();
}

struct LegalizeOnnx : legalize::impl::LegalizeOnnxBase<LegalizeOnnx> {
  // One warning, at the first node of an operator set that is newer than the handlers.
  void warnOfNewOpset(func::FuncOp function) {
    function.walk([](onnx::NodeOp node) {
      if (node.getOpset() <= newestOpset || !(node.getDomain().empty() || node.getDomain() == "ai.onnx"))
        return WalkResult::advance();
      emitWarning(node.getLoc()) << "the model is of operator set " << node.getOpset() << "; Thimble knows sets up to "
                                 << newestOpset << " and takes newer operators for unchanged";
      return WalkResult::interrupt();
    });
  }

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      warnOfNewOpset(function);
      if (failed(GraphLegalizer(function).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
