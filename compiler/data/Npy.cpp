// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and writing NumPy arrays.
#include "compiler/data/Npy.h"
#include "compiler/data/FileBytes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include <algorithm>

using namespace thimble;
using llvm::StringRef;
using llvm::Twine;

namespace {
/// The codes of NumPy's type strings, without the byte order.
struct TypeCode {
  StringRef code;
  ElementType type;
};
constexpr TypeCode typeCodes[] = {{"f4", ElementType::F32}, {"f8", ElementType::F64}, {"f2", ElementType::F16},
                                  {"i1", ElementType::S8},  {"u1", ElementType::U8},  {"i2", ElementType::S16},
                                  {"u2", ElementType::U16}, {"i4", ElementType::S32}, {"u4", ElementType::U32},
                                  {"i8", ElementType::S64}, {"u8", ElementType::U64}, {"b1", ElementType::Bool}};

/// The header of an array: a Python dictionary in text form.
struct Header {
  std::string descr;
  bool isFortranOrder = false;
  llvm::SmallVector<int64_t> shape;
};

/// Reads the few forms of Python literals that a header may have.
class HeaderParser {
public:
  HeaderParser(StringRef text) : rest(text) {}

  /// False if the text is no such dictionary, or lacks a key; `isRecord` if the type is a list of fields.
  bool parse(Header &header, bool &isRecord) {
    unsigned seen = 0;
    if (!take("{"))
      return false;
    while (!take("}")) {
      std::string key;
      if (!quoted(key) || !take(":"))
        return false;
      if (key == "descr") {
        seen |= 1;
        rest = rest.ltrim();
        if (rest.starts_with("[") || rest.starts_with("(")) {
          isRecord = true;
          return true;
        }
        if (!quoted(header.descr))
          return false;
      } else if (key == "fortran_order") {
        seen |= 2;
        header.isFortranOrder = take("True");
        if (!header.isFortranOrder && !take("False"))
          return false;
      } else if (key == "shape") {
        seen |= 4;
        if (!tuple(header.shape))
          return false;
      } else {
        return false;
      }
      if (!take(",") && !rest.ltrim().starts_with("}"))
        return false;
    }
    return seen == 7 && rest.trim().trim('\0').empty();
  }

private:
  bool take(StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }

  bool quoted(std::string &out) {
    rest = rest.ltrim();
    if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
      return false;
    size_t end = rest.find(rest[0], 1);
    if (end == StringRef::npos)
      return false;
    out = rest.slice(1, end).str();
    rest = rest.drop_front(end + 1);
    return true;
  }

  bool tuple(llvm::SmallVector<int64_t> &out) {
    out.clear();
    if (!take("("))
      return false;
    while (!take(")")) {
      int64_t size;
      rest = rest.ltrim();
      if (rest.consumeInteger(10, size))
        return false;
      rest.consume_front("L"); // Python 2 wrote long integers so.
      out.push_back(size);
      if (!take(",") && !rest.ltrim().starts_with(")"))
        return false;
    }
    return true;
  }

  StringRef rest;
};
} // namespace

/// Turns a flat array whose first index runs fastest into one whose last does.
static std::vector<char> fromFortranOrder(llvm::ArrayRef<char> source, llvm::ArrayRef<int64_t> shape, int64_t width) {
  std::vector<char> result(source.size());
  llvm::SmallVector<int64_t> strides, index(shape.size(), 0);
  int64_t stride = width;
  for (int64_t size : shape) {
    strides.push_back(stride);
    stride *= size;
  }
  int64_t from = 0;
  for (size_t to = 0; to < result.size(); to += width) {
    std::copy_n(source.begin() + from, width, result.begin() + to);
    for (size_t axis = shape.size(); axis-- > 0;) {
      from += strides[axis];
      if (++index[axis] < shape[axis])
        break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

static llvm::Expected<ElementType> parseTypeCode(StringRef descr, bool &isBigEndian) {
  StringRef code = descr;
  isBigEndian = code.consume_front(">");
  if (!isBigEndian && !code.consume_front("<") && !code.consume_front("|"))
    code.consume_front("=");
  for (const TypeCode &known : typeCodes)
    if (known.code == code)
      return known.type;
  StringRef what = llvm::StringSwitch<StringRef>(code.take_front(1))
                       .Case("O", "pickled objects are not read")
                       .Cases("U", "S", "a", "text is not read")
                       .Case("c", "complex numbers are not supported")
                       .Cases("M", "m", "dates are not supported")
                       .Case("V", "records and raw bytes are not supported")
                       .Default("this element type is not supported");
  return dataError("element type " + quoted(descr) + ": " + what);
}

static llvm::Expected<Tensor> parseArray(llvm::ArrayRef<char> bytes) {
  StringRef file(bytes.data(), bytes.size());
  if (!file.consume_front("\x93NUMPY"))
    return dataError("not a NumPy array (.npy) file");
  if (file.size() < 4)
    return dataError("the file is cut off in its header");
  unsigned major = uint8_t(file[0]), minor = uint8_t(file[1]);
  if (major < 1 || major > 3)
    return dataError("version " + Twine(major) + "." + Twine(minor) + " of the .npy format is not known (1.0 to 3.0 are)");
  size_t lengthBytes = major == 1 ? 2 : 4;
  if (file.size() < 2 + lengthBytes)
    return dataError("the file is cut off in its header");
  uint64_t length =
      major == 1 ? llvm::support::endian::read16le(file.data() + 2) : llvm::support::endian::read32le(file.data() + 2);
  file = file.drop_front(2 + lengthBytes);
  if (length > file.size())
    return dataError("the file is cut off in its header");

  Header header;
  bool isRecord = false, isBigEndian = false;
  if (!HeaderParser(file.take_front(length)).parse(header, isRecord))
    return dataError("the header is damaged");
  if (isRecord)
    return dataError("arrays of records (structured element types) are not supported");
  llvm::Expected<ElementType> type = parseTypeCode(header.descr, isBigEndian);
  if (!type)
    return type.takeError();
  if (header.shape.size() > maxTensorRank)
    return dataError("the array has " + Twine(header.shape.size()) + " dimensions, the limit is " + Twine(maxTensorRank));
  std::optional<int64_t> count = checkedElementCount(header.shape);
  if (!count)
    return dataError("the shape " + shapeText(header.shape) + " is not possible");
  file = file.drop_front(length);
  int64_t width = elementTypeBytes(*type);
  // Compared by division: this must hold before anything is allocated.
  if (uint64_t(*count) != file.size() / width || file.size() % width != 0)
    return dataError("shape " + shapeText(header.shape) + " of " + elementTypeName(*type) + " needs " + Twine(*count * width) +
                     " bytes, the file has " + Twine(file.size()));

  Tensor tensor;
  tensor.type = *type;
  tensor.shape = header.shape;
  llvm::ArrayRef<char> data(file.data(), file.size());
  if (header.isFortranOrder && header.shape.size() > 1)
    tensor.bytes = fromFortranOrder(data, header.shape, width);
  else
    tensor.bytes.assign(data.begin(), data.end());
  if (isBigEndian)
    for (size_t at = 0; at < tensor.bytes.size(); at += width)
      std::reverse(tensor.bytes.begin() + at, tensor.bytes.begin() + at + width);
  if (tensor.type == ElementType::Bool)
    for (char &byte : tensor.bytes)
      byte = byte != 0;
  return tensor;
}

llvm::Expected<Tensor> thimble::parseNpy(llvm::ArrayRef<char> bytes, StringRef name) {
  llvm::Expected<Tensor> tensor = parseArray(bytes);
  if (!tensor)
    return dataError(name + ": " + llvm::toString(tensor.takeError()));
  return tensor;
}

llvm::Expected<Tensor> thimble::readNpy(StringRef path) {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file = readFileBytes(path);
  if (!file)
    return file.takeError();
  return parseNpy(llvm::ArrayRef<char>((*file)->getBufferStart(), (*file)->getBufferSize()), path);
}

llvm::Expected<std::vector<char>> thimble::serializeNpy(const Tensor &tensor) {
  const TypeCode *code = llvm::find_if(typeCodes, [&](const TypeCode &known) { return known.type == tensor.type; });
  if (code == std::end(typeCodes))
    return dataError("NumPy has no element type " + elementTypeName(tensor.type) + "; convert the tensor first");
  std::string text = "{'descr': '";
  text += elementTypeBytes(tensor.type) == 1 ? "|" : "<";
  text += code->code.str() + "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(tensor.shape[i]);
  text += tensor.shape.size() == 1 ? ",), }" : "), }";
  // Spaces and a line end bring the data to a multiple of 64 bytes.
  size_t before = 10;
  text.append((64 - (before + text.size() + 1) % 64) % 64, ' ');
  text += '\n';
  std::string head("\x93NUMPY\x01\x00", 8);
  head += char(text.size() & 0xff);
  head += char(text.size() >> 8);
  head += text;
  std::vector<char> bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), tensor.bytes.begin(), tensor.bytes.end());
  return bytes;
}

llvm::Error thimble::writeNpy(StringRef path, const Tensor &tensor) {
  llvm::Expected<std::vector<char>> bytes = serializeNpy(tensor);
  if (!bytes)
    return dataError(path + ": " + llvm::toString(bytes.takeError()));
  return writeFileBytes(path, *bytes);
}
