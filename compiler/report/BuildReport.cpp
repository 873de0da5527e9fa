// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Adds up the bytes of a scheduled program.
#include "compiler/report/Report.h"
#include "dialects/mcu/McuLiveness.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;
using namespace thimble;
using namespace thimble::report;

static constexpr size_t maxTensors = 10;

std::string RamUse::proof() const {
  if (!lowerBound)
    return "";
  if (arena <= *lowerBound)
    return isOrderGiven ? "proven optimal: no placement needs less"
                        : "proven optimal: no order and no placement of these calls needs less";
  uint64_t perMille = *lowerBound == 0 ? 1000 : ((arena - *lowerBound) * 1000 + *lowerBound - 1) / *lowerBound;
  return "at least " + std::to_string(*lowerBound) + " bytes are needed; gap " + std::to_string(perMille / 10) + "." +
         std::to_string(perMille % 10) + " %";
}

std::vector<std::string> ExecutionUse::words() const {
  std::vector<std::string> words;
  if (strips)
    words.push_back(strips->first + " to " + strips->last + " in " + std::to_string(strips->count) + " strips");
  for (const Part &part : parts)
    words.push_back(part.first + " to " + part.last);
  if (words.empty())
    words.push_back("nothing");
  if (external > 0)
    words.front() = "(" + std::to_string(external) + " bytes outside) " + words.front();
  return words;
}

// Bytes of the arena in use during a call. Buffers may share memory (in place), so it is those of the union.
static uint64_t getLiveBytes(llvm::ArrayRef<mcu::LiveRange> ranges, int64_t call) {
  std::vector<std::pair<int64_t, int64_t>> pieces;
  for (const mcu::LiveRange &range : ranges) {
    mcu::BufferOp buffer = range.buffer;
    if (range.contains(call) && buffer.getOffset() && mcu::isInArena(buffer) && !mcu::isSpilled(buffer))
      pieces.push_back({int64_t(*buffer.getOffset()), int64_t(*buffer.getOffset()) + mcu::byteSize(buffer.getMemory())});
  }
  llvm::sort(pieces);
  int64_t bytes = 0, end = 0;
  for (auto [from, to] : pieces) {
    bytes += std::max<int64_t>(to - std::max(from, end), 0);
    end = std::max(end, to);
  }
  return uint64_t(bytes);
}

static void addLayers(Report &report, const codegen::Model &model, llvm::ArrayRef<mcu::LiveRange> ranges) {
  for (auto [index, call] : llvm::enumerate(model.calls)) {
    mcu::CallOp op = call.op;
    LayerUse layer{call.node,
                   codegen::getKernelOperation(op.getKernel()),
                   op.getKernel().str(),
                   uint64_t(op.getMacs()),
                   0,
                   {},
                   getLiveBytes(ranges, index)};
    llvm::SmallSet<int64_t, 4> counted;
    for (const codegen::ModelArgument &argument : call.arguments) {
      if (argument.constant < 0 || !counted.insert(argument.constant).second)
        continue;
      const codegen::ModelConstant &constant = model.constants[argument.constant];
      layer.weightBytes += constant.bytes().size();
      if (std::string place = mcu::stringifyPlace(constant.place).str(); !llvm::is_contained(layer.weightsIn, place))
        layer.weightsIn.push_back(place);
    }
    report.macs += layer.macs;
    report.layers.push_back(std::move(layer));
  }
}

static std::vector<PortUse> describe(const std::vector<codegen::ModelPort> &ports) {
  std::vector<PortUse> uses;
  for (const codegen::ModelPort &port : ports) {
    uses.push_back(
        {port.onnxName, port.type->getLabel(), port.shape, uint64_t(port.bytes), port.scale, port.zeroPoint, {}, port.frames});
    if (port.bound)
      uses.back().bound = {port.bound->dimension, port.bound->output};
  }
  return uses;
}

// Whether the only call that writes what a run leaves is the copy that thimble-lower-update-states has put there.
static bool isCopied(const codegen::Model &model, mcu::BufferOp state) {
  return llvm::any_of(model.calls, [&](const codegen::ModelCall &call) {
    mcu::CallOp op = call.op;
    return op.getKernel() == "tmb_copy_bytes" && mcu::isStatePair(mcu::getBuffer(op.getOuts()[0]), state);
  });
}

static void addTensors(Report &report, const codegen::Model &model) {
  std::vector<TensorUse> &tensors = report.largestTensors;
  for (const codegen::ModelConstant &constant : model.constants)
    tensors.push_back({constant.name, true, constant.bytes().size()});
  for (const BufferUse &buffer : report.buffers)
    tensors.push_back({buffer.name, false, buffer.bytes});
  llvm::sort(tensors, [](const TensorUse &a, const TensorUse &b) {
    return std::make_tuple(-int64_t(a.bytes), a.name, a.isWeight) < std::make_tuple(-int64_t(b.bytes), b.name, b.isWeight);
  });
  if (tensors.size() > maxTensors)
    tensors.resize(maxTensors);
}

llvm::Expected<Report> thimble::report::buildReport(mcu::ProgramOp program, const ReportOptions &options) {
  llvm::Expected<codegen::Model> model = codegen::buildModel(program, options.model);
  if (!model)
    return model.takeError();
  Report report;
  report.model = options.model;
  report.version = options.version;
  report.target = options.target;
  report.notes = options.notes;
  using mcu::Place;
  report.flash = {options.codeBytes, options.isCodeMeasured,
                  uint64_t(model->getWeightBytes(Place::Flash) + model->getWeightBytes(Place::Ram)),
                  uint64_t(model->getTableBytes(Place::Flash) + model->getTableBytes(Place::Ram)), options.flashBudget};
  report.externalFlash = {uint64_t(model->getWeightBytes(Place::External)), uint64_t(model->getTableBytes(Place::External)),
                          options.externalFlashBudget};
  report.ram.constants = uint64_t(model->getWeightBytes(Place::Ram) + model->getTableBytes(Place::Ram));
  report.ram.arena = uint64_t(model->arenaBytes);
  report.ram.state = uint64_t(model->stateBytes);
  report.ram.budget = options.ramBudget;
  report.ram.isOrderGiven = model->externalArenaBytes > 0;
  if (program.getLowerBound())
    report.ram.lowerBound = *program.getLowerBound();

  report.externalRam.arena = uint64_t(model->externalArenaBytes);
  if (auto bound = program->getAttrOfType<IntegerAttr>(mcu::externalBoundName))
    report.externalRam.lowerBound = uint64_t(bound.getInt());
  std::vector<mcu::LiveRange> ranges = mcu::computeLiveRanges(program);
  for (const mcu::LiveRange &range : ranges) {
    mcu::BufferOp buffer = range.buffer;
    if (range.isEmpty() || !buffer.getOffset() || !mcu::isInArena(buffer))
      continue;
    uint64_t bytes = uint64_t(mcu::byteSize(buffer.getMemory()));
    if (buffer.getRole() == mcu::Role::Scratch)
      report.ram.scratch = std::max(report.ram.scratch, bytes);
    report.buffers.push_back({buffer.getName().str(), mcu::stringifyRole(buffer.getRole()).str(), uint64_t(*buffer.getOffset()),
                              bytes, range.first, range.last, mcu::isSpilled(buffer)});
  }
  addLayers(report, *model, ranges);
  report.inputs = describe(model->inputs);
  report.outputs = describe(model->outputs);
  for (const codegen::ModelState &state : model->states)
    report.states.push_back({state.name, state.type->getLabel(), state.shape, uint64_t(state.offset), uint64_t(state.bytes),
                             state.scale, state.zeroPoint, !isCopied(*model, state.buffer)});
  addTensors(report, *model);
  return report;
}
