// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lookup of handlers, and the table of families.
#include "passes/legalize/Registry.h"
#include "passes/legalize/handlers/Handlers.h"

using namespace mlir;
using namespace thimble::legalize;

void Registry::add(llvm::StringRef opType, std::initializer_list<int64_t> since, InputCount inputs, Handler handler,
                   bool takesSequences) {
  for (int64_t version : since) {
    [[maybe_unused]] bool isNew = entries[opType].try_emplace(version, Entry{handler, inputs, takesSequences}).second;
    assert(isNew && "operator version registered twice");
  }
}

const Entry *Registry::lookup(llvm::StringRef opType, int64_t opset) const {
  auto found = entries.find(opType);
  if (found == entries.end())
    return nullptr;
  auto next = found->second.upper_bound(opset);
  return next == found->second.begin() ? nullptr : &std::prev(next)->second;
}

std::optional<int64_t> Registry::getOldest(llvm::StringRef opType) const {
  auto found = entries.find(opType);
  return found == entries.end() ? std::nullopt : std::optional(found->second.begin()->first);
}

std::vector<std::pair<std::string, std::vector<int64_t>>> Registry::list() const {
  std::vector<std::pair<std::string, std::vector<int64_t>>> result;
  for (const auto &op : entries) {
    result.emplace_back(op.getKey().str(), std::vector<int64_t>());
    for (const auto &version : op.getValue())
      result.back().second.push_back(version.first);
  }
  llvm::sort(result);
  return result;
}

const Registry &thimble::legalize::getRegistry() {
  static const Registry registry = [] {
    Registry all;
    registerActivations(all);
    registerAttention(all);
    registerBits(all);
    registerConstants(all);
    registerControl(all);
    registerConvolutions(all);
    registerEinsum(all);
    registerElementwise(all);
    registerFeatures(all);
    registerGathers(all);
    registerGradients(all);
    registerLabelMaps(all);
    registerLinearModels(all);
    registerLosses(all);
    registerIntegerArithmetic(all);
    registerLegacy(all);
    registerMatMuls(all);
    registerNormalizations(all);
    registerOptimizers(all);
    registerPools(all);
    registerQuantizations(all);
    registerRandoms(all);
    registerRearrangements(all);
    registerRecurrent(all);
    registerReductions(all);
    registerResizes(all);
    registerSelections(all);
    registerSequences(all);
    registerSampling(all);
    registerShapes(all);
    registerSignals(all);
    registerTreeEnsembles(all);
    return all;
  }();
  return registry;
}
