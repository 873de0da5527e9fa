// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What each family of handlers contributes to the registry.
#pragma once

#include "passes/legalize/Registry.h"

namespace thimble::legalize {

void registerActivations(Registry &registry);
void registerConstants(Registry &registry);
void registerConvolutions(Registry &registry);
void registerElementwise(Registry &registry);
void registerGathers(Registry &registry);
void registerMatMuls(Registry &registry);
void registerNormalizations(Registry &registry);
void registerPools(Registry &registry);
void registerQuantizations(Registry &registry);
void registerRearrangements(Registry &registry);
void registerReductions(Registry &registry);
void registerResizes(Registry &registry);
void registerShapes(Registry &registry);

} // namespace thimble::legalize
