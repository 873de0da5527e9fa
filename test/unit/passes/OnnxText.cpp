// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Small models in ONNX's text form, legalized and executed.
#include "OnnxText.h"
#include "compiler/execute/Executor.h"
#include "compiler/import/OnnxImport.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "passes/legalize/Legalize.h"
#include <catch2/catch.hpp>

using namespace mlir;
using namespace thimble;

// Null after an error.
static OwningOpRef<ModuleOp> legalized(MLIRContext &context, int opset, const std::string &signature, const std::string &body,
                                       const std::string &domains = "") {
  std::string text = "<ir_version: 8, opset_import: [" + domains + "\"\" : " + std::to_string(opset) + "]>\ng " + signature +
                     " { " + body + " }";
  OwningOpRef<ModuleOp> module = importOnnxText(&context, text, "test");
  PassManager manager(&context);
  legalize::buildLegalizePipeline(manager);
  return module && succeeded(manager.run(*module)) ? std::move(module) : OwningOpRef<ModuleOp>();
}

std::string test::errorOf(int opset, const std::string &signature, const std::string &body, const std::string &domains) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  DiagnosticCollector collector(&context, /*quiet=*/true);
  OwningOpRef<ModuleOp> module = legalized(context, opset, signature, body, domains);
  if (collector.getErrors().empty())
    return module ? "" : "failed without an error";
  return format(collector.getErrors().front());
}

std::vector<float> test::run(int opset, const std::string &signature, const std::string &body,
                             std::vector<std::vector<float>> inputs, const std::string &domains) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  DiagnosticCollector collector(&context, /*quiet=*/true);
  OwningOpRef<ModuleOp> module = legalized(context, opset, signature, body, domains);
  for (const Message &error : collector.getErrors())
    FAIL(format(error));
  REQUIRE(module);
  auto function = *module->getOps<func::FuncOp>().begin();
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(function);
  REQUIRE(succeeded(executor));
  llvm::SmallVector<llvm::ArrayRef<char>> data;
  for (const std::vector<float> &input : inputs) {
    REQUIRE(input.size() * sizeof(float) == (*executor)->getInputBytes(data.size()));
    data.emplace_back(reinterpret_cast<const char *>(input.data()), input.size() * sizeof(float));
  }
  (*executor)->run(data);
  std::vector<float> result;
  for (size_t i = 0; i < (*executor)->getOutputCount(); ++i) {
    auto type = cast<RankedTensorType>(function.getResultTypes()[i]);
    FailureOr<ConstantData> output = ConstantData::get(makeConstant(type, (*executor)->getOutput(i)));
    REQUIRE(succeeded(output));
    for (float element : output->floats())
      result.push_back(element);
  }
  return result;
}
