// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers and names as the reports for people show them.
#pragma once

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace thimble::report {

/// "2.66 M"; in integers, so that no locale matters.
std::string formatCount(uint64_t count);

/// Text for HTML and SVG: valid UTF-8, no control characters, & < > " escaped.
std::string escapeMarkup(llvm::StringRef text);

} // namespace thimble::report
