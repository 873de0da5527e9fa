// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Importing the attributes of nodes.
#include "compiler/import/AttributeImport.h"
#include "compiler/import/TensorImport.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace thimble;
using llvm::StringRef;
using llvm::Twine;
using Kind = proto::AttributeProto::AttributeType;

const proto::AttributeProto *thimble::resolveAttribute(const proto::AttributeProto &attribute,
                                                       const AttributeBindings *bindings) {
  if (attribute.ref_attr_name().empty() || !bindings)
    return &attribute;
  return bindings->lookup(attribute.ref_attr_name());
}

namespace {
/// A field of an attribute, and whether it is filled.
struct ValueField {
  Kind kind;
  StringRef name;
  bool isUsed;
};
} // namespace

/// The kind of an attribute's value; an error if the declared kind and the filled fields disagree.
static llvm::Expected<Kind> findKind(const proto::AttributeProto &attribute) {
  using A = proto::AttributeProto;
  const ValueField fields[] = {{A::FLOAT, "FLOAT", attribute.has_f()},
                               {A::INT, "INT", attribute.has_i()},
                               {A::STRING, "STRING", attribute.has_s()},
                               {A::TENSOR, "TENSOR", attribute.has_t()},
                               {A::GRAPH, "GRAPH", attribute.has_g()},
                               {A::SPARSE_TENSOR, "SPARSE_TENSOR", attribute.has_sparse_tensor()},
                               {A::TYPE_PROTO, "TYPE_PROTO", attribute.has_tp()},
                               {A::FLOATS, "FLOATS", attribute.floats_size() != 0},
                               {A::INTS, "INTS", attribute.ints_size() != 0},
                               {A::STRINGS, "STRINGS", attribute.strings_size() != 0},
                               {A::TENSORS, "TENSORS", attribute.tensors_size() != 0},
                               {A::GRAPHS, "GRAPHS", attribute.graphs_size() != 0},
                               {A::SPARSE_TENSORS, "SPARSE_TENSORS", attribute.sparse_tensors_size() != 0},
                               {A::TYPE_PROTOS, "TYPE_PROTOS", attribute.type_protos_size() != 0}};
  const ValueField *used = llvm::find_if(fields, [](const ValueField &field) { return field.isUsed; });
  // The oldest files declare no kind.
  if (attribute.type() == A::UNDEFINED) {
    if (used == std::end(fields))
      return dataError("has no value");
    return used->kind;
  }
  const ValueField *declared = llvm::find_if(fields, [&](const ValueField &field) { return field.kind == attribute.type(); });
  // Numbers that are zero and empty lists may be absent from the file, tensors and graphs may not.
  if (used != std::end(fields) && !declared->isUsed)
    return dataError("is declared as " + declared->name + " but holds " + used->name);
  if (!declared->isUsed && (declared->kind == A::TENSOR || declared->kind == A::GRAPH || declared->kind == A::SPARSE_TENSOR))
    return dataError("is declared as " + declared->name + " but holds nothing");
  return declared->kind;
}

static llvm::Expected<Attribute> importTensor(ImportContext &context, const proto::TensorProto &proto, StringRef name) {
  llvm::Expected<Tensor> tensor = decodeTensor(proto, context.files);
  if (!tensor)
    return dataError("is wrong: its tensor " + llvm::toString(tensor.takeError()));
  return Attribute(toElements(context.context, *tensor, proto.name().empty() ? name : StringRef(proto.name())));
}

/// Only operators on sequences and optional values have these, which are refused later, by name; so a short text will do.
static Attribute importType(Builder &builder, const proto::TypeProto &type) {
  return builder.getStringAttr(type.has_tensor_type() ? "tensor of " + dataTypeName(type.tensor_type().elem_type())
                                                      : "no tensor");
}

static llvm::Expected<Attribute> importValue(ImportContext &context, const proto::AttributeProto &attribute, Kind kind,
                                             StringRef name) {
  using A = proto::AttributeProto;
  Builder builder(context.context);
  llvm::SmallVector<Attribute> list;
  switch (kind) {
  case A::FLOAT:
    return Attribute(builder.getF32FloatAttr(attribute.f()));
  case A::INT:
    return Attribute(builder.getI64IntegerAttr(attribute.i()));
  case A::STRING:
    return Attribute(builder.getStringAttr(attribute.s()));
  case A::FLOATS:
    return Attribute(builder.getDenseF32ArrayAttr(llvm::to_vector(attribute.floats())));
  case A::INTS:
    return Attribute(builder.getDenseI64ArrayAttr(llvm::to_vector(attribute.ints())));
  case A::STRINGS:
    for (const std::string &string : attribute.strings())
      list.push_back(builder.getStringAttr(string));
    return Attribute(builder.getArrayAttr(list));
  case A::TENSOR:
    return importTensor(context, attribute.t(), name);
  case A::TENSORS:
    for (const proto::TensorProto &tensor : attribute.tensors()) {
      llvm::Expected<Attribute> elements = importTensor(context, tensor, name);
      if (!elements)
        return elements.takeError();
      list.push_back(*elements);
    }
    return Attribute(builder.getArrayAttr(list));
  case A::GRAPH:
    return Attribute(builder.getUnitAttr());
  case A::TYPE_PROTO:
    return importType(builder, attribute.tp());
  case A::TYPE_PROTOS:
    for (const proto::TypeProto &type : attribute.type_protos())
      list.push_back(importType(builder, type));
    return Attribute(builder.getArrayAttr(list));
  case A::GRAPHS:
    return dataError("is a list of graphs, which is not supported");
  case A::SPARSE_TENSOR:
  case A::SPARSE_TENSORS:
    return dataError("is a sparse tensor, which is not supported; store it as a dense one");
  case A::UNDEFINED:
    break;
  }
  return dataError("has a kind of value that is not known");
}

NodeAttributes thimble::importAttributes(ImportContext &context, Location loc, const proto::NodeProto &node,
                                         const AttributeBindings *bindings) {
  NodeAttributes result;
  llvm::SmallVector<NamedAttribute> values;
  std::map<std::string, bool> seen;
  for (const proto::AttributeProto &attribute : node.attribute()) {
    std::string what = "attribute " + quoted(attribute.name()) + " ";
    if (attribute.name().empty()) {
      context.error(loc, "an attribute has no name");
      continue;
    }
    if (!seen.insert({attribute.name(), true}).second) {
      context.error(loc, what + "is given twice");
      continue;
    }
    if (!attribute.ref_attr_name().empty() && !bindings) {
      context.error(loc, what + "refers to an attribute of a function, but the node is in none");
      continue;
    }
    const proto::AttributeProto *source = resolveAttribute(attribute, bindings);
    if (!source)
      continue;
    llvm::Expected<Kind> kind = findKind(*source);
    if (!kind) {
      context.error(loc, what + llvm::toString(kind.takeError()));
      continue;
    }
    if (*kind == proto::AttributeProto::GRAPH) {
      // The caller's graph would have to see the caller's values.
      if (source != &attribute) {
        context.error(loc, what + "is a graph that a function takes as an attribute, which is not supported");
        continue;
      }
      result.graphs[attribute.name()] = &source->g();
    }
    llvm::Expected<Attribute> value = importValue(context, *source, *kind, attribute.name());
    if (!value) {
      context.error(loc, what + llvm::toString(value.takeError()));
      continue;
    }
    values.push_back({StringAttr::get(context.context, attribute.name()), *value});
  }
  if (!values.empty())
    result.values = DictionaryAttr::get(context.context, values);
  return result;
}
