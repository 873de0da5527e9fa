// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The writers of the single files, for Emit.cpp.
#pragma once

#include "codegen/c/Emit.h"
#include "codegen/c/Model.h"

namespace thimble::codegen {

std::string writeHeader(const Model &model, const EmitOptions &options);
std::string writeSource(const Model &model, const EmitOptions &options);
/// Tables and macros of the checks in -DTMB_CHECK_PLAN, for <name>.c: BEGIN_CHECKS, CHECK_BEFORE(call), and for a fed input
/// BEGIN_FEEDING, CHECK_ROW(call).
void writePlanCheck(llvm::raw_ostream &os, const Model &model);
std::string writeWeightsHeader(const Model &model, const EmitOptions &options);
std::string writeWeights(const Model &model, const EmitOptions &options);
std::string writeSelfTest(const Model &model, const EmitOptions &options);
std::string writeVerifyMain(const Model &model, const EmitOptions &options);

/// The memory that functions which run something take: "void *arena", and the external arena and the state if the model has them.
std::string formatMemoryParameters(const Model &model);
/// Arguments for them: `<prefix>arena` and so on.
std::string formatMemoryArguments(const Model &model, const std::string &prefix);
/// The static memories of a test, `<name>__arena` and so on.
void writeMemories(llvm::raw_ostream &os, const Model &model);

/// The comment at the top of every file: what it is, who made it from what.
void writeBanner(llvm::raw_ostream &os, llvm::StringRef purpose, const EmitOptions &options);

/// Writes `<qualifiers><type> <symbol>[<n>] TMB_ALIGNED(..) = {...};`. Words are loaded at once, so they are aligned at least.
void writeArray(llvm::raw_ostream &os, llvm::StringRef qualifiers, const CType &type, llvm::StringRef symbol,
                llvm::ArrayRef<char> bytes, unsigned alignment = 4);

/// The start of an array's declaration, after its qualifiers: `int8_t kws__conv1_weights[640]`.
std::string formatArrayDeclaration(const CType &type, llvm::StringRef symbol, llvm::ArrayRef<char> bytes);

} // namespace thimble::codegen
