// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Control flow, sequences and optionals: what they compute once they are unrolled and selected.
#include "OnnxText.h"
#include <catch2/catch.hpp>

using namespace thimble::test;
using Numbers = std::vector<float>;

TEST_CASE("If computes both branches where the condition is known at run time", "[legalize]") {
  const char *body = "k = Cast<to = 9>(c) y = If (k) <then_branch = t () => (float[2] a) { a = Add(x, x) }, "
                     "else_branch = e () => (float[2] b) { b = Neg(x) }>";
  CHECK(run(13, "(float[1] c, float[2] x) => (float[2] y)", body, {{1}, {3, 4}}) == Numbers{6, 8});
  CHECK(run(13, "(float[1] c, float[2] x) => (float[2] y)", body, {{0}, {3, 4}}) == Numbers{-3, -4});
  CHECK(errorOf(13, "(float c, float[2] x) => (float[M] y)",
                "k = Cast<to = 9>(c) y = If (k) <then_branch = t () => (float[2] a) { a = Neg(x) }, "
                "else_branch = e () => (float[1] b) { b = Constant<value_floats = [1.0]>() }>") ==
        "node 'If_1': If: the branches give tensor<2xf32> and tensor<1xf32>, so that Thimble must know at compile time which "
        "one to "
        "take; make the input that decides a constant with --bind");
}

TEST_CASE("Loop with a known trip count is unrolled", "[legalize]") {
  // Captures x, stacks what it carries.
  const char *body =
      "m = Constant<value_int = 3>() z, s = Loop (m, , x) <body = b (int64 i, bool c, float[2] v) => (bool d, float[2] w, "
      "float[2] r) { d = Identity(c) w = Add(v, x) r = Identity(w) }>";
  CHECK(run(13, "(float[2] x) => (float[2] z, float[3, 2] s)", body, {{1, 10}}) == Numbers{4, 40, 2, 20, 3, 30, 4, 40});
}

TEST_CASE("Loop with a trip count at run time runs as often, up to the declared length", "[legalize]") {
  const char *signature = "(float n, float[1] x) => (float[1] z, float[4, 1] s)";
  const char *body =
      "m = Cast<to = 7>(n) z, s = Loop (m, , x) <body = b (int64 i, bool c, float[1] v) => (bool d, float[1] w, float[1] r) "
      "{ d = Identity(c) w = Add(v, v) r = Identity(w) }>";
  CHECK(run(13, signature, body, {{4}, {1}}) == Numbers{16, 2, 4, 8, 16});
  CHECK(run(13, signature, body, {{2}, {1}}) == Numbers{4, 2, 4, 0, 0}); // less than declared: the rest is zeros
  CHECK(run(13, signature, body, {{9}, {1}}) == Numbers{16, 2, 4, 8, 16});
  CHECK(run(13, signature, body, {{-1}, {1}}) == Numbers{1, 0, 0, 0, 0});
}

TEST_CASE("Loop stops where its condition says so, at compile time or at run time", "[legalize]") {
  // while v < limit, at most 5 times: v = 2 v
  const char *body =
      "m = Constant<value_int = 5>() z = Loop (m, , x) <body = b (int64 i, bool c, float v) => (bool d, float w) "
      "{ w = Add(v, v) d = Less(w, limit) }>";
  const char *signature = "(float x, float limit) => (float z)";
  CHECK(run(13, signature, body, {{1}, {7}}) == Numbers{8});
  CHECK(run(13, signature, body, {{1}, {1}}) == Numbers{2}); // the first iteration takes place
  CHECK(run(13, signature, body, {{1}, {1000}}) == Numbers{32});
  CHECK(run(13, "(float x) => (float z)",
            "m = Constant<value_int = 100>() l = Constant<value_int = 2>() z = Loop (m, , x) <body = b (int64 i, bool c, float "
            "v) => "
            "(bool d, float w) { w = Add(v, v) d = Less(i, l) }>",
            {{1}}) == Numbers{8});
}

TEST_CASE("Loop without a bound is refused, and so is one that is too long", "[legalize]") {
  CHECK_THAT(
      errorOf(
          13, "(float n, float x) => (float z)",
          "m = Cast<to = 7>(n) z = Loop (m, , x) <body = b (int64 i, bool c, float v) => (bool d, float w) { w = Add(v, v) d = "
          "Identity(c) }>"),
      Catch::Contains("the trip count, depends on the model's inputs") && Catch::Contains("--bind"));
  CHECK_THAT(
      errorOf(
          13, "(float x) => (float z)",
          "m = Constant<value_int = 9223372036854775807>() z = Loop (m, , x) <body = b (int64 i, bool c, float v) => (bool d, "
          "float w) { w = Add(v, v) d = Identity(c) }>"),
      Catch::Contains("is unrolled to more than 20000 nodes"));
}

TEST_CASE("Scan goes along any axis in both directions", "[legalize]") {
  // Running sums from the last column on, stacked as columns.
  CHECK(run(16, "(float[2] s, float[2, 3] x) => (float[2] t, float[2, 3] y)",
            "t, y = Scan<num_scan_inputs = 1, scan_input_axes = [1], scan_input_directions = [1], scan_output_axes = [-1], "
            "scan_output_directions = [1], body = b (float[2] v, float[2] e) => (float[2] w, float[2] r) { w = Add(v, e) r = "
            "Identity(w) "
            "}>(s, x)",
            {{0, 100}, {1, 2, 3, 4, 5, 6}}) == Numbers{6, 115, 6, 5, 3, 115, 111, 106});
}

TEST_CASE("positions in sequences may be known at run time among elements of one shape", "[legalize]") {
  const char *sequence = "i = Cast<to = 7>(p) z = Neg(x) s = SequenceConstruct(x, z) ";
  auto at = [&](float position) {
    return run(13, "(float[1] p, float[2] x) => (float[2] y)", std::string(sequence) + "y = SequenceAt(s, i)",
               {{position}, {1, 2}});
  };
  CHECK(at(0) == Numbers{1, 2});
  CHECK(at(1) == Numbers{-1, -2});
  CHECK(at(-2) == Numbers{1, 2});
  auto inserted = [&](float position) {
    return run(13, "(float p, float[2] x) => (float[3, 2] y)",
               std::string(sequence) +
                   "q = Add(x, x) t = SequenceInsert(s, q, i) y = ConcatFromSequence<axis = 0, new_axis = 1>(t)",
               {{position}, {1, 2}});
  };
  CHECK(inserted(0) == Numbers{2, 4, 1, 2, -1, -2});
  CHECK(inserted(1) == Numbers{1, 2, 2, 4, -1, -2});
  CHECK(inserted(2) == Numbers{1, 2, -1, -2, 2, 4});
  auto erased = [&](float position) {
    return run(13, "(float p, float[2] x) => (float[1, 2] y)",
               std::string(sequence) + "t = SequenceErase(s, i) y = ConcatFromSequence<axis = 0, new_axis = 1>(t)",
               {{position}, {1, 2}});
  };
  CHECK(erased(0) == Numbers{-1, -2});
  CHECK(erased(-1) == Numbers{1, 2});
}

TEST_CASE("sequences are taken apart and put together at compile time", "[legalize]") {
  CHECK(run(13, "(float[5] x) => (float[5] y, int64 n)",
            "two = Constant<value_int = 2>() s = SplitToSequence(x, two) n = SequenceLength(s) e = SequenceErase(s) k = "
            "Constant<value_int = -1>() last = SequenceAt(s, k) zero = Constant<value_int = 0>() t = SequenceInsert(e, last, "
            "zero) "
            "y = ConcatFromSequence<axis = 0>(t)",
            {{1, 2, 3, 4, 5}}) == Numbers{5, 1, 2, 3, 4, 3});
  CHECK(errorOf(13, "(float[2] x) => (float[2] y)", "s = SequenceConstruct(x) y = Relu(s)") ==
        "node 'Relu_1': Relu: input 0 is a sequence; only tensors are supported");
  CHECK(errorOf(13, "(float[2] x) => (float[2] y)",
                "s = SequenceConstruct(x) two = Constant<value_int = 2>() y = SequenceAt(s, two)") ==
        "node 'SequenceAt_2': SequenceAt: position 2 is outside a sequence of 1 elements");
  CHECK(errorOf(13, "(float[2] x) => (float[2] y)", "y = SequenceConstruct(x, x)") ==
        "node 'SequenceConstruct_0': the file declares output 'y' as a tensor of numbers, but it holds texts or is a sequence, "
        "map or "
        "optional");
}
