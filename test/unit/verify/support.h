// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the tests of verification share: small models, compiled into a temporary folder as `thimble compile` leaves it.
#pragma once

#include "codegen/project/Project.h"
#include "compiler/data/Npy.h"
#include "compiler/verify/Process.h"
#include "compiler/verify/VerificationModule.h"
#include "compiler/verify/Verify.h"
#include "dialects/nn/NNDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/lower/Lower.h"
#include "passes/schedule/Schedule.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include <catch2/catch.hpp>

namespace thimble::verify_test {

inline const std::string runtimeDirectory = THIMBLE_SOURCE_DIR "/runtime-mcu";
inline const std::string targetsDirectory = THIMBLE_SOURCE_DIR "/codegen/targets";

template <typename T> T take(llvm::Expected<T> value) {
  if (!value)
    FAIL(llvm::toString(value.takeError()));
  return std::move(*value);
}
inline void succeed(llvm::Error error) {
  if (error)
    FAIL(llvm::toString(std::move(error)));
}
template <typename T> ErrorDescription errorOf(llvm::Expected<T> value) {
  REQUIRE_FALSE(bool(value));
  return describe(value.takeError());
}
inline bool hasArm() {
  if (llvm::sys::findProgramByName("arm-none-eabi-gcc") && llvm::sys::findProgramByName("qemu-system-arm"))
    return true;
  WARN("skipped: needs arm-none-eabi-gcc and qemu-system-arm");
  return false;
}

/// The same small network as the float model and as it is compiled.
struct TestModel {
  const char *reference, *compiled;
};

// Eight features to three scores.
inline const TestModel int8Model = {R"mlir(
func.func @main(%x: tensor<1x8xf32> {onnx.name = "features"}) -> (tensor<1x3xf32> {onnx.name = "logits"}) {
  %w = nn.constant dense<[[-5.0, 1.0, 0.0, 2.5, 3.0, -1.0, 0.5, 4.0], [0.25, 0.5, 0.75, 1.0, -0.25, 2.0, -3.0, 0.25],
                          [10.0, -20.0, 30.0, -40.0, 50.0, -60.0, 60.0, -10.0]]> : tensor<3x8xf32> : tensor<3x8xf32>
  %y = nn.fully_connected %x, %w : (tensor<1x8xf32>, tensor<3x8xf32>) -> tensor<1x3xf32>
  return %y : tensor<1x3xf32>
})mlir",
                                    R"mlir(
!x = !quant.uniform<i8:f32, 0.0625:-3>
!y = !quant.uniform<i8:f32, 16.0:5>
!w = !quant.uniform<i8<-127:127>:f32:0, {0.5, 0.25, 0.5}>
func.func @main(%x: tensor<1x8x!x> {onnx.name = "features"}) -> (tensor<1x3x!y> {onnx.name = "logits"}) {
  %w = nn.constant dense<[[-10, 2, 0, 5, 6, -2, 1, 8], [1, 2, 3, 4, -1, 8, -12, 1], [20, -40, 60, -80, 100, -120, 120, -20]]>
     : tensor<3x8xi8> : tensor<3x8x!w>
  %y = nn.fully_connected %x, %w : (tensor<1x8x!x>, tensor<3x8x!w>) -> tensor<1x3x!y>
  return %y : tensor<1x3x!y>
})mlir"};

// Uses functions of the C library, and two inputs.
inline const TestModel floatModel = {R"mlir(
func.func @main(%a: tensor<1x4xf32> {onnx.name = "a"}, %b: tensor<2x4xf32> {onnx.name = "b"})
    -> (tensor<2x4xf32> {onnx.name = "sum"}, tensor<1x4xf32> {onnx.name = "curve"}) {
  %s = nn.binary add %a, %b : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %e = nn.unary tanh %a : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %c = nn.unary exp %e : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %s, %c : tensor<2x4xf32>, tensor<1x4xf32>
})mlir",
                                     nullptr};

/// An output folder of `thimble compile`, in a temporary folder with a space in its name.
class CompiledFolder {
public:
  explicit CompiledFolder(const TestModel &model, llvm::StringRef target = "host", std::string runtime = runtimeDirectory,
                          llvm::StringRef name = "net")
      : temporary(take(TemporaryFolder::create())), path((temporary.getPath() + "/my out").str()), runtime(runtime),
        name(name) {
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    context.loadDialect<nn::NNDialect, mcu::McuDialect, mlir::func::FuncDialect>();
    auto reference = mlir::parseSourceString<mlir::ModuleOp>(model.reference, &context);
    auto compiled = mlir::parseSourceString<mlir::ModuleOp>(model.compiled ? model.compiled : model.reference, &context);
    REQUIRE(reference);
    REQUIRE(compiled);
    mlir::PassManager manager(&context);
    lower::LowerOptions lowering;
    lowering.name = name.str();
    lower::buildLowerPipeline(manager, lowering);
    schedule::buildSchedulePipeline(manager);
    REQUIRE(mlir::succeeded(manager.run(*compiled)));

    codegen::ProjectOptions project;
    Target described = take(loadTarget(target, targetsDirectory));
    project.emit.name = name.str();
    project.emit.target = described.name;
    project.runtimeDirectory = runtime;
    project.isa = described.isa;
    auto files = take(codegen::emitProject(*compiled->getOps<mcu::ProgramOp>().begin(), project));
    files.push_back({"report.json", "{\"model\": \"" + name.str() + "\"}\n"});
    succeed(codegen::writeFiles(files, path));
    succeed(writeVerificationModule(path, *reference, *compiled));
    succeed(writeVerificationTarget(path, targetsDirectory + "/" + target.str() + ".json"));
  }

  const std::string &getPath() const { return path; }
  std::string read(const std::string &file) const {
    auto buffer = llvm::MemoryBuffer::getFile(path + "/" + file);
    REQUIRE(buffer);
    return (*buffer)->getBuffer().str();
  }
  void write(const std::string &file, const std::string &text) const {
    succeed(codegen::writeFiles(codegen::EmittedFile{file, text}, path));
  }
  /// Replaces the first `from` in a file.
  void edit(const std::string &file, const std::string &from, const std::string &to) const {
    std::string text = read(file);
    size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    write(file, text.replace(at, from.size(), to));
  }
  /// Inserts C at the start of the model's run function.
  void insertIntoRun(const std::string &code) const {
    std::string start = "_run(void *arena) {\n  uint8_t *const a = (uint8_t *)arena;\n";
    edit(name + ".c", start, start + code + "\n");
  }
  void remove(const std::string &file) const {
    REQUIRE_FALSE(llvm::sys::fs::remove(path + "/" + file, /*IgnoreNonExisting=*/false));
  }
  /// Writes an array beside the folder and returns its path.
  std::string addArray(const std::string &file, const Tensor &tensor) const {
    std::string array = (temporary.getPath() + "/" + file).str();
    succeed(writeNpy(array, tensor));
    return array;
  }
  /// Samples with numbers between -8 and 8 that always are the same.
  std::string addSamples(const std::string &file, llvm::ArrayRef<int64_t> shape) const {
    Tensor tensor(ElementType::F32, shape);
    uint32_t seed = uint32_t(shape.size());
    for (float &value : tensor.asMutable<float>())
      value = float(int32_t((seed = seed * 1664525u + 1013904223u) >> 16) - 32768) / 4096;
    return addArray(file, tensor);
  }
  VerifyOptions options(std::vector<std::string> inputs) const {
    VerifyOptions options;
    options.runtimeDirectory = runtime;
    options.inputs = std::move(inputs);
    options.seconds = 120;
    return options;
  }
  VerifyResult verify(const VerifyOptions &options) const { return take(verifyFolder(path, options)); }

private:
  TemporaryFolder temporary;
  std::string path, runtime, name;
};

inline std::string textOf(const VerifyResult &result) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeText(result, os);
  return text;
}
inline std::string jsonOf(const VerifyResult &result) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeJson(result, os);
  return text;
}

} // namespace thimble::verify_test
