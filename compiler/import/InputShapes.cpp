// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Resolving the shapes of inputs.
#include "compiler/import/InputShapes.h"
#include "compiler/import/TensorImport.h"
#include "llvm/ADT/STLExtras.h"

using namespace thimble;
using llvm::StringRef;
using llvm::Twine;
using Dimension = proto::TensorShapeProto_Dimension;

/// Some exporters write 0 or -1 where they mean "unknown".
static bool isFixed(const Dimension &dimension) { return dimension.has_dim_value() && dimension.dim_value() > 0; }

/// Integers in one dimension are lists of axes or sizes, which may be empty.
static bool isEmptyList(const proto::TypeProto_Tensor &type) {
  bool isInteger = type.elem_type() == proto::TensorProto::INT64 || type.elem_type() == proto::TensorProto::INT32;
  return isInteger && type.shape().dim_size() == 1 && type.shape().dim(0).has_dim_value() &&
         type.shape().dim(0).dim_value() == 0;
}

/// How a dimension shows in messages: its size, or "<batch>" if it is open.
static std::string dimensionText(const Dimension &dimension) {
  if (isFixed(dimension))
    return std::to_string(dimension.dim_value());
  return "<" + (dimension.dim_param().empty() ? "size" : dimension.dim_param()) + ">";
}

namespace {
/// One input while its shape is being found.
struct OpenInput {
  const proto::ValueInfoProto *value;
  const proto::TypeProto_Tensor *type;
  ElementType element;
  const llvm::SmallVector<int64_t> *given; // by the options
};

class InputResolver {
public:
  InputResolver(ImportContext &context, SymbolSizes &symbols) : context(context), symbols(symbols) {}

  /// Checks everything but the sizes; null if the input is wrong.
  std::optional<OpenInput> open(const proto::ValueInfoProto &value);
  /// Notes what the given shape says about symbols; false if it contradicts the file.
  bool noteGivenShape(const OpenInput &input);
  mlir::RankedTensorType resolve(const OpenInput &input);
  /// Adds the elements of a sequence, or what an optional holds, to `inputs`.
  void resolveGroup(const proto::ValueInfoProto &value, GraphInputs &inputs);

private:
  std::string option(const OpenInput &input, StringRef shape) {
    return "--input-shape " + input.value->name() + "=" + shape.str();
  }
  bool hasShape(const OpenInput &input) { return input.type->has_shape(); }
  const auto &dimensions(const OpenInput &input) { return input.type->shape().dim(); }
  std::string declaredShape(const OpenInput &input);

  ImportContext &context;
  SymbolSizes &symbols;
};
} // namespace

std::string InputResolver::declaredShape(const OpenInput &input) {
  std::string text;
  for (const Dimension &dimension : dimensions(input))
    text += (text.empty() ? "" : "x") + dimensionText(dimension);
  return text.empty() ? "scalar" : text;
}

std::optional<OpenInput> InputResolver::open(const proto::ValueInfoProto &value) {
  std::string input = "input " + quoted(value.name());
  auto given = context.options.inputShapes.find(value.name());
  OpenInput result{&value, nullptr, ElementType::F32, given == context.options.inputShapes.end() ? nullptr : &given->second};
  const proto::TypeProto &type = value.type().has_optional_type() ? value.type().optional_type().elem_type() : value.type();
  if (!type.has_tensor_type()) {
    context.error(input + " is not a tensor; maps and sparse inputs are not supported");
    return std::nullopt;
  }
  result.type = &type.tensor_type();
  llvm::Expected<ElementType> element = elementTypeOf(result.type->elem_type());
  if (!element) {
    context.error(input + " " + llvm::toString(element.takeError()));
    return std::nullopt;
  }
  result.element = *element;
  size_t rank = result.given ? result.given->size() : size_t(dimensions(result).size());
  if (rank > maxTensorRank) {
    context.error(input + " has " + Twine(rank) + " dimensions, the limit is " + Twine(maxTensorRank));
    return std::nullopt;
  }
  return result;
}

bool InputResolver::noteGivenShape(const OpenInput &input) {
  if (!input.given)
    return true;
  std::string text = option(input, shapeText(*input.given));
  if (llvm::any_of(*input.given, [](int64_t size) { return size < 0; })) {
    context.error(text + ": the sizes must not be negative");
    return false;
  }
  if (!hasShape(input))
    return true;
  auto contradiction = [&] {
    context.error(text + " contradicts the model, where input " + quoted(input.value->name()) + " has the shape " +
                  declaredShape(input));
    return false;
  };
  if (int(input.given->size()) != dimensions(input).size())
    return contradiction();
  for (const auto &[size, dimension] : llvm::zip(*input.given, dimensions(input))) {
    if (isFixed(dimension) && dimension.dim_value() != size)
      return contradiction();
    if (isFixed(dimension) || dimension.dim_param().empty())
      continue;
    auto [symbol, isNew] = symbols.insert({dimension.dim_param(), size});
    if (!isNew && symbol->second != size)
      context.warning(text + ": dimension " + quoted(dimension.dim_param()) + " is " + Twine(symbol->second) +
                      " in another input");
  }
  return true;
}

mlir::RankedTensorType InputResolver::resolve(const OpenInput &input) {
  std::string name = quoted(input.value->name());
  llvm::SmallVector<int64_t> sizes;
  if (input.given) {
    sizes = *input.given;
  } else if (!hasShape(input)) {
    context.error("input " + name + " has no shape; give it with " + option(input, "<size>x<size>x..."));
    return {};
  }
  for (int axis = 0; !input.given && axis < dimensions(input).size(); ++axis) {
    const Dimension &dimension = dimensions(input)[axis];
    std::string label = dimension.dim_param().empty() ? "" : quoted(dimension.dim_param()) + " ";
    if (isFixed(dimension) || isEmptyList(*input.type)) {
      sizes.push_back(dimension.dim_value());
    } else if (auto symbol = symbols.find(dimension.dim_param()); symbol != symbols.end() && !label.empty()) {
      sizes.push_back(symbol->second);
    } else if (axis == 0) {
      context.remark("batch dimension " + label + "of input " + name + " is taken as 1; " +
                     option(input, declaredShape(input)) + " sets it");
      if (!label.empty())
        symbols[dimension.dim_param()] = 1;
      sizes.push_back(1);
    } else {
      context.error("dimension " + Twine(axis) + " " + (label.empty() ? "" : "(" + StringRef(label).rtrim() + ") ") +
                    "of input " + name + " is not known; give the shape with " + option(input, declaredShape(input)));
      return {};
    }
  }
  if (!checkedElementCount(sizes)) {
    context.error("input " + name + " has the shape " + shapeText(sizes) + ", which is too large for any memory");
    return {};
  }
  return mlir::RankedTensorType::get(sizes, toMlirType(context.context, input.element));
}

// A sequence, whatever optional it may be in; null for everything else.
static const proto::TypeProto_Sequence *sequenceType(const proto::ValueInfoProto &value) {
  const proto::TypeProto &type = value.type().has_optional_type() ? value.type().optional_type().elem_type() : value.type();
  return type.has_sequence_type() ? &type.sequence_type() : nullptr;
}

void InputResolver::resolveGroup(const proto::ValueInfoProto &value, GraphInputs &inputs) {
  std::string input = "input " + quoted(value.name()), option = "--input-shape " + value.name() + "=";
  auto given = context.options.sequenceShapes.find(value.name());
  if (given != context.options.sequenceShapes.end() && !given->second) {
    if (value.type().has_optional_type())
      inputs.groups.push_back({value.name(), false, inputs.tensors.size(), 0});
    else
      context.error(option + "none: the input is not optional");
    return;
  }
  const proto::TypeProto_Sequence *sequence = sequenceType(value);
  if (!sequence || !sequence->elem_type().has_tensor_type()) {
    context.error(input + (sequence ? " is a sequence of what are no tensors, which is not supported" : " is not a sequence"));
    return;
  }
  if (given == context.options.sequenceShapes.end()) {
    context.error(input + " is a sequence; give the shapes of its elements with " + option + "[<sizes>],[<sizes>] or " +
                  option + "<count>x[<sizes>]" +
                  (value.type().has_optional_type() ? ", or say that it is absent with " + option + "none" : ""));
    return;
  }
  llvm::Expected<ElementType> element = elementTypeOf(sequence->elem_type().tensor_type().elem_type());
  if (!element)
    return context.error(input + " " + llvm::toString(element.takeError()));
  inputs.groups.push_back({value.name(), true, inputs.tensors.size(), given->second->size()});
  for (const auto &[i, sizes] : llvm::enumerate(*given->second)) {
    if (!checkedElementCount(sizes))
      return context.error(option + ": element " + Twine(i) + " has a shape that is not valid");
    inputs.tensors.push_back(
        {value.name() + "_" + std::to_string(i), mlir::RankedTensorType::get(sizes, toMlirType(context.context, *element))});
  }
}

GraphInputs thimble::resolveInputs(ImportContext &context, const proto::GraphProto &graph,
                                   const llvm::StringSet<> &initializers, SymbolSizes &symbols) {
  InputResolver resolver(context, symbols);
  std::vector<std::pair<const proto::ValueInfoProto *, std::optional<OpenInput>>> open; // without the latter for groups
  std::string names;
  llvm::StringSet<> known;
  for (const proto::ValueInfoProto &value : graph.input()) {
    if (initializers.contains(value.name()))
      continue;
    known.insert(value.name());
    names += (names.empty() ? "" : ", ") + quoted(value.name());
    if (sequenceType(value) || context.options.sequenceShapes.contains(value.name()))
      open.emplace_back(&value, std::nullopt);
    else if (std::optional<OpenInput> input = resolver.open(value))
      open.emplace_back(&value, input);
  }
  // In the order of their names: a hash table's own order must not decide what is printed first.
  llvm::SmallVector<StringRef> unknown;
  for (const auto &entry : context.options.inputShapes)
    if (!known.contains(entry.getKey()))
      unknown.push_back(entry.getKey());
  for (const auto &entry : context.options.sequenceShapes)
    if (!known.contains(entry.getKey()))
      unknown.push_back(entry.getKey());
  llvm::sort(unknown);
  for (StringRef name : unknown)
    context.error("--input-shape names " + quoted(name) + ", which is not an input of the model; " +
                  (names.empty() ? "it has none" : "its inputs: " + names));

  // All given shapes come first, since they settle symbols of other inputs.
  llvm::erase_if(open, [&](const auto &input) { return input.second && !resolver.noteGivenShape(*input.second); });
  GraphInputs inputs;
  for (const auto &[value, input] : open) {
    if (!input)
      resolver.resolveGroup(*value, inputs);
    else if (mlir::RankedTensorType type = resolver.resolve(*input))
      inputs.tensors.push_back({value->name(), type});
  }
  llvm::StringSet<> taken = known;
  for (const InputGroup &group : inputs.groups)
    for (size_t i = 0; i < group.count; ++i)
      if (const std::string &name = inputs.tensors[group.begin + i].name; !taken.insert(name).second)
        context.error("an element of input " + quoted(group.name) + " would be called " + quoted(name) +
                      ", as another input is");
  return inputs;
}

mlir::RankedTensorType thimble::declaredType(mlir::MLIRContext *context, const proto::ValueInfoProto &value,
                                             const SymbolSizes &symbols) {
  if (!value.type().has_tensor_type() || !value.type().tensor_type().has_shape())
    return {};
  llvm::Expected<ElementType> element = elementTypeOf(value.type().tensor_type().elem_type());
  if (!element) {
    llvm::consumeError(element.takeError());
    return {};
  }
  llvm::SmallVector<int64_t> sizes;
  for (const Dimension &dimension : value.type().tensor_type().shape().dim()) {
    auto symbol = dimension.dim_param().empty() ? symbols.end() : symbols.find(dimension.dim_param());
    bool isSettled = symbol != symbols.end(), isZero = dimension.has_dim_value() && dimension.dim_value() == 0;
    int64_t open = isSettled ? symbol->second : mlir::ShapedType::kDynamic;
    sizes.push_back(isFixed(dimension) || isZero ? dimension.dim_value() : open);
  }
  return mlir::RankedTensorType::get(sizes, toMlirType(context, *element));
}
