// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The order in which a part of a model runs depth first over rows, apart from MLIR so that it can be tested by itself.
#pragma once

#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace thimble::schedule {

/// A tensor as rows. Those between two stages lie in a buffer of `capacity` rows: new rows are appended, and when it is full the
/// rows that somebody still needs slide to its front. Others are whole in memory.
struct RowMap {
  int64_t rows, rowBytes;
  bool isWhole;
};

/// Output row from + r of a stage needs the rows [r * stride - pad, r * stride - pad + extent) of `map` as far as they exist, or, where
/// `share` output rows lie in one row of the map, row r / share. Output rows outside of [from, to) need none.
struct RowRead {
  size_t map;
  int64_t stride = 1, extent = 1, pad = 0;
  int64_t share = 1; // > 1: stride and extent are 1, pad is 0
  int64_t from = 0, to = INT64_MAX;
};

/// Computes rows of `out` one after the other, at most `band` at a time. A map has at most one stage that writes it.
struct RowStage {
  size_t out;
  llvm::SmallVector<RowRead, 2> reads;
  int64_t band = 1;
  llvm::SmallVector<int64_t, 1> cuts = {}; // rows at which a band ends, such as where another read begins
};

struct RowProblem {
  std::vector<RowMap> maps;
  std::vector<RowStage> stages; // the last one computes the result, whose map is whole
};

/// Rows of a map where they lie: `slot` counts rows from the start of the map's memory.
struct RowBand {
  int64_t first, rows, slot;
};

struct RowStep {
  bool isSlide;
  size_t index;                     // of the stage; of the map if rows slide
  RowBand out;                      // what the stage computes; slide: the rows that move to slot 0, and where from
  llvm::SmallVector<RowBand, 2> in; // in the order of the stage's reads; no rows where the stage needs none
};

struct RowSchedule {
  std::vector<RowStep> steps;
  std::vector<int64_t> capacity; // rows of memory of each map
};

/// The schedule that computes the whole result. Rows are computed once, when they are needed, except that a stage runs ahead where
/// its input would have to be kept for it otherwise. Capacities are the least for which that works, plus up to `slack` rows, which
/// make slides rarer. Nothing if a window lies entirely in the padding.
std::optional<RowSchedule> scheduleRows(const RowProblem &problem, int64_t slack = 0);

/// Steps, the first and the last one, between which a map holds rows that are still to be read.
struct RowSpan {
  size_t first, last;
};

/// The spans of each map in order; those that touch are one.
std::vector<std::vector<RowSpan>> findSpans(const RowProblem &problem, const RowSchedule &schedule);

/// Whether there is a step in both.
bool meet(const std::vector<RowSpan> &a, const std::vector<RowSpan> &b);

/// The least distance by which the memory of the result may lie before that of the whole map `input`, so that no row of the result
/// overwrites what is still needed of it.
int64_t overlapDistance(const RowProblem &problem, const RowSchedule &schedule, size_t input);

} // namespace thimble::schedule
