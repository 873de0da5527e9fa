// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Splits layers that make queries, keys and values, and repeats what is before them.
#include "passes/schedule/SplitAttention.h"
#include "codegen/kernels/PackWeights.h"
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/CutConstant.h"
#include "passes/schedule/RowKernels.h"
#include "thimble/tmb_layout.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

static constexpr int64_t normInstructions = 30; // of an element that is normalized twice
static constexpr int64_t layerInstructions = 3; // of an input element that a layer reads twice

namespace {

int64_t fieldOf(mcu::CallOp call, llvm::StringRef name) {
  auto value = dyn_cast_or_null<IntegerAttr>(call.getParams().get(name));
  return value ? value.getInt() : 0;
}

class Splitter {
public:
  explicit Splitter(mcu::ProgramOp program) : program(program), builder(program.getContext()) {}

  std::optional<int64_t> run() {
    bool changed = false;
    for (mcu::CallOp call : mcu::getCalls(program))
      if (call.getKernel().starts_with("tmb_attention_"))
        changed |= split(call);
    return changed ? std::optional<int64_t>(instructions) : std::nullopt;
  }

private:
  // Calls that touch the memory of `buffer`.
  llvm::SmallVector<mcu::CallOp> usersOf(mcu::BufferOp buffer) {
    llvm::SmallVector<mcu::CallOp> users;
    for (mcu::CallOp call : mcu::getCalls(program))
      if (llvm::any_of(call->getOperands(), [&](Value operand) { return mcu::getBuffer(operand) == buffer; }))
        users.push_back(call);
    return users;
  }

  // The only call that writes `buffer`, as its only output.
  mcu::CallOp writerOf(mcu::BufferOp buffer) {
    mcu::CallOp writer;
    for (mcu::CallOp call : usersOf(buffer))
      for (Value out : call.getOuts())
        if (mcu::getBuffer(out) == buffer) {
          if (writer || call.getOuts().size() != 1)
            return {};
          writer = call;
        }
    return writer;
  }

  bool split(mcu::CallOp attention) {
    mcu::BufferOp q = mcu::getBuffer(attention.getIns()[0]), k = mcu::getBuffer(attention.getIns()[1]);
    mcu::BufferOp v = mcu::getBuffer(attention.getIns()[2]);
    if (!q || !k || !v)
      return false;
    bool isPacked = q == k && q == v;
    if (isPacked && !splitLayer(attention, q))
      return false;
    if (!isPacked && (q == k || q == v))
      return false;
    bool isRepeated = repeatBefore(attention);
    return isPacked || isRepeated;
  }

  // The columns that queries, or keys and values, have of the rows of one tensor.
  std::pair<int64_t, int64_t> columnsOf(mcu::CallOp attention, std::string name) {
    int64_t first = fieldOf(attention, name + "_offset"), heads = fieldOf(attention, "heads");
    if (name != "q")
      heads /= fieldOf(attention, "shared");
    int64_t width = fieldOf(attention, name == "v" ? "value_depth" : "depth");
    return {first, first + (heads - 1) * fieldOf(attention, name + "_head_stride") + width};
  }

  bool splitLayer(mcu::CallOp attention, mcu::BufferOp packed) {
    mcu::CallOp layer = writerOf(packed);
    if (!layer || packed.getRole() != mcu::Role::Temporary || usersOf(packed).size() != 2 || !isRowLayer(layer))
      return false;
    int64_t tokens = rowsOf(layer), columns = columnsOf(layer), width = mcu::byteSize(packed.getMemory()) / (tokens * columns);
    for (llvm::StringRef stride : {"q_row_stride", "k_row_stride", "v_row_stride"})
      if (fieldOf(attention, stride) != columns)
        return false;
    auto q = columnsOf(attention, "q"), k = columnsOf(attention, "k"), v = columnsOf(attention, "v");
    int64_t others = std::min(k.first, v.first), end = std::max(k.second, v.second);
    bool isFirst = q.second <= others; // queries come before keys and values
    int64_t at = isFirst ? others : end;
    // The weights of two columns lie together.
    if ((!isFirst && q.first < end) || at % 2 != 0 || at <= 0 || at >= columns)
      return false;

    builder.setInsertionPoint(attention);
    auto element = cast<MemRefType>(packed.getMemory().getType()).getElementType();
    mcu::BufferOp parts[2];
    for (bool second : {false, true}) {
      int64_t count = second ? columns - at : at;
      auto type = MemRefType::get({tokens, count}, element);
      parts[second] = builder.create<mcu::BufferOp>(layer.getLoc(), type, packed.getName(), mcu::Role::Temporary,
                                                    packed.getIndex(), mcu::IoAttr(), IntegerAttr());
      makePart(layer, parts[second], second ? at : 0, count, columns);
    }
    NamedAttrList fields(attention.getParams());
    auto set = [&](const std::string &name, int64_t value) { fields.set(name, builder.getI32IntegerAttr(int32_t(value))); };
    for (unsigned index = 0; index < 3; ++index) {
      std::string name(1, "qkv"[index]);
      bool second = (index == 0) != isFirst;
      set(name + "_row_stride", second ? columns - at : at);
      set(name + "_offset", fieldOf(attention, name + "_offset") - (second ? at : 0));
      attention->setOperand(index, parts[second].getMemory());
    }
    attention.setParamsAttr(fields.getDictionary(program.getContext()));
    instructions += layerInstructions * mcu::byteSize(layer.getIns()[0]) / std::max<int64_t>(width, 1);
    eraseDead(layer);
    return true;
  }

  // Layers of which each row of the result is made of one row of the input.
  static bool isRowLayer(mcu::CallOp layer) {
    llvm::StringRef kernel = layer.getKernel();
    if (kernel == "tmb_fully_connected_f32")
      return true;
    if (kernel != "tmb_conv2d_s8" && kernel != "tmb_conv2d_f32")
      return false;
    for (llvm::StringRef one : {"batch", "in_h", "out_h", "kernel_h", "kernel_w", "stride_w", "groups"})
      if (fieldOf(layer, one) != 1)
        return false;
    return fieldOf(layer, "pad_left") == 0 && fieldOf(layer, "pad_top") == 0 &&
           fieldOf(layer, "in_w") == fieldOf(layer, "out_w");
  }
  static bool isConvolution(mcu::CallOp layer) { return layer.getKernel() != "tmb_fully_connected_f32"; }
  static int64_t rowsOf(mcu::CallOp layer) { return fieldOf(layer, isConvolution(layer) ? "out_w" : "rows"); }
  static int64_t columnsOf(mcu::CallOp layer) { return fieldOf(layer, isConvolution(layer) ? "out_c" : "cols"); }

  // `count` columns of a layer, from `first` on.
  void makePart(mcu::CallOp layer, mcu::BufferOp out, int64_t first, int64_t count, int64_t columns) {
    NamedAttrList fields(layer.getParams());
    fields.set(isConvolution(layer) ? "out_c" : "cols", builder.getI32IntegerAttr(int32_t(count)));
    llvm::SmallVector<Value> ins = {layer.getIns()[0]};
    int64_t scratchBytes = layer.getScratch() ? mcu::byteSize(layer.getScratch()) : 0;
    IntegerAttr overlap;
    if (layer.getKernel() == "tmb_conv2d_s8") {
      tmb_conv2d_s8_params p = {};
      p.batch = p.in_h = p.out_h = p.kernel_h = p.kernel_w = p.groups = 1;
      p.stride_h = p.stride_w = p.dilation_h = p.dilation_w = p.blocks = 1;
      p.in_w = p.out_w = int32_t(rowsOf(layer));
      p.in_c = int32_t(fieldOf(layer, "in_c"));
      p.out_c = int32_t(count);
      tmb_conv2d_s8_layout layout = tmb_conv2d_s8_layout_of(&p);
      int64_t slack = 4 * tmb_conv2d_s8_slack_words(&layout), pairBytes = 4 * layout.words;
      ins.push_back(cutConstant(builder, layer.getIns()[1], 1, first / 2 * pairBytes, (count + 1) / 2 * pairBytes, slack));
      if (std::optional<int64_t> distance = kernels::convolutionOverlap(p))
        overlap = builder.getI64IntegerAttr(*distance);
    } else {
      for (Value constant : layer.getIns().drop_front()) {
        int64_t bytes = mcu::byteSize(constant) / columns;
        ins.push_back(cutConstant(builder, constant, 1, first * bytes, count * bytes));
      }
    }
    Value scratch;
    if (layer.getScratch())
      scratch = makeScratch(layer, scratchBytes);
    builder.create<mcu::CallOp>(layer.getLoc(), layer.getKernel(), ins, ValueRange{out.getMemory()}, scratch, layer.getRecord(),
                                fields.getDictionary(program.getContext()), layer.getMacs() / columns * count, overlap);
  }

  Value makeScratch(mcu::CallOp call, int64_t bytes) {
    return builder.create<mcu::BufferOp>(call.getLoc(), MemRefType::get({bytes}, builder.getI8Type()),
                                         mcu::getBuffer(call.getScratch()).getName(), mcu::Role::Scratch, 0, mcu::IoAttr(),
                                         IntegerAttr());
  }

  // The layer of the queries gets its own copies of the cheap calls before it, as far as others read their results too.
  bool repeatBefore(mcu::CallOp attention) {
    mcu::CallOp reader = writerOf(mcu::getBuffer(attention.getIns()[0]));
    bool changed = false;
    for (int depth = 0; reader && depth < 4; ++depth) {
      mcu::BufferOp shared = mcu::getBuffer(reader.getIns()[0]);
      mcu::CallOp cheap = shared && shared.getRole() == mcu::Role::Temporary ? writerOf(shared) : mcu::CallOp();
      bool isCheap = cheap && cheap.getMacs() == 0 && describeRows(cheap) &&
                     llvm::count_if(cheap.getIns(), [](Value in) { return bool(mcu::getBuffer(in)); }) == 1;
      // What is kept for later anyway, such as a residual, is not made again.
      bool isKept = shared && llvm::any_of(usersOf(shared), [&](mcu::CallOp user) { return attention->isBeforeInBlock(user); });
      if (!isCheap || isKept || usersOf(shared).size() < 3)
        break;
      builder.setInsertionPoint(reader);
      auto type = cast<MemRefType>(cheap.getOuts()[0].getType());
      auto own = builder.create<mcu::BufferOp>(cheap.getLoc(), type, shared.getName(), mcu::Role::Temporary, shared.getIndex(),
                                               mcu::IoAttr(), IntegerAttr());
      auto copy = cast<mcu::CallOp>(builder.clone(*cheap));
      copy->setOperand(unsigned(cheap.getIns().size()), own.getMemory());
      if (cheap.getScratch())
        copy->setOperand(copy->getNumOperands() - 1, makeScratch(cheap, mcu::byteSize(cheap.getScratch())));
      // As the reader sees it: views have another shape only.
      auto seen = cast<MemRefType>(reader.getIns()[0].getType());
      Value memory = own.getMemory();
      if (seen != type)
        memory = builder.create<mcu::ViewOp>(cheap.getLoc(), seen, memory, uint64_t(0)).getMemory();
      reader->setOperand(0, memory);
      instructions += normInstructions * type.getNumElements();
      changed = true;
      reader = copy;
    }
    return changed;
  }

  void eraseDead(mcu::CallOp layer) {
    llvm::SmallVector<Operation *> roots;
    for (Value operand : layer->getOperands())
      roots.push_back(mcu::getRoot(operand));
    layer.erase();
    for (Operation *root : roots) {
      for (Operation *user : llvm::make_early_inc_range(root->getUsers()))
        if (isa<mcu::ViewOp>(user) && user->use_empty())
          user->erase();
      if (root->use_empty() && (isa<mcu::ConstantOp>(root) || cast<mcu::BufferOp>(root).getRole() != mcu::Role::Input))
        root->erase();
    }
  }

  mcu::ProgramOp program;
  OpBuilder builder;
  int64_t instructions = 0;
};

} // namespace

std::optional<int64_t> thimble::schedule::splitAttention(mcu::ProgramOp program) { return Splitter(program).run(); }
