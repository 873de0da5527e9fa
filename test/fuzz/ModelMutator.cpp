// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Walks a model by protobuf's reflection, so that every field of every message can change; operators, names and tensors are
// changed with knowledge of what they mean, since random ones would be refused at once.
#include "test/fuzz/ModelMutator.h"
#include "passes/legalize/Registry.h"
#include "llvm/ADT/StringRef.h"
#include <cmath>
#include <limits>

using namespace thimble;
using namespace thimble::fuzz;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

static constexpr int64_t integers[] = {0,
                                       1,
                                       -1,
                                       2,
                                       3,
                                       -2,
                                       4,
                                       7,
                                       8,
                                       16,
                                       64,
                                       255,
                                       1000,
                                       65536,
                                       INT32_MAX,
                                       INT32_MIN,
                                       int64_t(1) << 32,
                                       int64_t(1) << 40,
                                       INT64_MAX,
                                       INT64_MIN};
static constexpr float floats[] = {0.0f,
                                   -0.0f,
                                   1.0f,
                                   -1.0f,
                                   0.5f,
                                   1e-30f,
                                   1e30f,
                                   -1e30f,
                                   std::numeric_limits<float>::infinity(),
                                   -std::numeric_limits<float>::infinity(),
                                   std::numeric_limits<float>::quiet_NaN()};

static size_t below(Random &random, size_t limit) { return limit == 0 ? 0 : size_t(random()) % limit; }
static bool chance(Random &random, size_t one) { return below(random, one) == 0; }

template <typename List> static const auto &pick(const List &list, Random &random) {
  return list[below(random, std::size(list))];
}

static int64_t number(int64_t old, Random &random) {
  if (chance(random, 2))
    return pick(integers, random);
  return int64_t(uint64_t(old) + (chance(random, 2) ? uint64_t(1) : ~uint64_t(0)));
}

// All messages below `message`, itself among them.
static void collect(Message &message, std::vector<Message *> &all) {
  all.push_back(&message);
  const Reflection *reflection = message.GetReflection();
  std::vector<const FieldDescriptor *> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor *field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE)
      continue;
    if (!field->is_repeated()) {
      collect(*reflection->MutableMessage(&message, field), all);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i)
      collect(*reflection->MutableRepeatedMessage(&message, field, i), all);
  }
}

// Names of values, so that new edges are likely to connect something.
static std::vector<std::string> valueNames(const proto::GraphProto &graph) {
  std::vector<std::string> names{""};
  for (const auto &input : graph.input())
    names.push_back(input.name());
  for (const auto &initializer : graph.initializer())
    names.push_back(initializer.name());
  for (const auto &node : graph.node())
    names.insert(names.end(), node.output().begin(), node.output().end());
  return names;
}

static void setScalar(Message &message, const FieldDescriptor *field, int index, Random &random) {
  const Reflection *r = message.GetReflection();
  bool isList = field->is_repeated();
  auto old = [&](auto one, auto repeated) {
    return isList ? (r->*repeated)(message, field, index) : (r->*one)(message, field);
  };
  switch (field->cpp_type()) {
  case FieldDescriptor::CPPTYPE_INT32: {
    int32_t value = int32_t(number(old(&Reflection::GetInt32, &Reflection::GetRepeatedInt32), random));
    return isList ? r->SetRepeatedInt32(&message, field, index, value) : r->SetInt32(&message, field, value);
  }
  case FieldDescriptor::CPPTYPE_INT64: {
    int64_t value = number(old(&Reflection::GetInt64, &Reflection::GetRepeatedInt64), random);
    return isList ? r->SetRepeatedInt64(&message, field, index, value) : r->SetInt64(&message, field, value);
  }
  case FieldDescriptor::CPPTYPE_UINT64: {
    uint64_t value = uint64_t(number(int64_t(old(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64)), random));
    return isList ? r->SetRepeatedUInt64(&message, field, index, value) : r->SetUInt64(&message, field, value);
  }
  case FieldDescriptor::CPPTYPE_FLOAT:
    return isList ? r->SetRepeatedFloat(&message, field, index, pick(floats, random))
                  : r->SetFloat(&message, field, pick(floats, random));
  case FieldDescriptor::CPPTYPE_DOUBLE:
    return isList ? r->SetRepeatedDouble(&message, field, index, pick(floats, random))
                  : r->SetDouble(&message, field, pick(floats, random));
  case FieldDescriptor::CPPTYPE_ENUM:
    return isList ? r->SetRepeatedEnumValue(&message, field, index, int(below(random, 24)))
                  : r->SetEnumValue(&message, field, int(below(random, 24)));
  case FieldDescriptor::CPPTYPE_STRING: {
    std::string text = isList ? r->GetRepeatedString(message, field, index) : r->GetString(message, field);
    if (text.empty() || chance(random, 4))
      text += char(below(random, 256));
    else if (chance(random, 2))
      text[below(random, text.size())] = char(below(random, 256));
    else
      text.resize(below(random, text.size()));
    return isList ? r->SetRepeatedString(&message, field, index, text) : r->SetString(&message, field, text);
  }
  default:
    return;
  }
}

// Removes, repeats or swaps elements of a list.
static void changeList(Message &message, const FieldDescriptor *field, const std::vector<Message *> &all, Random &random) {
  const Reflection *reflection = message.GetReflection();
  int count = reflection->FieldSize(message, field);
  bool isMessage = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (count > 0 && chance(random, 3))
    return reflection->RemoveLast(&message, field);
  if (count > 1 && chance(random, 2))
    return reflection->SwapElements(&message, field, int(below(random, size_t(count))), int(below(random, size_t(count))));
  if (!isMessage)
    return;
  std::vector<Message *> same;
  for (Message *other : all)
    if (other->GetDescriptor() == field->message_type())
      same.push_back(other);
  if (same.empty() || pick(same, random)->ByteSizeLong() > 4096)
    return;
  std::unique_ptr<Message> copy(same[below(random, same.size())]->New());
  copy->CopyFrom(*same[below(random, same.size())]);
  reflection->AddMessage(&message, field)->CopyFrom(*copy);
}

static void changeField(Message &message, const std::vector<Message *> &all, Random &random) {
  const Reflection *reflection = message.GetReflection();
  std::vector<const FieldDescriptor *> fields;
  reflection->ListFields(message, &fields);
  if (fields.empty() || chance(random, 12)) { // one that is absent as a rule
    const FieldDescriptor *field =
        message.GetDescriptor()->field(int(below(random, size_t(message.GetDescriptor()->field_count()))));
    if (!field->is_repeated() && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE)
      setScalar(message, field, 0, random);
    return;
  }
  const FieldDescriptor *field = pick(fields, random);
  bool isMessage = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (field->is_repeated() && (isMessage || chance(random, 3)))
    return changeList(message, field, all, random);
  if (chance(random, 16))
    return reflection->ClearField(&message, field);
  if (isMessage)
    return;
  int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
  setScalar(message, field, int(below(random, size_t(count))), random);
}

// A model with operators of a domain must import it.
static void importDomain(proto::ModelProto &model, llvm::StringRef domain, Random &random) {
  for (const auto &import : model.opset_import())
    if (import.domain() == domain)
      return;
  auto &import = *model.add_opset_import();
  import.set_domain(domain.str());
  import.set_version(int64_t(1 + below(random, 5)));
}

// Another operator, another edge, another attribute.
static void changeNode(proto::ModelProto &model, proto::NodeProto &node, const std::vector<std::string> &names,
                       Random &random) {
  static const auto operators = legalize::getRegistry().list();
  switch (below(random, 5)) {
  case 0: {
    llvm::StringRef name = pick(operators, random).first;
    auto [domain, op] = name.rsplit('.');
    node.set_op_type(op.empty() ? name.str() : op.str());
    node.set_domain(op.empty() ? "" : domain.str());
    importDomain(model, node.domain(), random);
    break;
  }
  case 1:
    if (node.input_size() > 0)
      node.set_input(int(below(random, size_t(node.input_size()))), pick(names, random));
    break;
  case 2:
    node.add_input(pick(names, random));
    break;
  case 3:
    if (node.input_size() > 0)
      node.mutable_input()->RemoveLast();
    break;
  default:
    if (node.attribute_size() > 0)
      node.mutable_attribute()->DeleteSubrange(int(below(random, size_t(node.attribute_size()))), 1);
  }
}

// A tensor of another shape whose data fits, unless its size is out of proportion.
static void reshape(proto::TensorProto &tensor, Random &random) {
  if (tensor.dims_size() > 0 && !chance(random, 4))
    tensor.set_dims(int(below(random, size_t(tensor.dims_size()))), int64_t(below(random, 5)));
  else
    tensor.add_dims(int64_t(below(random, 3)));
  static constexpr int bytes[] = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8};
  int64_t count = tensor.data_type() >= 0 && size_t(tensor.data_type()) < std::size(bytes) ? bytes[tensor.data_type()] : 0;
  for (int64_t size : tensor.dims())
    count = size < 0 || size > 4096 || count > (1 << 16) ? 0 : count * size;
  if (tensor.has_raw_data() && count <= (1 << 16))
    tensor.mutable_raw_data()->resize(size_t(count));
}

static void changeOne(proto::ModelProto &model, Random &random) {
  proto::GraphProto &graph = *model.mutable_graph();
  size_t kind = below(random, 8);
  if (kind < 2 && graph.node_size() > 0)
    return changeNode(model, *graph.mutable_node(int(below(random, size_t(graph.node_size())))), valueNames(graph), random);
  if (kind == 2 && graph.initializer_size() > 0)
    return reshape(*graph.mutable_initializer(int(below(random, size_t(graph.initializer_size())))), random);
  if (kind == 3 && model.opset_import_size() > 0)
    return model.mutable_opset_import(int(below(random, size_t(model.opset_import_size()))))
        ->set_version(int64_t(below(random, 24)));
  std::vector<Message *> all;
  collect(model, all);
  changeField(*pick(all, random), all, random);
}

void fuzz::mutate(proto::ModelProto &model, Random &random) {
  for (size_t count = 1 + below(random, 4); count > 0; --count)
    changeOne(model, random);
}

void fuzz::crossOver(proto::ModelProto &model, const proto::ModelProto &other, Random &random) {
  proto::GraphProto &graph = *model.mutable_graph();
  for (const proto::NodeProto &node : other.graph().node()) {
    if (chance(random, 2))
      continue;
    proto::NodeProto &added = *graph.add_node();
    added.CopyFrom(node);
    std::vector<std::string> names = valueNames(graph);
    for (std::string &input : *added.mutable_input())
      if (chance(random, 2))
        input = pick(names, random);
    for (std::string &output : *added.mutable_output())
      output += "'";
  }
  for (const proto::TensorProto &initializer : other.graph().initializer())
    if (initializer.ByteSizeLong() < 4096 && chance(random, 2))
      graph.add_initializer()->CopyFrom(initializer);
  if (graph.node_size() > 0 && graph.output_size() > 0) {
    const proto::NodeProto &last = graph.node(graph.node_size() - 1);
    if (last.output_size() > 0)
      graph.mutable_output(0)->set_name(last.output(0));
  }
}
