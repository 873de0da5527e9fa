// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Emitted C compiles without a warning everywhere, and computes what the executor computes.
#include "compiler/execute/Executor.h"
#include "support.h"

using namespace thimble;
using namespace thimble::test;
using Catch::Matchers::Contains;

static const std::string flags = " -std=c99 -pedantic -Wall -Wextra -Wconversion -Wundef -Wcast-qual -Wcast-align -Wshadow "
                                 "-Wstrict-prototypes -Wmissing-prototypes -Werror -ffp-contract=off ";

// Ports of several types, scalars, tables of unsigned words, values at the ends of their types, and names made to break C.
static constexpr llvm::StringLiteral hostileNet = R"mlir(
mcu.program @net attributes {arena_bytes = 128 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"in */ int x; /*", [1, 4], 0.0 : f64, 0>} : memref<1x4xf32>
  %i = mcu.buffer "x" input 1 at 16 {io = #mcu.io<"caf\C3\A9??/", [], 0.0 : f64, 0>} : memref<i64>
  %q = mcu.buffer "x" input 2 at 24 {io = #mcu.io<"\0A#error\0A", [8], 0.0039 : f64, -128>} : memref<8xi8>
  %y = mcu.buffer "int" output 0 at 32 {io = #mcu.io<"\E2\80\AEy\\", [1, 4], 0.0 : f64, 0>} : memref<1x4xf32>
  %j = mcu.buffer "while" output 1 at 48 {io = #mcu.io<"", [], 0.0 : f64, 0>} : memref<i64>
  %r = mcu.buffer "2" output 2 at 56 {io = #mcu.io<"s", [2, 4], 0.00390625 : f64, -128>} : memref<2x4xi8>
  %b = mcu.buffer "flags" output 3 at 64 {io = #mcu.io<"less", [4], 0.0 : f64, 0>} : memref<4xi1>
  %f = mcu.constant "run" dense<[1.0e-45, 3.40282347e+38, 0xFF800000, -0.0]> : tensor<4xf32> : memref<4xf32>
  %n = mcu.constant "arena_holds_the_plan" dense<-9223372036854775808> : tensor<i64> : memref<i64>
  %t = mcu.constant "*/ int*" dense<65536> : tensor<256xui32> : memref<256xui32>
  %u = mcu.constant "???/" dense<[4.0, 3.0, 2.0, 0x7FC00000]> : tensor<4xf32> : memref<4xf32>
  %v = mcu.view %q : memref<8xi8> to memref<2x4xi8>
  mcu.call "tmb_add_f32" ins(%x, %f) outs(%y) record "tmb_binary_params" {rank = 1 : i32, dims = array<i32: 4>,
    a_strides = array<i32: 1>, b_strides = array<i32: 1>} : memref<1x4xf32>, memref<4xf32>, memref<1x4xf32>
    loc("evil */ return; /* ??/ \\")
  mcu.call "tmb_add_s64" ins(%i, %n) outs(%j) record "tmb_binary_params" {rank = 0 : i32, dims = array<i32>,
    a_strides = array<i32>, b_strides = array<i32>} : memref<i64>, memref<i64>, memref<i64> loc("\0A#include <nothing.h>\0A")
  mcu.call "tmb_softmax_s8" ins(%v, %t) outs(%r) record "tmb_softmax_params" {outer = 2 : i32, depth = 4 : i32, inner = 1 : i32}
    : memref<2x4xi8>, memref<256xui32>, memref<2x4xi8> loc("\E6\A8\A1")
  mcu.call "tmb_less_f32" ins(%y, %u) outs(%b) record "tmb_binary_params" {rank = 1 : i32, dims = array<i32: 4>,
    a_strides = array<i32: 1>, b_strides = array<i32: 1>} : memref<1x4xf32>, memref<4xf32>, memref<4xi1> loc("int")
}
)mlir";

// Samples that reach the ends of the types without meaning anything.
static std::vector<codegen::GoldenVector> makeGolden(const ParsedProgram &program, unsigned count) {
  auto executor = Executor::create(program.get());
  REQUIRE(mlir::succeeded(executor));
  std::vector<codegen::GoldenVector> vectors(count);
  unsigned seed = 1;
  for (codegen::GoldenVector &vector : vectors) {
    std::vector<llvm::ArrayRef<char>> inputs;
    for (mcu::BufferOp buffer : program.get().getBody().front().getOps<mcu::BufferOp>()) {
      if (buffer.getRole() != mcu::Role::Input)
        continue;
      std::vector<char> bytes(mcu::byteSize(buffer.getMemory()));
      bool isFloat = mlir::cast<mlir::MemRefType>(buffer.getMemory().getType()).getElementType().isF32();
      for (size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = char((seed = seed * 1664525u + 1013904223u) >> 24);
      for (size_t i = 0; isFloat && i < bytes.size(); i += 4) {
        float value = float(bytes[i]) / 8;
        std::memcpy(&bytes[i], &value, 4);
      }
      vector.inputs.push_back(bytes);
    }
    for (const std::vector<char> &input : vector.inputs)
      inputs.push_back(input);
    (*executor)->run(inputs);
    for (size_t i = 0; i < (*executor)->getOutputCount(); ++i)
      vector.outputs.push_back((*executor)->getOutput(i).vec());
  }
  return vectors;
}

struct Compiler {
  const char *program;
  const char *options;
};
static const Compiler hostCompilers[] = {
    {"gcc", "-O2"},
    {"clang-19", "-O2"},
    {"gcc", "-O1 -fsanitize=address,undefined -fno-sanitize-recover"},
    {"gcc", "-m32 -O1 -c"},
    {"clang-19",
     "-O0 -Weverything "
     "-Wno-padded -Wno-unsafe-buffer-usage -Wno-declaration-after-statement -Wno-float-equal -Wno-switch-default "
     "-Wno-reserved-identifier -Wno-unused-macros -Wno-double-promotion -Wno-implicit-float-conversion -Wno-cast-function-type "
     "-Wno-pre-c11-compat -Wno-documentation-unknown-command -c"}};
static const char *const armOptions[] = {"-mcpu=cortex-m0plus -mthumb -Os", "-mcpu=cortex-m7 -mthumb -O2"};

// Compiles everything in the folder "out" and runs its self-test.
static void compileAndTest(const Folder &folder, const std::string &name) {
  std::string inputs = "out/" + name + ".c out/" + name + "_weights.c out/" + name + "_selftest.c";
  std::string includes = " -Iout -Iout/runtime/include ";
  for (const Compiler &compiler : hostCompilers) {
    if (!hasProgram(compiler.program))
      continue;
    // The stricter warnings are for what we generate here; the runtime has its own tests.
    bool onlyCompile = llvm::StringRef(compiler.options).ends_with("-c");
    if (llvm::StringRef(compiler.options).contains("-m32") &&
        folder.run("echo '#include <string.h>' | gcc -m32 -xc -c -o /dev/null -") != 0)
      continue;
    std::string command = std::string(compiler.program) + flags + compiler.options + includes + inputs;
    int status = folder.run(onlyCompile ? command : command + " out/runtime/src/*.c -lm -o selftest && ./selftest");
    INFO(command << "\n" << folder.read("log"));
    CHECK(status == 0);
  }
  for (const char *options : armOptions) {
    if (!hasProgram("arm-none-eabi-gcc")) {
      WARN("arm-none-eabi-gcc is not installed");
      break;
    }
    std::string command = "arm-none-eabi-gcc" + flags + options + includes + "-c " + inputs + " out/runtime/src/*.c";
    int status = folder.run(command);
    INFO(command << "\n" << folder.read("log"));
    CHECK(status == 0);
  }
}

TEST_CASE("a small network compiles and passes its self-test", "[codegen]") {
  ParsedProgram program = parseProgram(smallNet);
  codegen::ProjectOptions options = makeOptions("kws");
  options.emit.golden = makeGolden(program, 3);
  Folder folder;
  folder.write(emitProject(program, options), "out");
  compileAndTest(folder, "kws");
}

TEST_CASE("hostile names and values compile and pass the self-test", "[codegen]") {
  ParsedProgram program = parseProgram(hostileNet);
  for (const char *name : {"int", "m", "test"}) {
    codegen::ProjectOptions options = makeOptions(name);
    options.emit.modelFile = "*/ evil \n.onnx";
    options.emit.version = "1\\\"*/";
    options.emit.provenance = {"*/ #error", "\\"};
    options.emit.golden = makeGolden(program, 2);
    Folder folder;
    folder.write(emitProject(program, options), "out");
    compileAndTest(folder, name);
  }
}

TEST_CASE("the self-test finds wrong outputs", "[codegen]") {
  for (bool isFloat : {false, true}) {
    ParsedProgram program = parseProgram(isFloat ? smallNet : hostileNet);
    codegen::ProjectOptions options = makeOptions("net");
    options.emit.golden = makeGolden(program, 2);
    options.emit.golden[1].outputs[isFloat ? 0 : 2][isFloat ? 3 : 0] ^= 0x40; // of a float the exponent
    Folder folder;
    folder.write(emitProject(program, options), "out");
    int status = folder.run("gcc -Iout -Iout/runtime/include -ffp-contract=off out/*.c out/runtime/src/*.c -lm -o t && ./t");
    INFO(folder.read("log"));
    CHECK(status == 1);
  }
}

TEST_CASE("two models link into one program", "[codegen]") {
  // Names where the symbols of one look like those of the other.
  Folder folder;
  ParsedProgram program = parseProgram(smallNet);
  for (const char *name : {"kws", "kws_conv"}) {
    codegen::ProjectOptions options = makeOptions(name);
    options.emit.golden = makeGolden(program, 1);
    folder.write(emitProject(program, options), name);
  }
  folder.write({{"main.c", "#include \"kws.h\"\n#include \"kws_conv.h\"\n"
                           "int main(void) { return kws_selftest() + kws_conv_selftest(); }\n"},
                {"CMakeLists.txt", "cmake_minimum_required(VERSION 3.13)\nproject(app C)\nadd_subdirectory(kws)\n"
                                   "add_subdirectory(kws_conv)\nadd_executable(app main.c kws/kws_selftest.c "
                                   "kws_conv/kws_conv_selftest.c)\ntarget_compile_definitions(app PRIVATE TMB_NO_MAIN)\n"
                                   "target_link_libraries(app kws kws_conv)\n"},
                {"Makefile", "include kws/kws.mk\ninclude kws_conv/kws_conv.mk\n"
                             "made: main.c kws/kws_selftest.c kws_conv/kws_conv_selftest.c $(KWS_SRCS) $(KWS_CONV_SRCS) "
                             "$(TMB_SRCS)\n\t$(CC) $(TMB_CFLAGS) $(TMB_INCS) -DTMB_NO_MAIN $^ $(TMB_LIBS) -o $@\n"}});
  int status = folder.run("make made && ./made");
  INFO(folder.read("log"));
  CHECK(status == 0);
  status = folder.run("cmake -S . -B build && cmake --build build && build/app && "
                      "cmake --build build --target kws_selftest kws_verify && build/kws/kws_selftest");
  INFO(folder.read("log"));
  CHECK(status == 0);
}

TEST_CASE("the harness runs samples from a file", "[codegen]") {
  ParsedProgram program = parseProgram(hostileNet);
  codegen::ProjectOptions options = makeOptions("net");
  Folder folder;
  folder.write(emitProject(program, options), "out");
  std::string inputs, outputs;
  for (const codegen::GoldenVector &vector : makeGolden(program, 5)) {
    for (const std::vector<char> &bytes : vector.inputs)
      inputs.append(bytes.begin(), bytes.end());
    for (const std::vector<char> &bytes : vector.outputs)
      outputs.append(bytes.begin(), bytes.end());
  }
  folder.write({{"inputs.bin", inputs}});
  std::string build =
      "gcc -O2" + flags + "-Iout -Iout/runtime/include out/*.c out/verify/*.c out/runtime/src/*.c -lm -o verify";
  int status = folder.run(build + " && ./verify");
  INFO(folder.read("log"));
  CHECK(status == 0);
  CHECK_THAT(folder.read("log"), Contains("tmb: samples=5 instructions=0 min=0 max=0 stack=0 status=0\n"));
  CHECK(folder.read("outputs.bin") == outputs);

  // A file that ends within a sample is an error; none at all as well; an empty one is not.
  folder.write({{"inputs.bin", inputs.substr(0, inputs.size() - 1)}});
  CHECK(folder.run("./verify") == 1);
  CHECK_THAT(folder.read("log"), Contains("samples=4 ") && Contains("status=3\n"));
  folder.write({{"inputs.bin", ""}});
  CHECK(folder.run("./verify") == 0);
  CHECK(folder.run("rm inputs.bin; ./verify") == 1);
  CHECK_THAT(folder.read("log"), Contains("samples=0 ") && Contains("status=2\n"));
}

TEST_CASE("arguments are checked at run time", "[codegen]") {
  Folder folder;
  folder.write(emitProject(parseProgram(hostileNet), makeOptions("net")), "out");
  folder.write({{"main.c", R"c(#include "net.h"
#include <stddef.h>
static uint8_t arena[NET_ARENA_BYTES + 1] TMB_ALIGNED(NET_ARENA_ALIGNMENT);
static const int shape[NET_OUTPUT2_RANK] = NET_OUTPUT2_SHAPE;
static const int scalar[] = NET_INPUT1_SHAPE;
int main(void) {
  if (net_run(NULL) != TMB_ERROR_ARGUMENT || net_run(arena + 1) != TMB_ERROR_ARGUMENT || net_run(arena) != TMB_OK)
    return 1;
  if (net_input(arena, 3) != NULL || net_input(arena, -1) != NULL || net_input(NULL, 0) != NULL)
    return 2;
  if (net_output(arena, 4) != NULL || net_output(arena, -1) != NULL || net_output(NULL, 0) != NULL)
    return 3;
  if (net_input(arena, 1) != arena + 16 || net_output(arena, 3) != arena + 64)
    return 4;
  return shape[0] == 2 && shape[1] == 4 && scalar[0] == 1 && NET_INPUT2_TYPE == TMB_S8 && NET_OUTPUT3_TYPE == TMB_BOOL ? 0 : 5;
}
)c"}});
  int status = folder.run("gcc" + flags + "-Iout -Iout/runtime/include main.c out/*.c out/runtime/src/*.c -lm -o app && ./app");
  INFO(folder.read("log"));
  CHECK(status == 0);
  // C++ sees C functions.
  folder.write({{"main.cpp", "#include \"net.h\"\nint main() { return net_run(nullptr) == TMB_ERROR_ARGUMENT ? 0 : 1; }\n"}});
  status = folder.run("gcc -c -Iout -Iout/runtime/include out/*.c out/runtime/src/*.c && "
                      "g++ -Wall -Wextra -pedantic -Werror -Iout -Iout/runtime/include main.cpp *.o -lm -o app && ./app");
  INFO(folder.read("log"));
  CHECK(status == 0);
}
