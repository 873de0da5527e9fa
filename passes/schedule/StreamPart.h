// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A run of calls that becomes one call of tmb_stream, which computes the same depth first over rows.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include <map>
#include <optional>
#include <vector>

namespace thimble::schedule {

/// How finely a part is cut: cheaper with more memory.
struct StreamGrain {
  int64_t pixels = 1; // positions that a call computes at least, as far as whole rows allow
  int64_t slack = 0;  // rows that each sliding buffer has beyond what it must hold
};

/// What a streamed part needs, against the calls that it replaces.
struct StreamCost {
  int64_t scratchBytes;
  int64_t distance;     // of the result before the first input; see mcu.call
  int64_t instructions; // more than without streaming, estimated
  int64_t calls;        // of kernels at run time
  bool slides = false;  // whether slack could change anything
};

/// What parts that look alike cost, such as the blocks of a transformer: by everything that StreamPart::plan goes by.
using StreamCosts = std::map<std::vector<int64_t>, std::optional<StreamCost>>;

class StreamPart {
public:
  /// The calls [first, last] of `calls`, which are all calls of the program in order. Nothing unless all of them can be cut into
  /// rows and only the result of the last one is used elsewhere. An input that is fed must have all its readers here, and be the
  /// only input.
  static std::optional<StreamPart> create(llvm::ArrayRef<mcu::CallOp> calls, size_t first, size_t last);
  ~StreamPart();
  StreamPart(StreamPart &&);
  StreamPart &operator=(StreamPart &&);

  /// Nothing if there is no schedule. `known` is looked up and grows.
  std::optional<StreamCost> plan(StreamGrain grain, StreamCosts *known = nullptr) const;
  /// The input whose memory the result may overlap, which is the largest one that nobody reads later; null if there is none.
  mcu::BufferOp getOverlapped() const;
  mcu::BufferOp getResult() const;

  /// Replaces the calls, and erases them and the buffers between them.
  mcu::CallOp apply(StreamGrain grain) const;

private:
  struct Implementation;
  explicit StreamPart(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

} // namespace thimble::schedule
