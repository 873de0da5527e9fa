// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Windows of frames as the runs of a program that takes a few frames at a time, and what the runs give as the outputs of
// windows.
#pragma once

#include "compiler/verify/ModelRuns.h"

namespace thimble {

class FrameWindows {
public:
  /// Nothing if no input of the program has frames.
  static std::optional<FrameWindows> find(mcu::ProgramOp program, const ModelPorts &ports);

  /// Inputs and outputs over a whole window.
  const ModelPorts &getWindowPorts() const { return window; }
  /// Runs in which a window comes. The state starts anew with each window.
  int64_t getRuns() const { return runs; }

  /// The inputs of all runs, window after window. Frames before the first one of a window are zeros.
  Samples split(const Samples &windows) const;
  /// The outputs of windows: of those with frames the frames of the window, of others what the last run gives.
  SampleOutputs join(const SampleOutputs &outputs) const;

private:
  struct Port {
    int64_t outer = 1, frameBytes = 0, count = 0, length = 0, delay = 0; // of one piece, which is a frame behind `outer` others
    int64_t bytes = 0;                                                   // of a run
    bool hasFrames = false;
    char zero = 0;
  };
  static Port describe(mcu::BufferOp buffer, const SampleInput &port);

  ModelPorts window;
  std::vector<Port> inputs, outputs;
  int64_t runs = 1;
};

} // namespace thimble
