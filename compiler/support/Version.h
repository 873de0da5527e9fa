// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The version of Thimble, as CMakeLists.txt states it.
#pragma once

namespace thimble {

inline constexpr const char *versionString = THIMBLE_VERSION;

} // namespace thimble
