// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The fuzzer: whatever the model is, the compiler either makes C of it or says what is wrong, in bounded time and memory.
#include "codegen/c/Emit.h"
#include "compiler/import/OnnxImport.h"
#include "compiler/support/Version.h"
#include "dialects/mcu/McuDialect.h"
#include "dialects/nn/NNDialect.h"
#include "dialects/onnx/OnnxDialect.h"
#include "dialects/pack/PackDialect.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "passes/legalize/Legalize.h"
#include "passes/lower/Lower.h"
#include "passes/schedule/Schedule.h"
#include "passes/simplify/Simplify.h"
#include "test/fuzz/ModelMutator.h"

using namespace mlir;
using namespace thimble;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

// ONNX's library and protobuf keep what they allocate at start-up, so leaks are not looked for. LLVM's allocators poison memory
// in our code, but Debian's libMLIR, which shares them, was built without AddressSanitizer and does not know.
extern "C" const char *__asan_default_options() { return "detect_leaks=0:allow_user_poisoning=0:allocator_may_return_null=1"; }
extern "C" const char *__ubsan_default_options() { return "print_stacktrace=1:halt_on_error=1"; }

static bool parse(proto::ModelProto &model, const uint8_t *data, size_t size) {
  google::protobuf::LogSilencer silencer;
  return model.ParseFromArray(data, int(size));
}

// What failed must have said why: an error without a message leaves the user alone.
static void demand(bool holds, const char *what) {
  if (holds)
    return;
  llvm::errs() << "thimble-fuzz: " << what << "\n";
  std::abort();
}

static void compileModel(const uint8_t *data, size_t size) {
  DialectRegistry registry;
  registry.insert<thimble::onnx::OnnxDialect, nn::NNDialect, pack::PackDialect, mcu::McuDialect, func::FuncDialect,
                  quant::QuantizationDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  size_t errors = 0;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return success();
  });
  ImportOptions options;
  options.maxNodes = 2000; // more take too long under the sanitizers
  OwningOpRef<ModuleOp> module =
      importOnnxBytes(&context, llvm::ArrayRef(reinterpret_cast<const char *>(data), size), "fuzz.onnx", options);
  if (!module)
    return demand(errors > 0, "import failed without an error");
  PassManager manager(&context);
  legalize::buildLegalizePipeline(manager);
  simplify::buildSimplifyPipeline(manager, {});
  lower::buildLowerPipeline(manager, {"fuzz"});
  schedule::buildSchedulePipeline(manager);
  if (failed(manager.run(*module)))
    return demand(errors > 0, "compilation failed without an error");
  auto programs = module->getOps<mcu::ProgramOp>();
  demand(!programs.empty(), "there is no program");
  codegen::EmitOptions emit;
  emit.name = "fuzz";
  emit.version = versionString;
  llvm::Expected<std::vector<codegen::EmittedFile>> files = codegen::emitC(*programs.begin(), emit);
  if (!files)
    demand(!llvm::toString(files.takeError()).empty(), "emission failed without an error");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  compileModel(data, size);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  fuzz::Random random(seed + 1);
  proto::ModelProto model;
  if (random() % 32 == 0 || !parse(model, data, size))
    return LLVMFuzzerMutate(data, size, maxSize); // the reader of files is fuzzed as well
  fuzz::mutate(model, random);
  size_t bytes = model.ByteSizeLong();
  if (bytes > maxSize || !model.SerializeToArray(data, int(bytes)))
    return LLVMFuzzerMutate(data, size, maxSize);
  return bytes;
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other, size_t otherSize,
                                            uint8_t *out, size_t maxOut, unsigned seed) {
  fuzz::Random random(seed + 1);
  proto::ModelProto model, second;
  if (!parse(model, data, size) || !parse(second, other, otherSize))
    return 0;
  fuzz::crossOver(model, second, random);
  size_t bytes = model.ByteSizeLong();
  return bytes <= maxOut && model.SerializeToArray(out, int(bytes)) ? bytes : 0;
}
