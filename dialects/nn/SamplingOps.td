// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations that read an image at positions which other tensors give, and poolings that say where.
#ifndef THIMBLE_NN_SAMPLING_OPS
#define THIMBLE_NN_SAMPLING_OPS

include "dialects/nn/NNDialect.td"

def NN_SampleKind : NN_Enum<"SampleKind", "how a position between elements is read", [
  I32EnumAttrCase<"Nearest", 0, "nearest">, I32EnumAttrCase<"Linear", 1, "linear">, I32EnumAttrCase<"Cubic", 2, "cubic">
]>;
def NN_SampleKindAttr : NN_EnumAttr<NN_SampleKind, "sample_kind">;

def NN_SampleBorder : NN_Enum<"SampleBorder", "what lies outside of a sampled image", [
  I32EnumAttrCase<"Zeros", 0, "zeros">, I32EnumAttrCase<"Edge", 1, "edge">, I32EnumAttrCase<"Reflection", 2, "reflection">
]>;
def NN_SampleBorderAttr : NN_EnumAttr<NN_SampleBorder, "sample_border">;

def NN_GridSampleOp : NN_ShapedOp<"grid_sample"> {
  let summary = "An image read at the positions of a grid";
  let description = [{
    `x` is `[batch, channels, spatial...]` with one to three spatial dimensions, `grid` is `[batch, out..., spatial rank]`, the
    result is `[batch, channels, out...]`. Positions have the last spatial dimension first; -1 and 1 are the centres of the outer
    elements with `align_corners`, else their outer borders. Nearest rounds halves to even; cubic has the coefficient -3/4.
    Reflection is about the centres of the outer elements with `align_corners`, else about their borders. All f32.
  }];
  let arguments = (ins NN_SampleKindAttr:$kind, NN_SampleBorderAttr:$border, NN_Tensor:$x, NN_Tensor:$grid,
                       UnitAttr:$align_corners);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$kind $border $x `,` $grid attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_RoiAlignOp : NN_ShapedOp<"roi_align"> {
  let summary = "Regions of interest, bilinearly sampled and pooled to one size";
  let description = [{
    `x` is `[batch, channels, height, width]`, `rois` `[regions, 4]` are x1, y1, x2, y2 in units of x divided by `scale`, `batches`
    (i64, `[regions]`) say which image; the result is `[regions, channels, size...]`. Each bin averages
    `samples` by `samples` bilinear samples (0: as many as it has elements, rounded up), or with `maximum` takes the largest weighted
    neighbour of any of them. With `half_pixel` regions
    are shifted by half an element; without it they are at least one element large. As ONNX's RoiAlign.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$rois, NN_Tensor:$batches, DenseI64ArrayAttr:$size, I64Attr:$samples,
                       F32Attr:$scale, UnitAttr:$half_pixel, UnitAttr:$maximum);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $x `,` $rois `,` $batches `size` `=` $size `samples` `=` $samples `scale` `=` $scale attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def NN_MaxRoiPoolOp : NN_ShapedOp<"max_roi_pool"> {
  let summary = "Maxima of the bins of regions of interest";
  let description = [{
    `x` is `[batch, channels, height, width]`, `rois` `[regions, 5]` are batch, x1, y1, x2, y2, rounded after multiplication with
    `scale`; the result is `[regions, channels, size...]`, 0 where a bin is empty. As ONNX's MaxRoiPool.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$rois, DenseI64ArrayAttr:$size, F32Attr:$scale);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `,` $rois `size` `=` $size `scale` `=` $scale attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_MaxPoolIndicesOp : NN_Op<"max_pool_indices"> {
  let summary = "Maximum pooling that also says where each maximum is";
  let description = [{
    `x` is `[batch, channels, spatial...]` with one to three spatial dimensions. `pads` are those in front; windows may reach behind
    the image. `indices` (i64) are positions in the whole of x, counted row-major, or with `column_major` with the first
    spatial dimension fastest; of equal elements the first counts.
  }];
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
                       DenseI64ArrayAttr:$dilations, UnitAttr:$column_major);
  let results = (outs NN_Tensor:$y, NN_Tensor:$indices);
  let assemblyFormat = [{
    $x `kernel` `=` $kernel `strides` `=` $strides `pads` `=` $pads `dilations` `=` $dilations attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def NN_DeformConv2DOp : NN_Op<"deform_conv2d", [AttrSizedOperandSegments]> {
  let summary = "2-D convolution whose taps are moved by offsets";
  let description = [{
    `x` is `[batch, channels, height, width]`, `weights` `[out, channels / groups, kernel_h, kernel_w]`, `offset`
    `[batch, offset_groups * kernel_h * kernel_w * 2, out_h, out_w]` (y, then x), `mask` (factors of the taps)
    `[batch, offset_groups * kernel_h * kernel_w, out_h, out_w]`. Taps are sampled bilinearly; outside of x are zeros. `pads` are
    top and left. As ONNX's DeformConv.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$weights, NN_Tensor:$offset, Optional<NN_Tensor>:$bias, Optional<NN_Tensor>:$mask,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations, I64Attr:$groups,
                       I64Attr:$offset_groups);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $x `,` $weights `,` $offset (`bias` `=` $bias^)? (`mask` `=` $mask^)? `strides` `=` $strides `pads` `=` $pads
    `dilations` `=` $dilations `groups` `=` $groups `offset_groups` `=` $offset_groups attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif
