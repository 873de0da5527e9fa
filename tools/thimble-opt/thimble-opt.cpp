// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// thimble-opt: runs single passes and pipelines on textual IR; what the lit tests use.
#include "compiler/pipeline/Registration.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  thimble::registerDialects(registry);
  thimble::registerPassesAndPipelines();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Thimble pass driver\n", registry));
}
