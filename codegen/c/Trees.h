// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Decision trees as C code instead of tables that a kernel walks: nested ifs, with the same results bit for bit.
#pragma once

#include "dialects/mcu/McuDialect.h"
#include <string>
#include <vector>

namespace thimble::codegen {

enum class TreeForm { Auto, Table, Code };

/// Decides for each call of a tree kernel whether it becomes code, and marks those that do. With `hasFpu` code compares numbers
/// as floats and is two to five times as fast as tables; Auto takes it where it needs at most 512 bytes of flash more than they
/// and the kernel do. Without, it compares ordered integers and gains little, so Auto takes it only where it is smaller.
/// Returns a line about each call for the report.
std::vector<std::string> chooseTreeForms(mcu::ProgramOp program, TreeForm form, bool hasFpu);

/// True for a call that is emitted as a function of the model, without kernel and parameter record.
bool isTreeCode(mcu::CallOp call);

/// The indices of the kernel's inputs that the function takes.
std::vector<unsigned> getTreeCodeInputs(mcu::CallOp call);

/// The definition of the function `name`(inputs, output) and of what it calls, whose names start with `name`.
std::string writeTreeCode(mcu::CallOp call, const std::string &name);

} // namespace thimble::codegen
