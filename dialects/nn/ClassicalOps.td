// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Classical machine learning: decision trees, distances to support vectors, probabilities of pairs of classes.
#ifndef THIMBLE_NN_CLASSICAL_OPS
#define THIMBLE_NN_CLASSICAL_OPS

include "dialects/nn/NNDialect.td"

def NN_TreeAggregate : NN_Enum<"TreeAggregate", "how the leaves of several trees are combined", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Min", 1, "min">, I32EnumAttrCase<"Max", 2, "max">
]>;
def NN_TreeAggregateAttr : NN_EnumAttr<NN_TreeAggregate, "tree_aggregate">;

def NN_TreeEnsembleOp : NN_ShapedOp<"tree_ensemble"> {
  let summary = "Decision trees: each finds a leaf, and the leaves' rows of numbers are combined";
  let description = [{
    `x` is f32 [rows, features], the result f32 [rows, `targets`]. The trees are tables of ui16 or ui32 words w:

    - `nodes` [n, 4]: feature, index of the threshold, left child, right child. The highest bit of the feature says that NaN goes
      left; otherwise it goes right.
    - `trees` [t, 2]: the root, and the first target that the tree contributes to.
    - A child or root with its highest bit set is a leaf: the other bits are a row of `leaves` [m, width], f32. Any other is a
      node; a child comes before the nodes that lead to it, and several may lead to it.
    - `thresholds` i32 [k]: a number goes left if its key is at most the threshold. The key of a number with the bits b (as i32)
      is b < 0 ? b ^ 0x7fffffff : b; so -0 has -1, +0 has 0, and keys are ordered as the numbers are. Comparisons are exact and need no
      floating point.

    Target j of the result is the sum, minimum or maximum of what the trees give for it in their order, starting from 0,
    the largest and the smallest f32. The tables must be constants.
  }];
  let arguments = (ins NN_TreeAggregateAttr:$aggregate, NN_Tensor:$x, NN_Tensor:$nodes, NN_Tensor:$thresholds, NN_Tensor:$trees,
                       NN_Tensor:$leaves, I64Attr:$targets);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $aggregate $x `,` $nodes `,` $thresholds `,` $trees `,` $leaves `targets` `=` $targets attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def NN_SquaredDistanceOp : NN_ShapedOp<"squared_distance"> {
  let summary = "Squared Euclidean distances between the rows of two matrices";
  let description = "y[i][j] = sum over d of (x[i][d] - v[j][d])^2, for f32 `x` [rows, depth] and `v` [cols, depth].";
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$v);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `,` $v attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_PairCouplingOp : NN_ShapedOp<"pair_coupling"> {
  let summary = "Probabilities of classes from those of pairs";
  let description = [{
    `pairs` is f32 [rows, classes * (classes - 1) / 2] and holds the probability of class i against class j, 0 < p < 1, in the order
    (0,1), (0,2), ..., (1,2), ...; the result is f32 [rows, `classes`]. The second method of Wu, Lin, Weng: "Probability estimates
    for multi-class classification by pairwise coupling" (2004), with the starting point and the stopping rule of LIBSVM.
  }];
  let arguments = (ins NN_Tensor:$pairs, I64Attr:$classes);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$pairs `classes` `=` $classes attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif
