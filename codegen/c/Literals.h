// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// C types of tensor elements, and values written so that a C compiler reads exactly the same ones back.
#pragma once

#include "mlir/IR/Types.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace thimble::codegen {

/// A C type that tensors can have.
struct CType {
  enum Kind { F32, F64, Signed, Unsigned } kind;
  unsigned bytes;
  const char *name;     // "int8_t"
  const char *constant; // its value of tmb_type: "TMB_S8"
  const char *meaning = nullptr; // "float16", where the C type holds the bits of what C99 has no type for

  /// What reports call it: "int8_t", "float16".
  const char *getLabel() const { return meaning ? meaning : name; }

  /// The type of memory with such elements, or null if there is none.
  static const CType *get(mlir::Type element);
  /// uint8_t, for encoded data.
  static const CType *getByte();
};

/// The shortest decimal that reads back as `value`, with an f: "0.1f". INFINITY and NAN as <math.h> calls them.
std::string formatFloat(float value);
std::string formatDouble(double value);
/// An integer constant expression for a number of 32 or 64 bits.
std::string formatInteger(int64_t value, unsigned bytes);
std::string formatUnsigned(uint64_t value);

/// A string literal with exactly these bytes, whatever they are.
std::string formatText(llvm::StringRef text);

/// True if the floating-point elements `bytes` have infinities or NaNs, which need <math.h>.
bool hasNonFinite(const CType &type, llvm::ArrayRef<char> bytes);

/// Writes the elements in `bytes` as the lines of an array's initializer, without the braces; "0" if there are none.
void writeElements(llvm::raw_ostream &os, const CType &type, llvm::ArrayRef<char> bytes);

/// Writes `prefix`, the items separated by ", ", and `suffix`, in lines of at most 100 columns; later lines start with `indent`
/// blanks.
void writeWrapped(llvm::raw_ostream &os, llvm::StringRef prefix, llvm::ArrayRef<std::string> items, llvm::StringRef suffix,
                  unsigned indent);

} // namespace thimble::codegen
