// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The operators of ai.onnx.ml that map labels: a lookup at compile time where the input is texts, else comparisons with all
// keys.
#include "passes/legalize/Texts.h"
#include "passes/legalize/handlers/Handlers.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>
#include <set>

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::CompareKind;
using nn::UnaryKind;

namespace {

// What a mapping gives: one list, with the value for unknown keys at its end.
struct Outputs {
  llvm::SmallVector<llvm::StringRef> texts;
  Shape integers;
  llvm::SmallVector<float> reals;

  size_t size() const { return std::max({texts.size(), integers.size(), reals.size()}); }
  /// The values at `index`, an i64 tensor.
  Value at(NodeBinder &node, Value index) const;
};

} // namespace

static Value lookup(NodeBinder &node, Value table, Value index) { return node.emit<nn::GatherOp>(table, index, int64_t(0)); }

Value Outputs::at(NodeBinder &node, Value index) const {
  if (!texts.empty())
    return makeTexts(node, index, texts);
  if (!integers.empty())
    return lookup(node, node.integerVector(integers), index);
  return lookup(node, node.constant<float>({int64_t(reals.size())}, node.getBuilder().getF32Type(), reals), index);
}

// Where each element of x, i64 or f32, is in `keys` (a constant vector): [..., keys], as i1. NaN equals NaN.
static Value matches(NodeBinder &node, Value x, Value keys, bool hasNan) {
  Shape shape(shapeOf(x));
  if (!x || node.hasFailed())
    return {};
  shape.push_back(1);
  Value column = node.reshape(x, shape), equal = node.compare(CompareKind::Equal, column, keys);
  if (!hasNan)
    return equal;
  auto isNan = [&](Value value) { return node.unary(UnaryKind::Not, node.compare(CompareKind::Equal, value, value)); };
  return node.binary(nn::BinaryKind::Or, equal, node.binary(nn::BinaryKind::And, isNan(column), isNan(keys)));
}

// The index of the first match, or the number of keys.
static Value firstMatch(NodeBinder &node, Value match) {
  if (!match)
    return {};
  Shape shape(shapeOf(match));
  int64_t axis = int64_t(shape.size()) - 1;
  shape[size_t(axis)] = 1;
  Value scores = node.select(match, node.scalar(1.0f), node.scalar(0.0f));
  Value all = node.concat({scores, node.filled(shape, node.getBuilder().getF32Type(), 0.5)}, axis);
  return node.emit<nn::ArgOp>(nn::ArgKind::Max, all, axis, false, false);
}

// Maps texts at compile time: for each text of the table its place among the keys, or the number of keys.
static Value mapTexts(NodeBinder &node, Value texts, llvm::ArrayRef<llvm::StringRef> keys) {
  llvm::StringMap<int64_t> places;
  for (auto [place, key] : llvm::enumerate(keys))
    places.try_emplace(key, int64_t(place));
  Shape table;
  for (llvm::StringRef text : namesOf(texts)) {
    auto found = places.find(text);
    table.push_back(found == places.end() ? int64_t(keys.size()) : found->second);
  }
  return lookup(node, node.integerVector(table), carriedBy(texts));
}

static LogicalResult needTensor(NodeBinder &node, Value x) {
  if (isa<RankedTensorType>(x.getType()))
    return success();
  return node.fail("input must be a tensor of numbers");
}

static LogicalResult needTexts(NodeBinder &node, Value x) {
  if (isText(x))
    return success();
  return node.fail("input must be texts that Thimble knows, such as the labels of a classifier");
}

static Value asIntegers(NodeBinder &node, Value x) { return node.cast(x, node.getBuilder().getI64Type()); }

static LogicalResult needPairs(NodeBinder &node, size_t keys, size_t values) {
  if (node.hasFailed())
    return failure();
  if (keys == values && keys != 0)
    return success();
  return node.fail("maps " + llvm::Twine(keys) + " keys to " + llvm::Twine(values) + " values");
}

// The index of each input element among the keys, or their number: by the attributes keys_<kind> or the tensor keys_tensor.
static FailureOr<Value> findKeys(NodeBinder &node, size_t &count) {
  Value x = node.operand(0);
  if (node.has("keys_strings")) {
    llvm::SmallVector<llvm::StringRef> keys = node.texts("keys_strings");
    count = keys.size();
    return failed(needTexts(node, x)) ? FailureOr<Value>() : mapTexts(node, x, keys);
  }
  if (failed(needTensor(node, x)))
    return failure();
  if (node.has("keys_int64s")) {
    Shape keys = node.integers("keys_int64s");
    count = keys.size();
    return firstMatch(node, matches(node, asIntegers(node, x), node.integerVector(keys), false));
  }
  llvm::SmallVector<float> keys = node.reals("keys_floats");
  if (ElementsAttr tensor = node.tensor("keys_tensor")) {
    FailureOr<ConstantData> data = ConstantData::get(tensor);
    if (failed(data))
      return node.fail("attribute 'keys_tensor' has elements that are not supported");
    count = size_t(data->size());
    if (isa<IntegerType>(tensor.getElementType()))
      return firstMatch(node, matches(node, asIntegers(node, x), node.integerVector(data->integers()), false));
    std::vector<float> floats = data->floats();
    keys.assign(floats.begin(), floats.end());
  }
  count = keys.size();
  if (keys.empty())
    return node.fail("has no keys");
  bool hasNan = llvm::any_of(keys, [](float key) { return std::isnan(key); });
  Value table = node.constant<float>({int64_t(count)}, node.getBuilder().getF32Type(), keys);
  return firstMatch(node, matches(node, node.cast(x, node.getBuilder().getF32Type()), table, hasNan));
}

// The values, with the default at the end.
static FailureOr<Outputs> readValues(NodeBinder &node) {
  Outputs outputs;
  if (node.has("values_strings")) {
    outputs.texts = node.texts("values_strings");
    outputs.texts.push_back(node.text("default_string", "_Unused"));
  } else if (node.has("values_int64s")) {
    outputs.integers = node.integers("values_int64s");
    outputs.integers.push_back(node.integer("default_int64", -1));
  } else if (node.has("values_floats")) {
    outputs.reals = node.reals("values_floats");
    outputs.reals.push_back(node.real("default_float", -0.0f));
  } else if (ElementsAttr tensor = node.tensor("values_tensor")) {
    FailureOr<ConstantData> data = ConstantData::get(tensor), fallback = failure();
    ElementsAttr defaultTensor = node.tensor("default_tensor");
    if (defaultTensor)
      fallback = ConstantData::get(defaultTensor);
    if (failed(data) || (defaultTensor && (failed(fallback) || fallback->size() != 1)))
      return node.fail("attributes 'values_tensor' and 'default_tensor' must hold numbers, and one default");
    if (isa<IntegerType>(tensor.getElementType())) {
      outputs.integers = data->integers();
      outputs.integers.push_back(defaultTensor ? fallback->integers()[0] : -1);
    } else {
      std::vector<float> floats = data->floats();
      outputs.reals.assign(floats.begin(), floats.end());
      outputs.reals.push_back(defaultTensor ? fallback->floats()[0] : -0.0f);
    }
  }
  node.ignore({"default_string", "default_int64", "default_float", "default_tensor"});
  if (node.hasFailed() || outputs.size() < 2)
    return node.fail("has no values");
  return outputs;
}

static LogicalResult legalizeLabelEncoder(NodeBinder &node) {
  size_t count = 0;
  FailureOr<Value> index = findKeys(node, count);
  if (failed(index))
    return failure();
  FailureOr<Outputs> outputs = readValues(node);
  if (failed(outputs) || failed(needPairs(node, count, outputs->size() - 1)))
    return failure();
  return node.setResult(outputs->at(node, *index));
}

// Between texts and integers, in the direction that the input decides.
static LogicalResult mapBothWays(NodeBinder &node, llvm::ArrayRef<llvm::StringRef> texts, ShapeRef integers) {
  Value x = node.operand(0);
  llvm::StringRef defaultText = node.text("default_string", "_Unused");
  int64_t defaultInteger = node.integer("default_int64", -1);
  if (failed(needPairs(node, texts.size(), integers.size())))
    return failure();
  Outputs outputs;
  if (isText(x)) {
    outputs.integers.assign(integers.begin(), integers.end());
    outputs.integers.push_back(defaultInteger);
    return node.setResult(outputs.at(node, mapTexts(node, x, texts)));
  }
  if (failed(needTensor(node, x)))
    return failure();
  outputs.texts.assign(texts.begin(), texts.end());
  outputs.texts.push_back(defaultText);
  Value match = matches(node, asIntegers(node, x), node.integerVector(integers), false);
  return node.setResult(outputs.at(node, firstMatch(node, match)));
}

static LogicalResult legalizeOldLabelEncoder(NodeBinder &node) {
  llvm::SmallVector<llvm::StringRef> texts = node.texts("classes_strings");
  return mapBothWays(node, texts, sequence(0, int64_t(texts.size())));
}

static LogicalResult legalizeCategoryMapper(NodeBinder &node) {
  llvm::SmallVector<llvm::StringRef> texts = node.texts("cats_strings");
  return mapBothWays(node, texts, node.integers("cats_int64s"));
}

static LogicalResult legalizeOneHotEncoder(NodeBinder &node) {
  Value x = node.operand(0);
  Shape integers = node.integers("cats_int64s");
  llvm::SmallVector<llvm::StringRef> texts = node.texts("cats_strings");
  node.ignore({"zeros"}); // a category that is unknown gives zeros: a device cannot refuse
  size_t count = integers.empty() ? texts.size() : integers.size();
  bool isUnique = std::set<int64_t>(integers.begin(), integers.end()).size() == integers.size() &&
                  std::set<llvm::StringRef>(texts.begin(), texts.end()).size() == texts.size();
  if (count == 0 || !isUnique)
    return node.fail("needs categories, 'cats_int64s' or 'cats_strings', that do not repeat");
  Type f32 = node.getBuilder().getF32Type();
  if (integers.empty()) {
    if (failed(needTexts(node, x)) || failed(node.checkTable(int64_t((count + 1) * count))))
      return failure();
    std::vector<float> rows((count + 1) * count, 0); // the last row is for what is unknown
    for (size_t i = 0; i < count; ++i)
      rows[i * count + i] = 1;
    return node.setResult(
        lookup(node, node.constant<float>({int64_t(count) + 1, int64_t(count)}, f32, rows), mapTexts(node, x, texts)));
  }
  if (failed(needTensor(node, x)))
    return failure();
  Value match = matches(node, asIntegers(node, x), node.integerVector(integers), false);
  return node.setResult(node.select(match, node.scalar(1.0f), node.scalar(0.0f)));
}

// Maps: what ZipMap makes is the tensor that it gets, and the keys are in the generated header.

static LogicalResult legalizeZipMap(NodeBinder &node) {
  Value x = node.operand(0);
  llvm::SmallVector<llvm::StringRef> texts = node.texts("classlabels_strings");
  Shape integers = node.integers("classlabels_int64s");
  std::vector<std::string> decimals;
  for (int64_t integer : integers)
    decimals.push_back(std::to_string(integer));
  if (texts.empty())
    texts.assign(decimals.begin(), decimals.end());
  int64_t columns = shapeOf(x).empty() ? 0 : shapeOf(x).back();
  if (texts.empty() || int64_t(texts.size()) != columns)
    return node.fail("has " + llvm::Twine(texts.size()) + " labels for " + llvm::Twine(columns) + " columns");
  return node.setResult(makeMap(node, x, texts));
}

// The columns of a map in the order of the vocabulary; keys that the map does not have give 0.
static LogicalResult selectColumns(NodeBinder &node, Value map, llvm::ArrayRef<std::string> wanted) {
  llvm::StringMap<int64_t> places;
  for (auto [place, key] : llvm::enumerate(namesOf(map)))
    places.try_emplace(key, int64_t(place));
  Value x = carriedBy(map);
  int64_t axis = int64_t(shapeOf(x).size()) - 1;
  Shape zeros(shapeOf(x)), order;
  zeros[size_t(axis)] = 1;
  for (const std::string &key : wanted) {
    auto found = places.find(key);
    order.push_back(found == places.end() ? shapeOf(x)[size_t(axis)] : found->second);
  }
  x = node.concat({x, node.filled(zeros, elementOf(x), 0)}, axis);
  return node.setResult(node.emit<nn::GatherOp>(x, node.integerVector(order), axis));
}

static LogicalResult needMap(NodeBinder &node, Value x) {
  if (isMap(x))
    return success();
  return node.fail("input must be a map that ZipMap makes in the same model; maps do not exist at run time");
}

static LogicalResult legalizeDictVectorizer(NodeBinder &node) {
  std::vector<std::string> wanted;
  for (llvm::StringRef text : node.texts("string_vocabulary"))
    wanted.push_back(text.str());
  for (int64_t integer : node.integers("int64_vocabulary"))
    wanted.push_back(std::to_string(integer));
  if (failed(needMap(node, node.operand(0))))
    return failure();
  if (wanted.empty())
    return node.fail("has no vocabulary");
  return selectColumns(node, node.operand(0), wanted);
}

static LogicalResult legalizeCastMap(NodeBinder &node) {
  llvm::StringRef to = node.text("cast_to", "TO_FLOAT"), form = node.text("map_form", "DENSE");
  int64_t size = node.integer("max_map", 1);
  Value map = node.operand(0);
  if (failed(needMap(node, map)))
    return failure();
  if (to != "TO_FLOAT" && to != "TO_INT64")
    return node.fail("attribute 'cast_to' must be TO_FLOAT or TO_INT64, got '" + to + "'");
  std::vector<int64_t> keys;
  for (llvm::StringRef name : namesOf(map)) {
    int64_t key = 0;
    if (name.getAsInteger(10, key))
      return node.fail("the map has the key '" + name + "', but only integer keys have an order");
    keys.push_back(key);
  }
  llvm::sort(keys);
  if (form == "SPARSE") {
    if (size < 1 || failed(node.checkTable(size)))
      return node.fail("attribute 'max_map' must be positive, got " + llvm::Twine(size));
    keys.clear();
    for (int64_t key : sequence(0, size))
      keys.push_back(key);
  }
  std::vector<std::string> wanted;
  for (int64_t key : keys)
    wanted.push_back(std::to_string(key));
  return selectColumns(node, map, wanted);
}

void legalize::registerLabelMaps(Registry &registry) {
  registry.add("ai.onnx.ml.CastMap", {1}, {1, 1}, legalizeCastMap, true);
  registry.add("ai.onnx.ml.CategoryMapper", {1}, {1, 1}, legalizeCategoryMapper, true);
  registry.add("ai.onnx.ml.DictVectorizer", {1}, {1, 1}, legalizeDictVectorizer, true);
  registry.add("ai.onnx.ml.LabelEncoder", {1}, {1, 1}, legalizeOldLabelEncoder, true);
  registry.add("ai.onnx.ml.LabelEncoder", {2, 4}, {1, 1}, legalizeLabelEncoder, true);
  registry.add("ai.onnx.ml.OneHotEncoder", {1}, {1, 1}, legalizeOneHotEncoder, true);
  registry.add("ai.onnx.ml.ZipMap", {1}, {1, 1}, legalizeZipMap);
}
