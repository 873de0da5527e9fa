// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What each family of handlers contributes to the registry.
#pragma once

#include "passes/legalize/Registry.h"

namespace thimble::legalize {

void registerActivations(Registry &registry);
void registerAttention(Registry &registry);
void registerBits(Registry &registry);
void registerConstants(Registry &registry);
void registerControl(Registry &registry);
void registerConvolutions(Registry &registry);
void registerEinsum(Registry &registry);
void registerElementwise(Registry &registry);
void registerFeatures(Registry &registry);
void registerGathers(Registry &registry);
void registerGradients(Registry &registry);
void registerLabelMaps(Registry &registry);
void registerLinearModels(Registry &registry);
void registerLosses(Registry &registry);
void registerIntegerArithmetic(Registry &registry);
void registerLegacy(Registry &registry);
void registerMatMuls(Registry &registry);
void registerNormalizations(Registry &registry);
void registerOptimizers(Registry &registry);
void registerPools(Registry &registry);
void registerQuantizations(Registry &registry);
void registerRandoms(Registry &registry);
void registerRearrangements(Registry &registry);
void registerRecurrent(Registry &registry);
void registerReductions(Registry &registry);
void registerResizes(Registry &registry);
void registerSelections(Registry &registry);
void registerSequences(Registry &registry);
void registerSampling(Registry &registry);
void registerShapes(Registry &registry);
void registerSignals(Registry &registry);
void registerTreeEnsembles(Registry &registry);

/// QuantizeLinear and DequantizeLinear in every form, of f32 operations.
mlir::LogicalResult composeQuantizeLinear(NodeBinder &node);
mlir::LogicalResult composeDequantizeLinear(NodeBinder &node);

} // namespace thimble::legalize
