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

/// How often the bytes of a constant are read in one run, in proportion: multiplications of the calls that read it, at least its bytes
/// for each. 0 if nobody has recorded it.
int64_t getReads(mcu::ConstantOp constant);
void setReads(mcu::ConstantOp constant, int64_t reads);

/// Records the reads of all constants. To be done before constants are cut and parts are streamed.
void recordReads(mcu::ProgramOp program);

/// Obeys the rules, later ones before earlier ones. A constant of several layers goes to the fastest memory that one of them asks
/// for. Fails if a rule fits no layer that has constants.
mlir::LogicalResult placeConstants(mcu::ProgramOp program, llvm::ArrayRef<PlaceRule> rules);

/// Moves constants from flash to external memory until `bytes` are saved: those first whose bytes are read least, as was recorded, and
/// of equal ones the largest; then those go back that turn out not to be needed. Returns the bytes that were moved, fewer if there are no more.
int64_t moveToExternal(mcu::ProgramOp program, int64_t bytes);

/// Bytes of the constants that lie in `place`.
int64_t getConstantBytes(mcu::ProgramOp program, mcu::Place place);

} // namespace thimble::schedule
