// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RNN, GRU and LSTM: one nn operation for each direction.
#include "passes/legalize/NodeBinder.h"
#include "passes/legalize/handlers/Handlers.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;
using nn::RecurrentActivation;

namespace {

struct FunctionInfo {
  StringRef name;
  RecurrentActivation function;
  bool hasAlpha, hasBeta;
  float alpha, beta; // ONNX's defaults
};

// The functions of one direction with their parameters; empty for the default ones.
struct Functions {
  SmallVector<Attribute> functions;
  SmallVector<float> alphas, betas;
};

// What the operator's attributes say, for all directions.
struct Layer {
  StringRef kind; // "RNN", "GRU", "LSTM"
  int64_t gates, directions, hidden, time, batch, input;
  bool isReverse, batchFirst;
  SmallVector<Functions> functions; // of each direction
  FloatAttr clip;
};

} // namespace

static constexpr FunctionInfo knownFunctions[] = {
    {"sigmoid", RecurrentActivation::Sigmoid, false, false, 0, 0},
    {"tanh", RecurrentActivation::Tanh, false, false, 0, 0},
    {"relu", RecurrentActivation::Relu, false, false, 0, 0},
    {"affine", RecurrentActivation::Affine, true, true, 1, 0},
    {"leakyrelu", RecurrentActivation::LeakyRelu, true, false, 0.01f, 0},
    {"thresholdedrelu", RecurrentActivation::ThresholdedRelu, true, false, 1, 0},
    {"scaledtanh", RecurrentActivation::ScaledTanh, true, true, 1, 1},
    {"hardsigmoid", RecurrentActivation::HardSigmoid, true, true, 0.2f, 0.5f},
    {"elu", RecurrentActivation::Elu, true, false, 1, 0},
    {"softsign", RecurrentActivation::Softsign, false, false, 0, 0},
    {"softplus", RecurrentActivation::Softplus, false, false, 0, 0},
};

static const FunctionInfo *findFunction(StringRef name) {
  for (const FunctionInfo &known : knownFunctions)
    if (known.name.equals_insensitive(name))
      return &known;
  return nullptr;
}

static ArrayRef<RecurrentActivation> usualFunctions(StringRef kind) {
  static const RecurrentActivation rnn[] = {RecurrentActivation::Tanh},
                                   gru[] = {RecurrentActivation::Sigmoid, RecurrentActivation::Tanh},
                                   lstm[] = {RecurrentActivation::Sigmoid, RecurrentActivation::Tanh,
                                             RecurrentActivation::Tanh};
  return kind == "RNN" ? ArrayRef<RecurrentActivation>(rnn) : kind == "GRU" ? ArrayRef<RecurrentActivation>(gru) : lstm;
}

// The attributes activations, activation_alpha and activation_beta. Numbers are consumed in the order of the functions, by
// those that have such a parameter.
static LogicalResult readFunctions(NodeBinder &node, Layer &layer) {
  ArrayRef<RecurrentActivation> usual = usualFunctions(layer.kind);
  SmallVector<StringRef> names = node.texts("activations");
  SmallVector<float> alphas = node.reals("activation_alpha"), betas = node.reals("activation_beta");
  layer.functions.resize(size_t(layer.directions));
  if (names.empty())
    return success(!node.hasFailed());
  if (names.size() != usual.size() * size_t(layer.directions))
    return node.fail("attribute 'activations' must name " + Twine(usual.size()) + " functions for each direction, got " +
                     Twine(names.size()));
  size_t nextAlpha = 0, nextBeta = 0;
  for (auto [i, name] : llvm::enumerate(names)) {
    Functions &functions = layer.functions[i / usual.size()];
    const FunctionInfo *info = findFunction(name);
    if (!info)
      return node.fail("attribute 'activations' names '" + name + "', which is none of ONNX's functions");
    functions.functions.push_back(nn::RecurrentActivationAttr::get(node.getBuilder().getContext(), info->function));
    functions.alphas.push_back(info->hasAlpha && nextAlpha < alphas.size() ? alphas[nextAlpha++] : info->alpha);
    functions.betas.push_back(info->hasBeta && nextBeta < betas.size() ? betas[nextBeta++] : info->beta);
  }
  for (Functions &functions : layer.functions) {
    auto isUsual = [](auto pair) {
      return cast<nn::RecurrentActivationAttr>(std::get<0>(pair)).getValue() == std::get<1>(pair);
    };
    if (llvm::all_of(llvm::zip(functions.functions, usual), isUsual))
      functions = {};
  }
  return success();
}

static LogicalResult checkShape(NodeBinder &node, size_t index, StringRef name, ShapeRef expected) {
  Value value = node.operand(index);
  if (!value)
    return success();
  if (shapeOf(value) != expected)
    return node.fail("input '" + name + "' must have shape " + shapeText(expected) + ", got " + shapeText(shapeOf(value)));
  return node.needFloat(value, name);
}

static FailureOr<Layer> readLayer(NodeBinder &node, StringRef kind, int64_t gates) {
  Layer layer{kind, gates, 1, 0, 0, 0, 0, false, false, {}, {}};
  StringRef direction = node.text("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return node.fail("attribute 'direction' is '" + direction + "', which is none of ONNX's values");
  layer.isReverse = direction == "reverse";
  layer.directions = direction == "bidirectional" ? 2 : 1;
  layer.batchFirst = node.getOpset() >= 14 && node.flag("layout", false);
  node.ignore({"output_sequence"}); // of operator set 1: outputs that are wanted are connected
  ShapeRef x = shapeOf(node.operand(0)), r = shapeOf(node.operand(2));
  if (x.size() != 3 || r.size() != 3)
    return node.fail("needs inputs X and R of 3 dimensions, got " + shapeText(x) + " and " + shapeText(r));
  layer.time = x[layer.batchFirst], layer.batch = x[!layer.batchFirst], layer.input = x[2], layer.hidden = r[2];
  if (llvm::is_contained(x, 0) || layer.hidden < 1 || layer.hidden > (1 << 20))
    return node.fail("needs sequences and states that are not empty, got " + shapeText(x) + " and " + shapeText(r));
  if (node.integer("hidden_size", layer.hidden) != layer.hidden)
    return node.fail("attribute 'hidden_size' is " + Twine(node.integer("hidden_size", 0)) + ", but R has shape " +
                     shapeText(r));
  int64_t rows = gates * layer.hidden;
  Shape state = layer.batchFirst ? Shape{layer.batch, layer.directions, layer.hidden}
                                 : Shape{layer.directions, layer.batch, layer.hidden};
  if (failed(node.needFloat(node.operand(0), "X")) ||
      failed(checkShape(node, 1, "W", {layer.directions, rows, layer.input})) ||
      failed(checkShape(node, 2, "R", {layer.directions, rows, layer.hidden})) ||
      failed(checkShape(node, 3, "B", {layer.directions, 2 * rows})) || failed(checkShape(node, 5, "initial_h", state)) ||
      failed(checkShape(node, 6, "initial_c", state)) ||
      failed(checkShape(node, 7, "P", {layer.directions, 3 * layer.hidden})) || failed(readFunctions(node, layer)))
    return failure();
  if (Value lengths = node.operand(4); lengths && (shapeOf(lengths) != ShapeRef{layer.batch} || !isInteger(lengths)))
    return node.fail("input 'sequence_lens' must be " + Twine(layer.batch) + " integers, got " + shapeText(shapeOf(lengths)));
  if (node.has("clip")) {
    float clip = node.real("clip", 0);
    if (!(clip >= 0))
      return node.fail("attribute 'clip' must not be negative");
    if (clip > 0) // 0 is ONNX Runtime's "no limit"
      layer.clip = node.getBuilder().getF32FloatAttr(clip);
  }
  return layer;
}

// Direction `d` of an operand [directions, rest...], without that dimension.
static Value part(NodeBinder &node, size_t index, int64_t d) {
  Value value = node.operand(index);
  return value ? node.reshape(node.slice(value, 0, d, 1), shapeOf(value).drop_front()) : Value();
}

// As above for states, whose first dimension may be the batch.
static Value statePart(NodeBinder &node, const Layer &layer, size_t index, int64_t d) {
  Value value = node.operand(index);
  return value ? node.reshape(node.slice(value, layer.batchFirst, d, 1), {layer.batch, layer.hidden}) : Value();
}

// The sum of the input's and the recurrence's biases. Of a GRU, the two of gate h stay apart.
static Value biasOf(NodeBinder &node, const Layer &layer, int64_t d) {
  int64_t hidden = layer.hidden, rows = layer.gates * hidden, joint = layer.kind == "GRU" ? 2 * hidden : rows;
  Value both = part(node, 3, d);
  if (!both)
    return node.filled({layer.kind == "GRU" ? 4 * hidden : rows}, node.getBuilder().getF32Type(), 0);
  Value sum = node.add(node.slice(both, 0, 0, joint), node.slice(both, 0, rows, joint));
  if (joint == rows)
    return sum;
  return node.concat({sum, node.slice(both, 0, joint, hidden), node.slice(both, 0, rows + joint, hidden)}, 0);
}

// The results y, y_h and of an LSTM y_c of direction `d`.
static SmallVector<Value> emitDirection(NodeBinder &node, const Layer &layer, Value x, Value lengths, int64_t d,
                                        bool lastOnly) {
  Builder &builder = node.getBuilder();
  auto state = RankedTensorType::get({layer.batch, layer.hidden}, builder.getF32Type());
  auto all = RankedTensorType::get({lastOnly ? 0 : layer.time, layer.batch, layer.hidden}, builder.getF32Type());
  const Functions &functions = layer.functions[d];
  bool isUsual = functions.functions.empty(), isReverse = layer.isReverse || d == 1;
  ArrayAttr activations = isUsual ? ArrayAttr() : builder.getArrayAttr(functions.functions);
  DenseF32ArrayAttr alphas = isUsual ? DenseF32ArrayAttr() : builder.getDenseF32ArrayAttr(functions.alphas);
  DenseF32ArrayAttr betas = isUsual ? DenseF32ArrayAttr() : builder.getDenseF32ArrayAttr(functions.betas);
  Value w = part(node, 1, d), r = part(node, 2, d), bias = biasOf(node, layer, d), h = statePart(node, layer, 5, d);
  if (layer.kind == "RNN")
    return node.emitAll<nn::RnnOp>({all, state}, x, w, r, bias, h, lengths, activations, alphas, betas, layer.clip, isReverse,
                                   lastOnly);
  if (layer.kind == "GRU")
    return node.emitAll<nn::GruOp>({all, state}, x, w, r, bias, h, lengths, activations, alphas, betas, layer.clip,
                                   node.integer("linear_before_reset", 0) != 0, isReverse, lastOnly);
  return node.emitAll<nn::LstmOp>({all, state, state}, x, w, r, bias, h, statePart(node, layer, 6, d), part(node, 7, d),
                                  lengths, activations, alphas, betas, layer.clip, node.integer("input_forget", 0) != 0,
                                  isReverse, lastOnly);
}

// Joins the directions of a result along a new dimension.
static Value joined(NodeBinder &node, ArrayRef<SmallVector<Value>> directions, size_t result, int64_t axis) {
  SmallVector<Value> values;
  for (const SmallVector<Value> &direction : directions) {
    Shape shape(shapeOf(direction[result]));
    shape.insert(shape.begin() + axis, 1);
    values.push_back(node.reshape(direction[result], shape));
  }
  return node.concat(values, axis);
}

static LogicalResult legalizeRecurrent(NodeBinder &node, StringRef kind, int64_t gates) {
  FailureOr<Layer> layer = readLayer(node, kind, gates);
  if (failed(layer))
    return failure();
  // Read once here, so that they count as read whatever the direction.
  node.ignore({"linear_before_reset", "input_forget"});
  bool isWanted = node.isResultUsed(0);
  Value x = layer->batchFirst ? node.transpose(node.operand(0), {1, 0, 2}) : node.operand(0);
  Value lengths = node.operand(4) ? node.cast(node.operand(4), node.getBuilder().getI32Type()) : Value();
  SmallVector<SmallVector<Value>> directions;
  for (int64_t d = 0; d < layer->directions; ++d) {
    directions.push_back(emitDirection(node, *layer, x, lengths, d, /*lastOnly=*/!isWanted));
    if (node.hasFailed())
      return failure();
  }
  if (isWanted) { // [time, directions, batch, hidden], or [batch, time, directions, hidden]
    Value y = joined(node, directions, 0, 1);
    if (failed(node.setResult(0, layer->batchFirst ? node.transpose(y, {2, 0, 1, 3}) : y)))
      return failure();
  }
  for (size_t state = 1; state < directions[0].size(); ++state)
    if (failed(node.setResult(state, joined(node, directions, state, layer->batchFirst))))
      return failure();
  return success();
}

void legalize::registerRecurrent(Registry &registry) {
  registry.add("RNN", {1, 7, 14, 22}, {3, 6}, [](NodeBinder &node) { return legalizeRecurrent(node, "RNN", 1); });
  registry.add("GRU", {1, 3, 7, 14, 22}, {3, 6}, [](NodeBinder &node) { return legalizeRecurrent(node, "GRU", 3); });
  registry.add("LSTM", {1, 7, 14, 22}, {3, 8}, [](NodeBinder &node) { return legalizeRecurrent(node, "LSTM", 4); });
}
