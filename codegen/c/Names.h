// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names from a model made fit for C: identifiers, macros, comments.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include <string>

namespace thimble::codegen {

/// Fails, and says why, unless `name` can be the prefix of a model's symbols and files. A name without "__", and without "_" at
/// its ends, keeps the symbols of two models apart: private ones are called <name>__<what>.
llvm::Error validateModelName(llvm::StringRef name);

/// A valid model name made of any text, such as the stem of a file: "MobileNet v1 (0.25)" becomes "MobileNet_v1_0_25".
std::string makeModelName(llvm::StringRef text);

/// The characters of `text` that an identifier may have, runs of others as one "_"; at most 56 of them. May be empty or start
/// with a digit, so it only serves as the end of an identifier.
std::string identifierPart(llvm::StringRef text);

/// `text` as it may stand in a C comment on one line: printable ASCII that can neither end the comment nor form a trigraph.
std::string commentText(llvm::StringRef text);

/// Gives out identifiers, each only once: "x", "x_2", "x_3".
class UniqueNames {
public:
  std::string get(llvm::StringRef wanted);

private:
  llvm::StringSet<> taken;
};

} // namespace thimble::codegen
