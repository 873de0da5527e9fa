// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Verification on emulated targets: the same bytes everywhere, measured sizes, budgets, faults and hangs.
#include "support.h"

using namespace thimble;
using namespace thimble::verify_test;
using Catch::Matchers::Contains;

TEST_CASE("an int8 model gives the same bytes on every target", "[verify][emulator]") {
  if (!hasArm())
    return;
  for (const char *target : {"stm32g071", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"}) {
    CAPTURE(target);
    CompiledFolder folder(int8Model, target);
    VerifyResult result = folder.verify(folder.options({folder.addSamples("x.npy", {50, 8})}));
    INFO(textOf(result));
    CHECK(result.hasPassed());
    CHECK(result.ranOnEmulator);
    CHECK(result.hostEqualsTarget == true);
    CHECK(result.compared == 150);
    REQUIRE(result.measurement);
    const TargetMeasurement &measured = *result.measurement;
    CHECK(measured.instructions > 50 * 24);
    CHECK(measured.leastInstructions <= measured.mostInstructions);
    CHECK(measured.leastInstructions * 50 <= measured.instructions);
    CHECK(measured.mostInstructions * 50 >= measured.instructions);
    CHECK(measured.stackBytes > 64);
    CHECK(measured.stackBytes < 4096);
    CHECK(measured.arenaBytes >= 8);
    CHECK(measured.footprint.weights >= 24 + 24); // with biases and multipliers, which lie between them
    CHECK(measured.footprint.tables >= 28);       // one record
    CHECK(measured.footprint.kernels > 20);
    CHECK(measured.footprint.code > 20);
    CHECK(measured.footprint.staticRam == 0);
    CHECK(measured.imageBytes > measured.footprint.getFlash());
    CHECK(measured.getRam() == measured.arenaBytes + measured.stackBytes);
    CHECK_THAT(textOf(result),
               Contains("this computer and the emulated target") && Contains("Instructions for one inference: "));
    CHECK_THAT(jsonOf(result), Contains("\"host_equals_target\": true") && Contains("\"ran_on\": \"emulator\""));
  }
}

TEST_CASE("a float model agrees on targets with and without an FPU", "[verify][emulator]") {
  if (!hasArm())
    return;
  for (const char *target : {"stm32g071", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"}) {
    CAPTURE(target);
    CompiledFolder folder(floatModel, target);
    VerifyResult result = folder.verify(
        folder.options({"a=" + folder.addSamples("a.npy", {40, 4}), "b=" + folder.addSamples("b.npy", {40, 2, 4})}));
    INFO(textOf(result));
    CHECK(result.hasPassed());
    CHECK(result.hostEqualsTarget == true);
    REQUIRE(result.measurement);
    CHECK(result.measurement->footprint.libraries > 500); // expf and its like
  }
}

TEST_CASE("--on host leaves the emulator alone", "[verify]") {
  CompiledFolder folder(int8Model, "cortex-m4");
  VerifyOptions options = folder.options({folder.addSamples("x.npy", {5, 8})});
  options.on = VerifyOn::Host;
  VerifyResult result = folder.verify(options);
  CHECK(result.hasPassed());
  CHECK_FALSE(result.ranOnEmulator);
  CHECK_FALSE(result.measurement);
}

TEST_CASE("an image that does not fit says what is missing", "[verify][emulator]") {
  if (!hasArm())
    return;
  CompiledFolder folder(int8Model, "stm32g071");
  VerifyOptions options = folder.options({folder.addSamples("x.npy", {5, 8})});
  auto refusal = [&] {
    ErrorDescription error = errorOf(verifyFolder(folder.getPath(), options));
    CHECK(error.code == ExitCode::OverBudget);
    return error.message;
  };
  SECTION("too little RAM for the stack") {
    options.memory.ram = 4096;
    CHECK_THAT(refusal(), Contains("does not fit into the 4096 bytes of RAM of stm32g071") &&
                              Contains("and the stack of 4096 bytes do not fit both"));
    options.stackBytes = 2048;
    CHECK(folder.verify(options).hasPassed());
  }
  SECTION("too little RAM for the arena") {
    options.memory.ram = 8;
    CHECK_THAT(refusal(), Contains("already without the stack"));
  }
  SECTION("too little flash") {
    options.memory.flash = 1024;
    CHECK_THAT(refusal(), Contains("does not fit into the 1024 bytes of flash of stm32g071") && Contains("bytes are missing"));
  }
}

TEST_CASE("what goes wrong on the target alone is found there", "[verify][emulator]") {
  if (!hasArm())
    return;
  CompiledFolder folder(int8Model, "cortex-m4");
  VerifyOptions options = folder.options({folder.addSamples("x.npy", {40, 8})});
  auto broken = [&](const std::string &statement) {
    folder.insertIntoRun("#ifdef __arm__\n" + statement + "\n#endif");
    VerifyResult result = folder.verify(options);
    CHECK_FALSE(result.hasPassed());
    return result;
  };
  SECTION("an access outside the chip's memory") {
    VerifyResult result = broken("*(volatile uint8_t *)(uintptr_t)0x20040000u = 1;");
    CHECK_THAT(result.problem, Contains("was stopped on the emulated target: FAULT ") && Contains("past the end of RAM"));
    CHECK(result.hostMismatches == 0);
    CHECK(result.compared == 120); // the host ran
    CHECK_FALSE(result.hostEqualsTarget);
    CHECK_THAT(textOf(result), Contains("Compiled C on this computer computes what the compiler computed"));
  }
  SECTION("a stack overflow") {
    VerifyResult result = broken("{ volatile uint8_t big[5000]; big[0] = a == NULL; if (big[0]) return TMB_ERROR_ARGUMENT; }");
    CHECK_THAT(result.problem, Contains("FAULT ") && Contains("stack"));
  }
  SECTION("a hang") {
    options.seconds = 2;
    CHECK_THAT(broken("{ volatile int i = 1; while (i) {} }").problem,
               Contains("did not end on the emulated target within 2 seconds"));
  }
  SECTION("other numbers") {
    VerifyResult result = broken("if (a != NULL)\n    ((int8_t *)net_input(a, 0))[0] = 0;");
    CHECK(result.problem.empty());
    CHECK(result.hostMismatches == 0);
    CHECK(result.targetMismatches > 0);
    CHECK(result.hostEqualsTarget == false);
    CHECK_THAT(result.firstMismatch, Contains("on the target, sample "));
    CHECK_THAT(textOf(result), Contains("Wrong output elements on this computer: 0, on the emulated target: "));
  }
}
