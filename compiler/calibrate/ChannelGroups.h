// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which activations must be scaled together, channel by channel, and which layers absorb the scaling.
#pragma once

#include "dialects/nn/NNDialect.h"

namespace thimble::calibrate {

/// Values whose channels can be scaled by the same factors: between layers with weights, connected by operations f with
/// f(s * x) = s * f(x) for s > 0. Channel c of a value is every element whose index in memory is c modulo the number of
/// channels.
struct ChannelGroup {
  int64_t channels = 0;
  float clamp; // the lowest upper bound that an activation function sets to the values; infinity if there is none
  llvm::SmallVector<mlir::Value> values;
  llvm::SmallVector<mlir::Operation *> producers; // conv2d, fully_connected, layer_norm: multiply their output channels
  llvm::SmallVector<mlir::Operation *> consumers; // conv2d, fully_connected: divide their input channels
};

/// All groups that nothing else than layers with constant weights produces or consumes.
std::vector<ChannelGroup> findChannelGroups(mlir::func::FuncOp function);

} // namespace thimble::calibrate
