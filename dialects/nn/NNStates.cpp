// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds the arguments and results of a function that are state.
#include "dialects/nn/NNStates.h"

using namespace mlir;
using namespace thimble;

llvm::SmallVector<nn::StatePair> nn::getStates(func::FuncOp function) {
  llvm::SmallVector<StatePair> states;
  for (unsigned argument = 0; argument < function.getNumArguments(); ++argument) {
    auto name = function.getArgAttrOfType<StringAttr>(argument, stateAttrName);
    for (unsigned result = 0; name && result < function.getNumResults(); ++result)
      if (function.getResultAttrOfType<StringAttr>(result, "onnx.name") == name) {
        states.push_back({argument, result});
        break;
      }
  }
  return states;
}

static llvm::SmallVector<unsigned> withoutStates(func::FuncOp function, unsigned count, unsigned nn::StatePair::*member) {
  llvm::SmallVector<nn::StatePair> states = nn::getStates(function);
  llvm::SmallVector<unsigned> result;
  for (unsigned index = 0; index < count; ++index)
    if (llvm::none_of(states, [&](const nn::StatePair &state) { return state.*member == index; }))
      result.push_back(index);
  return result;
}

llvm::SmallVector<unsigned> nn::getPublicArguments(func::FuncOp function) {
  return withoutStates(function, function.getNumArguments(), &StatePair::argument);
}

llvm::SmallVector<unsigned> nn::getPublicResults(func::FuncOp function) {
  return withoutStates(function, function.getNumResults(), &StatePair::result);
}
