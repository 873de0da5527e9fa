// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operators that are composed of many operations, and those whose results have a size that depends on data, against naive
// references; the packaged test data have few cases of them, or none.
#include "OnnxText.h"
#include "network.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

using namespace thimble::test;
using Vector = std::vector<float>;
using Dims = std::vector<int>;

namespace {

void check(const Vector &actual, const Vector &expected) {
  REQUIRE(actual.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    CHECK(actual[i] == Approx(expected[i]).margin(1e-5));
}

Vector numbers(Random &random, size_t count) {
  Vector result(count);
  for (float &value : result)
    value = random.between(-1, 1);
  return result;
}

int product(const Dims &dims) {
  int count = 1;
  for (int dim : dims)
    count *= dim;
  return count;
}

std::string typeText(const Dims &dims) {
  std::string text;
  for (int dim : dims)
    text += (text.empty() ? "[" : ", ") + std::to_string(dim);
  return dims.empty() ? "float" : "float" + text + "]";
}

// The sum over all indices, as the equation defines it.
Vector einsum(const std::vector<std::string> &terms, const std::string &output, const std::vector<Dims> &shapes,
              const std::vector<Vector> &data) {
  std::map<char, int> sizes, index;
  for (size_t t = 0; t < terms.size(); ++t)
    for (size_t d = 0; d < terms[t].size(); ++d)
      sizes[terms[t][d]] = shapes[t][d];
  auto offset = [&](const std::string &term) {
    int at = 0;
    for (char label : term)
      at = at * sizes[label] + index[label];
    return size_t(at);
  };
  int count = 1, all = 1;
  for (char label : output)
    count *= sizes[label];
  for (auto [label, size] : sizes)
    all *= size;
  Vector result(size_t(count), 0);
  for (int i = 0; i < all; ++i) {
    int rest = i;
    for (auto [label, size] : sizes) {
      index[label] = rest % size;
      rest /= size;
    }
    float value = 1;
    for (size_t t = 0; t < terms.size(); ++t)
      value *= data[t][offset(terms[t])];
    result[offset(output)] += value;
  }
  return result;
}

struct EinsumCase {
  std::vector<std::string> terms;
  std::string output;
  std::vector<Dims> shapes;
};

} // namespace

TEST_CASE("Einsum is the sum that its equation says", "[legalize]") {
  const EinsumCase cases[] = {{{"ij", "jk"}, "ik", {{2, 3}, {3, 4}}},
                              {{"bhqd", "bkhd"}, "bhqk", {{2, 3, 2, 4}, {2, 5, 3, 4}}},
                              {{"ij", "jk", "kl"}, "li", {{2, 3}, {3, 4}, {4, 2}}},
                              {{"iij", "jk"}, "ik", {{3, 3, 2}, {2, 4}}},
                              {{"iji", "i"}, "j", {{3, 2, 3}, {3}}},
                              {{"a", "ab", "abc"}, "cab", {{2}, {2, 3}, {2, 3, 4}}},
                              {{"ij"}, "", {{2, 3}}},
                              {{"i", "j"}, "ji", {{3}, {4}}}};
  Random random(7);
  for (const EinsumCase &c : cases) {
    std::string signature, equation, arguments;
    std::vector<Vector> data;
    Dims result;
    for (size_t t = 0; t < c.terms.size(); ++t) {
      std::string name = "x" + std::to_string(t);
      data.push_back(numbers(random, size_t(product(c.shapes[t]))));
      signature += (t ? ", " : "") + typeText(c.shapes[t]) + " " + name;
      equation += (t ? ", " : "") + c.terms[t];
      arguments += (t ? ", " : "") + name;
    }
    std::map<char, int> sizes;
    for (size_t t = 0; t < c.terms.size(); ++t)
      for (size_t d = 0; d < c.terms[t].size(); ++d)
        sizes[c.terms[t][d]] = c.shapes[t][d];
    for (char label : c.output)
      result.push_back(sizes[label]);
    INFO(equation << " -> " << c.output);
    check(run(12, "(" + signature + ") => (" + typeText(result) + " y)",
              "y = Einsum<equation = \"" + equation + " -> " + c.output + "\">(" + arguments + ")", data),
          einsum(c.terms, c.output, c.shapes, data));
  }
}

TEST_CASE("an ellipsis in Einsum broadcasts", "[legalize]") {
  // [2, 1] and [3]: every product.
  check(run(12, "(float[2, 1] x, float[3] z) => (float[2, 3] y)", "y = Einsum<equation = \"...,...->...\">(x, z)",
            {{1, 2}, {3, 4, 5}}),
        {3, 4, 5, 6, 8, 10});
  // Without an arrow: the letters that occur once, sorted.
  check(run(12, "(float[2, 2] x) => (float[2, 2] y)", "y = Einsum<equation = \"ba\">(x)", {{1, 2, 3, 4}}), {1, 3, 2, 4});
}

TEST_CASE("Einsum refuses what has no meaning", "[legalize]") {
  std::string signature = "(float[2, 3] x) => (float[2] y)";
  auto error = [&](const std::string &equation) {
    return errorOf(12, signature, "y = Einsum<equation = \"" + equation + "\">(x)");
  };
  CHECK(error("i->i").find("does not name the 2 dimensions") != std::string::npos);
  CHECK(error("ij,j->i").find("2 terms for 1 inputs") != std::string::npos);
  CHECK(error("i2->i").find("where a letter") != std::string::npos);
  CHECK(error("ij->k").find("not in the inputs, or twice") != std::string::npos);
  CHECK(error("ij->ii").find("not in the inputs, or twice") != std::string::npos);
  CHECK(error("ii->i").find("sizes 2 and 3") != std::string::npos);
}

namespace {

// Attention of one batch: q[heads][queries][size], k[shared][keys][size], v[shared][keys][width], bias[queries][keys].
Vector attention(const Vector &q, const Vector &k, const Vector &v, const Vector &bias, int heads, int shared, int queries,
                 int keys, int size, int width, double scale) {
  Vector y;
  for (int h = 0; h < heads; ++h)
    for (int i = 0; i < queries; ++i) {
      int g = h * shared / heads;
      std::vector<double> weights;
      double sum = 0;
      for (int j = 0; j < keys; ++j) {
        double score = 0;
        for (int d = 0; d < size; ++d)
          score += double(q[(h * queries + i) * size + d]) * double(k[(g * keys + j) * size + d]);
        weights.push_back(std::exp(score * scale + double(bias[i * keys + j])));
        sum += weights.back();
      }
      for (int d = 0; d < width; ++d) {
        double value = 0;
        for (int j = 0; j < keys; ++j)
          value += weights[j] / sum * double(v[(g * keys + j) * width + d]);
        y.push_back(float(value));
      }
    }
  return y;
}

} // namespace

TEST_CASE("Attention shares heads of keys, takes a mask and is causal", "[legalize]") {
  Random random(8);
  Vector q = numbers(random, 4 * 3 * 2), k = numbers(random, 2 * 3 * 2), v = numbers(random, 2 * 3 * 5),
         mask = numbers(random, 9);
  std::string signature =
      "(float[1, 4, 3, 2] q, float[1, 2, 3, 2] k, float[1, 2, 3, 5] v, float[3, 3] m) => (float[1, 4, 3, 5] y)";
  check(run(23, signature, "y = Attention(q, k, v, m)", {q, k, v, mask}),
        attention(q, k, v, mask, 4, 2, 3, 3, 2, 5, 1 / std::sqrt(2.0)));
  Vector causal = mask;
  for (int i = 0; i < 3; ++i)
    for (int j = i + 1; j < 3; ++j)
      causal[i * 3 + j] = -INFINITY;
  check(run(23, signature, "y = Attention<is_causal = 1, scale = 0.25>(q, k, v, m)", {q, k, v, mask}),
        attention(q, k, v, causal, 4, 2, 3, 3, 2, 5, 0.25));
}

TEST_CASE("Attention continues from past keys and values", "[legalize]") {
  Random random(9);
  Vector k = numbers(random, 3 * 2), v = numbers(random, 3 * 2), q = numbers(random, 2), none(3, 0);
  auto part = [](const Vector &x, int begin, int end) { return Vector(x.begin() + begin, x.begin() + end); };
  Vector y =
      run(23,
          "(float[1, 1, 1, 2] q, float[1, 1, 1, 2] k, float[1, 1, 1, 2] v, float[1, 1, 2, 2] pk, float[1, 1, 2, 2] pv) => "
          "(float[1, 1, 1, 2] y, float[1, 1, 3, 2] nk, float[1, 1, 3, 2] nv)",
          "y, nk, nv = Attention<is_causal = 1>(q, k, v, , pk, pv)",
          {q, part(k, 4, 6), part(v, 4, 6), part(k, 0, 4), part(v, 0, 4)});
  Vector expected = attention(q, k, v, none, 1, 1, 1, 3, 2, 2, 1 / std::sqrt(2.0));
  expected.insert(expected.end(), k.begin(), k.end());
  expected.insert(expected.end(), v.begin(), v.end());
  check(y, expected);
}

TEST_CASE("RotaryEmbedding turns pairs", "[legalize]") {
  Random random(10);
  Vector x = numbers(random, 2 * 6), c = numbers(random, 5 * 2), s = numbers(random, 5 * 2);
  // Two positions of one head of six elements, four of which are turned by the angles of positions 3 and 1.
  for (bool isInterleaved : {false, true}) {
    Vector expected = x;
    for (int p = 0; p < 2; ++p)
      for (int i = 0; i < 2; ++i) {
        int a = p * 6 + (isInterleaved ? 2 * i : i), b = isInterleaved ? a + 1 : a + 2, at = (p == 0 ? 3 : 1) * 2 + i;
        expected[a] = c[at] * x[a] - s[at] * x[b];
        expected[b] = s[at] * x[a] + c[at] * x[b];
      }
    check(run(23, "(float[1, 1, 2, 6] x, float[5, 2] c, float[5, 2] s) => (float[1, 1, 2, 6] y)",
              "i = Constant<value_ints = [3, 1]>() a = Constant<value_ints = [0]>() p = Unsqueeze(i, a) "
              "y = RotaryEmbedding<rotary_embedding_dim = 4, interleaved = " +
                  std::to_string(int(isInterleaved)) + ">(x, c, s, p)",
              {x, c, s}),
          expected);
  }
}

TEST_CASE("RMSNormalization and Swish", "[legalize]") {
  float root = std::sqrt((1 + 4 + 4) / 3.0f + 1);
  check(run(23, "(float[1, 3] x, float[3] s) => (float[1, 3] y)", "y = RMSNormalization<epsilon = 1.0>(x, s)",
            {{1, -2, 2}, {1, 2, 3}}),
        {1 / root, -4 / root, 6 / root});
  check(run(24, "(float[2] x) => (float[2] y)", "y = Swish<alpha = 2.0>(x)", {{1, -1}}),
        {1 / (1 + std::exp(-2.0f)), -1 / (1 + std::exp(2.0f))});
}

TEST_CASE("bits of narrow integers", "[legalize]") {
  std::string casts = "a = Cast<to = 2>(x) b = Cast<to = 2>(z) ";
  std::string signature = "(float[3] x, float[3] z) => (uint8[3] y)";
  std::vector<Vector> data = {{12, 255, 1}, {10, 15, 7}};
  check(run(18, signature, casts + "y = BitwiseAnd(a, b)", data), {8, 15, 1});
  check(run(18, signature, casts + "y = BitwiseXor(a, b)", data), {6, 240, 6});
  check(run(18, "(float[3] x) => (uint8[3] y)", "a = Cast<to = 2>(x) y = BitwiseNot(a)", {{0, 255, 1}}), {255, 0, 254});
  check(run(18, signature, casts + "y = BitShift<direction = \"LEFT\">(a, b)", {{1, 255, 3}, {7, 4, 9}}), {128, 240, 0});
}

TEST_CASE("a size that depends on data follows the largest possible one", "[legalize]") {
  // y, its actual size.
  check(run(13, "(float[4] x) => (int64[1, N] y)", "y = NonZero(x)", {{0, 2, 0, 3}}), {1, 3, 0, 0, 2});
  // Through a transpose and arithmetic.
  check(run(13, "(float[2, 2] x) => (int64[N, 2] y)",
            "n = NonZero(x) t = Transpose(n) o = Constant<value_int = 1>() y = Add(t, o)", {{0, 5, 6, 0}}),
        {1, 2, 2, 1, 1, 1, 1, 1, 2});
  // Of constants it is known, and no size is given.
  check(run(13, "(float[2] x) => (float[1, 2] y)",
            "c = Constant<value_floats = [1.0, 0.0, 4.0]>() n = NonZero(c) f = Cast<to = 1>(n) y = Add(f, x)", {{0.5, 0.5}}),
        {0.5, 2.5});
}

TEST_CASE("what would mix a bounded size with its rest is refused", "[legalize]") {
  for (const char *body :
       {"n = NonZero(x) y = ReduceSum(n)", "n = NonZero(x) y = Shape(n)", "n = NonZero(x) y = Concat<axis = 1>(n, n)",
        "n = NonZero(x) s = SequenceConstruct(n, n) y = ConcatFromSequence<axis = 1>(s)",
        "n = NonZero(x) c = Constant<value_ints = [1, 2, 3, 4]>() y = Add(n, c)"})
    CHECK(errorOf(13, "(float[4] x) => (int64[N] y)", body).find("has a size that depends on data") != std::string::npos);
}

TEST_CASE("random numbers are the same in every run and have the right moments", "[legalize]") {
  std::string signature = "(float[1] x) => (float[4096] y)",
              body = "r = RandomNormal<shape = [4096], seed = 2.0>() y = Add(r, x)";
  Vector first = run(17, signature, body, {{0}});
  CHECK(first == run(17, signature, body, {{0}}));
  CHECK(first != run(17, signature, "r = RandomNormal<shape = [4096], seed = 3.0>() y = Add(r, x)", {{0}}));
  double sum = 0, squares = 0;
  for (float value : first) {
    sum += double(value);
    squares += double(value) * double(value);
  }
  CHECK(std::abs(sum / 4096) < 0.06);
  CHECK(std::abs(squares / 4096 - 1) < 0.1);
  // Kept elements are scaled, so that the mean stays.
  Vector ones(4096, 1), kept = run(13, "(float[4096] x) => (float[4096] y)",
                                   "r = Constant<value_float = 0.25>() o = Constant<value_int = 1>() t = Cast<to = 9>(o) "
                                   "y = Dropout<seed = 1>(x, r, t)",
                                   {ones});
  sum = 0;
  for (float value : kept) {
    CHECK((value == 0 || value == Approx(1 / 0.75)));
    sum += double(value);
  }
  CHECK(std::abs(sum / 4096 - 1) < 0.05);
}

TEST_CASE("random numbers are NumPy's", "[legalize]") {
  // numpy.random.RandomState(7).uniform(size=4) and .normal(size=3)
  check(run(17, "(float[1] x) => (float[4] y)", "r = RandomUniform<shape = [4], seed = 7.0>() y = Add(r, x)", {{0}}),
        {0.0763082894f, 0.779918792f, 0.438409231f, 0.723465178f});
  check(run(17, "(float[1] x) => (float[3] y)", "r = RandomNormal<shape = [3], seed = 7.0>() y = Add(r, x)", {{0}}),
        {1.6905257f, -0.465937371f, 0.0328201637f});
}

TEST_CASE("powers of integers are exact", "[legalize]") {
  check(run(15, "(float[4] x, float[4] z) => (float[4] y)",
            "a = Cast<to = 7>(x) b = Cast<to = 6>(z) p = Pow(a, b) m = Constant<value_int = 1000>() r = Mod(p, m) y = Cast<to "
            "= 1>(r)",
            {{3, 7, -2, 5}, {17, 20, 3, 0}}),
        {163, 1, 992, 1});
}

TEST_CASE("a transform of half a spectrum, and its inverse", "[legalize]") {
  // A cosine of two periods.
  Vector x;
  for (int n = 0; n < 8; ++n)
    x.push_back(std::cos(float(n) * 1.57079633f));
  Vector half(10, 0);
  half[4] = 4;
  check(run(20, "(float[1, 8, 1] x) => (float[1, 5, 2] y)", "y = DFT<onesided = 1>(x)", {x}), half);
  Vector there(16, 0);
  there[4] = there[12] = 4;
  Vector back;
  for (float value : x) {
    back.push_back(value);
    back.push_back(0);
  }
  check(run(17, "(float[1, 8, 2] x) => (float[1, 8, 2] y)", "y = DFT<inverse = 1, axis = 1>(x)", {there}), back);
}

TEST_CASE("Gradient differentiates what was computed", "[legalize]") {
  // The derivatives of sum(tanh(a * b) / b + a), compared with differences.
  std::string domain = "\"ai.onnx.preview.training\" : 1, ";
  std::string body = "m = Mul(a, b) t = Tanh(m) d = Div(t, b) s = Add(d, a) y = ReduceSum<keepdims = 0>(s) "
                     "ga, gb = ai.onnx.preview.training.Gradient<xs = [\"a\", \"b\"], y = \"y\">(a, b)";
  std::string signature = "(float[2, 3] a, float[3] b) => (float[2, 3] ga, float[3] gb)";
  Vector a = {0.1f, -0.4f, 0.7f, 1.1f, -0.2f, 0.3f}, b = {0.5f, -1.5f, 0.8f};
  auto value = [](const Vector &p, const Vector &q) {
    double sum = 0;
    for (size_t i = 0; i < 6; ++i)
      sum += std::tanh(double(p[i]) * double(q[i % 3])) / double(q[i % 3]) + double(p[i]);
    return sum;
  };
  Vector actual = run(13, signature, body, {a, b}, domain);
  REQUIRE(actual.size() == 9);
  for (size_t i = 0; i < 9; ++i) {
    Vector upA = a, downA = a, upB = b, downB = b;
    (i < 6 ? upA[i] : upB[i - 6]) += 0.01f;
    (i < 6 ? downA[i] : downB[i - 6]) -= 0.01f;
    CHECK(double(actual[i]) == Approx((value(upA, upB) - value(downA, downB)) / 0.02).epsilon(1e-2).margin(1e-3));
  }
}

TEST_CASE("Gradient refuses what it cannot differentiate", "[legalize]") {
  auto error = [](const std::string &node) {
    return errorOf(13, "(float[2] a, float[2] b) => (float[2] g)",
                   "f = Floor(a) c = Mul(f, b) g = ai.onnx.preview.training.Gradient" + node,
                   "\"ai.onnx.preview.training\" : 1, ");
  };
  CHECK(error("<xs = [\"a\"], y = \"c\">(a)").find("which node 'Floor_0' has become, has no derivative") != std::string::npos);
  CHECK(error("<xs = [\"a\"], y = \"d\">(a)").find("does not name a value") != std::string::npos);
  CHECK(error("<xs = [\"a\"], y = \"c\">(b)").find("at other values") != std::string::npos);
  CHECK(error("<xs = [\"b\"], y = \"c\">(b)").empty());
}

TEST_CASE("frames of a spectrum whose step is known at run time only", "[legalize]") {
  std::string body = "l = Constant<value_int = 4>() i = Cast<to = 7>(s) y = STFT(x, i, , l)";
  // Three frames of four in eight samples start every two samples: the sums of each are the bins 0.
  Vector y = run(17, "(float[1, 8, 1] x, float s) => (float[1, 3, 3, 2] y)", body, {{1, 2, 3, 4, 5, 6, 7, 8}, {2}});
  REQUIRE(y.size() == 18);
  check({y[0], y[6], y[12]}, {10, 18, 26});
  // Two frames may start every three or every four.
  CHECK(errorOf(17, "(float[1, 8, 1] x, float s) => (float[1, 2, 3, 2] y)", body).find("does not follow from one pair") !=
        std::string::npos);
}

TEST_CASE("what would keep the compiler busy is refused", "[legalize]") {
  std::string constant = "s = Constant<value_ints = [300000]>() c = ConstantOfShape(s) ";
  for (const char *node : {"k = Constant<value_ints = [200000]>() v, y = TopK(c, k)", "u, y = Unique(c)"})
    CHECK(errorOf(13, "(float[1] x) => (int64[N] y)", constant + node).find("would take the compiler too long") !=
          std::string::npos);
}

// As ONNX defines it: every input adds its weights to the outputs that it reaches.
static Vector transposedConvolution(const Vector &x, const Vector &w, int groups, int inPerGroup, int outPerGroup, int size,
                                    int kernel, int stride, int padBegin, int outSize) {
  Vector y(size_t(groups * outPerGroup * outSize), 0);
  for (int g = 0; g < groups; ++g)
    for (int c = 0; c < inPerGroup; ++c)
      for (int o = 0; o < outPerGroup; ++o)
        for (int i = 0; i < size; ++i)
          for (int k = 0; k < kernel; ++k)
            if (int at = i * stride + k - padBegin; at >= 0 && at < outSize)
              y[size_t((g * outPerGroup + o) * outSize + at)] +=
                  x[size_t((g * inPerGroup + c) * size + i)] * w[size_t(((g * inPerGroup + c) * outPerGroup + o) * kernel + k)];
  return y;
}

TEST_CASE("transposed convolutions of all strides, kernels, pads and groups", "[legalize]") {
  Random random(11);
  for (int n = 0; n < 60; ++n) {
    int groups = int(random.below(3)) + 1, in = int(random.below(3)) + 1, out = int(random.below(2)) + 1;
    int size = int(random.below(5)) + 1, kernel = int(random.below(5)) + 1, stride = int(random.below(4)) + 1;
    int begin = int(random.below(3)), end = int(random.below(3)), extra = int(random.below(uint32_t(stride)));
    int outSize = stride * (size - 1) + extra + kernel - begin - end;
    if (outSize < 1)
      continue;
    Vector x = numbers(random, size_t(groups * in * size)), w = numbers(random, size_t(groups * in * out * kernel));
    std::string body = "y = ConvTranspose<strides = [" + std::to_string(stride) + "], pads = [" + std::to_string(begin) + ", " +
                       std::to_string(end) + "], output_padding = [" + std::to_string(extra) + "], group = " +
                       std::to_string(groups) + ">(x, w)";
    INFO(body << " size " << size << " kernel " << kernel << " channels " << in << " to " << out);
    std::string signature = "(" + typeText({1, groups * in, size}) + " x, " + typeText({groups * in, out, kernel}) +
                            " w) => (" + typeText({1, groups * out, outSize}) + " y)";
    check(run(17, signature, body, {x, w}),
          transposedConvolution(x, w, groups, in, out, size, kernel, stride, begin, outSize));
  }
}
