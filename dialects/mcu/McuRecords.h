// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parameter records of tmb_abi.h as data: names, types and offsets of their fields.
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include <vector>

namespace thimble::mcu {

struct RecordField {
  llvm::StringRef name;
  size_t offset;
  bool isFloat; // float, else int32_t
  size_t count; // elements of an array, 1 for a scalar
  llvm::StringRef member = {}; // of the C struct that the field is in, a record itself; empty for fields of its own
};

struct Record {
  llvm::StringRef name; // of the C struct
  size_t bytes;
  llvm::ArrayRef<RecordField> fields;

  /// The record called `name`, or null.
  static const Record *lookup(llvm::StringRef name);

  /// The bytes of the C struct with the values of `params`. Every field must be given with its type, and nothing else.
  mlir::FailureOr<std::vector<char>> pack(mlir::DictionaryAttr params,
                                          llvm::function_ref<mlir::InFlightDiagnostic()> emitError) const;
};

} // namespace thimble::mcu
