// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes a scheduled program as C: the files that only this model has.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace thimble::codegen {

/// A file of the output folder. `path` is relative to it and uses "/".
struct EmittedFile {
  std::string path;
  std::string contents;
};

/// One run of the model for the self-test: the bytes of every input and of every output, in the order of their positions.
struct GoldenVector {
  std::vector<std::vector<char>> inputs, outputs;
};

struct EmitOptions {
  std::string name;                    // prefix of all symbols and files; see validateModelName
  std::string version;                 // of Thimble
  std::string modelFile;               // the ONNX file; only its name is written
  std::vector<std::string> provenance; // lines about how the model was compiled: options, conversions at inputs and outputs
  std::string target;                  // name of the target
  std::vector<GoldenVector> golden;    // without any there is no self-test
  unsigned externalAlignment = 4;      // of constants in external flash
};

/// <name>.h, <name>.c, <name>_weights.h, <name>_weights.c, with golden vectors <name>_selftest.c, and verify/<name>_verify.c,
/// the main program of the verification harness. The same program and options give the same bytes.
llvm::Expected<std::vector<EmittedFile>> emitC(mcu::ProgramOp program, const EmitOptions &options);

} // namespace thimble::codegen
