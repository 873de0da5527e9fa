// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Running ONNX's backend test cases at nn level.
#include "NodeCase.h"
#include "compiler/execute/Executor.h"
#include "compiler/import/OnnxImport.h"
#include "compiler/import/TensorProtoFile.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/onnx/OnnxDialect.h"
#include "passes/legalize/Legalize.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace thimble;
using namespace thimble::test;

namespace {

Type elementType(MLIRContext *context, ElementType type) {
  Builder builder(context);
  auto unsignedInteger = [&](unsigned width) { return builder.getIntegerType(width, /*isSigned=*/false); };
  switch (type) {
  case ElementType::F32:
    return builder.getF32Type();
  case ElementType::F64:
    return builder.getF64Type();
  case ElementType::F16:
    return builder.getF16Type();
  case ElementType::BF16:
    return builder.getBF16Type();
  case ElementType::S8:
    return builder.getI8Type();
  case ElementType::U8:
    return unsignedInteger(8);
  case ElementType::S16:
    return builder.getI16Type();
  case ElementType::U16:
    return unsignedInteger(16);
  case ElementType::S32:
    return builder.getI32Type();
  case ElementType::U32:
    return unsignedInteger(32);
  case ElementType::S64:
    return builder.getI64Type();
  case ElementType::U64:
    return unsignedInteger(64);
  case ElementType::Bool:
    return builder.getI1Type();
  default: // no case of the suite has such data
    return {};
  }
}

bool isFloat(ElementType type) {
  return type == ElementType::F32 || type == ElementType::F64 || type == ElementType::F16 || type == ElementType::BF16;
}

// input_0.pb, input_1.pb, ... of one data set; an error text if one cannot be read.
std::string readAll(const std::string &folder, const char *kind, std::vector<NamedTensor> &tensors) {
  for (int i = 0;; ++i) {
    std::string path = folder + "/" + kind + "_" + std::to_string(i) + ".pb";
    if (!llvm::sys::fs::exists(path))
      return "";
    NamedTensor named;
    llvm::Expected<Tensor> tensor = readTensorProto(path, &named.name);
    if (!tensor)
      return llvm::toString(tensor.takeError());
    named.tensor = std::move(*tensor);
    tensors.push_back(std::move(named));
  }
}

// Turns the arguments that the compiler is to know into constants, and their data away.
void bindConstants(func::FuncOp function, std::vector<NamedTensor> &inputs, Known known) {
  OpBuilder builder(function.getContext());
  builder.setInsertionPointToStart(&function.getBody().front());
  for (size_t i = std::min<size_t>(inputs.size(), function.getNumArguments()); i-- > 0;) {
    const Tensor &tensor = inputs[i].tensor;
    if (known == Known::Nothing || (known == Known::Integers && isFloat(tensor.type)))
      continue;
    auto type = RankedTensorType::get(tensor.shape, elementType(function.getContext(), tensor.type));
    Location loc = nodeLocation(function.getContext(), inputs[i].name);
    Value constant = builder.create<onnx::ConstantOp>(loc, type, makeConstant(type, llvm::ArrayRef<char>(tensor.bytes)));
    function.getArgument(i).replaceAllUsesWith(constant);
    function.eraseArgument(i);
    inputs.erase(inputs.begin() + i);
  }
}

std::string compare(const Tensor &expected, llvm::ArrayRef<char> bytes, RankedTensorType type, size_t output) {
  std::string where = "output " + std::to_string(output) + ": ";
  if (type.getShape() != llvm::ArrayRef<int64_t>(expected.shape))
    return where + "shape " + shapeText(type.getShape()) + " instead of " + shapeText(expected.shape);
  if (type.getElementType() != elementType(type.getContext(), expected.type))
    return where + "wrong element type";
  Tensor actual = expected;
  if (actual.bytes.size() != bytes.size())
    return where + "wrong number of bytes";
  actual.bytes.assign(bytes.begin(), bytes.end());
  if (!isFloat(expected.type))
    return actual.bytes == expected.bytes ? "" : where + "other integers";
  for (int64_t i = 0; i < expected.count(); ++i) {
    double want = expected.number(i), got = actual.number(i);
    bool isSame = want == got || (std::isnan(want) && std::isnan(got)) || std::abs(want - got) <= 1e-5 + 1e-3 * std::abs(want);
    if (!isSame)
      return where + "element " + std::to_string(i) + " is " + std::to_string(got) + " instead of " + std::to_string(want);
  }
  return "";
}

std::string errorsOf(const DiagnosticCollector &collector) {
  return collector.getErrors().empty() ? "failed without an error" : format(collector.getErrors().front());
}

struct Result {
  RankedTensorType type;
  std::vector<char> bytes;
};

// The results but the sizes that depend on data: what has such a size is cut to it.
std::vector<Result> cutToSizes(func::FuncOp function, Executor &executor) {
  std::vector<Result> results;
  llvm::DenseSet<int64_t> sizes;
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (auto bound = function.getResultAttrOfType<DenseI64ArrayAttr>(i, nn::boundAttrName))
      sizes.insert(bound[1]);
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto type = cast<RankedTensorType>(function.getResultTypes()[i]);
    llvm::ArrayRef<char> bytes = executor.getOutput(i);
    if (sizes.contains(i))
      continue;
    auto bound = function.getResultAttrOfType<DenseI64ArrayAttr>(i, nn::boundAttrName);
    if (!bound) {
      results.push_back({type, bytes.vec()});
      continue;
    }
    llvm::SmallVector<int64_t> shape(type.getShape());
    int64_t full = shape[bound[0]], inner = elementBytes(type.getElementType()), outer = 1, size;
    std::memcpy(&size, executor.getOutput(size_t(bound[1])).data(), sizeof(size));
    for (int64_t d = 0; d < type.getRank(); ++d)
      (d < bound[0] ? outer : inner) *= d == bound[0] ? 1 : shape[d];
    shape[bound[0]] = size;
    std::vector<char> cut;
    for (int64_t o = 0; o < outer; ++o)
      cut.insert(cut.end(), bytes.begin() + o * full * inner, bytes.begin() + (o * full + size) * inner);
    results.push_back({RankedTensorType::get(shape, type.getElementType()), std::move(cut)});
  }
  return results;
}

CaseResult runDataSet(const std::string &folder, const std::string &dataSet, Known known) {
  std::vector<NamedTensor> inputs, outputs;
  std::string problem = readAll(dataSet, "input", inputs);
  if (problem.empty())
    problem = readAll(dataSet, "output", outputs);
  if (!problem.empty())
    return {Verdict::Refused, problem};
  MLIRContext context(MLIRContext::Threading::DISABLED);
  DiagnosticCollector collector(&context, /*quiet=*/true);
  OwningOpRef<ModuleOp> module = importOnnxFile(&context, folder + "/model.onnx");
  if (!module)
    return {Verdict::Refused, errorsOf(collector)};
  auto function = *module->getOps<func::FuncOp>().begin();
  if (function.getNumArguments() != inputs.size())
    return {Verdict::Refused, "the model has " + std::to_string(function.getNumArguments()) + " inputs"};
  bindConstants(function, inputs, known);
  PassManager manager(&context);
  legalize::buildLegalizePipeline(manager);
  if (failed(manager.run(*module)))
    return {Verdict::Refused, errorsOf(collector)};
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(function);
  if (failed(executor))
    return {Verdict::Wrong, errorsOf(collector)};
  llvm::SmallVector<llvm::ArrayRef<char>> data;
  for (const NamedTensor &input : inputs) {
    if (input.tensor.bytes.size() != (*executor)->getInputBytes(data.size()))
      return {Verdict::Refused, "data do not fit the input"};
    data.push_back(input.tensor.bytes);
  }
  (*executor)->run(data);
  std::vector<Result> results = cutToSizes(function, **executor);
  if (outputs.size() != results.size())
    return {Verdict::Refused, "the case has " + std::to_string(outputs.size()) + " outputs"};
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::string difference = compare(outputs[i].tensor, results[i].bytes, results[i].type, i);
    if (!difference.empty())
      return {Verdict::Wrong, difference};
  }
  return {Verdict::Right, ""};
}

} // namespace

CaseResult test::runNodeCase(const std::string &folder, Known known) {
  CaseResult result{Verdict::Refused, "has no data"};
  for (int i = 0;; ++i) {
    std::string dataSet = folder + "/test_data_set_" + std::to_string(i);
    if (!llvm::sys::fs::is_directory(dataSet))
      return result;
    result = runDataSet(folder, dataSet, known);
    if (result.verdict != Verdict::Right)
      return result;
  }
}

std::vector<std::string> test::listNodeCases(const std::string &root) {
  std::vector<std::string> folders;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(root, error), end; it != end && !error; it.increment(error))
    if (llvm::sys::fs::exists(it->path() + "/model.onnx"))
      folders.push_back(it->path());
  llvm::sort(folders);
  return folders;
}
