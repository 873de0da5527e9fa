// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Walking over the nodes of a graph.
#include "compiler/import/GraphImport.h"
#include "compiler/import/NameCheck.h"
#include "compiler/import/TensorImport.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/onnx/OnnxDialect.h"

using namespace mlir;
using namespace thimble;
using llvm::StringRef;

Value ImportScope::lookup(StringRef name) const {
  for (const ImportScope *scope = this; scope; scope = scope->parent)
    if (Value value = scope->values.lookup(name))
      return value;
  return {};
}

SmallVector<Value> GraphImporter::importGraph(const proto::GraphProto &graph, ImportScope &scope, Location loc,
                                              const std::string &what) {
  // Names first: without errors there, every lookup below finds its value.
  llvm::StringSet<> names = collectInitializers(context, graph, loc);
  for (const auto &input : collectInputs(context, graph, loc))
    names.insert(input.getKey());
  auto isVisible = [&](StringRef name) { return scope.lookup(name) != nullptr; };
  checkNodeNames(context, graph.node(), names, isVisible, scope.prefix);
  for (const proto::ValueInfoProto &output : graph.output()) {
    if (output.name().empty())
      context.error(loc, "an output of " + what + " has no name");
    else if (!names.contains(output.name()) && !isVisible(output.name()))
      context.error(loc, "output " + quoted(output.name()) + " of " + what + " is not computed by any node");
  }
  importInitializers(graph, scope, loc);
  if (context.hasErrors())
    return {};

  for (const proto::ValueInfoProto &value : graph.value_info())
    scope.declared[value.name()] = &value;
  if (scope.parent) // the outputs of the model itself are declared at the function
    for (const proto::ValueInfoProto &value : graph.output())
      scope.declared[value.name()] = &value;
  importNodes(graph.node(), scope);
  if (context.hasErrors())
    return {};
  return llvm::map_to_vector(graph.output(), [&](const proto::ValueInfoProto &output) { return scope.lookup(output.name()); });
}

void GraphImporter::importInitializers(const proto::GraphProto &graph, ImportScope &scope, Location loc) {
  for (const proto::TensorProto &initializer : graph.initializer()) {
    llvm::Expected<Tensor> tensor = decodeTensor(initializer, context.files);
    if (!tensor) {
      context.error(loc, "initializer " + quoted(initializer.name()) + " " + llvm::toString(tensor.takeError()));
      continue;
    }
    ElementsAttr value = toElements(context.context, *tensor, initializer.name());
    scope.values[initializer.name()] =
        builder.create<onnx::ConstantOp>(nodeLocation(context.context, initializer.name()), value.getShapedType(), value);
  }
}

void GraphImporter::importNodes(const NodeList &nodes, ImportScope &scope) {
  NodeOrder order = orderNodes(nodes);
  if (!order.cycle.empty()) {
    // A long cycle would make an unreadable message.
    constexpr size_t longest = 8;
    auto name = [&](int index) { return nodeNameOf(nodes[index], index, scope.prefix); };
    std::string path;
    for (int node : ArrayRef<int>(order.cycle).take_front(longest))
      path += quoted(name(node)) + " needs ";
    if (order.cycle.size() > longest)
      path += "... needs ";
    path += quoted(name(order.cycle.front()));
    context.error(nodeLocation(context.context, name(order.cycle.front())), "the node needs its own result: " + path);
    return;
  }
  for (int index : order.order) {
    if (++nodeCount > context.options.maxNodes) {
      if (nodeCount == context.options.maxNodes + 1)
        context.error("the model has more than " + llvm::Twine(context.options.maxNodes) + " nodes");
      return;
    }
    importNode(nodes[index], nodeNameOf(nodes[index], index, scope.prefix), scope);
  }
}

ArrayAttr GraphImporter::declaredTypes(const proto::NodeProto &node, const ImportScope &scope) {
  SmallVector<Attribute> types;
  bool isAnyKnown = false;
  for (const std::string &output : node.output()) {
    const proto::ValueInfoProto *value = scope.declared.lookup(output);
    RankedTensorType type = value ? declaredType(context.context, *value, symbols) : RankedTensorType();
    bool isKnown = type && type.hasStaticShape();
    types.push_back(isKnown ? Attribute(TypeAttr::get(type)) : UnitAttr::get(context.context));
    isAnyKnown |= isKnown;
  }
  return isAnyKnown ? builder.getArrayAttr(types) : ArrayAttr();
}

Value GraphImporter::inputValue(StringRef name, const ImportScope &scope, Location loc) {
  if (!name.empty())
    if (Value value = scope.lookup(name))
      return value;
  return builder.create<onnx::NoneOp>(loc, onnx::ValueType::get(context.context));
}

// Gradient names the value that it differentiates, and the inputs for which; they must be its own inputs.
Value GraphImporter::differentiatedValue(const proto::NodeProto &node, const ImportScope &scope, Location loc) {
  std::string name;
  for (const proto::AttributeProto &attribute : node.attribute()) {
    if (attribute.name() == "y")
      name = attribute.s();
    bool isSame = attribute.strings_size() <= node.input_size();
    for (int i = 0; isSame && i < attribute.strings_size(); ++i)
      isSame = attribute.name() != "xs" || attribute.strings(i) == node.input(i);
    if (!isSame && attribute.name() == "xs")
      context.error(loc, "Gradient: is asked for at other values than those of the graph, which is not supported");
  }
  if (!scope.lookup(name))
    context.error(loc, "Gradient: attribute 'y' does not name a value that is computed before");
  return inputValue(name, scope, loc);
}

void GraphImporter::bindNothing(const proto::NodeProto &node, ImportScope &scope, Location loc) {
  for (const std::string &output : node.output())
    if (!output.empty())
      scope.values[output] = inputValue("", scope, loc);
}

void GraphImporter::importNode(const proto::NodeProto &node, const std::string &name, ImportScope &scope) {
  Location loc = nodeLocation(context.context, name);
  StringRef domain = canonicalDomain(node.domain());
  if (node.op_type().empty()) {
    context.error(loc, "the node has no operator type");
    return bindNothing(node, scope, loc);
  }
  if (const ModelFunction *function = functions.find(domain, node.op_type()))
    return importCall(node, *function, name, scope);

  std::optional<int64_t> opset = scope.opsets->version(domain);
  if (!opset) {
    context.error(loc, "operator " + quoted(node.op_type()) + " is of domain " + domainText(domain) +
                           ", of which the model imports no version");
    return bindNothing(node, scope, loc);
  }
  SmallVector<Value> inputs;
  for (const std::string &input : node.input())
    inputs.push_back(inputValue(input, scope, loc));
  if (domain == "ai.onnx.preview.training" && node.op_type() == "Gradient")
    inputs.push_back(differentiatedValue(node, scope, loc));
  NodeAttributes attributes = importAttributes(context, loc, node, scope.bindings);
  SmallVector<Type> types(node.output_size(), onnx::ValueType::get(context.context));
  auto op = builder.create<onnx::NodeOp>(loc, types, node.op_type(), domain, *opset, inputs, attributes.values,
                                         unsigned(attributes.graphs.size()));
  if (ArrayAttr declared = declaredTypes(node, scope))
    op->setAttr("onnx.types", declared);
  unsigned body = 0;
  for (const auto &[attribute, graph] : attributes.graphs)
    importSubgraph(*graph, op.getBodies()[body++], scope, loc, name, attribute);
  for (auto [output, value] : llvm::zip(node.output(), op.getOutputs()))
    if (!output.empty())
      scope.values[output] = value;
}

void GraphImporter::importSubgraph(const proto::GraphProto &graph, Region &region, const ImportScope &outer, Location loc,
                                   const std::string &name, const std::string &attribute) {
  if (outer.depth >= context.options.maxNesting) {
    context.error(loc, "graphs nest more than " + llvm::Twine(context.options.maxNesting) + " deep");
    return;
  }
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&region);
  ImportScope scope{&outer, outer.opsets, outer.bindings, name + "/" + attribute + "/", outer.depth + 1, {}, {}};
  for (const proto::ValueInfoProto &input : graph.input())
    scope.values[input.name()] =
        block->addArgument(onnx::ValueType::get(context.context), nodeLocation(context.context, input.name()));
  for (const proto::TensorProto &initializer : graph.initializer())
    if (scope.values.contains(initializer.name()))
      context.error(loc, "initializer " + quoted(initializer.name()) + " of graph " + quoted(attribute) +
                             " has the name of one of its inputs");
  SmallVector<Value> outputs = importGraph(graph, scope, loc, "graph " + quoted(attribute));
  if (!context.hasErrors())
    builder.create<onnx::ReturnOp>(loc, outputs);
}

void GraphImporter::importCall(const proto::NodeProto &node, const ModelFunction &function, const std::string &name,
                               ImportScope &scope) {
  Location loc = nodeLocation(context.context, name);
  const proto::FunctionProto &proto = *function.proto;
  std::string what = "function " + quoted(proto.name());
  if (scope.depth >= context.options.maxNesting) {
    context.error(loc,
                  what + " is called more than " + llvm::Twine(context.options.maxNesting) + " deep; does it call itself?");
    return bindNothing(node, scope, loc);
  }
  if (node.input_size() > proto.input_size() || node.output_size() > proto.output_size()) {
    context.error(loc, what + " has " + llvm::Twine(proto.input_size()) + " inputs and " + llvm::Twine(proto.output_size()) +
                           " outputs, but the node has " + llvm::Twine(node.input_size()) + " and " +
                           llvm::Twine(node.output_size()));
    return bindNothing(node, scope, loc);
  }
  AttributeBindings bindings;
  for (const proto::AttributeProto &attribute : function.defaults)
    bindings[attribute.name()] = &attribute;
  for (const proto::AttributeProto &attribute : node.attribute())
    if (const proto::AttributeProto *value = resolveAttribute(attribute, scope.bindings))
      bindings[attribute.name()] = value;

  // A function sees its inputs only, so its scope has no parent.
  ImportScope inner{nullptr, &function.opsets, &bindings, name + "/", scope.depth + 1, {}, {}};
  llvm::StringSet<> names;
  for (int i = 0; i < proto.input_size(); ++i) {
    names.insert(proto.input(i));
    inner.values[proto.input(i)] = inputValue(i < node.input_size() ? StringRef(node.input(i)) : "", scope, loc);
  }
  auto seesNothing = [](StringRef) { return false; };
  if (!checkNodeNames(context, proto.node(), names, seesNothing, inner.prefix))
    return bindNothing(node, scope, loc);
  for (const std::string &output : proto.output())
    if (!names.contains(output))
      context.error(loc, "output " + quoted(output) + " of " + what + " is not computed by any node");
  importNodes(proto.node(), inner);
  for (int i = 0; i < node.output_size(); ++i)
    if (!node.output(i).empty())
      scope.values[node.output(i)] = inputValue(proto.output(i), inner, loc);
}
