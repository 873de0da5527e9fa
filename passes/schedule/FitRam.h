// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Schedules a program within a budget of RAM: as it is if that fits, else with parts of it streamed over rows.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include <optional>
#include <string>
#include <vector>

namespace thimble::schedule {

/// A part of the model that runs depth first over rows.
struct StreamedPart {
  std::string first, last; // nodes
  int64_t calls;           // kernel calls that it stands for
  int64_t scratchBytes;    // for the rows in between
};

/// The front of the model in strips of columns, one after the other; what they share is computed by each.
struct StripUse {
  std::string first, last; // nodes
  int64_t strips = 0;
};

/// An execution of the model that was planned.
struct RamOption {
  int64_t arenaBytes = 0;
  int64_t extraInstructions = 0; // more than without streaming, estimated
  std::vector<StreamedPart> parts;
  std::optional<StripUse> strips = std::nullopt;
  int64_t externalBytes = 0; // of a second arena; what it costs to use it is among the instructions
};

struct RamSearch {
  std::vector<RamOption> options; // the plain one first unless rows are fed, then as they were tried
  size_t chosen = 0;
  /// If none of them fits the budget: no execution needs less than so many bytes of arena, whatever the order of calls, what shares
  /// memory and what is streamed.
  std::optional<int64_t> provenLeast;
};

/// Runs the scheduling pipeline on the program of `module`. With a budget that the plain plan exceeds, `module` becomes the
/// cheapest streamed program that fits, or, if none does, the one that needs the least RAM.
///
/// With `feedsRows` the only input is fed row by row by the caller, and so the first part is streamed whatever the budget; an
/// error says if the operations that read it do not allow that. With `showsFront` executions of less and less RAM are planned
/// besides, down to the least; they change nothing but the list of options.
mlir::FailureOr<RamSearch> scheduleWithin(mlir::ModuleOp module, std::optional<int64_t> ramBudget, bool feedsRows = false,
                                          bool showsFront = false);

} // namespace thimble::schedule
