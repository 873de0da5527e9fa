// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// All operations of the nn dialect; one file a family.
include "dialects/nn/ConvolutionOps.td"
include "dialects/nn/ElementwiseOps.td"
include "dialects/nn/ReductionOps.td"
include "dialects/nn/ShapeOps.td"
