// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arrays of data files find their inputs, become samples, and say what is wrong if they do not fit.
#include "compiler/data/Npy.h"
#include "compiler/data/Npz.h"
#include "compiler/verify/Process.h"
#include "compiler/verify/Samples.h"
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

using namespace thimble;
using Catch::Matchers::Contains;

namespace {
const SampleInput image{"image", {1, 2, 3}};
const SampleInput mask{"mask", {2}};

struct Files {
  TemporaryFolder folder = cantFail(TemporaryFolder::create());
  std::string npy(const std::string &file, const Tensor &tensor) const {
    std::string path = (folder.getPath() + "/" + file).str();
    REQUIRE(!writeNpy(path, tensor));
    return path;
  }
  std::string npz(const std::string &file, llvm::ArrayRef<NamedTensor> tensors) const {
    std::string path = (folder.getPath() + "/" + file).str();
    REQUIRE(!writeNpz(path, tensors));
    return path;
  }
};
} // namespace

static Tensor ramp(llvm::ArrayRef<int64_t> shape, ElementType type = ElementType::F32) {
  Tensor tensor(ElementType::F32, shape);
  for (int64_t i = 0; i < tensor.count(); ++i)
    tensor.asMutable<float>()[size_t(i)] = float(i);
  return cantFail(tensor.convertTo(type));
}
static std::vector<float> floats(const std::vector<char> &bytes) {
  std::vector<float> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}
static Samples load(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs, int64_t limit = 0) {
  llvm::Expected<Samples> samples = loadSamples(files, inputs, limit);
  if (!samples)
    FAIL(toString(samples.takeError()));
  return std::move(*samples);
}
static std::string errorOf(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs) {
  llvm::Expected<Samples> samples = loadSamples(files, inputs);
  REQUIRE_FALSE(bool(samples));
  return toString(samples.takeError());
}

TEST_CASE("the first dimension counts samples", "[verify]") {
  Files files;
  CHECK(load({files.npy("one.npy", ramp({1, 2, 3}))}, image).size() == 1);
  CHECK(load({files.npy("batch.npy", ramp({5, 2, 3}))}, image).size() == 5);
  CHECK(load({files.npy("stack.npy", ramp({5, 1, 2, 3}))}, image).size() == 5);
  CHECK(load({files.npy("scalars.npy", ramp({4}))}, SampleInput{"t", {}}).size() == 4);
  CHECK(load({files.npy("ones.npy", ramp({4}))}, SampleInput{"t", {1}}).size() == 4);
  Samples samples = load({files.npy("batch.npy", ramp({5, 2, 3}))}, image, 2);
  REQUIRE(samples.size() == 2);
  REQUIRE(samples[1].size() == 1);
  CHECK(floats(samples[1][0]) == std::vector<float>{6, 7, 8, 9, 10, 11});
  CHECK(load({files.npy("batch.npy", ramp({5, 2, 3}))}, image, 99).size() == 5);
}

TEST_CASE("arrays are found by name, by role, or because there is no other", "[verify]") {
  Files files;
  NamedTensor labels{"labels", ramp({5}, ElementType::S64)}, other{"other", ramp({7})};
  for (const char *name : {"image", "inputs", "x"})
    CHECK(load({files.npz("a.npz", {other, {name, ramp({5, 2, 3})}, labels})}, image).size() == 5);
  CHECK(load({files.npz("b.npz", {labels, {"anything", ramp({5, 2, 3})}})}, image).size() == 5);
  CHECK_THAT(errorOf({files.npz("c.npz", {other, {"anything", ramp({5, 2, 3})}})}, image),
             Contains("has no array for the input 'image': it has 'other', 'anything'"));

  std::string images = files.npy("images = 1.npy", ramp({3, 2, 3})), masks = files.npy("masks.npy", ramp({3, 2}));
  CHECK(load({images}, image).size() == 3); // a "=" in the path
  std::vector<SampleInput> both = {image, mask};
  Samples samples = load({"mask=" + masks, "image=" + images}, both);
  REQUIRE(samples.size() == 3);
  CHECK(floats(samples[2][1]) == std::vector<float>{4, 5});
  CHECK(load({files.npz("d.npz", {{"mask", ramp({3, 2})}, {"image", ramp({3, 2, 3})}})}, both).size() == 3);
  CHECK_THAT(errorOf({images, masks}, both), Contains("the model has 2 inputs, 'image', 'mask', and ") &&
                                                 Contains("does not say which it is for: write image="));
  CHECK_THAT(errorOf({"image=" + images}, both), Contains("no data for the input 'mask'") && Contains("add mask=FILE.npy"));
  CHECK_THAT(errorOf({"image=" + images, "image=" + images}, both), Contains("'image' is given twice"));
  CHECK_THAT(errorOf({"picture=" + masks}, both), Contains("the model has no input 'picture'; it has 'image', 'mask'"));
  CHECK_THAT(errorOf({"mask=" + masks, "image=" + files.npy("e.npy", ramp({4, 2, 3}))}, both),
             Contains("holds 3 samples, but ") && Contains("4: all inputs need the same number"));
  CHECK_THAT(errorOf({"mask=" + files.npz("f.npz", {labels, other})}, mask), Contains("none is called 'mask'"));
}

TEST_CASE("a shape that does not fit is explained", "[verify]") {
  Files files;
  CHECK_THAT(errorOf({files.npz("a.npz", {{"image", ramp({5, 7})}})}, image),
             Contains("array 'image' of ") &&
                 Contains("has shape 5x7, but input 'image' needs Nx2x3 for N samples or 1x2x3 for one") &&
                 Contains("reshape the array"));
  CHECK_THAT(errorOf({files.npy("b.npy", ramp({5, 3, 2}))}, image), Contains("transpose the array"));
  CHECK_THAT(errorOf({files.npy("c.npy", ramp({0, 2, 3}))}, image), Contains("holds no samples"));
  CHECK_THAT(errorOf({files.npy("d.npy", ramp({3}))}, mask), Contains("needs Nx2 for N samples or 2 for one"));
}

TEST_CASE("numbers become what the model takes", "[verify]") {
  Files files;
  SampleInput quantized{"q", {1, 8}, ElementType::S8, 0.5, -3};
  float values[] = {0, 0.24f, 0.25f, -0.25f, 100, -100, NAN, INFINITY};
  std::vector<char> bytes =
      load({files.npy("a.npy", Tensor(ElementType::F32, {1, 8}, llvm::ArrayRef(values)))}, quantized)[0][0];
  CHECK(bytes == std::vector<char>{-3, -3, -2, -3, 127, -128, -3, 127});
  // int8 data is taken as it is, for the float model as the numbers that it stands for.
  int8_t codes[] = {-128, -3, 0, 1, 2, 3, 4, 127};
  std::string file = files.npy("b.npy", Tensor(ElementType::S8, {1, 8}, llvm::ArrayRef(codes)));
  CHECK(load({file}, quantized)[0][0] == std::vector<char>{-128, -3, 0, 1, 2, 3, 4, 127});
  SampleInput real = quantized;
  real.type = ElementType::F32;
  CHECK(floats(load({file}, real)[0][0]) == std::vector<float>{-62.5, 0, 1.5, 2, 2.5, 3, 3.5, 65});
  CHECK(floats(load({file}, SampleInput{"f", {1, 8}})[0][0]) == std::vector<float>{-128, -3, 0, 1, 2, 3, 4, 127});
  // Pixels as bytes are numbers.
  CHECK(load({files.npy("c.npy", ramp({1, 8}, ElementType::U8))}, quantized)[0][0] ==
        std::vector<char>{-3, -1, 1, 3, 5, 7, 9, 11});
  CHECK_THAT(errorOf({files.npy("d.npy", Tensor(ElementType::F32, {1, 8}, llvm::ArrayRef(values)))},
                     SampleInput{"i", {1, 8}, ElementType::S32}),
             Contains("the data for 'i' is float32 and the model takes int32"));
}

TEST_CASE("labels are one class number for each sample", "[verify]") {
  Files files;
  auto read = [](const std::string &file) { return cantFail(readLabels(file)); };
  std::vector<int64_t> expected = {0, 1, 2};
  CHECK(read(files.npy("a.npy", ramp({3}, ElementType::S32))) == expected);
  CHECK(read(files.npy("b.npy", ramp({3, 1}, ElementType::F32))) == expected);
  CHECK(read(files.npz("c.npz", {{"inputs", ramp({3, 4})}, {"y", ramp({3}, ElementType::U8)}})) == expected);
  llvm::Expected<std::vector<int64_t>> scores = readLabels(files.npy("d.npy", ramp({3, 10})));
  REQUIRE_FALSE(bool(scores));
  CHECK_THAT(toString(scores.takeError()), Contains("have shape 3x10") && Contains("argmax"));
  llvm::Expected<std::vector<int64_t>> none = readLabels(files.npz("e.npz", {{"a", ramp({3})}, {"b", ramp({3})}}));
  REQUIRE_FALSE(bool(none));
  CHECK_THAT(toString(none.takeError()), Contains("has no array 'labels' or 'y'"));

  llvm::Expected<SampleArrays> arrays =
      readSampleArrays({files.npz("f.npz", {{"image", ramp({3, 2, 3})}, {"labels", ramp({3}, ElementType::S64)}})}, image);
  REQUIRE(bool(arrays));
  REQUIRE(arrays->labels);
  CHECK(cantFail(convertLabels(*arrays->labels, "f.npz")) == expected);
}
