// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cuts calls into strips of columns, with the halo that their windows need.
#include "passes/schedule/SplitColumns.h"
#include "compiler/support/Constants.h"
#include "passes/schedule/CutConstant.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/SharedMemory.h"
#include "llvm/ADT/MapVector.h"
#include <array>
#include <map>

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

namespace {

// Columns [begin, end) of an image.
struct Columns {
  int64_t begin, end;
  int64_t count() const { return end - begin; }
  bool operator==(const Columns &other) const { return begin == other.begin && end == other.end; }
};

struct Image {
  int64_t rows, columns, channels;
  bool operator==(const Image &other) const {
    return rows == other.rows && columns == other.columns && channels == other.channels;
  }
};

// How the columns of a call's output depend on those of its inputs, which are all alike.
struct ColumnKernel {
  Image out, in;
  llvm::SmallVector<unsigned, 2> inputs; // positions of the images among the call's inputs
  bool isWindow = false;
  int64_t stride = 1, extent = 1, pad = 0;
  llvm::SmallVector<unsigned, 1> constants = {}; // images too: a strip needs its columns of them

  Columns needed(Columns columns) const {
    int64_t begin = columns.begin * stride - pad, end = (columns.end - 1) * stride - pad + extent;
    return {std::max<int64_t>(begin, 0), std::min(end, in.columns)};
  }
};

class Fields {
public:
  explicit Fields(mcu::CallOp call) : params(call.getParams()) {}
  int64_t operator[](llvm::StringRef name) const {
    auto value = dyn_cast_or_null<IntegerAttr>(params.get(name));
    return value ? value.getInt() : 0;
  }
  llvm::ArrayRef<int32_t> array(llvm::StringRef name) const {
    auto value = dyn_cast_or_null<DenseI32ArrayAttr>(params.get(name));
    return value ? value.asArrayRef() : llvm::ArrayRef<int32_t>();
  }

private:
  DictionaryAttr params;
};

} // namespace

// An image is [1, rows, columns, channels].
static std::optional<Image> imageOf(Value memory) {
  auto shape = cast<MemRefType>(memory.getType()).getShape();
  if (shape.size() != 4 || shape[0] != 1 || shape[1] < 2 || shape[2] < 2)
    return std::nullopt;
  return Image{shape[1], shape[2], shape[3]};
}

static std::optional<ColumnKernel> describeColumns(mcu::CallOp call) {
  if (call.getOuts().size() != 1 || call.getKernel() == mcu::streamKernel)
    return std::nullopt;
  Fields f(call);
  llvm::StringRef record = call.getRecord();
  std::optional<Image> out = imageOf(call.getOuts()[0]);
  ColumnKernel kernel;
  for (auto [index, in] : llvm::enumerate(call.getIns()))
    if (mcu::getBuffer(in)) {
      std::optional<Image> image = imageOf(in);
      if (!image || (!kernel.inputs.empty() && !(*image == kernel.in)))
        return std::nullopt;
      kernel.in = *image;
      kernel.inputs.push_back(unsigned(index));
    }
  if (!out || kernel.inputs.empty())
    return std::nullopt;
  kernel.out = *out;
  if (record.starts_with("tmb_conv2d_") || record == "tmb_pool2d_params") {
    bool isPool = record == "tmb_pool2d_params";
    Image in{f["in_h"], f["in_w"], f[isPool ? "channels" : "in_c"]},
        result{f["out_h"], f["out_w"], f[isPool ? "channels" : "out_c"]};
    if (record == "tmb_conv2d_planes_s8_params" || f["batch"] != 1 || kernel.inputs.size() != 1 || kernel.inputs[0] != 0 ||
        !(in == kernel.in) || !(result == kernel.out))
      return std::nullopt;
    kernel.isWindow = true;
    kernel.stride = f["stride_w"];
    kernel.extent = (f["kernel_w"] - 1) * f["dilation_w"] + 1;
    kernel.pad = f["pad_left"];
    return kernel;
  }
  int64_t elements = out->rows * out->columns * out->channels;
  if (!(kernel.in == kernel.out))
    return std::nullopt;
  if (record == "tmb_unary_params" || record == "tmb_requantize_params" || record == "tmb_quantize_params") {
    if (f["count"] != elements)
      return std::nullopt;
    return kernel;
  }
  // Elementwise with two operands, if they are walked from first to last, or one of them is a constant of one value for each channel.
  if (record != "tmb_binary_params" && record != "tmb_add_s8_params" && record != "tmb_mul_s8_params")
    return std::nullopt;
  llvm::ArrayRef<int32_t> dims = f.array("dims");
  int64_t rank = f["rank"], inner = rank == 2 ? out->channels : elements;
  if ((rank != 1 && rank != 2) || int64_t(dims.size()) < rank || dims[rank - 1] != inner ||
      dims[0] != (rank == 2 ? elements / inner : inner))
    return std::nullopt;
  for (auto [index, name] : llvm::enumerate(std::array<llvm::StringRef, 2>{"a_strides", "b_strides"})) {
    llvm::ArrayRef<int32_t> strides = f.array(name);
    if (int64_t(strides.size()) < rank)
      return std::nullopt;
    bool isDense = strides[rank - 1] == 1 && (rank == 1 || strides[0] == inner),
         isImage = llvm::is_contained(kernel.inputs, unsigned(index));
    bool isRepeated = strides[0] == 0 && (rank == 1 || strides[1] <= 1);
    if (isImage ? !isDense : !isDense && !isRepeated)
      return std::nullopt;
    if (!isImage && !isRepeated)
      kernel.constants.push_back(unsigned(index));
  }
  return kernel;
}

namespace {

class Splitter {
public:
  Splitter(mcu::ProgramOp program, size_t first, size_t last) : all(mcu::getCalls(program)), first(first), last(last) {}

  bool analyze() {
    for (size_t index = first; index <= last; ++index) {
      mcu::CallOp call = all[index];
      std::optional<ColumnKernel> kernel = describeColumns(call);
      mcu::BufferOp out = kernel ? mcu::getBuffer(call.getOuts()[0]) : mcu::BufferOp();
      if (!out || !isWhole(call.getOuts()[0]) || made.count(out))
        return false;
      for (unsigned input : kernel->inputs) {
        Value in = call.getIns()[input];
        if (!isWhole(in) || mcu::isFed(mcu::getBuffer(in)) || mcu::getBuffer(in) == out)
          return false;
      }
      kernels.push_back(*kernel);
      made[out] = index;
    }
    result = mcu::getBuffer(all[last].getOuts()[0]);
    // Others see only the result, and only once it is there.
    for (auto [index, call] : llvm::enumerate(all))
      for (auto [o, operand] : llvm::enumerate(call->getOperands())) {
        auto maker = made.find(mcu::getBuffer(operand));
        if (maker == made.end() || maker->second == index)
          continue;
        bool isWritten = o >= call.getIns().size(), isInside = index > maker->second && index <= last;
        if (isWritten || (maker->first == result ? index < last : !isInside || maker->first.getRole() != mcu::Role::Temporary))
          return false;
      }
    return true;
  }

  // The columns of each buffer that a strip of the result needs; empty if some tensor is needed nowhere.
  std::map<Operation *, Columns> needsOf(Columns strip) {
    std::map<Operation *, Columns> needs = {{result, strip}};
    for (size_t index = last + 1; index-- > first;) {
      auto out = needs.find(mcu::getBuffer(all[index].getOuts()[0]));
      if (out == needs.end())
        return {};
      const ColumnKernel &kernel = kernels[index - first];
      Columns in = kernel.needed(out->second);
      if (in.count() < 1)
        return {};
      for (unsigned input : kernel.inputs) {
        auto [known, isNew] = needs.try_emplace(mcu::getBuffer(all[index].getIns()[input]), in);
        if (!isNew)
          known->second = {std::min(known->second.begin, in.begin), std::max(known->second.end, in.end)};
      }
    }
    return needs;
  }

  std::optional<int64_t> split(int64_t strips) {
    int64_t columns = kernels.back().out.columns;
    if (strips < 2 || strips > columns)
      return std::nullopt;
    std::vector<std::map<Operation *, Columns>> needs;
    for (int64_t strip = 0; strip < strips; ++strip) {
      needs.push_back(needsOf({columns * strip / strips, columns * (strip + 1) / strips}));
      if (needs.back().empty())
        return std::nullopt;
    }
    OpBuilder builder(all[last]);
    for (const std::map<Operation *, Columns> &strip : needs)
      writeStrip(builder, strip);
    for (size_t index = first; index <= last; ++index) {
      extra -= int64_t(all[index].getMacs());
      mcu::BufferOp scratch = all[index].getScratch() ? mcu::getBuffer(all[index].getScratch()) : mcu::BufferOp();
      llvm::SmallVector<Operation *> constants;
      for (unsigned constant : kernels[index - first].constants)
        constants.push_back(mcu::getRoot(all[index].getIns()[constant]));
      all[index].erase();
      llvm::for_each(constants, eraseUnused);
      if (scratch && scratch->use_empty())
        scratch.erase();
    }
    for (auto &[buffer, index] : made)
      if (buffer != result)
        eraseUnused(buffer);
    return std::max<int64_t>(extra, 0);
  }

private:
  struct Strip {
    Value memory;
    Columns columns;
  };

  Value makeStrip(OpBuilder &builder, Location loc, llvm::StringRef name, Type element, Image image, int64_t columns) {
    auto type = MemRefType::get({1, image.rows, columns, image.channels}, element);
    return builder.create<mcu::BufferOp>(loc, type, name, mcu::Role::Temporary, 0, mcu::IoAttr(), IntegerAttr());
  }

  // Moves the columns of `image` that begin at `begin`.
  void copyColumns(OpBuilder &builder, Location loc, Value from, int64_t fromColumns, int64_t fromBegin, Value to,
                   int64_t toColumns, int64_t toBegin, Image image, int64_t columns) {
    int64_t channels = image.channels;
    auto number = [&](llvm::StringRef name, int64_t value) {
      return builder.getNamedAttr(name, builder.getI32IntegerAttr(int32_t(value)));
    };
    auto pair = [&](llvm::StringRef name, int64_t a, int64_t b) {
      return builder.getNamedAttr(name, builder.getDenseI32ArrayAttr({int32_t(a), int32_t(b)}));
    };
    int64_t width = elementBytes(cast<MemRefType>(from.getType()).getElementType());
    auto params = builder.getDictionaryAttr({number("rank", 2), pair("dims", image.rows, columns * channels),
                                             number("element_bytes", width), pair("x_strides", fromColumns * channels, 1),
                                             pair("y_strides", toColumns * channels, 1),
                                             number("x_offset", fromBegin * channels), number("y_offset", toBegin * channels)});
    builder.create<mcu::CallOp>(loc, "tmb_copy_nd", ValueRange{from}, ValueRange{to}, Value(), "tmb_copy_params", params, 0,
                                IntegerAttr());
    extra += 20 * image.rows + image.rows * columns * channels * width;
  }

  // The columns of `strip` that a call wants.
  Value crop(OpBuilder &builder, mcu::CallOp call, const Strip &strip, Image image, Columns wanted) {
    if (strip.columns == wanted)
      return strip.memory;
    Type element = cast<MemRefType>(strip.memory.getType()).getElementType();
    Value cropped = makeStrip(builder, call.getLoc(), "columns", element, image, wanted.count());
    copyColumns(builder, call.getLoc(), strip.memory, strip.columns.count(), wanted.begin - strip.columns.begin, cropped,
                wanted.count(), 0, image, wanted.count());
    return cropped;
  }

  void writeStrip(OpBuilder &builder, const std::map<Operation *, Columns> &needs) {
    std::map<Operation *, Strip> strips;
    for (size_t index = first; index <= last; ++index) {
      mcu::CallOp call = all[index];
      const ColumnKernel &kernel = kernels[index - first];
      mcu::BufferOp out = mcu::getBuffer(call.getOuts()[0]);
      Columns outColumns = needs.at(out), inColumns = kernel.needed(outColumns);
      llvm::SmallVector<Value> ins(call.getIns());
      for (unsigned input : kernel.inputs) {
        Operation *buffer = mcu::getBuffer(ins[input]);
        if (auto known = strips.find(buffer); known != strips.end()) {
          ins[input] = crop(builder, call, known->second, kernel.in, inColumns);
          continue;
        }
        // From outside: all columns that are needed of it.
        Columns columns = needs.at(buffer);
        Type element = cast<MemRefType>(ins[input].getType()).getElementType();
        Strip strip{makeStrip(builder, call.getLoc(), "columns", element, kernel.in, columns.count()), columns};
        copyColumns(builder, call.getLoc(), ins[input], kernel.in.columns, columns.begin, strip.memory, columns.count(), 0,
                    kernel.in, columns.count());
        strips[buffer] = strip;
        ins[input] = crop(builder, call, strip, kernel.in, inColumns);
      }
      for (unsigned constant : kernel.constants)
        ins[constant] = cutColumns(builder, ins[constant], kernel.out, outColumns);
      Type element = cast<MemRefType>(call.getOuts()[0].getType()).getElementType();
      Strip strip{makeStrip(builder, call.getLoc(), out.getName(), element, kernel.out, outColumns.count()), outColumns};
      strips[out] = strip;
      Value scratch;
      if (call.getScratch())
        scratch = builder.create<mcu::BufferOp>(call.getLoc(), call.getScratch().getType(),
                                                mcu::getBuffer(call.getScratch()).getName(), mcu::Role::Scratch, 0,
                                                mcu::IoAttr(), IntegerAttr());
      int64_t macs = int64_t(call.getMacs()) / kernel.out.columns * outColumns.count();
      extra += macs;
      builder.create<mcu::CallOp>(call.getLoc(), call.getKernel(), ins, ValueRange{strip.memory}, scratch, call.getRecord(),
                                  cutParams(call, kernel, outColumns, inColumns), macs, IntegerAttr());
    }
    const Strip &strip = strips.at(result);
    Image image = kernels.back().out;
    copyColumns(builder, all[last].getLoc(), strip.memory, strip.columns.count(), 0, all[last].getOuts()[0], image.columns,
                strip.columns.begin, image, strip.columns.count());
  }

  static Value cutColumns(OpBuilder &builder, Value constant, Image image, Columns columns) {
    int64_t pixel = image.channels * elementBytes(cast<MemRefType>(constant.getType()).getElementType());
    return cutConstant(builder, constant, image.rows, columns.begin * pixel, columns.count() * pixel);
  }

  static DictionaryAttr cutParams(mcu::CallOp call, const ColumnKernel &kernel, Columns out, Columns in) {
    Builder builder(call.getContext());
    NamedAttrList fields(call.getParams());
    auto set = [&](llvm::StringRef name, int64_t value) { fields.set(name, builder.getI32IntegerAttr(int32_t(value))); };
    if (kernel.isWindow) {
      set("in_w", in.count());
      set("out_w", out.count());
      set("pad_left", std::max<int64_t>(kernel.pad - out.begin * kernel.stride, 0));
      // Averages may count what lies in the padding, where there is some.
      if (fields.get("pad_right") && (out.end - 1) * kernel.stride - kernel.pad + kernel.extent <= kernel.in.columns)
        set("pad_right", 0);
    } else if (auto dims = dyn_cast_or_null<DenseI32ArrayAttr>(fields.get("dims"))) {
      llvm::SmallVector<int32_t> cut(dims.asArrayRef());
      cut[0] = int32_t(cut[0] / kernel.out.columns * out.count());
      fields.set("dims", builder.getDenseI32ArrayAttr(cut));
    } else {
      set("count", kernel.out.rows * out.count() * kernel.out.channels);
    }
    return fields.getDictionary(call.getContext());
  }

  std::vector<mcu::CallOp> all;
  size_t first, last;
  std::vector<ColumnKernel> kernels;
  llvm::MapVector<mcu::BufferOp, size_t> made; // buffers that the calls write, and by which
  mcu::BufferOp result;
  int64_t extra = 0;
};

} // namespace

std::optional<int64_t> thimble::schedule::splitColumns(mcu::ProgramOp program, size_t first, size_t last, int64_t strips) {
  Splitter splitter(program, first, last);
  if (!splitter.analyze())
    return std::nullopt;
  return splitter.split(strips);
}
