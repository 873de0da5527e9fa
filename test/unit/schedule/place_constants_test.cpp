// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which constants lie where.
#include "passes/schedule/PlaceConstants.h"
#include "compiler/support/Constants.h"
#include "compiler/support/Diagnostics.h"
#include "passes/schedule/CutConstant.h"
#include "test/unit/codegen/support.h"

using namespace thimble;
using namespace thimble::test;
using namespace thimble::schedule;
using Catch::Matchers::Contains;

// "a" is read by two calls, "b" and "c" by one; "b" costs more per byte, "d" is not read.
static const char *const net = R"mlir(
mcu.program @net {
  %x = mcu.buffer "x" input 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %t = mcu.buffer "t" temporary 0 : memref<4xf32>
  %u = mcu.buffer "u" temporary 1 : memref<4xf32>
  %v = mcu.buffer "v" temporary 2 : memref<4xf32>
  %y = mcu.buffer "y" output 0 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  %a = mcu.constant "a" dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : memref<4xf32>
  %b = mcu.constant "b" dense<0.5> : tensor<1xf32> : memref<1xf32>
  %c = mcu.constant "c" dense<[5.0, 6.0, 7.0, 8.0]> : tensor<4xf32> : memref<4xf32>
  %d = mcu.constant "d" dense<0.25> : tensor<1xf32> : memref<1xf32>
  mcu.call "tmb_add_f32" ins(%x, %a) outs(%t) record "tmb_binary_params" {rank = 1 : i32, dims = array<i32: 4>,
    a_strides = array<i32: 1>, b_strides = array<i32: 1>} : memref<4xf32>, memref<4xf32>, memref<4xf32> loc("/block[1]/add")
  mcu.call "tmb_mul_f32" ins(%t, %b) outs(%u) record "tmb_binary_params" {rank = 1 : i32, dims = array<i32: 4>,
    a_strides = array<i32: 1>, b_strides = array<i32: 0>} {macs = 400 : i64} : memref<4xf32>, memref<1xf32>, memref<4xf32> loc("/block[1]/mul")
  mcu.call "tmb_add_f32" ins(%u, %a) outs(%v) record "tmb_binary_params" {rank = 1 : i32, dims = array<i32: 4>,
    a_strides = array<i32: 1>, b_strides = array<i32: 1>} : memref<4xf32>, memref<4xf32>, memref<4xf32> loc("/block[2]/add")
  mcu.call "tmb_add_f32" ins(%v, %c) outs(%y) record "tmb_binary_params" {rank = 1 : i32, dims = array<i32: 4>,
    a_strides = array<i32: 1>, b_strides = array<i32: 1>} : memref<4xf32>, memref<4xf32>, memref<4xf32> loc("/head")
})mlir";

// "a: flash, b: external", ...
static std::string placesOf(mcu::ProgramOp program) {
  std::string text;
  for (auto constant : program.getBody().front().getOps<mcu::ConstantOp>())
    text += (text.empty() ? "" : ", ") + constant.getName().str() + ": " + mcu::stringifyPlace(mcu::getPlace(constant)).str();
  return text;
}

static std::string placed(std::vector<PlaceRule> rules) {
  ParsedProgram program = parseProgram(net);
  REQUIRE(mlir::succeeded(placeConstants(program.get(), rules)));
  return placesOf(program.get());
}

TEST_CASE("constants go where rules say", "[schedule][place]") {
  CHECK(placed({}) == "a: flash, b: flash, c: flash, d: flash");
  CHECK(placed({{"", mcu::Place::External}}) == "a: external, b: external, c: external, d: flash");
  SECTION("names are patterns, in which brackets mean themselves") {
    CHECK(placed({{"/block[1]/mul", mcu::Place::Ram}}) == "a: flash, b: ram, c: flash, d: flash");
    CHECK(placed({{"/block*", mcu::Place::External}}) == "a: external, b: external, c: flash, d: flash");
    CHECK(placed({{"/block[?]/*l", mcu::Place::External}}) == "a: flash, b: external, c: flash, d: flash");
    CHECK(placed({{"*", mcu::Place::External}, {"*add", mcu::Place::Flash}}) == "a: flash, b: external, c: external, d: flash");
  }
  SECTION("later rules win, and layers that share a constant get the fastest memory") {
    CHECK(placed({{"/head", mcu::Place::Ram}, {"", mcu::Place::External}}) ==
          "a: external, b: external, c: external, d: flash");
    CHECK(placed({{"", mcu::Place::External}, {"/block[2]/add", mcu::Place::Ram}}) ==
          "a: ram, b: external, c: external, d: flash");
  }
  SECTION("a rule for no layer is an error that lists layers") {
    ParsedProgram program = parseProgram(net);
    DiagnosticCollector diagnostics(program.context.get(), /*quiet=*/true);
    CHECK(mlir::failed(placeConstants(program.get(), {{"/block[1]", mcu::Place::External}})));
    REQUIRE(diagnostics.getErrors().size() == 1);
    CHECK_THAT(diagnostics.getErrors()[0].text,
               Contains("--weights-in /block[1]=external: no layer with constants has that name; "
                        "there are '/block[1]/add', '/block[1]/mul', '/block[2]/add', '/head'"));
  }
}

TEST_CASE("what does not fit moves, the least read first", "[schedule][place]") {
  ParsedProgram program = parseProgram(net);
  recordReads(program.get());
  std::vector<int64_t> reads;
  for (auto constant : program.get().getBody().front().getOps<mcu::ConstantOp>())
    reads.push_back(getReads(constant));
  CHECK(reads == std::vector<int64_t>{32, 400, 16, 0}); // twice 16 bytes; nobody reads "d"
  auto move = [&](int64_t bytes) {
    ParsedProgram fresh = parseProgram(net);
    recordReads(fresh.get());
    int64_t moved = moveToExternal(fresh.get(), bytes);
    CHECK(moved == getConstantBytes(fresh.get(), mcu::Place::External));
    return std::to_string(moved) + " " + placesOf(fresh.get());
  };
  CHECK(move(1) == "16 a: flash, b: flash, c: external, d: flash");
  CHECK(move(17) == "32 a: external, b: flash, c: external, d: flash");
  CHECK(move(33) == "36 a: external, b: external, c: external, d: flash");
  CHECK(move(1000) == "36 a: external, b: external, c: external, d: flash");
}

TEST_CASE("parts of a constant are read in proportion", "[schedule][place]") {
  ParsedProgram program = parseProgram(net);
  recordReads(program.get());
  mcu::ConstantOp whole = *program.get().getBody().front().getOps<mcu::ConstantOp>().begin();
  mcu::setPlace(whole, mcu::Place::External);
  mlir::OpBuilder builder(whole);
  // Elements 1 and 3, and a zero.
  auto part = mlir::cast<mcu::ConstantOp>(mcu::getRoot(cutConstant(builder, whole.getMemory(), 2, 4, 4, 4)));
  CHECK(part.getName() == "a_part1");
  CHECK(mcu::getPlace(part) == mcu::Place::External);
  CHECK(getReads(part) == getReads(whole) / 2);
  mlir::FailureOr<ConstantData> values = ConstantData::get(part.getValue());
  REQUIRE(mlir::succeeded(values));
  CHECK(values->as<float>().vec() == std::vector<float>{2, 4, 0});
}

TEST_CASE("emitted constants carry their memory", "[codegen][place]") {
  ParsedProgram program = parseProgram(R"mlir(
mcu.program @net attributes {arena_bytes = 16 : i64, alignment = 16 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 0 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  %a = mcu.constant "a" dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> {mcu.place = "external"} : memref<4xf32>
  %b = mcu.constant "b" dense<0.5> : tensor<1xf32> {mcu.place = "ram"} : memref<1xf32>
  mcu.call "tmb_add_f32" ins(%x, %a) outs(%x) record "tmb_binary_params" {rank = 1 : i32, dims = array<i32: 4>,
    a_strides = array<i32: 1>, b_strides = array<i32: 1>} : memref<4xf32>, memref<4xf32>, memref<4xf32>
  mcu.call "tmb_mul_f32" ins(%x, %b) outs(%y) record "tmb_binary_params" {rank = 1 : i32, dims = array<i32: 4>,
    a_strides = array<i32: 1>, b_strides = array<i32: 0>} : memref<4xf32>, memref<1xf32>, memref<4xf32>
})mlir");
  codegen::EmitOptions options;
  options.name = "net";
  options.externalAlignment = 32;
  auto files = llvm::cantFail(codegen::emitC(program.get(), options));
  std::string header, weights, declarations;
  for (const codegen::EmittedFile &file : files)
    (file.path == "net.h" ? header : file.path == "net_weights.c" ? weights : declarations) += file.contents;
  CHECK_THAT(weights, Contains("NET_SECTION_EXTERNAL(net__a)\nconst float net__a[4] TMB_ALIGNED(32) = {"));
  CHECK_THAT(weights, Contains("#define NET_SECTION_EXTERNAL(symbol) TMB_SECTION_EXTERNAL(symbol)"));
  CHECK_THAT(weights, Contains("NET_SECTION_RAM(net__b)\nfloat net__b[1] TMB_ALIGNED(4) = {"));
  CHECK_THAT(weights, !Contains("NET_SECTION_WEIGHTS"));
  CHECK_THAT(declarations, Contains("extern float net__b[1];") && Contains("extern const float net__a[4];"));
  CHECK_THAT(header, Contains("#define NET_EXTERNAL_FLASH_BYTES 16\n") && Contains("#define NET_CONSTANTS_IN_RAM_BYTES 4\n"));
}
