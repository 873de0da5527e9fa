// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes what -DTMB_CHECK_PLAN needs: the parts of the arena, when they live, which calls read and write them (tmb_check_plan.h).
#include "codegen/c/Writers.h"
#include "dialects/mcu/McuLiveness.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::codegen;

namespace {
struct Use {
  int64_t call;
  size_t part;
  bool writes;
};
} // namespace

// Of tmb_check_plan.h.
static int memoryOf(mcu::BufferOp buffer) { return mcu::isState(buffer) ? 1 : mcu::isSpilled(buffer) ? 2 : 0; }

void thimble::codegen::writePlanCheck(llvm::raw_ostream &os, const Model &model) {
  if (model.calls.empty())
    return;
  const std::string &name = model.name;
  mcu::CallOp first = model.calls.front().op;
  mcu::BufferParts parts(first->getParentOfType<mcu::ProgramOp>());
  auto isPlaced = [](const mcu::BufferPart &part) {
    mcu::BufferOp buffer = part.range.buffer;
    return buffer.getOffset() && !mcu::isFed(buffer) && !part.range.isEmpty() && part.begin < part.end;
  };
  std::vector<size_t> position(parts.all().size(), SIZE_MAX);
  os << "\n#ifdef TMB_CHECK_PLAN\n#include \"thimble/tmb_check_plan.h\"\n\n/* offset, bytes, first and last call, memory */\n"
     << "static const tmb_plan_part " << name << "__plan_parts[] = {\n";
  size_t count = 0;
  for (auto [index, part] : llvm::enumerate(parts.all())) {
    if (!isPlaced(part))
      continue;
    mcu::BufferOp buffer = part.range.buffer;
    position[index] = count++;
    os << "    {" << int64_t(*buffer.getOffset()) + part.begin << ", " << part.end - part.begin << ", " << part.range.first
       << ", " << part.range.last << ", " << memoryOf(buffer) << "},\n";
  }
  if (count == 0) // C has no empty arrays
    os << "    {0, 0, 0, -1, 0},\n";
  std::vector<Use> uses;
  auto add = [&](int64_t call, Value memory, bool writes) {
    for (size_t part : parts.indicesOf(memory))
      if (position[part] != SIZE_MAX)
        uses.push_back({call, position[part], writes});
  };
  for (auto [index, call] : llvm::enumerate(model.calls)) {
    mcu::CallOp op = call.op;
    for (Value in : op.getIns())
      add(int64_t(index), in, false);
    for (Value out : op.getOuts())
      add(int64_t(index), out, true);
    if (op.getScratch())
      add(int64_t(index), op.getScratch(), true);
  }
  // The caller reads outputs, and the next run states.
  for (const mcu::BufferPart &part : parts.all()) {
    mcu::BufferOp buffer = part.range.buffer;
    bool isKept = buffer.getRole() == mcu::Role::Output || buffer.getRole() == mcu::Role::NextState;
    size_t index = size_t(&part - parts.all().data());
    if (isKept && position[index] != SIZE_MAX)
      uses.push_back({int64_t(model.calls.size()), position[index], false});
  }
  if (uses.empty())
    uses.push_back({-2, 0, false});
  os << "};\n/* call, part, whether it writes */\nstatic const tmb_plan_use " << name << "__plan_uses[] = {\n";
  for (size_t i = 0; i < uses.size(); ++i)
    os << (i % 8 == 0 ? "    " : " ") << "{" << uses[i].call << ", " << uses[i].part << ", " << (uses[i].writes ? 1 : 0) << "},"
       << (i % 8 == 7 || i + 1 == uses.size() ? "\n" : "");
  std::string state = model.states.empty() ? "NULL" : "s",
              stateBytes = model.states.empty() ? "0" : model.macro + "_STATE_BYTES";
  std::string external = model.externalArenaBytes > 0 ? "e" : "NULL";
  os << "};\n#define PLAN_PARTS " << count << "\n#define BEGIN_PLAN(sums) \\\n  tmb_plan plan = {" << name << "__plan_parts, "
     << name << "__plan_uses, PLAN_PARTS, " << uses.size() << ", {a, " << state << ", " << external << "}, {" << model.macro
     << "_ARENA_BYTES, " << stateBytes << ", " << model.externalArenaBytes
     << "}, \\\n                   sums, TMB_PLAN_NO_CALL, 0}\n"
     << "#define BEGIN_CHECKS() uint32_t sums[PLAN_PARTS + 1]; BEGIN_PLAN(sums); tmb_plan_begin(&plan)\n"
     << "#define CHECK_WITH(step, call) \\\n  do { \\\n    const int32_t wrong = step(&plan, call); \\\n    if (wrong >= 0) \\\n"
     << "      return (tmb_status)(TMB_ERROR_PLAN - wrong); \\\n  } while (0)\n"
     << "#define CHECK_BEFORE(call) CHECK_WITH(tmb_plan_step, call)\n";
  if (model.getFed())
    os << "#define BEGIN_FEEDING() BEGIN_PLAN(NULL)\n#define CHECK_ROW(call) CHECK_WITH(tmb_plan_feed, call)\n";
  os << "#else\n#define BEGIN_CHECKS() ((void)0)\n#define CHECK_BEFORE(call) ((void)0)\n";
  if (model.getFed())
    os << "#define BEGIN_FEEDING() ((void)0)\n#define CHECK_ROW(call) ((void)0)\n";
  os << "#endif\n";
}
