// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// In which memory the constants of each layer lie.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "mlir/Support/LogicalResult.h"
#include <string>
#include <vector>

namespace thimble::schedule {

/// Where the constants of some layers lie. `layers` is the name of a node, or a pattern with * and ?; empty: of all layers.
struct PlaceRule {
  std::string layers;
  mcu::Place place;
};

/// What a constant costs in a slower memory.
struct ConstantUse {
  std::string name;
  int64_t bytes;
  int64_t macs; // of the calls that read it: how often its bytes are read, in proportion
};

/// The constants that calls read, in the order of the program. To be asked before parts are streamed.
std::vector<ConstantUse> getConstantUses(mcu::ProgramOp program);

/// Obeys the rules, later ones before earlier ones. A constant of several layers goes to the fastest memory that one of them asks
/// for. Fails if a rule fits no layer that has constants.
mlir::LogicalResult placeConstants(mcu::ProgramOp program, llvm::ArrayRef<PlaceRule> rules);

/// Moves constants from flash to external memory until `bytes` are saved: those first whose bytes are read least, and of equal ones
/// the largest; then those go back that turn out not to be needed. Returns the bytes that were moved, fewer if there are no more.
int64_t moveToExternal(mcu::ProgramOp program, llvm::ArrayRef<ConstantUse> uses, int64_t bytes);

/// Bytes of the constants that lie in `place`.
int64_t getConstantBytes(mcu::ProgramOp program, mcu::Place place);

} // namespace thimble::schedule
