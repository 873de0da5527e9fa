// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// All operations of the nn dialect; one file a family.
include "dialects/nn/AttentionOps.td"
include "dialects/nn/ClassicalOps.td"
include "dialects/nn/ConvolutionOps.td"
include "dialects/nn/ElementwiseOps.td"
include "dialects/nn/IndexingOps.td"
include "dialects/nn/RecurrentOps.td"
include "dialects/nn/ReductionOps.td"
include "dialects/nn/SamplingOps.td"
include "dialects/nn/ShapeOps.td"
include "dialects/nn/SignalOps.td"
