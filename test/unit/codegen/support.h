// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the tests of the code generator share: programs from text, and folders in which emitted C is compiled.
#pragma once

#include "codegen/project/Project.h"
#include "dialects/mcu/McuDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include <catch2/catch.hpp>
#include <cstdlib>

namespace thimble::test {

inline const std::string sourceDirectory = THIMBLE_SOURCE_DIR;

/// A module with one program, and the context that it lives in.
struct ParsedProgram {
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mcu::ProgramOp get() const { return *module.get().getOps<mcu::ProgramOp>().begin(); }
};

inline ParsedProgram parseProgram(llvm::StringRef text) {
  ParsedProgram program;
  program.context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  program.context->loadDialect<mcu::McuDialect>();
  program.module = mlir::parseSourceString<mlir::ModuleOp>(text, program.context.get());
  REQUIRE(program.module);
  return program;
}

/// A temporary folder, removed at the end.
class Folder {
public:
  Folder() { REQUIRE_FALSE(llvm::sys::fs::createUniqueDirectory("thimble-test", path)); }
  ~Folder() { llvm::sys::fs::remove_directories(path); }
  Folder(const Folder &) = delete;

  std::string operator/(llvm::StringRef name) const { return (path + "/" + name).str(); }

  void write(llvm::ArrayRef<codegen::EmittedFile> files, llvm::StringRef below = ".") const {
    llvm::Error error = codegen::writeFiles(files, *this / below);
    REQUIRE_FALSE(bool(error));
  }
  std::string read(llvm::StringRef name) const {
    auto buffer = llvm::MemoryBuffer::getFile(*this / name);
    return buffer ? (*buffer)->getBuffer().str() : "";
  }
  /// Runs a command of the shell in the folder, with its output in `log`. Returns its exit status.
  int run(const std::string &command) const {
    int status = std::system(("cd '" + std::string(path.str()) + "' && { " + command + "\n} >log 2>&1").c_str());
    return status < 0 ? status : status >> 8;
  }

private:
  llvm::SmallString<128> path;
};

inline bool hasProgram(llvm::StringRef name) { return bool(llvm::sys::findProgramByName(name)); }

inline codegen::ProjectOptions makeOptions(llvm::StringRef name) {
  codegen::ProjectOptions options;
  options.emit.name = name.str();
  options.emit.version = "0.1.0";
  options.emit.modelFile = "/somewhere/" + name.str() + ".onnx";
  options.emit.provenance = {"Options: --quantize int8"};
  options.emit.target = "host";
  options.runtimeDirectory = sourceDirectory + "/runtime-mcu";
  return options;
}

inline std::vector<codegen::EmittedFile> emitProject(const ParsedProgram &program, const codegen::ProjectOptions &options) {
  auto files = codegen::emitProject(program.get(), options);
  if (!files)
    FAIL(llvm::toString(files.takeError()));
  return std::move(*files);
}

/// The contents of a file, which must be there.
inline std::string contentsOf(const std::vector<codegen::EmittedFile> &files, llvm::StringRef path) {
  for (const codegen::EmittedFile &file : files)
    if (file.path == path)
      return file.contents;
  FAIL("no file " << path.str());
  return "";
}

/// The message of an error that must be there.
template <typename T> std::string messageOf(llvm::Expected<T> value) {
  REQUIRE_FALSE(bool(value));
  return llvm::toString(value.takeError());
}

/// An int8 convolution, its dequantization and a rectifier: 1x4x4x1 bytes in, 32 floats out.
inline constexpr llvm::StringLiteral smallNet = R"mlir(
mcu.program @net attributes {arena_bytes = 192 : i64, lower_bound = 176 : i64} {
  %x = mcu.buffer "image" input 0 at 0 {io = #mcu.io<"image", [1, 1, 4, 4], 0.5 : f64, -3>} : memref<1x4x4x1xi8>
  %c = mcu.buffer "conv" temporary 0 at 16 : memref<1x4x4x2xi8>
  %d = mcu.buffer "scores" output 0 at 64 {io = #mcu.io<"scores", [1, 4, 4, 2], 0.0 : f64, 0>} : memref<1x4x4x2xf32>
  %w = mcu.constant "conv_weights" dense<[[[[1], [-128], [3]], [[4], [127], [6]], [[7], [8], [9]]],
                                          [[[1], [2], [3]], [[4], [5], [6]], [[7], [8], [9]]]]>
                                       : tensor<2x3x3x1xi8> : memref<2x3x3x1xi8>
  %b = mcu.constant "conv_bias" dense<[-2147000000, 2147000000]> : tensor<2xi32> : memref<2xi32>
  %m = mcu.constant "conv_multipliers" dense<[-2147483648, 1518500250]> : tensor<2xi32> : memref<2xi32>
  mcu.call "tmb_depthwise_conv2d_s8" ins(%x, %w, %b, %m) outs(%c) record "tmb_conv2d_s8_params" {batch = 1 : i32, in_h = 4 : i32,
    in_w = 4 : i32, in_c = 1 : i32, out_h = 4 : i32, out_w = 4 : i32, out_c = 2 : i32, kernel_h = 3 : i32, kernel_w = 3 : i32,
    stride_h = 1 : i32, stride_w = 1 : i32, dilation_h = 1 : i32, dilation_w = 1 : i32, pad_top = 1 : i32, pad_left = 1 : i32,
    groups = 1 : i32, in_zero_point = -3 : i32, out_zero_point = 4 : i32, blocks = 1 : i32, shift = 0 : i32, act_min = -128 : i32,
    act_max = 127 : i32} {macs = 288 : i64}
    : memref<1x4x4x1xi8>, memref<2x3x3x1xi8>, memref<2xi32>, memref<2xi32>, memref<1x4x4x2xi8> loc("conv")
  mcu.call "tmb_dequantize_s8_f32" ins(%c) outs(%d) record "tmb_quantize_params" {count = 32 : i32,
    scale = 0.100000001 : f32, zero_point = 4 : i32} : memref<1x4x4x2xi8>, memref<1x4x4x2xf32> loc("dequantize")
  mcu.call "tmb_relu_f32" ins(%d) outs(%d) record "tmb_unary_params" {count = 32 : i32, alpha = 0.0 : f32, beta = 0.0 : f32}
    : memref<1x4x4x2xf32>, memref<1x4x4x2xf32> loc("relu")
}
)mlir";

} // namespace thimble::test
