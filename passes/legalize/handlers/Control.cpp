// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// If, Loop, Scan and SequenceMap. Generated C has no control flow: loops are unrolled, and what is decided at run time is
// computed in all ways and selected, which costs instructions but needs no second memory plan.
#include "passes/legalize/Sequences.h"
#include "passes/legalize/handlers/Handlers.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::legalize;

static LogicalResult setResults(NodeBinder &node, ArrayRef<Value> results) {
  if (results.size() < node.getNode().getOutputs().size())
    return node.fail("has " + Twine(node.getNode().getOutputs().size()) + " outputs, but its body gives " +
                     Twine(results.size()));
  for (auto [i, result] : llvm::enumerate(results))
    if (failed(node.setResult(i, result)))
      return failure();
  return success();
}

// A boolean operand that must be one number; null data if it is left out or depends on the model's inputs.
static FailureOr<std::optional<bool>> constantFlag(NodeBinder &node, Value value, StringRef name) {
  if (!value)
    return std::optional<bool>();
  if (!isTensor(value) || !isBoolean(value) || elementCount(shapeOf(value)) != 1)
    return node.fail("input '" + name + "' must be one boolean");
  FailureOr<ConstantData> data = ConstantData::get(value);
  return failed(data) ? std::optional<bool>() : std::optional<bool>(data->number(0) != 0);
}

// With a condition that is known, the branch that is taken replaces the node. Else both are computed.
static LogicalResult legalizeIf(NodeBinder &node) {
  Value condition = node.operand(0);
  FailureOr<std::optional<bool>> known = constantFlag(node, condition, "cond");
  (void)node.has("then_branch");
  (void)node.has("else_branch");
  if (failed(known))
    return failure();
  if (*known) {
    FailureOr<SmallVector<Value>> results = node.inlineBody(**known ? "then_branch" : "else_branch");
    return failed(results) ? failure() : setResults(node, *results);
  }
  FailureOr<SmallVector<Value>> taken = node.inlineBody("then_branch"), other = node.inlineBody("else_branch");
  if (failed(taken) || failed(other))
    return failure();
  if (taken->size() != other->size())
    return node.fail("branches give " + Twine(taken->size()) + " and " + Twine(other->size()) + " values");
  condition = node.reshape(condition, {});
  for (auto [a, b] : llvm::zip(*taken, *other))
    a = selectAny(node, condition, a, b, "the branches give");
  return setResults(node, *taken);
}

// One row of a stack that a loop builds, as a part of the stack along `axis`.
static Value asRow(NodeBinder &node, Value row, int64_t axis) {
  Shape shape(shapeOf(row));
  if (row)
    shape.insert(shape.begin() + axis, 1);
  return node.reshape(row, shape);
}

namespace {

class LoopUnroller {
public:
  explicit LoopUnroller(NodeBinder &node) : node(node) {}
  LogicalResult run();

private:
  FailureOr<int64_t> findLimit();
  LogicalResult iterate(int64_t i);
  FailureOr<Value> stack(size_t scan);
  // Whether iteration i takes place; null if it surely does.
  Value activity(int64_t i);

  NodeBinder &node;
  Value trip;                           // null if it is known or left out
  Value active;                         // the condition so far; null while it is surely true
  bool isFinished = false;              // the condition is surely false
  SmallVector<Value> carried;           // values of the loop
  std::vector<SmallVector<Value>> rows; // for each scan output
};

} // namespace

// How often the body is unrolled: the trip count, or what the file declares for the length of a scan output.
FailureOr<int64_t> LoopUnroller::findLimit() {
  Value count = node.operand(0);
  FailureOr<ConstantData> data = count ? ConstantData::get(count) : FailureOr<ConstantData>(failure());
  if (count && (!isTensor(count) || !isInteger(count) || elementCount(shapeOf(count)) != 1))
    return node.fail("input 'M' must be one integer");
  if (succeeded(data))
    return std::max<int64_t>(data->integers()[0], 0);
  if (isFinished)
    return 0;
  if (count)
    trip = node.reshape(node.cast(count, node.getBuilder().getI64Type()), {});
  for (size_t i = carried.size(); i < node.getNode().getOutputs().size(); ++i)
    if (std::optional<Shape> declared = node.declaredShape(i); declared && !declared->empty())
      return declared->front();
  return node.fail(count
                       ? "input 'M', the trip count, depends on the model's inputs, and no scan output says how often the body "
                         "runs at most; make the input that decides a constant with --bind"
                       : "has no trip count, and nothing says how often the body runs at most");
}

Value LoopUnroller::activity(int64_t i) {
  if (!trip)
    return active;
  Value runs = node.compare(nn::CompareKind::Less, node.scalar(node.getBuilder().getI64Type(), double(i)), trip);
  return active ? node.binary(nn::BinaryKind::And, active, runs) : runs;
}

LogicalResult LoopUnroller::iterate(int64_t i) {
  Builder &builder = node.getBuilder();
  Value runs = activity(i);
  SmallVector<Value> arguments = {node.constant<int64_t>({}, builder.getI64Type(), i),
                                  runs ? runs : node.scalar(builder.getI1Type(), 1)};
  arguments.append(carried);
  if (node.hasFailed())
    return failure();
  FailureOr<SmallVector<Value>> results = node.inlineBody("body", arguments);
  if (failed(results))
    return failure();
  if (results->size() < 1 + carried.size())
    return node.fail("body gives " + Twine(results->size()) + " values for " + Twine(carried.size()) + " that are carried");
  FailureOr<std::optional<bool>> goesOn = constantFlag(node, results->front(), "cond of the body");
  if (failed(goesOn))
    return failure();
  for (size_t k = 0; k < carried.size(); ++k) {
    Value next = (*results)[1 + k];
    carried[k] =
        runs ? selectAny(node, runs, next, carried[k], "an iteration may or may not take place, after which a value is") : next;
  }
  rows.resize(results->size() - 1 - carried.size());
  for (size_t k = 0; k < rows.size(); ++k) {
    Value row = (*results)[1 + carried.size() + k];
    if (!isTensor(row))
      return node.fail("a scan output must be made of tensors");
    // Rows that the loop does not come to are zeros.
    rows[k].push_back(asRow(node, runs ? node.select(runs, row, node.scalar(elementOf(row), 0)) : row, 0));
  }
  if (*goesOn)
    isFinished = !**goesOn;
  else if (Value on = node.reshape(results->front(), {}); on != runs) // a body may pass its condition through
    active = active ? node.binary(nn::BinaryKind::And, active, on) : on;
  return success(!node.hasFailed());
}

FailureOr<Value> LoopUnroller::stack(size_t scan) {
  size_t output = carried.size() + scan;
  if (rows.size() > scan && !rows[scan].empty()) {
    if ((active || trip) && !node.declaredShape(output))
      return node.fail("the length of output " + Twine(output) +
                       " depends on the model's inputs, and the file does not declare it");
    return node.concat(rows[scan], 0);
  }
  return node.fail("the body never runs, so that output " + Twine(output) + " has no shape");
}

LogicalResult LoopUnroller::run() {
  for (size_t i = 2; i < node.getOperandCount(); ++i) {
    carried.push_back(node.operand(i));
    if (!carried.back())
      return node.fail("input " + Twine(i) + " is left out");
  }
  FailureOr<std::optional<bool>> enters = constantFlag(node, node.operand(1), "cond");
  if (failed(enters))
    return failure();
  isFinished = *enters && !**enters;
  if (node.operand(1) && !*enters)
    active = node.reshape(node.operand(1), {});
  FailureOr<int64_t> limit = findLimit();
  if (failed(limit))
    return failure();
  (void)node.has("body");
  for (int64_t i = 0; i < *limit && !isFinished; ++i)
    if (failed(iterate(i)))
      return failure();
  SmallVector<Value> results = carried;
  for (size_t output = carried.size(); output < node.getNode().getOutputs().size(); ++output) {
    FailureOr<Value> stacked = stack(output - carried.size());
    if (failed(stacked))
      return failure();
    results.push_back(*stacked);
  }
  return setResults(node, results);
}

static LogicalResult legalizeLoop(NodeBinder &node) { return LoopUnroller(node).run(); }

namespace {

// What Scan's attributes say of one input or output.
struct ScanPort {
  int64_t axis = 0;
  bool isReverse = false;
};

} // namespace

static FailureOr<SmallVector<ScanPort>> scanPorts(NodeBinder &node, StringRef axesName, StringRef directionsName,
                                                  size_t count) {
  SmallVector<ScanPort> ports(count);
  Shape axes = node.integers(axesName), directions = node.integers(directionsName);
  if ((!axes.empty() && axes.size() != count) || (!directions.empty() && directions.size() != count))
    return node.fail("attributes '" + axesName + "' and '" + directionsName + "' need " + Twine(count) + " elements");
  for (size_t i = 0; i < count; ++i)
    ports[i] = {axes.empty() ? 0 : axes[i], !directions.empty() && directions[i] != 0};
  return ports;
}

// Element `index` of a tensor along `axis`, without that dimension.
static Value elementAlong(NodeBinder &node, Value x, int64_t axis, int64_t index) {
  Shape shape(shapeOf(x));
  shape.erase(shape.begin() + axis);
  return node.reshape(node.slice(x, axis, index, 1), shape);
}

// One scan over `inputs` from `states`: the last states and the stacks of the body's other results.
static FailureOr<SmallVector<Value>> scanOnce(NodeBinder &node, SmallVector<Value> states, ArrayRef<Value> inputs,
                                              ArrayRef<ScanPort> ports, ArrayRef<ScanPort> outputs) {
  SmallVector<int64_t> axes;
  int64_t length = -1;
  for (auto [input, port] : llvm::zip(inputs, ports)) {
    FailureOr<int64_t> axis = node.axis(port.axis, shapeOf(input).size());
    if (failed(axis))
      return failure();
    axes.push_back(*axis);
    if (length >= 0 && shapeOf(input)[*axis] != length)
      return node.fail("inputs have " + Twine(length) + " and " + Twine(shapeOf(input)[*axis]) + " elements to scan");
    length = shapeOf(input)[*axis];
  }
  if (length < 1)
    return node.fail("scans nothing: an input is empty");
  std::vector<SmallVector<Value>> rows(outputs.size());
  for (int64_t t = 0; t < length; ++t) {
    SmallVector<Value> arguments = states;
    for (auto [input, port, axis] : llvm::zip(inputs, ports, axes))
      arguments.push_back(elementAlong(node, input, axis, port.isReverse ? length - 1 - t : t));
    if (node.hasFailed())
      return failure();
    FailureOr<SmallVector<Value>> results = node.inlineBody("body", arguments);
    if (failed(results))
      return failure();
    if (results->size() != states.size() + outputs.size())
      return node.fail("body gives " + Twine(results->size()) + " values for " + Twine(states.size()) + " states and " +
                       Twine(outputs.size()) + " outputs");
    for (size_t i = 0; i < results->size(); ++i) {
      Value result = (*results)[i];
      if (!isTensor(result))
        return node.fail("states and outputs must be tensors");
      if (i < states.size()) {
        if (states[i].getType() != result.getType())
          return node.fail("a state changes from " + typeText(states[i].getType()) + " to " + typeText(result.getType()));
        states[i] = result;
        continue;
      }
      size_t k = i - states.size();
      FailureOr<int64_t> axis = node.axis(outputs[k].axis, shapeOf(result).size() + 1);
      if (failed(axis))
        return failure();
      rows[k].insert(outputs[k].isReverse ? rows[k].begin() : rows[k].end(), asRow(node, result, *axis));
    }
  }
  for (auto [port, parts] : llvm::zip(outputs, rows)) {
    FailureOr<int64_t> axis = node.axis(port.axis, shapeOf(parts[0]).size());
    states.push_back(failed(axis) ? Value() : node.concat(parts, *axis));
  }
  return states;
}

// Operator set 8 scans each sample of a batch; later ones have no batch.
static LogicalResult legalizeScan(NodeBinder &node) {
  bool isBatched = node.getOpset() < 9;
  size_t first = isBatched ? 1 : 0, count = node.getOperandCount() - first, outputs = node.getNode().getOutputs().size();
  int64_t scanned = node.integer("num_scan_inputs", 0);
  (void)node.has("body");
  if (scanned < 1 || size_t(scanned) > count || count - size_t(scanned) > outputs)
    return node.fail("attribute 'num_scan_inputs' is " + Twine(scanned) + " for " + Twine(count) + " inputs and " +
                     Twine(outputs) + " outputs");
  if (isBatched && node.operand(0))
    return node.fail("input 'sequence_lens' is not supported; Scan of operator set 9 has none");
  SmallVector<Value> operands;
  for (size_t i = first; i < node.getOperandCount(); ++i) {
    operands.push_back(node.operand(i));
    if (!operands.back())
      return node.fail("input " + Twine(i) + " is left out");
  }
  size_t states = count - size_t(scanned);
  FailureOr<SmallVector<ScanPort>> ins = isBatched
                                             ? scanPorts(node, "", "directions", size_t(scanned))
                                             : scanPorts(node, "scan_input_axes", "scan_input_directions", size_t(scanned));
  FailureOr<SmallVector<ScanPort>> outs = isBatched
                                              ? SmallVector<ScanPort>(outputs - states)
                                              : scanPorts(node, "scan_output_axes", "scan_output_directions", outputs - states);
  if (failed(ins) || failed(outs) || node.hasFailed())
    return failure();
  if (!isBatched) {
    auto results = scanOnce(node, SmallVector<Value>(ArrayRef(operands).take_front(states)),
                            ArrayRef(operands).drop_front(states), *ins, *outs);
    return failed(results) ? failure() : setResults(node, *results);
  }
  int64_t batch = shapeOf(operands[0]).empty() ? 0 : shapeOf(operands[0])[0];
  for (Value operand : operands)
    if (batch < 1 || shapeOf(operand).empty() || shapeOf(operand)[0] != batch)
      return node.fail("inputs must have the same batch dimension");
  std::vector<SmallVector<Value>> samples(outputs);
  for (int64_t b = 0; b < batch; ++b) {
    SmallVector<Value> sample;
    for (Value operand : operands)
      sample.push_back(elementAlong(node, operand, 0, b));
    if (node.hasFailed())
      return failure();
    auto results = scanOnce(node, SmallVector<Value>(ArrayRef(sample).take_front(states)), ArrayRef(sample).drop_front(states),
                            *ins, *outs);
    if (failed(results) || node.hasFailed())
      return failure();
    for (auto [all, one] : llvm::zip(samples, *results))
      all.push_back(asRow(node, one, 0));
  }
  for (auto [i, all] : llvm::enumerate(samples))
    if (failed(node.setResult(i, node.concat(all, 0))))
      return failure();
  return success();
}

static LogicalResult legalizeSequenceMap(NodeBinder &node) {
  Value first = node.operand(0);
  (void)node.has("body");
  if (!isSequence(first))
    return node.fail("input 'input_sequence' must be a sequence");
  size_t length = elementsOf(first).size();
  std::vector<SmallVector<Value>> results(node.getNode().getOutputs().size());
  for (size_t i = 0; i < length; ++i) {
    SmallVector<Value> arguments;
    for (size_t k = 0; k < node.getOperandCount(); ++k) {
      Value operand = node.operand(k);
      if (!operand || (isSequence(operand) && elementsOf(operand).size() != length))
        return node.fail("input " + Twine(k) + " must be a tensor or a sequence of " + Twine(length) + " elements");
      arguments.push_back(isSequence(operand) ? elementsOf(operand)[i] : operand);
    }
    FailureOr<SmallVector<Value>> mapped = node.inlineBody("body", arguments);
    if (failed(mapped))
      return failure();
    if (mapped->size() < results.size())
      return node.fail("has " + Twine(results.size()) + " outputs, but its body gives " + Twine(mapped->size()));
    for (size_t k = 0; k < results.size(); ++k)
      results[k].push_back((*mapped)[k]);
  }
  for (auto [k, elements] : llvm::enumerate(results))
    if (failed(node.setResult(k, makeSequence(node, elements))))
      return failure();
  return success();
}

void legalize::registerControl(Registry &registry) {
  registry.add("If", {1, 11, 13, 16, 19, 21}, {1, 1}, legalizeIf);
  registry.add("Loop", {1, 11, 13, 16, 19, 21}, {0, anyNumber}, legalizeLoop, /*takesSequences=*/true);
  registry.add("Scan", {8, 9, 11, 16, 19, 21}, {0, anyNumber}, legalizeScan);
  registry.add("SequenceMap", {17}, {1, anyNumber}, legalizeSequenceMap, /*takesSequences=*/true);
}
