// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Verification on this computer: what passes, what does not, and how it is told.
#include "support.h"
#include "llvm/Support/JSON.h"
#include <cmath>

using namespace thimble;
using namespace thimble::verify_test;
using Catch::Matchers::Contains;

TEST_CASE("host C computes what the compiler computes, bit for bit", "[verify]") {
  CompiledFolder folder(int8Model);
  VerifyResult result = folder.verify(folder.options({folder.addSamples("x.npy", {100, 8})}));
  CHECK(result.hasPassed());
  CHECK(result.model == "net");
  CHECK(result.target == "host");
  CHECK_FALSE(result.ranOnEmulator);
  CHECK(result.samples == 100);
  CHECK(result.outputsTested == 100);
  CHECK(result.compared == 300);
  CHECK(result.hostMismatches == 0);
  CHECK_FALSE(result.hostEqualsTarget);
  CHECK_FALSE(result.measurement);
  CHECK_FALSE(result.accuracy);
  REQUIRE(result.maxAbsError);
  CHECK(*result.maxAbsError > 0);
  CHECK(*result.maxAbsError < 32);
  CHECK_THAT(textOf(result),
             Catch::StartsWith("net on host: verified\n") && Contains("300 output elements of 100 samples, bit for bit"));
}

TEST_CASE("float models agree within the tolerance, with inputs from several files", "[verify]") {
  CompiledFolder folder(floatModel);
  std::string a = folder.addSamples("a.npy", {40, 4}), b = folder.addSamples("b.npy", {40, 2, 4});
  VerifyResult result = folder.verify(folder.options({"b=" + b, "a=" + a}));
  CHECK(result.hasPassed());
  CHECK(result.compared == 40 * 12);
  CHECK(result.outputsTested == 80);
  CHECK(result.hasFloatOutputs);
  CHECK(*result.maxAbsError < 1e-5);
  CHECK(result.notes.empty());
  CHECK_THAT(textOf(result), Contains("within 0.0001"));
}

TEST_CASE("--samples takes the first ones", "[verify]") {
  CompiledFolder folder(int8Model);
  VerifyOptions options = folder.options({folder.addSamples("x.npy", {100, 8})});
  options.samples = 3;
  CHECK(folder.verify(options).samples == 3);
}

TEST_CASE("files that earlier compilations left are no matter", "[verify]") {
  CompiledFolder folder(int8Model);
  folder.write("runtime/src/tmb_of_old.c", "#error old\n");
  CHECK(folder.verify(folder.options({folder.addSamples("x.npy", {2, 8})})).hasPassed());
}

TEST_CASE("kernels that this computer cannot run have portable twins", "[verify]") {
  TemporaryFolder temporary = take(TemporaryFolder::create());
  std::string runtime = temporary.getPath().str(), arch = runtime + "/src/arch/armv7em";
  REQUIRE_FALSE(llvm::sys::fs::create_directories(arch));
  for (std::string part : {"/include", "/port", "/src/kernels"})
    REQUIRE_FALSE(llvm::sys::fs::create_link(runtimeDirectory + part, runtime + part));
  std::string portable = (*llvm::MemoryBuffer::getFile(runtime + "/src/kernels/tmb_fully_connected_s8.c"))->getBuffer().str();
  succeed(codegen::writeFiles(
      codegen::EmittedFile{"tmb_fully_connected_s8.c", "#ifndef __arm__\n#error only for Arm\n#endif\n" + portable}, arch));

  CompiledFolder folder(int8Model, "cortex-m4", runtime);
  CHECK_THAT(folder.read("runtime/src/tmb_fully_connected_s8.c"), Catch::StartsWith("#ifndef __arm__"));
  VerifyOptions options = folder.options({folder.addSamples("x.npy", {20, 8})});
  options.on = hasArm() ? VerifyOn::Emulator : VerifyOn::Host;
  CHECK(folder.verify(options).hasPassed());
}

TEST_CASE("changed weights are noticed", "[verify]") {
  CompiledFolder folder(int8Model);
  folder.edit("net_weights.c", "15466632", "15466633"); // -120 becomes -119 in a word of two weights of output 2
  VerifyResult result = folder.verify(folder.options({folder.addSamples("x.npy", {50, 8})}));
  CHECK_FALSE(result.hasPassed());
  CHECK(result.problem.empty());
  CHECK(result.hostMismatches > 0);
  CHECK(result.hostMismatches <= 50); // of one output of three
  CHECK_THAT(result.firstMismatch, Contains("output 'logits', element 2"));
  CHECK_THAT(textOf(result), Catch::StartsWith("net on host: FAILED\n") && Contains("The first: on this computer, sample "));
}

TEST_CASE("C that does not compile is an error with the compiler's words", "[verify]") {
  CompiledFolder folder(int8Model);
  folder.edit("net.c", "tmb_status net_run(void *arena) {", "tmb_status net_run(void *arena) { int unused;");
  ErrorDescription error = errorOf(verifyFolder(folder.getPath(), folder.options({folder.addSamples("x.npy", {2, 8})})));
  CHECK(error.code == ExitCode::VerificationFailed);
  CHECK_THAT(error.message, Contains("net.c' cannot be compiled") && Contains("unused"));
}

TEST_CASE("crashes, hangs and statuses are results", "[verify]") {
  CompiledFolder folder(int8Model);
  VerifyOptions options = folder.options({folder.addSamples("x.npy", {2, 8})});
  auto broken = [&](const std::string &statement) {
    folder.insertIntoRun(statement);
    VerifyResult result = folder.verify(options);
    CHECK_FALSE(result.hasPassed());
    CHECK(result.compared == 0);
    CHECK_THAT(textOf(result), Contains("FAILED") && Contains(result.problem));
    CHECK_THAT(jsonOf(result), Contains("\"passed\": false"));
    return result.problem;
  };
  SECTION("crash") { CHECK_THAT(broken("__builtin_trap();"), Contains("crashed on this computer")); }
  SECTION("hang") {
    options.seconds = 1;
    CHECK_THAT(broken("{ volatile int i = 1; while (i) {} }"), Contains("did not end on this computer within 1 seconds"));
  }
  SECTION("status") { CHECK_THAT(broken("if (a != NULL) return TMB_ERROR_ARGUMENT;"), Contains("with status -1 at sample 0")); }
}

TEST_CASE("accuracy of float and compiled model, from labels in any place", "[verify]") {
  CompiledFolder folder(int8Model);
  VerifyOptions options = folder.options({folder.addSamples("x.npy", {60, 8})});
  std::vector<int64_t> zeros(60, 0);
  options.labels = folder.addArray("labels.npy", Tensor(ElementType::S64, {60}, llvm::ArrayRef(zeros)));
  VerifyResult result = folder.verify(options);
  REQUIRE(result.accuracy);
  CHECK(result.accuracy->samples == 60);
  CHECK(result.accuracy->floatRight > 0);
  CHECK(result.accuracy->floatRight < 60);
  REQUIRE(result.agreement);
  CHECK(*result.agreement > 40);
  CHECK(std::abs(result.accuracy->floatRight - result.accuracy->compiledRight) <= 60 - *result.agreement);
  CHECK_THAT(textOf(result), Contains("Accuracy: "));
  // Fewer samples use the first labels.
  options.samples = 10;
  CHECK(folder.verify(options).accuracy->samples == 10);
  options.labels = folder.addArray("few.npy", Tensor(ElementType::S64, {59}, llvm::ArrayRef(zeros).drop_front()));
  CHECK_THAT(errorOf(verifyFolder(folder.getPath(), options)).message, Contains("59 labels for 60 samples"));
}

TEST_CASE("labels need an output with scores", "[verify]") {
  TestModel single = {R"mlir(
func.func @main(%x: tensor<1x1xf32> {onnx.name = "x"}) -> (tensor<1x1xf32> {onnx.name = "y"}) {
  %y = nn.unary relu %x : (tensor<1x1xf32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
})mlir",
                      nullptr};
  CompiledFolder folder(single);
  VerifyOptions options = folder.options({folder.addSamples("x.npy", {2, 1})});
  CHECK_FALSE(folder.verify(options).agreement);
  options.labels = folder.addArray("labels.npy", Tensor(ElementType::S64, {2}));
  CHECK_THAT(errorOf(verifyFolder(folder.getPath(), options)).message, Contains("no list of scores"));
}

TEST_CASE("expected outputs take the place of the float model", "[verify]") {
  CompiledFolder folder(int8Model);
  std::vector<float> zeros(16, 0), scores(6, 0);
  VerifyOptions options = folder.options({folder.addArray("x.npy", Tensor(ElementType::F32, {2, 8}, llvm::ArrayRef(zeros)))});
  scores[4] = 24;
  options.expected = {folder.addArray("y.npy", Tensor(ElementType::F32, {2, 3}, llvm::ArrayRef(scores)))};
  VerifyResult result = folder.verify(options);
  CHECK(result.hasPassed());
  CHECK(result.isReferenceExpected);
  CHECK(*result.maxAbsError == 24);
  CHECK(*result.floatModelError == 24);
  options.maxError = 23.5;
  CHECK_FALSE(folder.verify(options).hasPassed());
  CHECK_THAT(textOf(folder.verify(options)), Contains("FAILED") && Contains("at most 24, MORE than the 23.5 allowed"));
  options.maxError = 24;
  CHECK(folder.verify(options).hasPassed());
  // int8 expectations are what the compiled model would give: here 5 is zero.
  std::vector<int8_t> codes(6, 5);
  options.expected = {folder.addArray("q.npy", Tensor(ElementType::S8, {2, 3}, llvm::ArrayRef(codes)))};
  CHECK(*folder.verify(options).maxAbsError == 0);
  options.expected = {folder.addArray("z.npy", Tensor(ElementType::F32, {2, 4}, llvm::ArrayRef(zeros).take_front(8)))};
  CHECK_THAT(errorOf(verifyFolder(folder.getPath(), options)).message, Contains("output 'logits' needs Nx3"));
}

TEST_CASE("bad data and options are refused before anything is built", "[verify]") {
  CompiledFolder folder(int8Model);
  VerifyOptions options = folder.options({folder.addSamples("x.npy", {5, 9})});
  ErrorDescription error = errorOf(verifyFolder(folder.getPath(), options));
  CHECK(error.code == ExitCode::BadInput);
  CHECK_THAT(error.message, Contains("has shape 5x9, but input 'features' needs Nx8"));
  options.inputs = {folder.addSamples("x.npy", {5, 8})};
  options.on = VerifyOn::Emulator;
  error = errorOf(verifyFolder(folder.getPath(), options));
  CHECK(error.code == ExitCode::BadInput);
  CHECK_THAT(error.message, Contains("'host' has no emulator: use --on host"));
}

TEST_CASE("the JSON of a result has what its schema asks for", "[verify]") {
  CompiledFolder folder(int8Model);
  VerifyOptions options = folder.options({folder.addSamples("x.npy", {5, 8})});
  VerifyResult result = folder.verify(options);
  result.maxAbsError = NAN; // JSON has no such number
  llvm::json::Value value = take(llvm::json::parse(jsonOf(result)));
  llvm::json::Value schema = take(llvm::json::parse(
      (*llvm::MemoryBuffer::getFile(THIMBLE_SOURCE_DIR "/compiler/report/schemas/verify.schema.json"))->getBuffer()));
  const llvm::json::Object &properties = *schema.getAsObject()->getObject("properties");
  for (const llvm::json::Value &key : *schema.getAsObject()->getArray("required")) {
    CAPTURE(key.getAsString()->str());
    CHECK(value.getAsObject()->get(*key.getAsString()));
  }
  for (const auto &field : *value.getAsObject()) {
    CAPTURE(field.first.str());
    CHECK(properties.get(field.first));
  }
  CHECK(*value.getAsObject()->getObject("outputs")->get("max_abs_error") == nullptr);
  CHECK(jsonOf(result) == jsonOf(result));
}
