// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Decoding the tensors of a model file.
#include "compiler/import/TensorImport.h"
#include "compiler/support/Constants.h"
#include "llvm/ADT/StringExtras.h"

using namespace thimble;
using llvm::StringRef;
using llvm::Twine;

// By number, as the newest ONNX has them: our ONNX library may be older.
constexpr StringRef dataTypeNames[] = {
    "UNDEFINED", "FLOAT",        "UINT8",          "INT8",       "UINT16",         "INT16",  "INT32",     "INT64",
    "STRING",    "BOOL",         "FLOAT16",        "DOUBLE",     "UINT32",         "UINT64", "COMPLEX64", "COMPLEX128",
    "BFLOAT16",  "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4",  "INT4",      "FLOAT4E2M1"};

std::string thimble::dataTypeName(int32_t dataType) {
  if (dataType >= 0 && size_t(dataType) < std::size(dataTypeNames))
    return dataTypeNames[dataType].str();
  return "number " + std::to_string(dataType);
}

llvm::Expected<ElementType> thimble::elementTypeOf(int32_t dataType) {
  switch (dataType) {
  case proto::TensorProto::FLOAT:
    return ElementType::F32;
  case proto::TensorProto::DOUBLE:
    return ElementType::F64;
  case proto::TensorProto::FLOAT16:
    return ElementType::F16;
  case proto::TensorProto::BFLOAT16:
    return ElementType::BF16;
  case proto::TensorProto::INT8:
    return ElementType::S8;
  case proto::TensorProto::UINT8:
    return ElementType::U8;
  case proto::TensorProto::INT16:
    return ElementType::S16;
  case proto::TensorProto::UINT16:
    return ElementType::U16;
  case proto::TensorProto::INT32:
    return ElementType::S32;
  case proto::TensorProto::UINT32:
    return ElementType::U32;
  case proto::TensorProto::INT64:
    return ElementType::S64;
  case proto::TensorProto::UINT64:
    return ElementType::U64;
  case proto::TensorProto::BOOL:
    return ElementType::Bool;
  case proto::TensorProto::UNDEFINED:
    return dataError("has no data type");
  // By number, which our ONNX library may not have names for.
  case 17:
    return ElementType::F8E4M3FN;
  case 18:
    return ElementType::F8E4M3FNUZ;
  case 19:
    return ElementType::F8E5M2;
  case 20:
    return ElementType::F8E5M2FNUZ;
  case 21:
    return ElementType::U4;
  case 22:
    return ElementType::S4;
  default:
    if (size_t(dataType) < std::size(dataTypeNames))
      return dataError("has data type " + dataTypeName(dataType) + ", which is not supported");
    return dataError("has data type " + dataTypeName(dataType) + ", which is not known");
  }
}

mlir::Type thimble::toMlirType(mlir::MLIRContext *context, ElementType type) {
  switch (type) {
  case ElementType::F32:
    return mlir::FloatType::getF32(context);
  case ElementType::F64:
    return mlir::FloatType::getF64(context);
  case ElementType::F16:
    return mlir::FloatType::getF16(context);
  case ElementType::BF16:
    return mlir::FloatType::getBF16(context);
  case ElementType::Bool:
    return mlir::IntegerType::get(context, 1);
  case ElementType::S8:
  case ElementType::S16:
  case ElementType::S32:
  case ElementType::S64:
    return mlir::IntegerType::get(context, elementTypeBytes(type) * 8);
  case ElementType::U8:
  case ElementType::U16:
  case ElementType::U32:
  case ElementType::U64:
    return mlir::IntegerType::get(context, elementTypeBytes(type) * 8, mlir::IntegerType::Unsigned);
  case ElementType::S4:
    return mlir::IntegerType::get(context, 4);
  case ElementType::U4:
    return mlir::IntegerType::get(context, 4, mlir::IntegerType::Unsigned);
  case ElementType::F8E4M3FN:
    return mlir::FloatType::getFloat8E4M3FN(context);
  case ElementType::F8E4M3FNUZ:
    return mlir::FloatType::getFloat8E4M3FNUZ(context);
  case ElementType::F8E5M2:
    return mlir::FloatType::getFloat8E5M2(context);
  case ElementType::F8E5M2FNUZ:
    return mlir::FloatType::getFloat8E5M2FNUZ(context);
  }
  llvm_unreachable("not an element type");
}

namespace {
/// The fields that a tensor can keep its data in.
enum class Store { None, Raw, Floats, Int32s, Int64s, Doubles, Uint64s, Strings };
} // namespace

static StringRef storeName(Store store) {
  constexpr StringRef names[] = {"nothing",    "raw_data",    "float_data",  "int32_data",
                                 "int64_data", "double_data", "uint64_data", "string_data"};
  return names[size_t(store)];
}

/// The field for typed data of this type.
static Store typedStore(ElementType type) {
  switch (type) {
  case ElementType::F32:
    return Store::Floats;
  case ElementType::F64:
    return Store::Doubles;
  case ElementType::S64:
    return Store::Int64s;
  case ElementType::U32:
  case ElementType::U64:
    return Store::Uint64s;
  default:
    return Store::Int32s;
  }
}

/// The one field that holds data; an error if there are two.
static llvm::Expected<Store> findStore(const proto::TensorProto &tensor) {
  const std::pair<Store, bool> stores[] = {
      {Store::Raw, !tensor.raw_data().empty()},         {Store::Floats, tensor.float_data_size() != 0},
      {Store::Int32s, tensor.int32_data_size() != 0},   {Store::Int64s, tensor.int64_data_size() != 0},
      {Store::Doubles, tensor.double_data_size() != 0}, {Store::Uint64s, tensor.uint64_data_size() != 0},
      {Store::Strings, tensor.string_data_size() != 0}};
  Store found = Store::None;
  for (auto [store, isUsed] : stores) {
    if (isUsed && found != Store::None)
      return dataError("has data in both " + storeName(found) + " and " + storeName(store));
    if (isUsed)
      found = store;
  }
  return found;
}

/// Copies typed data, whose elements may be wider than those of the tensor: then each must fit.
template <typename Stored, typename Field> static llvm::Error copyTyped(const Field &field, Tensor &tensor) {
  auto out = tensor.asMutable<Stored>();
  for (int i = 0; i < field.size(); ++i) {
    auto value = field.Get(i);
    out[i] = Stored(value);
    if (sizeof(Stored) < sizeof(value) && decltype(value)(out[i]) != value)
      return dataError("has " + std::to_string(value) + " as element " + Twine(i) + ", which " + elementTypeName(tensor.type) +
                       " cannot hold");
  }
  return llvm::Error::success();
}

static bool isNibble(ElementType type) { return type == ElementType::S4 || type == ElementType::U4; }

/// Two elements a byte, the first in the low bits, become one byte each.
static void unpackNibbles(llvm::ArrayRef<char> packed, Tensor &tensor) {
  for (size_t i = 0; i < tensor.bytes.size(); ++i) {
    int nibble = (uint8_t(packed[i / 2]) >> (i % 2 * 4)) & 15;
    tensor.bytes[i] = char(tensor.type == ElementType::S4 && nibble > 7 ? nibble - 16 : nibble);
  }
}

static llvm::Error decodeTyped(const proto::TensorProto &source, Tensor &tensor) {
  switch (tensor.type) {
  case ElementType::F32:
    return copyTyped<float>(source.float_data(), tensor);
  case ElementType::F64:
    return copyTyped<double>(source.double_data(), tensor);
  case ElementType::S8:
    return copyTyped<int8_t>(source.int32_data(), tensor);
  case ElementType::S16:
    return copyTyped<int16_t>(source.int32_data(), tensor);
  case ElementType::S32:
    return copyTyped<int32_t>(source.int32_data(), tensor);
  case ElementType::Bool:
  case ElementType::U8:
  case ElementType::F8E4M3FN:
  case ElementType::F8E4M3FNUZ:
  case ElementType::F8E5M2:
  case ElementType::F8E5M2FNUZ:
    return copyTyped<uint8_t>(source.int32_data(), tensor);
  case ElementType::S4:
  case ElementType::U4: { // two elements in the low byte of each number
    std::vector<char> packed;
    for (int32_t pair : source.int32_data())
      packed.push_back(char(pair));
    unpackNibbles(packed, tensor);
    return llvm::Error::success();
  }
  case ElementType::F16:
  case ElementType::BF16:
  case ElementType::U16:
    return copyTyped<uint16_t>(source.int32_data(), tensor);
  case ElementType::U32:
    return copyTyped<uint32_t>(source.uint64_data(), tensor);
  case ElementType::U64:
    return copyTyped<uint64_t>(source.uint64_data(), tensor);
  case ElementType::S64:
    return copyTyped<int64_t>(source.int64_data(), tensor);
  }
  llvm_unreachable("not an element type");
}

static int64_t typedCount(const proto::TensorProto &tensor, Store store) {
  switch (store) {
  case Store::Floats:
    return tensor.float_data_size();
  case Store::Int32s:
    return tensor.int32_data_size();
  case Store::Int64s:
    return tensor.int64_data_size();
  case Store::Doubles:
    return tensor.double_data_size();
  case Store::Uint64s:
    return tensor.uint64_data_size();
  default:
    return 0;
  }
}

static llvm::Expected<ExternalRange> externalRange(const proto::TensorProto &tensor) {
  ExternalRange range;
  for (const proto::StringStringEntryProto &entry : tensor.external_data()) {
    uint64_t number = 0;
    bool isNumber = !StringRef(entry.value()).getAsInteger(10, number);
    if (entry.key() == "location")
      range.location = entry.value();
    else if (entry.key() == "offset" || entry.key() == "length") {
      if (!isNumber)
        return dataError("has external data with the " + entry.key() + " " + quoted(entry.value()) + ", which is not a number");
      if (entry.key() == "offset")
        range.offset = number;
      else
        range.length = number;
    }
  }
  return range;
}

/// The bytes of a tensor whose type and shape are known.
static llvm::Error decodeData(const proto::TensorProto &source, const ExternalFiles &files, Tensor &tensor, int64_t count) {
  bool isPacked = isNibble(tensor.type);
  int64_t bytes = isPacked ? (count + 1) / 2 : count * elementTypeBytes(tensor.type);
  auto setBytes = [&](std::vector<char> data) {
    tensor.bytes.resize(size_t(isPacked ? count : bytes));
    if (isPacked)
      unpackNibbles(data, tensor);
    else
      tensor.bytes = std::move(data);
  };
  std::string shape = tensor.shape.empty() ? "of scalar shape" : "of shape " + shapeText(tensor.shape);
  llvm::Expected<Store> store = findStore(source);
  if (!store)
    return store.takeError();

  if (source.data_location() == proto::TensorProto::EXTERNAL) {
    if (*store != Store::None)
      return dataError("has external data, and data in " + storeName(*store) + " as well");
    llvm::Expected<ExternalRange> range = externalRange(source);
    if (!range)
      return range.takeError();
    llvm::Expected<std::vector<char>> data = files.read(*range, bytes);
    if (!data)
      return dataError(shape + ": " + llvm::toString(data.takeError()));
    setBytes(std::move(*data));
    return llvm::Error::success();
  }
  if (*store == Store::None || *store == Store::Raw) {
    if (int64_t(source.raw_data().size()) != bytes)
      return dataError(shape + " needs " + Twine(bytes) + " bytes, the file has " + Twine(source.raw_data().size()));
    setBytes(std::vector<char>(source.raw_data().begin(), source.raw_data().end()));
    return llvm::Error::success();
  }
  if (*store != typedStore(tensor.type))
    return dataError("has data type " + dataTypeName(source.data_type()) + ", whose data cannot be in " + storeName(*store));
  int64_t present = typedCount(source, *store);
  if (present != (isPacked ? bytes : count))
    return dataError(shape + " needs " + Twine(isPacked ? bytes : count) + " elements, the file has " + Twine(present));
  tensor.bytes.resize(size_t(count * elementTypeBytes(tensor.type)));
  return decodeTyped(source, tensor);
}

llvm::Expected<Tensor> thimble::decodeTensor(const proto::TensorProto &source, const ExternalFiles &files) {
  llvm::Expected<ElementType> type = elementTypeOf(source.data_type());
  if (!type)
    return type.takeError();
  if (source.has_segment())
    return dataError("is split into segments, which is not supported");
  if (size_t(source.dims_size()) > maxTensorRank)
    return dataError("has " + Twine(source.dims_size()) + " dimensions, the limit is " + Twine(maxTensorRank));
  Tensor tensor;
  tensor.type = *type;
  tensor.shape.assign(source.dims().begin(), source.dims().end());
  for (int64_t size : tensor.shape)
    if (size < 0)
      return dataError("has a negative dimension, " + Twine(size));
  std::optional<int64_t> count = checkedElementCount(tensor.shape);
  if (!count)
    return dataError("has the shape " + shapeText(tensor.shape) + ", which is too large for any memory");
  if (llvm::Error error = decodeData(source, files, tensor, *count))
    return std::move(error);
  if (tensor.type == ElementType::Bool)
    for (char &byte : tensor.bytes)
      byte = byte != 0;
  return tensor;
}

mlir::ElementsAttr thimble::toElements(mlir::MLIRContext *context, const Tensor &tensor, StringRef name) {
  // Resources are keys of the printed file; names of ONNX may hold any character.
  std::string key;
  for (char c : name.take_front(100))
    key += llvm::isAlnum(c) || c == '_' || c == '.' ? c : '_';
  if (key.empty() || llvm::isDigit(key[0]))
    key.insert(0, "_");
  auto type = mlir::RankedTensorType::get(tensor.shape, toMlirType(context, tensor.type));
  return makeConstant(type, tensor.bytes, key);
}
