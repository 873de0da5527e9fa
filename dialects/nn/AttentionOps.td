// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scaled dot-product attention as one operation.
#ifndef THIMBLE_NN_ATTENTION_OPS
#define THIMBLE_NN_ATTENTION_OPS

include "dialects/nn/NNDialect.td"

def NN_AttentionOp : NN_ShapedOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "softmax(q k^T * scale + mask) v for several heads, without a matrix of scores";
  let description = [{
    The result is [queries, heads, value_depth]. Queries, keys and values are read out of tensors of any shape, which may be the
    same: element i of row r of head h is element place[0] + h * place[1] + r * place[2] + i of the tensor in row-major order,
    where `place` is `q_place`, `k_place` or `v_place`. Head h of the queries has head h / shared of keys and values.
    The score of row r of head h with key n gets element h * mask_place[0] + r * mask_place[1] + n of `mask` added.

    f32: scores are multiplied by `scale` first. Quantized: `scale` is 1, q, k, v and result are per-tensor int8, and `score_types`
    are the int8 types through which scores go: rounded from the products; then, if there is a `table` (256 x i8, as of nn.lookup),
    through it; then, if there is a constant `mask`, with that added. The weights have scale 1/256 and zero point -128, as those of
    nn.softmax: every step rounds as the operation on the whole matrix does.
  }];
  let arguments = (ins NN_Tensor:$q, NN_Tensor:$k, NN_Tensor:$v, Optional<NN_Tensor>:$table, Optional<NN_Tensor>:$mask,
                       I64Attr:$heads, I64Attr:$shared, I64Attr:$queries, I64Attr:$keys, I64Attr:$depth, I64Attr:$value_depth,
                       DenseI64ArrayAttr:$q_place, DenseI64ArrayAttr:$k_place, DenseI64ArrayAttr:$v_place,
                       OptionalAttr<DenseI64ArrayAttr>:$mask_place, DefaultValuedAttr<F32Attr, "1.0f">:$scale,
                       OptionalAttr<TypeArrayAttr>:$score_types);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = [{
    $q `at` $q_place `,` $k `at` $k_place `,` $v `at` $v_place (`table` `=` $table^)? (`mask` `=` $mask^ `at` $mask_place)?
    `heads` `=` $heads `shared` `=` $shared `queries` `=` $queries `keys` `=` $keys `depth` `=` $depth
    `value_depth` `=` $value_depth attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = shapedDeclaration # [{
    /// Multiply-accumulates of one execution.
    int64_t getMacs() { return int64_t(getHeads() * getQueries() * getKeys() * (getDepth() + getValueDepth())); }
  }];
}

#endif
