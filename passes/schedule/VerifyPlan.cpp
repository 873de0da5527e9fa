// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Proves that a plan is sound, by executing it on ranges of bytes.
#include "codegen/kernels/KernelTable.h"
#include "compiler/support/Diagnostics.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/schedule/ByteContents.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SharedMemory.h"
#include <map>
#include <tuple>

namespace thimble::schedule {
#define GEN_PASS_DEF_VERIFYPLAN
#include "passes/schedule/Passes.h.inc"
} // namespace thimble::schedule

using namespace mlir;
using namespace thimble;
using thimble::schedule::ByteContents;
using thimble::schedule::ByteRange;
using thimble::schedule::Content;

namespace {

// The second arena and the state are other memories than the arena, far behind it.
constexpr int64_t externalBegin = int64_t(1) << 40, stateBegin = int64_t(1) << 60;

int64_t beginOf(mcu::BufferOp buffer) {
  int64_t memory = mcu::isState(buffer) ? stateBegin : mcu::isSpilled(buffer) ? externalBegin : 0;
  return memory + int64_t(*buffer.getOffset());
}

ByteRange rangeOf(mcu::BufferOp buffer) {
  int64_t begin = beginOf(buffer);
  return {begin, begin + mcu::byteSize(buffer.getMemory())};
}

// Of an operand that is a buffer or a view of one.
ByteRange rangeOf(Value memory) {
  int64_t begin = beginOf(mcu::getBuffer(memory)) + mcu::byteOffset(memory);
  return {begin, begin + mcu::byteSize(memory)};
}

// What bytes hold that belong to a buffer.
Content contentOf(mcu::BufferOp buffer) { return {buffer.getOperation(), beginOf(buffer)}; }

// What the steps of a streamed part have written that come from one call of the plain program.
struct StreamStage {
  std::string node;
  int64_t written = 0; // bytes in the scratch
};

class Prover {
public:
  explicit Prover(mcu::ProgramOp program) : program(program) {}

  LogicalResult run() {
    if (failed(verifyPlaces()))
      return failure();
    for (mcu::BufferOp buffer : buffers())
      if (isThere(buffer))
        write(buffer, rangeOf(buffer));
    for (mcu::BufferOp buffer : buffers())
      if (isThere(buffer) &&
          failed(verifyHeld(buffer, buffer, rangeOf(buffer), mcu::isState(buffer) ? "is a state" : "is an input of the model")))
        return failure();
    for (mcu::CallOp call : mcu::getCalls(program))
      if (failed(execute(call)))
        return failure();
    for (mcu::BufferOp buffer : buffers())
      if (buffer.getRole() == mcu::Role::Output && mcu::byteSize(buffer.getMemory()) != 0) {
        if (!begun.count(buffer))
          return buffer.emitOpError("is an output that nothing writes");
        if (failed(verifyHeld(buffer, buffer, rangeOf(buffer), "is read by the caller at the end")))
          return failure();
      } else if (buffer.getRole() == mcu::Role::NextState) {
        if (!begun.count(buffer))
          return buffer.emitOpError("is the state of the next run, and nothing writes it");
        if (failed(verifyHeld(buffer, buffer, rangeOf(buffer), "is the state of the next run")))
          return failure();
      }
    return success();
  }

private:
  llvm::iterator_range<Block::op_iterator<mcu::BufferOp>> buffers() {
    return program.getBody().front().getOps<mcu::BufferOp>();
  }

  // What holds data before the first call.
  static bool isThere(mcu::BufferOp buffer) {
    return buffer.getRole() == mcu::Role::State || (buffer.getRole() == mcu::Role::Input && !mcu::isFed(buffer));
  }

  void write(mcu::BufferOp buffer, ByteRange range) {
    begun[buffer].write(range, contentOf(buffer));
    bytes.write(range, contentOf(buffer));
  }

  LogicalResult verifyPlaces() {
    if (!program.getArenaBytes() || !program.getLowerBound())
      return program.emitOpError("has no plan: arena_bytes and lower_bound are missing");
    if (*program.getLowerBound() > *program.getArenaBytes())
      return program.emitOpError("claims a lower bound of ")
             << *program.getLowerBound() << " bytes above its arena of " << *program.getArenaBytes();
    for (mcu::BufferOp buffer : buffers()) {
      if (mcu::isFed(buffer))
        continue;
      if (!buffer.getOffset())
        return buffer.emitOpError("has no place in the arena");
      int64_t width = schedule::alignmentOf(buffer);
      if (int64_t(*buffer.getOffset()) % width != 0)
        return buffer.emitOpError("at offset ") << *buffer.getOffset() << " is not aligned to " << width << " bytes";
      // The program's own verifier has checked the end of the arena, and of the state.
    }
    return verifyStates();
  }

  // Every state has one successor, of its size and at its place.
  LogicalResult verifyStates() {
    for (mcu::BufferOp buffer : buffers()) {
      if (!mcu::isState(buffer))
        continue;
      int64_t partners = 0;
      for (mcu::BufferOp other : buffers())
        if (mcu::isStatePair(buffer, other)) {
          ++partners;
          if (rangeOf(other).begin != rangeOf(buffer).begin || rangeOf(other).end != rangeOf(buffer).end)
            return buffer.emitOpError("is a state at offset ")
                   << *buffer.getOffset() << ", but what a run leaves for the next is at " << *other.getOffset()
                   << " or of another size";
        }
      if (partners != 1)
        return buffer.emitOpError("is a state with ")
               << partners << " buffers of the other role and index " << int64_t(buffer.getIndex());
    }
    return success();
  }

  // `what` follows the buffer's name in the message at `user`.
  LogicalResult verifyHeld(Operation *user, mcu::BufferOp buffer, ByteRange range, llvm::StringRef what) {
    int64_t other = bytes.findOther(range, contentOf(buffer));
    if (other == range.end)
      return success();
    InFlightDiagnostic error = user->emitOpError("'") << buffer.getName() << "' " << what << ", but ";
    std::optional<Content> content = bytes.at(other);
    if (!content)
      return error << "some of its bytes were never written";
    mcu::BufferOp holder = findBuffer(content->source);
    if (!holder)
      return error << "the scratch of a call lies over it and was written since";
    error << "'" << holder.getName() << "' lies over it and was written since";
    error.attachNote(holder.getLoc()) << "'" << holder.getName() << "' is at offset " << *holder.getOffset() << ", '"
                                      << buffer.getName() << "' at " << *buffer.getOffset();
    return error;
  }

  mcu::BufferOp findBuffer(const void *source) {
    for (mcu::BufferOp buffer : buffers())
      if (buffer.getOperation() == source)
        return buffer;
    return {};
  }

  LogicalResult execute(mcu::CallOp call) {
    const kernels::Kernel *kernel = kernels::lookup(call.getKernel());
    bool isStream = call.getKernel() == mcu::streamKernel;
    if (!kernel && !isStream)
      return call.emitOpError("calls '") << call.getKernel() << "', which the runtime does not have";
    for (Value in : call.getIns())
      if (mcu::BufferOp buffer = mcu::getBuffer(in); buffer && !mcu::isFed(buffer)) {
        if (!begun.count(buffer))
          return call.emitOpError("reads '") << buffer.getName() << "' before anything was written to it";
        if (failed(verifyHeld(call, buffer, rangeOf(in), "is read")))
          return failure();
      }
    for (Value out : call.getOuts())
      if (failed(verifyWrittenFurther(call, out)))
        return failure();
    if (isStream)
      return executeSteps(call);
    if (failed(verifyApart(call, *kernel)))
      return failure();
    if (mcu::BufferOp scratch = call.getScratch() ? mcu::getBuffer(call.getScratch()) : mcu::BufferOp())
      bytes.write(rangeOf(call.getScratch()), contentOf(scratch));
    for (Value out : call.getOuts())
      if (mcu::BufferOp buffer = mcu::getBuffer(out))
        write(buffer, rangeOf(out));
    return success();
  }

  // What earlier calls have written to an output is still there.
  LogicalResult verifyWrittenFurther(mcu::CallOp call, Value out) {
    mcu::BufferOp buffer = mcu::getBuffer(out);
    if (!buffer || !begun.count(buffer))
      return success();
    LogicalResult result = success();
    begun[buffer].forEach(rangeOf(out), [&](ByteRange range, Content) {
      if (succeeded(result))
        result = verifyHeld(call, buffer, range, "is written further");
    });
    return result;
  }

  // What a call writes lies apart from its other operands, but for what the kernel allows.
  LogicalResult verifyApart(mcu::CallOp call, const kernels::Kernel &kernel) {
    llvm::SmallVector<Value> written(call.getOuts());
    if (call.getScratch())
      written.push_back(call.getScratch());
    for (auto [w, value] : llvm::enumerate(written)) {
      mcu::BufferOp out = mcu::getBuffer(value);
      if (!out)
        continue;
      for (size_t other = 0; other < w; ++other)
        if (mcu::BufferOp buffer = mcu::getBuffer(written[other]); buffer && rangeOf(written[other]).intersects(rangeOf(value)))
          return call.emitOpError("writes '") << buffer.getName() << "' and '" << out.getName() << "', which overlap";
      for (auto [i, in] : llvm::enumerate(call.getIns())) {
        mcu::BufferOp buffer = mcu::getBuffer(in);
        if (!buffer || mcu::isFed(buffer) || !rangeOf(in).intersects(rangeOf(value)))
          continue;
        bool isSame = (buffer == out || mcu::isStatePair(buffer, out)) && rangeOf(in) == rangeOf(value);
        bool isInPlace = isSame && w < call.getOuts().size() && kernels::mayOverwrite(kernel, unsigned(w), unsigned(i));
        bool isOverlapped = w == 0 && i == 0 && buffer != out && call.getOverlap() &&
                            rangeOf(value).begin + int64_t(*call.getOverlap()) <= rangeOf(in).begin;
        if (!isInPlace && !isOverlapped)
          return call.emitOpError("writes over its input ")
                 << i << ", '" << buffer.getName() << "', which " << call.getKernel() << " does not allow there";
      }
    }
    return success();
  }

  // The steps of a streamed part, loop by loop.
  LogicalResult executeSteps(mcu::CallOp call) {
    stages.clear();
    readBy.clear();
    fedBytes = 0;
    for (Operation &inner : call.getBody().front()) {
      auto repeat = dyn_cast<mcu::RepeatOp>(inner);
      for (int64_t iteration = 0; repeat && iteration < int64_t(repeat.getCount()); ++iteration)
        for (Operation &op : repeat.getBody().front())
          if (failed(executeInner(call, op, iteration)))
            return failure();
      if (!repeat && failed(executeInner(call, inner, 0)))
        return failure();
    }
    for (Value out : call.getOuts())
      if (failed(verifyHeld(call, mcu::getBuffer(out), rangeOf(out), "is the result")))
        return failure();
    return success();
  }

  LogicalResult executeInner(mcu::CallOp call, Operation &op, int64_t iteration) {
    auto feed = dyn_cast<mcu::FeedOp>(op);
    if (!feed)
      return executeStep(call, cast<mcu::StepOp>(op), iteration);
    auto fed = llvm::find_if(call.getIns(), [](Value in) { return mcu::isFed(mcu::getBuffer(in)); });
    if (fed == call.getIns().end())
      return feed.emitOpError("belongs to a call without an input that is fed");
    int64_t begin = rangeOf(call.getScratch()).begin + int64_t(feed.getOffset()) + iteration * int64_t(feed.getAdvance());
    bytes.write({begin, begin + int64_t(feed.getBytes())}, {mcu::getBuffer(*fed).getOperation(), begin - fedBytes});
    fedBytes += int64_t(feed.getBytes());
    return success();
  }

  LogicalResult executeStep(mcu::CallOp call, mcu::StepOp step, int64_t iteration) {
    const kernels::Kernel *kernel = kernels::lookup(step.getKernel());
    if (!kernel)
      return step.emitOpError("calls '") << step.getKernel() << "', which the runtime does not have";
    auto operandOf = [&](size_t i) { return call->getOperand(unsigned(step.getArgs()[i])); };
    // Nothing for constants.
    std::vector<std::optional<ByteRange>> ranges;
    for (size_t i = 0; i < step.getArgs().size(); ++i) {
      mcu::BufferOp buffer = mcu::getBuffer(operandOf(i));
      if (buffer && mcu::isFed(buffer))
        return step.emitOpError("argument ") << i << " is an input that is fed, which never lies in the arena as a whole";
      if (!buffer) {
        ranges.push_back(std::nullopt);
        continue;
      }
      int64_t begin = rangeOf(operandOf(i)).begin + step.getOffsets()[i] + iteration * step.getAdvances()[i];
      ranges.push_back(ByteRange{begin, begin + step.getExtents()[i]});
    }
    if (step.getKernel() == "tmb_slide")
      return slide(step, *ranges[0]);
    for (size_t i = 0; i < kernel->ins && i < ranges.size(); ++i)
      if (ranges[i] && failed(verifyRead(call, step, i, iteration, *ranges[i])))
        return failure();
    for (size_t w = kernel->ins; w < ranges.size(); ++w)
      for (size_t other = 0; other < w; ++other) {
        if (!ranges[w] || !ranges[other] || !ranges[w]->intersects(*ranges[other]))
          continue;
        bool isInPlace = w == kernel->ins && other < kernel->ins && other < 32 && (kernel->inPlace >> other & 1) &&
                         ranges[w]->begin == ranges[other]->begin;
        if (!isInPlace)
          return step.emitOpError("in iteration ") << iteration << " writes argument " << w << " over argument " << other
                                                   << ", which " << step.getKernel() << " does not allow there";
      }
    for (size_t w = kernel->ins; w < ranges.size(); ++w) {
      if (!ranges[w])
        return step.emitOpError("writes to a constant");
      mcu::BufferOp buffer = mcu::getBuffer(operandOf(w));
      if (llvm::is_contained(call.getOuts(), operandOf(w))) {
        write(buffer, *ranges[w]);
      } else if (operandOf(w) != call.getScratch()) {
        return step.emitOpError("writes to '") << buffer.getName() << "', which is an input of the part";
      } else if (w >= kernel->ins + kernel->outs) { // what the kernel itself keeps there means nothing later
        bytes.write(*ranges[w], {nullptr, 0});
      } else {
        StreamStage &stage = stages[{stageOf(step), step.getKernel().str()}];
        stage.node = nodeName(step.getLoc());
        bytes.write(*ranges[w], {&stage, ranges[w]->begin - stage.written});
        stage.written += step.getExtents()[w];
      }
    }
    return success();
  }

  // An argument in the scratch must be one run of what one stage has written, and always of the same stage.
  LogicalResult verifyRead(mcu::CallOp call, mcu::StepOp step, size_t argument, int64_t iteration, ByteRange range) {
    Value operand = call->getOperand(unsigned(step.getArgs()[argument]));
    if (operand != call.getScratch())
      return verifyHeld(step, mcu::getBuffer(operand), range, "is read in the part");
    auto refuse = [&] { return step.emitOpError("in iteration ") << iteration << " reads rows as argument " << argument; };
    std::optional<Content> content = bytes.at(range.begin);
    if (!content || !content->source)
      return refuse() << " that no step has written";
    if (int64_t other = bytes.findOther(range, *content); other != range.end) {
      std::optional<Content> found = bytes.at(other);
      return refuse() << (found && found->source ? " of which others were written over some"
                                                 : " of which some were never written");
    }
    const void *&source =
        readBy.try_emplace({step.getLoc().getAsOpaquePointer(), step.getKernel().str(), argument}, content->source)
            .first->second;
    if (source != content->source)
      return refuse() << " that come from another stage than before";
    return success();
  }

  // Pieces of one tensor come from several calls, and are one stage.
  const void *stageOf(mcu::StepOp step) {
    Location location = step.getLoc();
    if (auto fused = dyn_cast<FusedLoc>(location))
      if (auto numbers = dyn_cast_or_null<ArrayAttr>(fused.getMetadata()); numbers && !numbers.empty())
        location = FusedLoc::get(step.getContext(), fused.getLocations(), numbers[0]);
    return location.getAsOpaquePointer();
  }

  LogicalResult slide(mcu::StepOp step, ByteRange room) {
    auto field = [&](llvm::StringRef name) { return cast<IntegerAttr>(step.getParams().get(name)).getInt(); };
    ByteRange from{room.begin + field("distance"), room.begin + field("distance") + field("bytes")};
    if (from.end > room.end)
      return step.emitOpError("moves bytes from outside of its argument");
    bytes.move(from, room.begin);
    return success();
  }

  mcu::ProgramOp program;
  ByteContents bytes;
  std::map<Operation *, ByteContents> begun; // bytes of inputs, and those that some call has written
  // Of the streamed part that is executed.
  std::map<std::pair<const void *, std::string>, StreamStage> stages;
  std::map<std::tuple<const void *, std::string, size_t>, const void *> readBy;
  int64_t fedBytes = 0;
};

struct VerifyPlan : thimble::schedule::impl::VerifyPlanBase<VerifyPlan> {
  void runOnOperation() override {
    if (failed(Prover(getOperation()).run()))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
