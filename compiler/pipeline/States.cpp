// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds the named inputs and outputs.
#include "compiler/pipeline/States.h"
#include "dialects/nn/NNStates.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace thimble;

// "'a', 'b'"
static std::string listNames(llvm::ArrayRef<std::string> names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "'" : ", '") + name + "'";
  return text.empty() ? "none" : text;
}

LogicalResult thimble::markStates(ModuleOp module, llvm::ArrayRef<StateOption> states, int64_t sequenceLength,
                                  const llvm::StringMap<Tensor> &starts) {
  for (const auto &start : starts)
    if (llvm::none_of(states, [&](const StateOption &state) { return state.input == start.getKey(); }))
      return module.emitError("--state-init ") << start.getKey() << ": no --state has this input";
  auto functions = module.getOps<func::FuncOp>();
  if (states.empty() || functions.empty())
    return states.empty() ? success() : module.emitError("--state needs a model that is not lowered yet");
  func::FuncOp function = *functions.begin();
  std::vector<std::string> inputs, outputs;
  auto nameOf = [](StringAttr name) { return name ? name.str() : std::string(); };
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    inputs.push_back(nameOf(function.getArgAttrOfType<StringAttr>(i, "onnx.name")));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    outputs.push_back(nameOf(function.getResultAttrOfType<StringAttr>(i, "onnx.name")));
  llvm::StringSet<> seen;
  Builder builder(module.getContext());
  for (const StateOption &state : states) {
    std::string option = "--state " + state.output + "=" + state.input + ": ";
    auto input = llvm::find(inputs, state.input);
    if (input == inputs.end())
      return function.emitError(option) << "the model has no input '" << state.input << "'; its inputs are "
                                        << listNames(inputs);
    if (!llvm::is_contained(outputs, state.output))
      return function.emitError(option) << "the model has no output '" << state.output << "'; its outputs are "
                                        << listNames(outputs);
    if (!seen.insert("in " + state.input).second || !seen.insert("out " + state.output).second)
      return function.emitError(option) << "an input or output belongs to one state only";
    function.setArgAttr(unsigned(input - inputs.begin()), nn::stateAttrName, builder.getStringAttr(state.output));
    // Its shape is looked at once that of the state is known.
    if (auto start = starts.find(state.input); start != starts.end()) {
      std::vector<double> numbers;
      for (int64_t i = 0; i < start->second.count(); ++i)
        numbers.push_back(start->second.number(i));
      auto type = RankedTensorType::get({int64_t(numbers.size())}, builder.getF64Type());
      function.setArgAttr(unsigned(input - inputs.begin()), nn::stateStartAttrName,
                          DenseElementsAttr::get(type, ArrayRef(numbers)));
    }
  }
  if (sequenceLength > 0)
    function->setAttr(nn::sequenceAttrName, builder.getI64IntegerAttr(sequenceLength));
  return success();
}
