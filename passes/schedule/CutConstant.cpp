// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies bytes out of constants.
#include "passes/schedule/CutConstant.h"
#include "compiler/support/Constants.h"
#include "passes/schedule/PlaceConstants.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace thimble;

Value thimble::schedule::cutConstant(OpBuilder &builder, Value memory, int64_t pieces, int64_t from, int64_t bytes,
                                     int64_t zeros) {
  auto whole = cast<mcu::ConstantOp>(mcu::getRoot(memory));
  FailureOr<ConstantData> data = ConstantData::get(whole.getValue());
  int64_t wholeBytes = mcu::byteSize(whole.getMemory()), pitch = wholeBytes / pieces;
  std::vector<char> part(size_t(pieces * bytes + zeros), 0);
  for (int64_t piece = 0; piece < pieces; ++piece)
    std::copy_n(data->bytes().begin() + piece * pitch + from, bytes, part.begin() + piece * bytes);
  llvm::StringSet<> names;
  for (auto constant : whole->getParentOfType<mcu::ProgramOp>().getBody().front().getOps<mcu::ConstantOp>())
    names.insert(constant.getName());
  std::string name;
  for (int suffix = 1; name.empty() || names.contains(name); ++suffix)
    name = (whole.getName() + "_part" + llvm::Twine(suffix)).str();
  auto element = cast<MemRefType>(whole.getMemory().getType()).getElementType();
  int64_t count = int64_t(part.size()) / elementBytes(element);
  auto cut = builder.create<mcu::ConstantOp>(whole.getLoc(), MemRefType::get({count}, element), name,
                                             makeConstant(RankedTensorType::get({count}, element), part, name), Attribute());
  mcu::setPlace(cut, mcu::getPlace(whole));
  if (int64_t reads = getReads(whole); reads > 0 && wholeBytes > 0)
    setReads(cut, reads / wholeBytes * pieces * bytes + reads % wholeBytes * pieces * bytes / wholeBytes);
  return cut.getMemory();
}
