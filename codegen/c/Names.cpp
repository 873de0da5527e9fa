// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names from a model made fit for C.
#include "codegen/c/Names.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"

using namespace thimble::codegen;

static constexpr size_t maxModelName = 48;
static constexpr size_t maxPart = 56;
static constexpr size_t maxComment = 160;

// A model called "string" would have a string.h in its folder, which the folder's users would get for <string.h>.
static bool isStandardHeader(llvm::StringRef name) {
  static constexpr llvm::StringLiteral headers[] = {
      "assert",    "complex", "ctype",   "errno",  "fenv",   "float",  "inttypes",    "iso646",
      "limits",    "locale",  "math",    "memory", "setjmp", "signal", "stdalign",    "stdarg",
      "stdatomic", "stdbool", "stddef",  "stdint", "stdio",  "stdlib", "stdnoreturn", "string",
      "strings",   "tgmath",  "threads", "time",   "uchar",  "unistd", "wchar",       "wctype"};
  return llvm::any_of(headers, [&](llvm::StringRef header) { return name.equals_insensitive(header); });
}

static bool isIdentifierCharacter(char c) { return llvm::isAlnum(c) || c == '_'; }

llvm::Error thimble::codegen::validateModelName(llvm::StringRef name) {
  auto refuse = [&](llvm::StringRef why) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "model name '" + name + "' " + why + "; for example '" + makeModelName(name) + "' would do");
  };
  if (name.empty())
    return refuse("is empty");
  if (!llvm::all_of(name, isIdentifierCharacter))
    return refuse("may only have letters, digits and '_', since it starts every C symbol");
  if (llvm::isDigit(name.front()))
    return refuse("starts with a digit");
  if (name.starts_with("_") || name.ends_with("_") || name.contains("__"))
    return refuse("has '_' at an end, or two in a row");
  if (name.starts_with_insensitive("tmb_") || name.equals_insensitive("tmb"))
    return refuse("is among the runtime's own names");
  if (isStandardHeader(name))
    return refuse("would give the model's header the name of a standard header");
  if (name.size() > maxModelName)
    return refuse("is longer than 48 characters");
  return llvm::Error::success();
}

std::string thimble::codegen::makeModelName(llvm::StringRef text) {
  std::string name = identifierPart(text).substr(0, maxModelName - 6);
  while (!name.empty() && name.back() == '_')
    name.pop_back();
  bool isForbidden = name.empty() || llvm::isDigit(name.front()) || isStandardHeader(name) ||
                     llvm::StringRef(name).starts_with_insensitive("tmb_") || llvm::StringRef(name).equals_insensitive("tmb");
  if (isForbidden)
    name = name.empty() ? "model" : "model_" + name;
  return name;
}

std::string thimble::codegen::identifierPart(llvm::StringRef text) {
  std::string part;
  for (char c : text) {
    if (part.size() >= maxPart)
      break;
    if (llvm::isAlnum(c))
      part += c;
    else if (!part.empty() && part.back() != '_')
      part += '_';
  }
  while (!part.empty() && part.back() == '_')
    part.pop_back();
  return part;
}

std::string thimble::codegen::commentText(llvm::StringRef text) {
  std::string comment;
  const auto *next = reinterpret_cast<const llvm::UTF8 *>(text.bytes_begin());
  const auto *end = reinterpret_cast<const llvm::UTF8 *>(text.bytes_end());
  while (next != end) {
    if (comment.size() > maxComment)
      return comment + "...";
    char c = char(*next);
    llvm::UTF32 code;
    if (*next >= 0x80) {
      // Escaped: editors show right-to-left marks and lookalikes as something else than what the compiler reads.
      if (llvm::convertUTF8Sequence(&next, end, &code, llvm::strictConversion) == llvm::conversionOK)
        comment += "<U+" + llvm::utohexstr(code, /*LowerCase=*/false, /*Width=*/4) + ">";
      else
        comment += "<0x" + llvm::utohexstr(*next++, /*LowerCase=*/false, /*Width=*/2) + ">";
      continue;
    }
    ++next;
    bool endsComment = !comment.empty() && ((comment.back() == '*' && c == '/') || (comment.back() == '/' && c == '*'));
    bool isTrigraph = !comment.empty() && comment.back() == '?' && c == '?';
    if (endsComment || isTrigraph)
      comment += ' ';
    comment += llvm::isPrint(c) ? c : ' ';
  }
  // A backslash at the end of a line would join it with the next; a star or slash might meet the comment's own.
  if (!comment.empty() && llvm::StringRef("\\*/").contains(comment.back()))
    comment += ' ';
  return comment;
}

std::string UniqueNames::get(llvm::StringRef wanted) {
  std::string name = wanted.str();
  for (unsigned i = 2; !taken.insert(name).second; ++i)
    name = (wanted + "_" + llvm::Twine(i)).str();
  return name;
}
