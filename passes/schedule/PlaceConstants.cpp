// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layers and patterns, and the choice of what may be slower.
#include "passes/schedule/PlaceConstants.h"
#include "compiler/support/Diagnostics.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::schedule;

static constexpr size_t maxSuggestions = 8;
static constexpr llvm::StringLiteral readsName = "mcu.reads";

// True if `pattern` with * and ? fits. Names of nodes have brackets and braces, which therefore mean themselves.
static bool fits(llvm::StringRef pattern, llvm::StringRef name) {
  size_t at = 0, next = 0, star = llvm::StringRef::npos, resume = 0;
  while (next < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = next;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[next])) {
      ++at;
      ++next;
    } else if (star != llvm::StringRef::npos) {
      at = star + 1; // the last star takes one more
      next = ++resume;
    } else {
      return false;
    }
  }
  return pattern.drop_front(at).find_first_not_of('*') == llvm::StringRef::npos;
}

static void forEachUse(mcu::ProgramOp program, llvm::function_ref<void(mcu::CallOp, mcu::ConstantOp)> visit) {
  for (mcu::CallOp call : program.getBody().front().getOps<mcu::CallOp>()) {
    llvm::SmallVector<mcu::ConstantOp> seen;
    for (Value in : call.getIns())
      if (auto constant = dyn_cast<mcu::ConstantOp>(mcu::getRoot(in)); constant && !llvm::is_contained(seen, constant)) {
        seen.push_back(constant);
        visit(call, constant);
      }
  }
}

int64_t thimble::schedule::getReads(mcu::ConstantOp constant) {
  auto reads = constant->getAttrOfType<IntegerAttr>(readsName);
  return reads ? reads.getInt() : 0;
}

void thimble::schedule::setReads(mcu::ConstantOp constant, int64_t reads) {
  constant->setAttr(readsName, IntegerAttr::get(IntegerType::get(constant.getContext(), 64), reads));
}

void thimble::schedule::recordReads(mcu::ProgramOp program) {
  llvm::MapVector<mcu::ConstantOp, int64_t> reads;
  forEachUse(program, [&](mcu::CallOp call, mcu::ConstantOp constant) {
    // Calls without multiplications read what they read once.
    reads[constant] += std::max(int64_t(call.getMacs()), mcu::byteSize(constant.getMemory()));
  });
  for (auto [constant, count] : reads)
    setReads(constant, count);
}

LogicalResult thimble::schedule::placeConstants(mcu::ProgramOp program, llvm::ArrayRef<PlaceRule> rules) {
  llvm::MapVector<mcu::ConstantOp, mcu::Place> places;
  std::vector<bool> isUsed(rules.size());
  std::vector<std::string> layers;
  forEachUse(program, [&](mcu::CallOp call, mcu::ConstantOp constant) {
    std::string node = nodeName(call.getLoc());
    if (layers.empty() || layers.back() != node)
      layers.push_back(node);
    mcu::Place place = mcu::getPlace(constant);
    for (auto [index, rule] : llvm::enumerate(rules))
      if (rule.layers.empty() || rule.layers == node || fits(rule.layers, node)) {
        place = rule.place;
        isUsed[index] = true;
      }
    auto [entry, isNew] = places.insert({constant, place});
    if (!isNew)
      entry->second = std::min(entry->second, place);
  });
  for (auto [index, rule] : llvm::enumerate(rules)) {
    if (isUsed[index] || rule.layers.empty())
      continue;
    std::string known = llvm::join(llvm::ArrayRef(layers).take_front(maxSuggestions), "', '");
    return program.emitError("--weights-in ")
           << rule.layers << "=" << mcu::stringifyPlace(rule.place) << ": no layer with constants has that name"
           << (layers.empty() ? "" : "; there are '" + known + "'") << (layers.size() > maxSuggestions ? " and more" : "");
  }
  for (auto &[constant, place] : places)
    mcu::setPlace(constant, place);
  return success();
}

int64_t thimble::schedule::moveToExternal(mcu::ProgramOp program, int64_t bytes) {
  struct Candidate {
    mcu::ConstantOp constant;
    int64_t bytes, reads;
    size_t index; // for a total order
  };
  std::vector<Candidate> candidates;
  for (auto constant : program.getBody().front().getOps<mcu::ConstantOp>())
    if (int64_t size = mcu::byteSize(constant.getMemory());
        size > 0 && mcu::getPlace(constant) == mcu::Place::Flash && !constant.getMemory().use_empty())
      candidates.push_back({constant, size, std::max(getReads(constant), size), candidates.size()});
  llvm::sort(candidates, [](const Candidate &a, const Candidate &b) {
    double readsA = double(a.reads) / double(a.bytes), readsB = double(b.reads) / double(b.bytes);
    return readsA != readsB ? readsA < readsB : a.bytes != b.bytes ? a.bytes > b.bytes : a.index < b.index;
  });
  int64_t moved = 0;
  size_t count = 0;
  for (; count < candidates.size() && moved < bytes; ++count)
    moved += candidates[count].bytes;
  candidates.resize(count);
  // The last one may have brought so much that others can stay, the most read ones first.
  for (Candidate &candidate : llvm::reverse(candidates))
    if (moved - candidate.bytes >= bytes)
      moved -= candidate.bytes;
    else
      mcu::setPlace(candidate.constant, mcu::Place::External);
  return moved;
}

int64_t thimble::schedule::getConstantBytes(mcu::ProgramOp program, mcu::Place place) {
  int64_t bytes = 0;
  for (auto constant : program.getBody().front().getOps<mcu::ConstantOp>())
    if (mcu::getPlace(constant) == place && !constant.getMemory().use_empty())
      bytes += mcu::byteSize(constant.getMemory());
  return bytes;
}
