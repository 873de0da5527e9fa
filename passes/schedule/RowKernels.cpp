// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads and rewrites the parameter records of calls that can be cut into rows.
#include "passes/schedule/RowKernels.h"
#include "compiler/support/Constants.h"
#include "codegen/kernels/KernelTable.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

namespace {

// Fields of a call's record.
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

// Rows of a tensor of which all dimensions are walked alike: the first dimension of more than one, unless it is the last one.
int64_t rowsOf(Value memory) {
  auto shape = cast<MemRefType>(memory.getType()).getShape();
  for (int64_t size : shape.drop_back(shape.empty() ? 0 : 1))
    if (size != 1)
      return size;
  return 0;
}

int64_t widthOf(Value memory) { return elementBytes(cast<MemRefType>(memory.getType()).getElementType()); }

bool isActivation(Value memory) { return bool(mcu::getBuffer(memory)); }

// One row of pixels, which are rows themselves: the frames of a signal, or the tokens of a sequence in a fully connected layer.
bool isLine(mcu::CallOp call) {
  Fields f(call);
  return f["in_h"] == 1 && f["out_h"] == 1 && f["kernel_h"] == 1 && f["pad_top"] == 0;
}

// A convolution or pooling over a window of rows.
std::optional<RowKernel> describeWindow(mcu::CallOp call, llvm::StringRef inChannels, llvm::StringRef outChannels) {
  Fields f(call);
  if (f["batch"] != 1)
    return std::nullopt;
  Value x = call.getIns()[0], y = call.getOuts()[0];
  RowKernel kernel;
  if (call.getKernel() == "tmb_conv2d_planes_s8") {
    kernel.outRows = f["out_h"];
    kernel.outPitch = f["out_w"] * f[outChannels];
    kernel.rowPixels = f["out_w"];
    kernel.inputs.push_back(
        {0, f["in_h"], f["in_w"], true, f["stride_h"], (f["kernel_h"] - 1) * f["dilation_h"] + 1, f["pad_top"]});
    kernel.callInstructions = 250;
    return kernel;
  }
  if (isLine(call)) {
    RowInput input{0,
                   f["in_w"],
                   f[inChannels] * widthOf(x),
                   false,
                   f["stride_w"],
                   (f["kernel_w"] - 1) * f["dilation_w"] + 1,
                   f["pad_left"]};
    RowKernel kernel{f["out_w"], f[outChannels] * widthOf(y), 1, {input}, 250};
    // Four positions share the weights that are loaded.
    kernel.block = call.getRecord().starts_with("tmb_conv2d_") ? 4 : 1;
    kernel.looseInstructions = f[inChannels] * f["kernel_w"] * f[outChannels] * 3 / 4;
    return kernel;
  }
  kernel.outRows = f["out_h"];
  kernel.outPitch = f["out_w"] * f[outChannels] * widthOf(y);
  kernel.rowPixels = f["out_w"];
  kernel.inputs.push_back({0, f["in_h"], f["in_w"] * f[inChannels] * widthOf(x), false, f["stride_h"],
                           (f["kernel_h"] - 1) * f["dilation_h"] + 1, f["pad_top"]});
  // What kernels do once a call: depthwise ones pair the weights for the left, middle and right part of a row.
  kernel.callInstructions = call.getKernel().contains("depthwise") ? 100 + 60 * f["out_c"] : 250;
  // This one gathers the rows that its windows share, and computes two rows even where one is wanted.
  if (call.getKernel() == "tmb_depthwise3x3_s8") {
    kernel.callInstructions = 150 + 4 * f["in_w"] * f["in_c"];
    kernel.block = f["stride_h"] == 1 ? 2 : 1;
    kernel.looseInstructions = 12 * f["out_w"] * f["out_c"];
  }
  return kernel;
}

// Elements in order: any share of them can be computed.
std::optional<RowKernel> describeElements(mcu::CallOp call, llvm::StringRef field) {
  Fields f(call);
  Value x = call.getIns()[0], y = call.getOuts()[0];
  int64_t rows = rowsOf(y);
  if (rows == 0 || f[field] % rows != 0 || f[field] == 0 || rowsOf(x) != rows)
    return std::nullopt;
  int64_t perRow = mcu::byteSize(y) / rows;
  RowKernel kernel{rows, perRow, perRow / widthOf(y), {{0, rows, mcu::byteSize(x) / rows, false}}, 30};
  return kernel;
}

// A copy of some columns of each row of x: what it reads of a row lies within the row.
bool isWithinRows(mcu::CallOp call) {
  Fields f(call);
  llvm::ArrayRef<int32_t> dims = f.array("dims"), x = f.array("x_strides");
  return f["rank"] == 2 && dims.size() >= 2 && x.size() >= 2 && x[1] == 1 && f["x_offset"] >= 0 &&
         f["x_offset"] + dims[1] <= x[0] &&
         int64_t(dims[0]) * x[0] * widthOf(call.getIns()[0]) == mcu::byteSize(call.getIns()[0]);
}

// A copy of whole rows of x to some columns of the rows of y.
bool isColumnCopy(mcu::CallOp call) {
  Fields f(call);
  llvm::ArrayRef<int32_t> dims = f.array("dims"), y = f.array("y_strides");
  Value out = call.getOuts()[0];
  return f["rank"] == 2 && dims.size() >= 2 && y.size() >= 2 && f["x_offset"] == 0 && y[1] == 1 && y[0] > dims[1] &&
         f["y_offset"] >= 0 && f["y_offset"] + dims[1] <= y[0] &&
         int64_t(dims[0]) * y[0] * widthOf(out) == mcu::byteSize(out) && rowsOf(out) == dims[0];
}

// A copy of one run of bytes to some whole rows of a larger buffer, as of an operand of a concatenation.
std::optional<RowKernel> describePiece(mcu::CallOp call) {
  Fields f(call);
  if (call.getKernel() != "tmb_copy_nd" || call.getOuts().size() != 1 || call.getIns().size() != 1 || f["rank"] != 1 ||
      f["x_offset"] != 0)
    return std::nullopt;
  Value x = call.getIns()[0], y = call.getOuts()[0];
  mcu::BufferOp buffer = mcu::getBuffer(y);
  llvm::ArrayRef<int32_t> dims = f.array("dims"), from = f.array("x_strides"), to = f.array("y_strides");
  if (!buffer || dims.empty() || from.empty() || to.empty() || from[0] != 1 || to[0] != 1)
    return std::nullopt;
  int64_t bytes = dims[0] * widthOf(y), whole = mcu::byteSize(buffer.getMemory()), rows = rowsOf(buffer.getMemory());
  int64_t begin = mcu::byteOffset(y) + f["y_offset"] * widthOf(y);
  if (rows < 2 || bytes == 0 || bytes >= whole || whole % rows != 0 || mcu::byteSize(x) != bytes)
    return std::nullopt;
  int64_t pitch = whole / rows;
  if (bytes % pitch != 0 || begin % pitch != 0)
    return std::nullopt;
  RowKernel kernel{bytes / pitch, pitch, pitch / widthOf(y), {}, 40};
  if (isActivation(x))
    kernel.inputs.push_back({0, kernel.outRows, pitch, false});
  else
    kernel.constants.push_back({0, pitch});
  kernel.pieceOf = rows;
  kernel.firstRow = begin / pitch;
  return kernel;
}

// Walks over N dimensions, of which the outermost is a multiple of the rows.
std::optional<RowKernel> describeWalk(mcu::CallOp call, llvm::ArrayRef<llvm::StringRef> strides, bool isCopy) {
  Fields f(call);
  Value y = call.getOuts()[0];
  llvm::ArrayRef<int32_t> dims = f.array("dims");
  int64_t rank = f["rank"], rows = rowsOf(y);
  if (rank < 1 || int64_t(dims.size()) < rank || rows == 0 || dims[0] == 0 || dims[0] % rows != 0)
    return std::nullopt;
  int64_t count = 1;
  for (int32_t dim : dims.take_front(rank))
    count *= dim;
  bool isPartial = isCopy && isColumnCopy(call);
  // The output must be dense and written as a whole: concatenations are not.
  if (!isPartial && count * widthOf(y) != mcu::byteSize(y))
    return std::nullopt;
  if (isCopy && !isPartial) {
    if (f["x_offset"] != 0 && !isWithinRows(call))
      return std::nullopt;
    if (f["y_offset"] != 0)
      return std::nullopt;
    int64_t dense = 1;
    for (int64_t d = rank - 1; d >= 0; --d) {
      if (f.array("y_strides")[d] != dense && dims[d] != 1)
        return std::nullopt;
      dense *= dims[d];
    }
  }
  RowKernel kernel{rows, mcu::byteSize(y) / rows, count / rows, {}, 40};
  kernel.isPartial = isPartial;
  for (auto [index, name] : llvm::enumerate(strides)) {
    Value x = call.getIns()[index];
    llvm::ArrayRef<int32_t> steps = f.array(name);
    int64_t step = steps.empty() ? 0 : steps[0];
    int64_t pitch = dims[0] / rows * step * widthOf(x);
    if (!isActivation(x)) {
      if (pitch < 0)
        return std::nullopt;
      // Rows of its own, as a positional embedding has, go with those of the result; others are the same for all.
      if (pitch > 0)
        kernel.constants.push_back({unsigned(index), pitch});
      continue;
    }
    // A tensor that is repeated for all rows is no tensor of rows.
    if (pitch <= 0)
      return std::nullopt;
    bool isDense = pitch * rows == mcu::byteSize(x);
    if (isDense && rowsOf(x) != rows)
      return std::nullopt;
    kernel.inputs.push_back({unsigned(index), rows, pitch, !isDense});
  }
  if (kernel.inputs.empty())
    return std::nullopt;
  return kernel;
}

// Rows that a kernel counts itself, such as the tokens of a fully connected layer.
std::optional<RowKernel> describeCounted(mcu::CallOp call, llvm::StringRef field, int64_t callInstructions) {
  int64_t rows = Fields(call)[field];
  Value x = call.getIns()[0], y = call.getOuts()[0];
  if (rows < 2 || mcu::byteSize(x) % rows != 0 || mcu::byteSize(y) % rows != 0 || rowsOf(x) != rows || rowsOf(y) != rows)
    return std::nullopt;
  return RowKernel{rows, mcu::byteSize(y) / rows, 1, {{0, rows, mcu::byteSize(x) / rows, false}}, callInstructions};
}

// Rows of queries, for each of which all keys and values are needed.
std::optional<RowKernel> describeAttention(mcu::CallOp call) {
  Fields f(call);
  Value q = call.getIns()[0], y = call.getOuts()[0];
  int64_t queries = f["queries"], keys = f["keys"], heads = f["heads"], pitch = f["q_row_stride"] * widthOf(q);
  if (queries < 2)
    return std::nullopt;
  bool isDense = pitch * queries == mcu::byteSize(q) &&
                 f["q_offset"] + (heads - 1) * f["q_head_stride"] + f["depth"] <= f["q_row_stride"];
  RowKernel kernel{queries, mcu::byteSize(y) / queries, 1, {{0, queries, pitch, !isDense}}, 300 + 250 * heads};
  for (unsigned index : {1, 2}) {
    int64_t bytes = mcu::byteSize(call.getIns()[index]), rows = bytes % keys == 0 ? keys : 1;
    kernel.inputs.push_back({index, rows, bytes / rows, false, 0, rows, 0});
  }
  kernel.block = 4;
  kernel.looseInstructions = heads * keys * (f["depth"] + f["value_depth"]) * 3 / 4;
  // The mask is the input before the table of exponentials of the int8 kernel, and the last one of the other.
  unsigned mask = call.getIns().size() == 6 ? 4 : 3;
  if (f["has_mask"] != 0 && f["mask_row_stride"] != 0)
    kernel.constants.push_back({mask, f["mask_row_stride"] * widthOf(call.getIns()[mask])});
  return kernel;
}

std::optional<RowKernel> describeRecord(mcu::CallOp call) {
  llvm::StringRef record = call.getRecord();
  if (record.starts_with("tmb_conv2d_"))
    return describeWindow(call, "in_c", "out_c");
  if (record == "tmb_pool2d_params")
    return describeWindow(call, "channels", "channels");
  if (record == "tmb_unary_params" || record == "tmb_requantize_params" || record == "tmb_quantize_params" ||
      record == "tmb_count_params")
    return describeElements(call, "count");
  if (record == "tmb_binary_params" || record == "tmb_add_s8_params" || record == "tmb_mul_s8_params")
    return describeWalk(call, {"a_strides", "b_strides"}, /*isCopy=*/false);
  if (record == "tmb_copy_params")
    return describeWalk(call, {"x_strides"}, /*isCopy=*/true);
  if (record.starts_with("tmb_fully_connected_"))
    return describeCounted(call, "rows", 250);
  if (record.starts_with("tmb_attention_"))
    return describeAttention(call);
  if (record == "tmb_layer_norm_params" || record == "tmb_norm_s8_params")
    return describeCounted(call, "outer", 60);
  return std::nullopt;
}

} // namespace

std::optional<RowKernel> thimble::schedule::describeRows(mcu::CallOp call) {
  if (call.getOuts().size() != 1 || call.getIns().empty() || !kernels::lookup(call.getKernel()))
    return std::nullopt;
  if (std::optional<RowKernel> piece = describePiece(call))
    return piece;
  if (llvm::none_of(call.getIns(), isActivation))
    return std::nullopt;
  std::optional<RowKernel> kernel = describeRecord(call);
  if (!kernel)
    return std::nullopt;
  // The rows must be all there is, and every activation must be cut into rows.
  if (kernel->outRows < 2 || kernel->outPitch <= 0 || kernel->outRows * kernel->outPitch != mcu::byteSize(call.getOuts()[0]))
    return std::nullopt;
  size_t activations = llvm::count_if(call.getIns(), isActivation);
  if (activations != kernel->inputs.size())
    return std::nullopt;
  for (const RowInput &input : kernel->inputs)
    if (input.rows < 1 || input.pitch <= 0 || input.stride < 0 ||
        (!input.isPlanar && input.rows * input.pitch != mcu::byteSize(call.getIns()[input.index])))
      return std::nullopt;
  return kernel;
}

DictionaryAttr thimble::schedule::cutToRows(mcu::CallOp call, const RowKernel &kernel, int64_t first, int64_t rows,
                                            int64_t inRows) {
  Builder builder(call.getContext());
  NamedAttrList fields(call.getParams());
  auto set = [&](llvm::StringRef name, int64_t value) { fields.set(name, builder.getI32IntegerAttr(int32_t(value))); };
  auto scale = [&](llvm::StringRef name) { set(name, Fields(call)[name] / kernel.outRows * rows); };
  llvm::StringRef record = call.getRecord();
  if (record.starts_with("tmb_conv2d_") || record == "tmb_pool2d_params") {
    const RowInput &input = kernel.inputs[0];
    if (isLine(call) && !input.isPlanar) {
      set("in_w", inRows);
      set("out_w", rows);
      set("pad_left", std::max<int64_t>(input.pad - first * input.stride, 0));
      return fields.getDictionary(call.getContext());
    }
    set("in_h", inRows);
    set("out_h", rows);
    set("pad_top", std::max<int64_t>(input.pad - first * input.stride, 0));
  } else if (record.starts_with("tmb_fully_connected_")) {
    set("rows", rows);
  } else if (record.starts_with("tmb_attention_")) {
    set("queries", rows);
  } else if (call.getParams().get("outer")) {
    set("outer", rows);
  } else if (auto dims = dyn_cast_or_null<DenseI32ArrayAttr>(call.getParams().get("dims"))) {
    llvm::SmallVector<int32_t> cut(dims.asArrayRef());
    cut[0] = int32_t(cut[0] / kernel.outRows * rows);
    fields.set("dims", builder.getDenseI32ArrayAttr(cut));
    if (kernel.pieceOf > 0)
      set("y_offset", 0);
  } else {
    scale("count");
  }
  return fields.getDictionary(call.getContext());
}
