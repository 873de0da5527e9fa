// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The chains of operators with which exporters spell shapes: they fold away, whatever the batch is.
#include "OnnxText.h"
#include <catch2/catch.hpp>

using namespace thimble::test;
using Numbers = std::vector<float>;

TEST_CASE("shapes that an exporter computes are known", "[legalize]") {
  for (int opset : {18, 19, 20}) {
    // x.view(batch, 2, -1).transpose(1, 2) + cls.expand(batch, -1, -1), as torch.onnx writes it.
    Numbers y = run(opset, "(float[N, 2, 2] x) => (float[N, 2, 2] y)",
                    R"(
                    batch = Shape<start = 0, end = 1>(x)
                    two = Constant<value_ints = [2]>()
                    open = Constant<value_ints = [-1]>()
                    target = Concat<axis = 0>(batch, two, open)
                    viewed = Reshape<allowzero = 1>(x, target)
                    turned = Transpose<perm = [0, 2, 1]>(viewed)
                    shape = Shape(x)
                    zero = Constant<value_int = 0>()
                    size = Gather<axis = 0>(shape, zero)
                    first = Constant<value_ints = [0]>()
                    count = Unsqueeze(size, first)
                    wanted = Concat<axis = 0>(count, open, open)
                    rank = Shape(wanted)
                    ones = ConstantOfShape<value = int64[1] {1}>(rank)
                    isOpen = Equal(wanted, open)
                    sizes = Where(isOpen, ones, wanted)
                    cls = Constant<value_floats = [10.0, 20.0]>()
                    outer = Constant<value_ints = [0, 1]>()
                    row = Unsqueeze(cls, outer)
                    expanded = Expand(row, sizes)
                    y = Add(turned, expanded)
                    )",
                    {{1, 2, 3, 4}});
    CHECK(y == Numbers{11, 23, 12, 24});
  }
}

TEST_CASE("a condition that the shapes decide takes one branch", "[legalize]") {
  // torch.squeeze(x, 1): only if the size is 1. The other branch would give another shape.
  Numbers y = run(18, "(float[2, 1] x) => (float[2] y)",
                  R"(
                  size = Shape<start = 1, end = 2>(x)
                  one = Constant<value_ints = [1]>()
                  isOne = Equal(size, one)
                  y = If (isOne) <then_branch = yes () => (float[2] a) { a = Squeeze(x, one) },
                                  else_branch = no () => (float[2, 1] b) { b = Identity(x) }>
                  )",
                  {{5, 6}});
  CHECK(y == Numbers{5, 6});
}
