// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a model to a module with one function.
#include "compiler/import/OnnxImport.h"
#include "compiler/data/Tensor.h"
#include "compiler/import/BoundInputs.h"
#include "compiler/import/GraphImport.h"
#include "compiler/import/InputShapes.h"
#include "compiler/import/ModelFile.h"
#include "compiler/import/NameCheck.h"
#include "compiler/import/TensorImport.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/onnx/OnnxDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace thimble;
using llvm::StringRef;

/// What the module keeps of the model beside its graph.
static void setModelAttributes(ModuleOp module, const proto::ModelProto &model, const OperatorSets &opsets) {
  Builder builder(module.getContext());
  module->setAttr("onnx.ir_version", builder.getI64IntegerAttr(model.ir_version()));
  module->setAttr("onnx.opset_imports", opsets.toAttribute(module.getContext()));
  std::string producer = model.producer_name();
  if (!model.producer_version().empty())
    producer += (producer.empty() ? "" : " ") + model.producer_version();
  if (!producer.empty())
    module->setAttr("onnx.producer", builder.getStringAttr(producer));
  if (!model.graph().name().empty())
    module->setAttr("onnx.graph_name", builder.getStringAttr(model.graph().name()));
}

static void setNames(func::FuncOp function, ArrayRef<GraphInput> inputs, const proto::GraphProto &graph,
                     const SymbolSizes &symbols) {
  Builder builder(function.getContext());
  for (auto [index, input] : llvm::enumerate(inputs))
    function.setArgAttr(index, "onnx.name", builder.getStringAttr(input.name));
  for (auto [index, output] : llvm::enumerate(graph.output())) {
    function.setResultAttr(index, "onnx.name", builder.getStringAttr(output.name()));
    if (RankedTensorType type = declaredType(function.getContext(), output, symbols))
      function.setResultAttr(index, "onnx.type", TypeAttr::get(type));
  }
}

/// All results of the function have the type !onnx.value, so an input or initializer that is an output passes through a node.
static Value asUntyped(OpBuilder &builder, Value value, StringRef name, const OperatorSets &opsets) {
  auto type = thimble::onnx::ValueType::get(builder.getContext());
  if (value.getType() == type)
    return value;
  int64_t opset = opsets.version("").value_or(oldestOpset);
  return builder
      .create<thimble::onnx::NodeOp>(nodeLocation(builder.getContext(), name), TypeRange(type), "Identity", "", opset, value,
                                     nullptr, 0)
      .getOutputs()
      .front();
}

/// A sequence of arguments, or an optional without one, as the node that would make it.
static Value makeGroup(OpBuilder &builder, const InputGroup &group, ValueRange elements, const OperatorSets &opsets) {
  constexpr int64_t oldest = 15; // that has all of these operators
  StringRef op = !group.isSequence ? "Optional" : group.count == 0 ? "SequenceEmpty" : "SequenceConstruct";
  return builder
      .create<thimble::onnx::NodeOp>(nodeLocation(builder.getContext(), group.name),
                                     TypeRange(thimble::onnx::ValueType::get(builder.getContext())), op, "",
                                     std::max(oldest, opsets.version("").value_or(oldest)), elements, nullptr, 0)
      .getOutputs()
      .front();
}

static void checkOutputs(ImportContext &context, const proto::GraphProto &graph) {
  if (graph.output().empty())
    context.error("the graph has no outputs");
  llvm::StringSet<> seen;
  for (const proto::ValueInfoProto &output : graph.output())
    if (!output.name().empty() && !seen.insert(output.name()).second)
      context.error("output " + quoted(output.name()) + " of the graph is listed twice");
}

static OwningOpRef<ModuleOp> importModel(ImportContext &context, const proto::ModelProto &model) {
  const proto::GraphProto &graph = model.graph();
  Location loc = UnknownLoc::get(context.context);
  OperatorSets opsets = OperatorSets::read(context, model.opset_import(), "the model");
  FunctionTable functions(context, model);
  // Wrong operator sets would give an error for each node.
  if (context.hasErrors())
    return {};

  llvm::StringSet<> initializers;
  for (const proto::TensorProto &initializer : graph.initializer())
    initializers.insert(initializer.name());
  SymbolSizes symbols;
  std::vector<NamedTensor> bound = resolveBindings(context, graph, initializers, symbols);
  for (const NamedTensor &input : bound)
    initializers.insert(input.name);
  GraphInputs inputs = resolveInputs(context, graph, initializers, symbols);
  checkOutputs(context, graph);

  OpBuilder builder(context.context);
  OwningOpRef<ModuleOp> module(ModuleOp::create(loc));
  setModelAttributes(*module, model, opsets);
  SmallVector<Type> inputTypes, resultTypes(graph.output_size(), thimble::onnx::ValueType::get(context.context));
  for (const GraphInput &input : inputs.tensors)
    inputTypes.push_back(input.type);
  builder.setInsertionPointToEnd(module->getBody());
  auto function = builder.create<func::FuncOp>(loc, "main", builder.getFunctionType(inputTypes, resultTypes));
  setNames(function, inputs.tensors, graph, symbols);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToEnd(entry);
  ImportScope scope;
  scope.opsets = &opsets;
  for (auto [input, argument] : llvm::zip(inputs.tensors, entry->getArguments())) {
    argument.setLoc(nodeLocation(context.context, input.name));
    scope.values[input.name] = argument;
  }
  for (const NamedTensor &input : bound) {
    ElementsAttr value = toElements(context.context, input.tensor, input.name);
    scope.values[input.name] =
        builder.create<thimble::onnx::ConstantOp>(nodeLocation(context.context, input.name), value.getShapedType(), value);
  }
  for (const InputGroup &group : inputs.groups)
    scope.values[group.name] = makeGroup(builder, group, entry->getArguments().slice(group.begin, group.count), opsets);
  SmallVector<Value> outputs = GraphImporter(context, functions, symbols, builder).importGraph(graph, scope, loc, "the graph");
  if (context.hasErrors())
    return {};
  for (auto [value, output] : llvm::zip(outputs, graph.output()))
    value = asUntyped(builder, value, output.name(), opsets);
  builder.create<func::ReturnOp>(loc, outputs);
  if (failed(verify(*module)))
    return {};
  return module;
}

static OwningOpRef<ModuleOp> importParsed(MLIRContext *mlirContext, const ImportOptions &options, ExternalFiles files,
                                          llvm::Expected<OwnedModel> model) {
  mlirContext->loadDialect<thimble::onnx::OnnxDialect, func::FuncDialect>();
  ImportContext context(mlirContext, options, std::move(files));
  if (!model) {
    context.error(UnknownLoc::get(mlirContext), model.takeError());
    return {};
  }
  return importModel(context, **model);
}

OwningOpRef<ModuleOp> thimble::importOnnxFile(MLIRContext *context, StringRef path, const ImportOptions &options) {
  return importParsed(context, options, ExternalFiles(llvm::sys::path::parent_path(path)),
                      readModelFile(path, options.maxFileBytes));
}

OwningOpRef<ModuleOp> thimble::importOnnxBytes(MLIRContext *context, ArrayRef<char> bytes, StringRef name,
                                               const ImportOptions &options) {
  return importParsed(context, options, ExternalFiles(), parseModelBytes(bytes, name));
}

OwningOpRef<ModuleOp> thimble::importOnnxText(MLIRContext *context, StringRef text, StringRef name,
                                              const ImportOptions &options) {
  return importParsed(context, options, ExternalFiles(), parseModelText(text, name));
}
