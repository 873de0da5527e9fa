// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names of the stages.
#include "compiler/pipeline/Stages.h"
#include "llvm/ADT/STLExtras.h"

using namespace thimble;

static const StageInfo stages[] = {
    {Stage::Import, "import", "onnx.node operations, as the file has them"},
    {Stage::Legalize, "legalize", "nn operations with static shapes"},
    {Stage::Simplify, "simplify", "nn operations, NHWC, folded and fused; the float reference"},
    {Stage::Quantize, "quantize", "nn operations on quantized types (unchanged with --quantize none)"},
    {Stage::Lower, "lower", "an mcu.program of kernel calls"},
    {Stage::Schedule, "schedule", "the same with its order and its places in the arena, proven sound"},
    {Stage::Emit, "emit", "the folder of C"},
};

llvm::ArrayRef<StageInfo> thimble::getStages() { return stages; }

std::optional<Stage> thimble::parseStage(llvm::StringRef name) {
  for (const StageInfo &info : stages)
    if (info.name == name)
      return info.stage;
  return std::nullopt;
}

const StageInfo &thimble::getInfo(Stage stage) { return stages[size_t(stage)]; }
