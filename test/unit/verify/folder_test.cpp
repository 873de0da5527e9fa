// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The contract of verify/: what is written is read back, always with the same bytes, and damage is refused.
#include "support.h"

using namespace thimble;
using namespace thimble::verify_test;
using Catch::Matchers::Contains;

TEST_CASE("both models come back from the folder", "[verify]") {
  CompiledFolder folder(int8Model, "stm32f746");
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  VerificationModule models = take(readVerificationModule(folder.getPath(), "net", context));
  CHECK(models.reference.getSymName() == "main");
  CHECK(models.program.getSymName() == "net");
  CHECK(models.program.getArenaBytes());
  CHECK(take(readModelName(folder.getPath())) == "net");
  Target target = take(readVerificationTarget(folder.getPath()));
  CHECK(target.name == "stm32f746");
  CHECK(target.emulator);
}

TEST_CASE("the bytes depend on the models alone", "[verify]") {
  CompiledFolder first(int8Model), second(int8Model);
  CHECK(first.read("verify/net.mlirbc") == second.read("verify/net.mlirbc"));
  // Neither on where they were read from.
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  VerificationModule models = take(readVerificationModule(first.getPath(), "net", context));
  models.module->walk([&](mlir::Operation *op) {
    if (op != *models.module)
      op->setLoc(mlir::FileLineColLoc::get(&context, "/some/where.mlir", 1, 1));
  });
  auto reference = models.reference->getParentOfType<mlir::ModuleOp>(),
       compiled = models.program->getParentOfType<mlir::ModuleOp>();
  succeed(writeVerificationModule(second.getPath(), reference, compiled));
  CHECK_THAT(second.read("verify/net.mlirbc"), !Contains("where.mlir"));
}

TEST_CASE("a folder that is not one of ours is refused with a remedy", "[verify]") {
  CompiledFolder folder(int8Model);
  VerifyOptions options = folder.options({folder.addSamples("x.npy", {2, 8})});
  auto refusal = [&] {
    ErrorDescription error = errorOf(verifyFolder(folder.getPath(), options));
    CHECK(error.code == ExitCode::BadInput);
    return error.message;
  };
  SECTION("no folder") {
    ErrorDescription error = errorOf(verifyFolder(folder.getPath() + "/none", options));
    CHECK_THAT(error.message, Contains("there is no report.json. Give the folder that `thimble compile -o` wrote"));
  }
  SECTION("no models") {
    folder.remove("verify/net.mlirbc");
    CHECK_THAT(refusal(), Contains("there is no verify/net.mlirbc"));
  }
  SECTION("damaged models") {
    std::string bytes = folder.read("verify/net.mlirbc");
    for (size_t length : {bytes.size() / 2, size_t(100), size_t(0)}) {
      folder.write("verify/net.mlirbc", bytes.substr(0, length));
      CHECK_THAT(refusal(), Contains("verify/net.mlirbc"));
    }
  }
  SECTION("no model in the report") {
    folder.write("report.json", "{\"model\": \"../../etc\"}");
    CHECK_THAT(refusal(), Contains("report.json does not name the model"));
    folder.write("report.json", "{");
    CHECK_THAT(refusal(), Contains("report.json: "));
  }
  SECTION("bad target") {
    folder.write("verify/target.json", "{\"name\": \"x\"}");
    CHECK_THAT(refusal(), Contains("missing value"));
    folder.remove("verify/target.json");
    CHECK_THAT(refusal(), Contains("there is no verify/target.json"));
  }
  SECTION("no source") {
    folder.remove("net_weights.c");
    CHECK_THAT(refusal(), Contains("there is no net_weights.c"));
  }
}
