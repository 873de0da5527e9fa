// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds the array of each input in data files, checks its shape, and converts samples to bytes.
#include "compiler/verify/Samples.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include <cmath>
#include <cstring>
#include <map>

using namespace thimble;

static bool isLabelName(llvm::StringRef name) { return name == "labels" || name == "y"; }
static bool isGenericName(llvm::StringRef name, llvm::StringRef what) {
  return what == "input" ? name == "inputs" || name == "x" : name == "outputs" || name == "expected";
}

static std::string listNames(llvm::ArrayRef<SampleInput> inputs) {
  return llvm::join(llvm::map_range(inputs, [](const SampleInput &input) { return quoted(input.name); }), ", ");
}

int64_t SampleInput::getBytes() const { return checkedElementCount(shape).value_or(0) * elementTypeBytes(type); }

namespace {
/// Assigns the arrays of files to inputs.
class Assignment {
public:
  Assignment(llvm::ArrayRef<SampleInput> inputs, TensorProtoReader readProto, llvm::StringRef what)
      : inputs(inputs), readProto(readProto), what(what) {}

  llvm::Error addFile(llvm::StringRef file);
  llvm::Expected<SampleArrays> finish(llvm::ArrayRef<std::string> files);

private:
  struct Source {
    Tensor tensor;
    std::string description; // for messages
  };
  llvm::Error addNamed(const SampleInput &input, llvm::StringRef path, std::vector<NamedTensor> tensors);
  llvm::Error addSingle(llvm::StringRef path, std::vector<NamedTensor> tensors);
  llvm::Error addArchive(llvm::StringRef path, std::vector<NamedTensor> tensors);
  llvm::Error set(size_t input, llvm::StringRef path, NamedTensor &tensor);
  llvm::Expected<int64_t> countSamples(const SampleInput &input, Source &source) const;

  llvm::ArrayRef<SampleInput> inputs;
  TensorProtoReader readProto;
  llvm::StringRef what;
  std::map<size_t, Source> sources;
  std::optional<Tensor> labels;
};
} // namespace

llvm::Error Assignment::set(size_t input, llvm::StringRef path, NamedTensor &tensor) {
  std::string description = tensor.name.empty() ? quoted(path) : "array " + quoted(tensor.name) + " of " + quoted(path);
  auto [entry, isNew] = sources.try_emplace(input);
  if (!isNew)
    return dataError(what + " " + quoted(inputs[input].name) + " is given twice: by " + entry->second.description + " and by " +
                     description);
  entry->second = {std::move(tensor.tensor), std::move(description)};
  return llvm::Error::success();
}

llvm::Error Assignment::addNamed(const SampleInput &input, llvm::StringRef path, std::vector<NamedTensor> tensors) {
  NamedTensor *found = tensors.size() == 1 ? &tensors.front() : nullptr;
  for (NamedTensor &tensor : tensors)
    if (tensor.name == input.name)
      found = &tensor;
  if (!found)
    return dataError(quoted(path) + " has several arrays and none is called " + quoted(input.name) + ": rename one of them");
  return set(size_t(&input - inputs.begin()), path, *found);
}

// A file with one array that may have a name.
llvm::Error Assignment::addSingle(llvm::StringRef path, std::vector<NamedTensor> tensors) {
  for (auto [index, input] : llvm::enumerate(inputs))
    if (tensors.front().name == input.name)
      return set(index, path, tensors.front());
  if (inputs.size() == 1)
    return set(0, path, tensors.front());
  return dataError("the model has " + llvm::Twine(inputs.size()) + " " + what + "s, " + listNames(inputs) + ", and " +
                   quoted(path) + " does not say which it is for: write " + inputs.front().name + "=" + path);
}

llvm::Error Assignment::addArchive(llvm::StringRef path, std::vector<NamedTensor> tensors) {
  std::vector<std::string> names;
  std::vector<NamedTensor *> others; // neither the array of an input nor labels
  NamedTensor *generic = nullptr;
  size_t assigned = 0;
  for (NamedTensor &tensor : tensors) {
    names.push_back(quoted(tensor.name));
    auto isNamed = [&](const SampleInput &input) { return input.name == tensor.name; };
    const SampleInput *input = llvm::find_if(inputs, isNamed);
    if (input != inputs.end()) {
      if (llvm::Error error = set(size_t(input - inputs.begin()), path, tensor))
        return error;
      ++assigned;
    } else if (isLabelName(tensor.name)) {
      labels = std::move(tensor.tensor);
    } else {
      others.push_back(&tensor);
      generic = isGenericName(tensor.name, what) ? &tensor : generic;
    }
  }
  if (assigned > 0)
    return llvm::Error::success();
  if (inputs.size() == 1 && (generic || others.size() == 1))
    return set(0, path, generic ? *generic : *others.front());
  return dataError(quoted(path) + " has no array for the " + what + (inputs.size() == 1 ? " " : "s ") + listNames(inputs) +
                   ": it has " + (names.empty() ? "none at all" : llvm::join(names, ", ")) +
                   ". Name its arrays like the model's " + what + "s");
}

llvm::Error Assignment::addFile(llvm::StringRef file) {
  // A name of an input before a "="; else the whole is a path, which may contain "=" as well.
  auto [name, path] = file.split('=');
  const SampleInput *named =
      file.contains('=') ? llvm::find_if(inputs, [&, name = name](const SampleInput &input) { return input.name == name; })
                         : inputs.end();
  if (named == inputs.end()) {
    if (file.contains('=') && !llvm::sys::fs::exists(file))
      return dataError("'" + file + "': the model has no " + what + " " + quoted(name) + "; it has " + listNames(inputs));
    path = file;
  }
  llvm::Expected<std::vector<NamedTensor>> tensors = readTensors(path, readProto);
  if (!tensors)
    return tensors.takeError();
  if (tensors->empty())
    return dataError(quoted(path) + " holds no arrays");
  if (named != inputs.end())
    return addNamed(*named, path, std::move(*tensors));
  if (path.ends_with_insensitive(".npz"))
    return addArchive(path, std::move(*tensors));
  return addSingle(path, std::move(*tensors));
}

// Makes the first dimension of the array that of the samples, and returns it.
llvm::Expected<int64_t> Assignment::countSamples(const SampleInput &input, Source &source) const {
  llvm::ArrayRef<int64_t> shape = source.tensor.shape, wanted = input.shape;
  auto equals = [](llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b) { return a == b; };
  if (equals(shape, wanted)) {
    source.tensor.shape.insert(source.tensor.shape.begin(), 1);
    return 1;
  }
  bool isBatch = !wanted.empty() && wanted.front() == 1 && shape.size() == wanted.size() &&
                 equals(shape.drop_front(), wanted.drop_front());
  bool isStack = shape.size() == wanted.size() + 1 && equals(shape.drop_front(), wanted);
  if (isBatch || isStack) {
    if (shape.front() == 0)
      return dataError(source.description + " holds no samples: its shape is " + shapeText(shape));
    return shape.front();
  }
  std::string expected = shapeText(wanted);
  bool startsWithOne = !wanted.empty() && wanted.front() == 1;
  std::string samples = "N" + (startsWithOne ? (wanted.size() == 1 ? "" : "x" + shapeText(wanted.drop_front()))
                                             : (wanted.empty() ? "" : "x" + expected));
  llvm::SmallVector<int64_t> given(shape.begin(), shape.end()), needed(wanted.begin(), wanted.end());
  if (startsWithOne && given.size() == needed.size() && !given.empty())
    given.front() = 1;
  llvm::sort(given);
  llvm::sort(needed);
  std::string remedy =
      given == needed ? "the sizes are right but in another order: transpose the array, or compile with the other --io-layout"
                      : "reshape the array so that its first dimension counts samples";
  return dataError(source.description + " has shape " + shapeText(shape) + ", but " + what + " " + quoted(input.name) +
                   " needs " + samples + " for N samples or " + expected + " for one: " + remedy);
}

llvm::Expected<SampleArrays> Assignment::finish(llvm::ArrayRef<std::string> files) {
  SampleArrays result;
  const Source *first = nullptr;
  for (auto [index, input] : llvm::enumerate(inputs)) {
    auto source = sources.find(index);
    if (source == sources.end())
      return dataError("no data for the " + what + " " + quoted(input.name) + " in " + llvm::join(files, ", ") + ": add " +
                       input.name + "=FILE.npy, or an array of this name to a .npz file");
    llvm::Expected<int64_t> count = countSamples(input, source->second);
    if (!count)
      return count.takeError();
    if (first && *count != result.count)
      return dataError(source->second.description + " holds " + llvm::Twine(*count) + " samples, but " + first->description +
                       " " + llvm::Twine(result.count) + ": all " + what + "s need the same number");
    first = &source->second;
    result.count = *count;
  }
  for (size_t index = 0; index < inputs.size(); ++index)
    result.arrays.push_back(std::move(sources[index].tensor));
  result.labels = std::move(labels);
  return result;
}

llvm::Expected<SampleArrays> thimble::readSampleArrays(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs,
                                                       TensorProtoReader readProto, llvm::StringRef what) {
  Assignment assignment(inputs, readProto, what);
  for (const std::string &file : files)
    if (llvm::Error error = assignment.addFile(file))
      return std::move(error);
  return assignment.finish(files);
}

// As tmb_quantize_f32_s8 and _s16 do it, but with a division, so that what a user computes from the header's scale agrees.
static int16_t quantize(double value, const SampleInput &input) {
  if (std::isnan(value))
    value = 0;
  double scaled = std::floor(value / input.scale + 0.5) + double(input.zeroPoint);
  bool isWide = input.type == ElementType::S16;
  return int16_t(std::clamp(scaled, isWide ? -32768.0 : -128.0, isWide ? 32767.0 : 127.0));
}

/// The whole array in the element type of the input.
static llvm::Expected<std::vector<char>> convertArray(const Tensor &array, const SampleInput &input) {
  std::vector<char> bytes;
  bool isInt8 = array.type == ElementType::S8;
  if (input.scale != 0 && input.type == ElementType::S16 && array.type != ElementType::S16) {
    std::vector<int16_t> codes;
    for (int64_t i = 0, count = array.count(); i < count; ++i)
      codes.push_back(quantize(array.number(i), input));
    bytes.resize(codes.size() * sizeof(int16_t));
    std::memcpy(bytes.data(), codes.data(), bytes.size());
    return bytes;
  }
  if (input.scale != 0 && input.type == ElementType::S8 && !isInt8) {
    bytes.resize(size_t(array.count()));
    for (int64_t i = 0, count = array.count(); i < count; ++i)
      bytes[size_t(i)] = char(quantize(array.number(i), input));
    return bytes;
  }
  if (input.scale != 0 && input.type == ElementType::F32 && (isInt8 || array.type == ElementType::S16)) {
    std::vector<float> numbers;
    for (int64_t i = 0, count = array.count(); i < count; ++i)
      numbers.push_back(float((array.number(i) - double(input.zeroPoint)) * input.scale));
    bytes.resize(numbers.size() * sizeof(float));
    std::memcpy(bytes.data(), numbers.data(), bytes.size());
    return bytes;
  }
  if (array.type == input.type)
    return array.bytes;
  llvm::Expected<Tensor> converted = array.convertTo(input.type);
  if (!converted)
    return dataError("the data for " + quoted(input.name) + " is " + elementTypeName(array.type) + " and the model takes " +
                     elementTypeName(input.type) + ": " + toString(converted.takeError()));
  return std::move(converted->bytes);
}

llvm::Expected<Samples> thimble::convertSamples(const SampleArrays &arrays, llvm::ArrayRef<SampleInput> inputs, int64_t limit) {
  int64_t count = limit > 0 ? std::min(limit, arrays.count) : arrays.count;
  Samples samples(size_t(count), std::vector<std::vector<char>>(inputs.size()));
  for (auto [index, input] : llvm::enumerate(inputs)) {
    llvm::Expected<std::vector<char>> bytes = convertArray(arrays.arrays[index], input);
    if (!bytes)
      return bytes.takeError();
    size_t size = size_t(input.getBytes());
    for (size_t sample = 0; sample < samples.size(); ++sample)
      samples[sample][index].assign(bytes->begin() + sample * size, bytes->begin() + (sample + 1) * size);
  }
  return samples;
}

llvm::Expected<Samples> thimble::loadSamples(llvm::ArrayRef<std::string> files, llvm::ArrayRef<SampleInput> inputs,
                                             int64_t limit, TensorProtoReader readProto) {
  llvm::Expected<SampleArrays> arrays = readSampleArrays(files, inputs, readProto);
  if (!arrays)
    return arrays.takeError();
  return convertSamples(*arrays, inputs, limit);
}

llvm::Expected<std::vector<int64_t>> thimble::convertLabels(const Tensor &labels, llvm::StringRef path) {
  bool isColumn = labels.shape.size() == 2 && labels.shape[1] == 1;
  if (labels.shape.size() != 1 && !isColumn)
    return dataError("the labels in " + quoted(path) + " have shape " + shapeText(labels.shape) +
                     ": one class number for each sample is needed, shape N (of scores or one-hot rows take the argmax)");
  llvm::Expected<Tensor> integers = labels.convertTo(ElementType::S64);
  if (!integers)
    return dataError("the labels in " + quoted(path) + " are no class numbers: " + toString(integers.takeError()));
  return integers->asInt64s();
}

llvm::Expected<std::vector<int64_t>> thimble::readLabels(llvm::StringRef path) {
  llvm::Expected<std::vector<NamedTensor>> tensors = readTensors(path);
  if (!tensors)
    return tensors.takeError();
  for (const NamedTensor &tensor : *tensors)
    if (isLabelName(tensor.name) || tensors->size() == 1)
      return convertLabels(tensor.tensor, path);
  return dataError(quoted(path) + " has no array 'labels' or 'y'");
}
