// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cuts windows into runs, and puts runs together to windows.
#include "compiler/verify/FrameWindows.h"
#include <cstring>

using namespace mlir;
using namespace thimble;

FrameWindows::Port FrameWindows::describe(mcu::BufferOp buffer, const SampleInput &port) {
  Port result;
  result.bytes = port.getBytes();
  result.zero = char(port.scale != 0 && port.type == ElementType::S8 ? port.zeroPoint : 0);
  auto frames = buffer->getAttrOfType<DenseI64ArrayAttr>(mcu::framesName);
  if (!frames)
    return result;
  result.hasFrames = true;
  result.count = port.shape[size_t(frames[0])];
  result.length = frames[1];
  result.delay = frames[2];
  for (int64_t d = 0; d < frames[0]; ++d)
    result.outer *= port.shape[size_t(d)];
  result.frameBytes = result.bytes / std::max<int64_t>(result.outer * result.count, 1);
  return result;
}

std::optional<FrameWindows> FrameWindows::find(mcu::ProgramOp program, const ModelPorts &ports) {
  FrameWindows result;
  result.window = ports;
  result.inputs.resize(ports.inputs.size());
  result.outputs.resize(ports.outputs.size());
  bool isAny = false;
  for (auto buffer : program.getOps<mcu::BufferOp>()) {
    bool isInput = buffer.getRole() == mcu::Role::Input;
    if (!isInput && buffer.getRole() != mcu::Role::Output)
      continue;
    SampleInput &port = (isInput ? result.window.inputs : result.window.outputs)[buffer.getIndex()];
    Port &described = (isInput ? result.inputs : result.outputs)[buffer.getIndex()];
    described = describe(buffer, port);
    if (auto frames = buffer->getAttrOfType<DenseI64ArrayAttr>(mcu::framesName))
      port.shape[size_t(frames[0])] = frames[1];
    if (isInput && described.hasFrames) {
      isAny = true;
      result.runs = (described.length + described.delay) / described.count;
    }
  }
  return isAny ? std::optional(std::move(result)) : std::nullopt;
}

Samples FrameWindows::split(const Samples &windows) const {
  Samples result;
  for (const std::vector<std::vector<char>> &sample : windows)
    for (int64_t run = 0; run < runs; ++run) {
      std::vector<std::vector<char>> &pieces = result.emplace_back();
      for (auto [port, bytes] : llvm::zip(inputs, sample)) {
        if (!port.hasFrames) {
          pieces.push_back(bytes);
          continue;
        }
        std::vector<char> &piece = pieces.emplace_back(size_t(port.bytes), port.zero);
        for (int64_t o = 0; o < port.outer; ++o)
          for (int64_t i = 0; i < port.count; ++i)
            if (int64_t frame = run * port.count + i - port.delay; frame >= 0 && frame < port.length)
              std::memcpy(piece.data() + (o * port.count + i) * port.frameBytes,
                          bytes.data() + (o * port.length + frame) * port.frameBytes, size_t(port.frameBytes));
      }
    }
  return result;
}

SampleOutputs FrameWindows::join(const SampleOutputs &ran) const {
  SampleOutputs result;
  for (size_t first = 0; first + size_t(runs) <= ran.size(); first += size_t(runs)) {
    std::vector<char> &joined = result.emplace_back();
    int64_t from = 0; // in the bytes of a run
    for (const Port &port : outputs) {
      const char *last = ran[first + size_t(runs) - 1].data() + from;
      if (!port.hasFrames)
        joined.insert(joined.end(), last, last + port.bytes);
      for (int64_t o = 0; port.hasFrames && o < port.outer; ++o)
        for (int64_t frame = port.delay; frame < port.delay + port.length; ++frame) {
          const char *run = ran[first + size_t(frame / port.count)].data() + from;
          const char *begin = run + (o * port.count + frame % port.count) * port.frameBytes;
          joined.insert(joined.end(), begin, begin + port.frameBytes);
        }
      from += port.bytes;
    }
  }
  return result;
}
