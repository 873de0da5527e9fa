// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fitting the values of --bind to the inputs that they are for.
#include "compiler/import/BoundInputs.h"
#include "compiler/import/TensorImport.h"

using namespace thimble;
using llvm::StringRef;
using llvm::Twine;

/// The shape that a list of numbers gets: the input's, whose one open dimension takes what is left; without one, a list.
static llvm::SmallVector<int64_t> listShape(const proto::TypeProto_Tensor &type, int64_t count) {
  if (!type.has_shape())
    return {count};
  llvm::SmallVector<int64_t> shape;
  std::optional<size_t> open;
  int64_t known = 1;
  for (const auto &[i, dimension] : llvm::enumerate(type.shape().dim())) {
    if (!dimension.has_dim_value() || dimension.dim_value() <= 0) {
      open = i;
      shape.push_back(1);
      continue;
    }
    shape.push_back(dimension.dim_value());
    if (llvm::MulOverflow(known, dimension.dim_value(), known))
      return {-1};
  }
  if (open)
    shape[*open] = count / known;
  return shape;
}

/// The value of one input; an error that reads on after "--bind x".
static llvm::Expected<Tensor> fit(const Binding &binding, const proto::ValueInfoProto &value, SymbolSizes &symbols) {
  if (!value.type().has_tensor_type())
    return dataError(": the input is not a tensor");
  const proto::TypeProto_Tensor &type = value.type().tensor_type();
  llvm::Expected<ElementType> element = elementTypeOf(type.elem_type());
  if (!element)
    return dataError(": the input " + llvm::toString(element.takeError()));
  llvm::Expected<Tensor> tensor = binding.tensor.convertTo(*element);
  if (!tensor)
    return dataError(": " + llvm::toString(tensor.takeError()));
  if (binding.isList)
    tensor->shape = listShape(type, tensor->count());
  std::optional<int64_t> count = checkedElementCount(tensor->shape);
  bool fits = count && *count * elementTypeBytes(*element) == int64_t(tensor->bytes.size());
  if (type.has_shape())
    fits &= int(tensor->shape.size()) == type.shape().dim_size();
  for (size_t i = 0; fits && type.has_shape() && i < tensor->shape.size(); ++i) {
    const auto &dimension = type.shape().dim(int(i));
    fits &= !dimension.has_dim_value() || dimension.dim_value() <= 0 || dimension.dim_value() == tensor->shape[i];
    if (!dimension.dim_param().empty())
      symbols.insert({dimension.dim_param(), tensor->shape[i]});
  }
  if (!fits)
    return dataError(" has " + Twine(binding.tensor.count()) + " elements" +
                     (binding.isList ? "" : " of shape " + shapeText(binding.tensor.shape)) +
                     ", which do not fit the shape of the input");
  return tensor;
}

std::vector<NamedTensor> thimble::resolveBindings(ImportContext &context, const proto::GraphProto &graph,
                                                  const llvm::StringSet<> &initializers, SymbolSizes &symbols) {
  llvm::SmallVector<StringRef> names;
  for (const auto &entry : context.options.bindings)
    names.push_back(entry.getKey());
  llvm::sort(names);
  std::vector<NamedTensor> bound;
  for (StringRef name : names) {
    auto value = llvm::find_if(graph.input(), [&](const auto &input) { return input.name() == name; });
    if (value == graph.input().end() || initializers.contains(name)) {
      context.error("--bind names " + quoted(name) + ", which is not an input of the model");
      continue;
    }
    llvm::Expected<Tensor> tensor = fit(context.options.bindings.find(name)->second, *value, symbols);
    if (tensor)
      bound.push_back({name.str(), std::move(*tensor)});
    else
      context.error("--bind " + name + llvm::toString(tensor.takeError()));
  }
  return bound;
}
