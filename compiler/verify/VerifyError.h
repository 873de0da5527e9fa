// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Why a verification could not be carried out, with the exit code that the command line gives for it.
#pragma once

#include "compiler/support/Diagnostics.h"
#include "llvm/Support/Error.h"

namespace thimble {

class VerifyError : public llvm::ErrorInfo<VerifyError> {
public:
  static char ID;
  VerifyError(ExitCode code, const llvm::Twine &message) : code(code), text(message.str()) {}
  ExitCode getCode() const { return code; }
  void log(llvm::raw_ostream &os) const override { os << text; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }

private:
  ExitCode code;
  std::string text;
};

inline llvm::Error verifyError(ExitCode code, const llvm::Twine &message) {
  return llvm::make_error<VerifyError>(code, message);
}

/// What the command line makes of an error of this library: VerifyErrors know their code, all others are bad input.
struct ErrorDescription {
  ExitCode code;
  std::string message;
};
ErrorDescription describe(llvm::Error error);

} // namespace thimble
