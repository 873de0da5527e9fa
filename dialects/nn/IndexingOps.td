// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations that read, write, find or order elements by index. Index operands are i64; negative ones count from the end.
#ifndef THIMBLE_NN_INDEXING_OPS
#define THIMBLE_NN_INDEXING_OPS

include "dialects/nn/NNDialect.td"

def NN_GatherElementsOp : NN_ShapedOp<"gather_elements"> {
  let summary = "Elements of x whose coordinate along an axis is given (ONNX GatherElements)";
  let description = [{
    y[i] = x[i with coordinate `axis` replaced by indices[i]]. `indices` has the rank of x and is not larger than x in the other
    dimensions. An index out of range is clamped at run time.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$indices, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `,` $indices `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_GatherNDOp : NN_ShapedOp<"gather_nd"> {
  let summary = "Slices of x named by tuples of indices (ONNX GatherND)";
  let description = [{
    The last dimension of `indices` holds tuples, which index the dimensions of x after the first `batch_dims`; these are the
    same in x and `indices`. An index out of range is clamped at run time.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$indices, I64Attr:$batch_dims);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `,` $indices `batch_dims` `=` $batch_dims attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_ScatterKind : NN_Enum<"ScatterKind", "how an update joins what is there", [
  I32EnumAttrCase<"Replace", 0, "replace">, I32EnumAttrCase<"Add", 1, "add">, I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Min", 3, "min">, I32EnumAttrCase<"Max", 4, "max">
]>;
def NN_ScatterKindAttr : NN_EnumAttr<NN_ScatterKind, "scatter_kind">;

def NN_ScatterElementsOp : NN_ShapedOp<"scatter_elements"> {
  let summary = "x with updates at elements whose coordinate along an axis is given (ONNX ScatterElements)";
  let description = [{
    `indices` and `updates` have the same shape; see `gather_elements`. Updates are taken in row-major order; those with an index
    out of range are left out. All kinds but `replace` need f32, i32 or i64 elements.
  }];
  let arguments = (ins NN_ScatterKindAttr:$kind, NN_Tensor:$x, NN_Tensor:$indices, NN_Tensor:$updates, I64Attr:$axis);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$kind $x `,` $indices `,` $updates `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_ScatterNDOp : NN_ShapedOp<"scatter_nd"> {
  let summary = "x with updates of slices named by tuples of indices (ONNX ScatterND)";
  let description = [{
    The last dimension of `indices` holds tuples of leading indices of x; `updates` has the other dimensions of `indices`, then
    those of the slices. Order, range and kinds as for `scatter_elements`.
  }];
  let arguments = (ins NN_ScatterKindAttr:$kind, NN_Tensor:$x, NN_Tensor:$indices, NN_Tensor:$updates);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$kind $x `,` $indices `,` $updates attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_TopKOp : NN_Op<"top_k"> {
  let summary = "The k largest (or smallest) elements along an axis, in order, and their positions (ONNX TopK)";
  let description = [{
    Both results have the shape of x with size k along `axis`; `indices` are i64. Of equal elements the one with the lower
    position comes first; NaN counts as the largest (or smallest). Elements are f32, i32 or i64.
  }];
  let arguments = (ins NN_Tensor:$x, I64Attr:$axis, UnitAttr:$smallest);
  let results = (outs NN_Tensor:$values, NN_Tensor:$indices);
  let assemblyFormat = "$x `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_NonZeroOp : NN_Op<"non_zero"> {
  let summary = "Coordinates of the elements that are true (ONNX NonZero)";
  let description = [{
    x is i1 of rank r with n elements; `indices` is i64 [r, n], of which the first `size` columns are the coordinates in row-major
    order and the others 0. `size` is i64 [1].
  }];
  let arguments = (ins NN_Tensor:$x);
  let results = (outs NN_Tensor:$indices, NN_Tensor:$size);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_UniqueOp : NN_Op<"unique"> {
  let summary = "Which slices along an axis are distinct (ONNX Unique)";
  let description = [{
    With n slices along `axis`, the results are i64: `first` [n], position of the first slice of each kind; `inverse` [n], the kind
    of each slice; `counts` [n], slices of each kind; `size` [1], the number of kinds. Kinds are in order of appearance, or with
    `sorted` in lexicographic order of the slices. What lies past `size` in `first` and `counts` is 0. A NaN equals nothing.
    Elements are f32, i32 or i64.
  }];
  let arguments = (ins NN_Tensor:$x, I64Attr:$axis, UnitAttr:$sorted);
  let results = (outs NN_Tensor:$first, NN_Tensor:$inverse, NN_Tensor:$counts, NN_Tensor:$size);
  let assemblyFormat = "$x `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_NonMaxSuppressionOp : NN_Op<"non_max_suppression"> {
  let summary = "Boxes that no better box overlaps (ONNX NonMaxSuppression)";
  let description = [{
    `boxes` is f32 [batches, n, 4] (two opposite corners as y, x, y, x, or with `center_point` x, y, width, height), `scores` f32
    [batches, classes, n], `limit` i64 [1] the most boxes of one class, `iou` and `threshold` f32 [1]. For each batch and class,
    boxes whose score is above `threshold` are taken in order of the score (equal ones in order of position) unless their
    intersection over union with one that is taken already is above `iou`. `selected` is i64 [capacity, 3]: batch, class and box
    of the first `size` (i64 [1]), then zeros.
  }];
  let arguments = (ins NN_Tensor:$boxes, NN_Tensor:$scores, NN_Tensor:$limit, NN_Tensor:$iou, NN_Tensor:$threshold,
                       UnitAttr:$center_point);
  let results = (outs NN_Tensor:$selected, NN_Tensor:$size);
  let assemblyFormat = "$boxes `,` $scores `,` $limit `,` $iou `,` $threshold attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_ReverseSequenceOp : NN_ShapedOp<"reverse_sequence"> {
  let summary = "The first elements of each sequence in reverse (ONNX ReverseSequence)";
  let description = [{
    One of the first two dimensions of x is the batch, the other (`time_axis`) the time. `lengths` is i64 [batch], clamped to the
    time; later elements keep their place.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$lengths, I64Attr:$time_axis);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `,` $lengths `time_axis` `=` $time_axis attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif
