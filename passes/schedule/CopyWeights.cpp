// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Inserts the fetching of weights, whole or by blocks of output channels.
#include "passes/schedule/CopyWeights.h"
#include "dialects/mcu/McuLiveness.h"
#include "compiler/support/Diagnostics.h"
#include "mlir/IR/Builders.h"
#include "thimble/tmb_layout.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

static constexpr int64_t wordBytes = 4;
static constexpr int64_t scratchAlignment = 8;

static mcu::ConstantOp getCopied(Value memory) {
  auto constant = dyn_cast<mcu::ConstantOp>(mcu::getRoot(memory));
  return constant && mcu::getPlace(constant) == mcu::Place::Copied ? constant : mcu::ConstantOp();
}

int64_t thimble::schedule::getLargestCopy(mcu::ProgramOp program) {
  int64_t most = 0;
  for (mcu::CallOp call : mcu::getCalls(program))
    for (Value in : call.getIns())
      if (getCopied(in))
        most = std::max(most, mcu::byteSize(in));
  return most;
}

namespace {
/// A layer whose weights come by blocks.
struct BlockedLayer {
  int64_t positions;   // at which the output channels are computed
  int64_t channels;    // of the output
  int64_t unit;        // channels whose weights lie together
  int64_t unitBytes;   // of these weights
  int64_t slackBytes;  // that the kernel may read behind the last unit
  int64_t kernelScratch;
  llvm::StringRef channelField; // of the record
};

class BlockBuilder {
public:
  BlockBuilder(mcu::CallOp call, const BlockedLayer &layer, int64_t block)
      : call(call), layer(layer), block(block), builder(call) {}
  void build();

private:
  int64_t weightBytes(int64_t channels) const {
    return (channels + layer.unit - 1) / layer.unit * layer.unitBytes + layer.slackBytes;
  }
  IntegerAttr i32(int64_t value) { return builder.getI32IntegerAttr(int32_t(value)); }
  DictionaryAttr copyParams(int64_t channels);
  void addSteps(int64_t first, int64_t channels, bool isRepeated);
  void addStep(llvm::StringRef kernel, ArrayRef<int64_t> args, ArrayRef<int64_t> offsets, ArrayRef<int64_t> advances,
               ArrayRef<int64_t> extents, ArrayRef<Type> elements, llvm::StringRef record, DictionaryAttr params) {
    builder.create<mcu::StepOp>(call.getLoc(), kernel, args, offsets, advances, extents, builder.getTypeArrayAttr(elements),
                                record, params);
  }

  mcu::CallOp call;
  BlockedLayer layer;
  int64_t block; // channels
  OpBuilder builder;
  int64_t kernelScratchAt = 0, resultAt = 0;
};
} // namespace

static int64_t field(DictionaryAttr params, llvm::StringRef name) {
  auto value = params.getAs<IntegerAttr>(name);
  return value ? value.getInt() : 0;
}

// Puts the channels of a block at each position between those of other blocks.
DictionaryAttr BlockBuilder::copyParams(int64_t channels) {
  auto list = [&](std::initializer_list<int32_t> values) { return builder.getDenseI32ArrayAttr(values); };
  return builder.getDictionaryAttr({builder.getNamedAttr("rank", i32(2)),
                                    builder.getNamedAttr("dims", list({int32_t(layer.positions), int32_t(channels)})),
                                    builder.getNamedAttr("x_strides", list({int32_t(channels), 1})),
                                    builder.getNamedAttr("y_strides", list({int32_t(layer.channels), 1})),
                                    builder.getNamedAttr("x_offset", i32(0)), builder.getNamedAttr("y_offset", i32(0)),
                                    builder.getNamedAttr("element_bytes", i32(1))});
}

// Operands of the stream: 0 the input, 1 the weights, 2 the output, 3 scratch.
void BlockBuilder::addSteps(int64_t first, int64_t channels, bool isRepeated) {
  Type byte = builder.getI8Type(), word = builder.getI32Type();
  int64_t blockBytes = block / layer.unit * layer.unitBytes, source = first / layer.unit * layer.unitBytes;
  int64_t fetched = weightBytes(channels), written = layer.positions * channels;
  addStep("tmb_fetch", {1, 3}, {source, 0}, {isRepeated ? blockBytes : 0, 0}, {fetched, fetched}, {byte, byte},
          "tmb_count_params", builder.getDictionaryAttr(builder.getNamedAttr("count", i32(fetched))));
  NamedAttrList params(call.getParams());
  params.set(layer.channelField, i32(channels));
  bool isDirect = layer.positions == 1;
  llvm::SmallVector<int64_t> args = {0, 3, isDirect ? 2 : 3}, offsets = {0, 0, isDirect ? first : resultAt},
                             advances = {0, 0, isDirect && isRepeated ? block : 0},
                             extents = {mcu::byteSize(call.getIns()[0]), fetched, written};
  llvm::SmallVector<Type> elements = {byte, word, byte};
  if (layer.kernelScratch > 0) {
    args.push_back(3);
    offsets.push_back(kernelScratchAt);
    advances.push_back(0);
    extents.push_back(layer.kernelScratch);
    elements.push_back(byte);
  }
  addStep(call.getKernel(), args, offsets, advances, extents, elements, call.getRecord(),
          params.getDictionary(builder.getContext()));
  if (!isDirect)
    addStep("tmb_copy_nd", {3, 2}, {resultAt, first}, {0, isRepeated ? block : 0},
            {written, (layer.positions - 1) * layer.channels + channels}, {byte, byte}, "tmb_copy_params",
            copyParams(channels));
}

void BlockBuilder::build() {
  Location loc = call.getLoc();
  auto align = [](int64_t bytes) { return int64_t(llvm::alignTo(uint64_t(bytes), uint64_t(scratchAlignment))); };
  kernelScratchAt = align(weightBytes(block));
  resultAt = kernelScratchAt + align(layer.kernelScratch);
  int64_t bytes = resultAt + (layer.positions == 1 ? 0 : layer.positions * block);
  auto scratch = builder.create<mcu::BufferOp>(loc, MemRefType::get({bytes}, builder.getI8Type()), nodeName(loc),
                                               mcu::Role::Scratch, 0, mcu::IoAttr(), IntegerAttr());
  auto stream = builder.create<mcu::CallOp>(loc, mcu::streamKernel, call.getIns(), call.getOuts(), scratch.getMemory(), "",
                                            builder.getDictionaryAttr({}), call.getMacs(), IntegerAttr());
  builder.setInsertionPointToStart(&stream.getBody().emplaceBlock());
  int64_t whole = layer.channels / block, rest = layer.channels % block;
  if (whole > 1) {
    auto repeat = builder.create<mcu::RepeatOp>(loc, whole);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&repeat.getBody().emplaceBlock());
    addSteps(0, block, /*isRepeated=*/true);
  } else {
    addSteps(0, block, /*isRepeated=*/false);
  }
  if (rest > 0)
    addSteps(whole * block, rest, /*isRepeated=*/false);
  mcu::BufferOp old = call.getScratch() ? mcu::getBuffer(call.getScratch()) : mcu::BufferOp();
  call.erase();
  if (old && old.getMemory().use_empty())
    old.erase();
}

// How the layer comes apart, if its kernel's weights do.
static std::optional<BlockedLayer> findBlocks(mcu::CallOp call) {
  DictionaryAttr params = call.getParams();
  auto get = [&](llvm::StringRef name) { return field(params, name); };
  int64_t scratch = call.getScratch() ? mcu::byteSize(call.getScratch()) : 0;
  if (call.getIns().size() != 2 || call.getOuts().size() != 1 || !getCopied(call.getIns()[1]))
    return std::nullopt;
  if (call.getKernel() == "tmb_fully_connected_s8")
    return BlockedLayer{get("rows"), get("cols"), 4,     wordBytes * tmb_fully_connected_s8_words(int32_t(get("depth"))),
                        0,           scratch,     "cols"};
  if (call.getKernel() != "tmb_conv2d_s8" || get("groups") > 1)
    return std::nullopt;
  tmb_conv2d_s8_params p = {};
  p.in_c = int32_t(get("in_c"));
  p.out_c = int32_t(get("out_c"));
  p.kernel_h = int32_t(get("kernel_h"));
  p.kernel_w = int32_t(get("kernel_w"));
  p.dilation_w = int32_t(get("dilation_w"));
  p.groups = 1;
  tmb_conv2d_s8_layout layout = tmb_conv2d_s8_layout_of(&p);
  return BlockedLayer{get("batch") * get("out_h") * get("out_w"),
                      get("out_c"),
                      2,
                      wordBytes * layout.words,
                      wordBytes * tmb_conv2d_s8_slack_words(&layout),
                      scratch,
                      "out_c"};
}

// A buffer for the constant, filled right before the call.
static void copyWhole(mcu::CallOp call, unsigned index, mcu::ConstantOp constant) {
  OpBuilder builder(call);
  Location loc = call.getLoc();
  Value in = call.getIns()[index];
  auto buffer = builder.create<mcu::BufferOp>(loc, cast<MemRefType>(in.getType()), constant.getName(), mcu::Role::Temporary, 0,
                                              mcu::IoAttr(), IntegerAttr());
  auto params = builder.getDictionaryAttr(builder.getNamedAttr("count", builder.getI32IntegerAttr(int32_t(mcu::byteSize(in)))));
  builder.create<mcu::CallOp>(loc, "tmb_fetch", ValueRange{constant.getMemory()}, ValueRange{buffer.getMemory()}, Value(),
                              "tmb_count_params", params, 0, IntegerAttr());
  call.getInsMutable()[index].set(buffer.getMemory());
}

void thimble::schedule::copyWeights(mcu::ProgramOp program, int64_t mostBytes) {
  for (mcu::CallOp call : mcu::getCalls(program)) {
    if (std::optional<BlockedLayer> layer = findBlocks(call)) {
      int64_t units = std::max<int64_t>((mostBytes - layer->slackBytes) / layer->unitBytes, 1), block = units * layer->unit;
      if (block < layer->channels) {
        BlockBuilder(call, *layer, block).build();
        continue;
      }
    }
    for (unsigned index = 0; index < call.getIns().size(); ++index)
      if (mcu::ConstantOp constant = getCopied(call.getIns()[index]))
        copyWhole(call, index, constant);
  }
}
