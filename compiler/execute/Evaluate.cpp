// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constant folding with the runtime's own kernels.
#include "codegen/kernels/KernelCall.h"
#include "compiler/execute/Executor.h"
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuRecords.h"

using namespace mlir;
using namespace thimble;

FailureOr<llvm::SmallVector<ElementsAttr>> thimble::evaluate(Operation *op, int64_t maxBytes) {
  std::vector<ConstantData> operands;
  for (Value operand : op->getOperands()) {
    FailureOr<ConstantData> data = ConstantData::get(operand);
    if (failed(data))
      return failure();
    operands.push_back(std::move(*data));
  }
  int64_t total = 0;
  for (Value result : op->getResults())
    total += tensorBytes(cast<ShapedType>(result.getType()));
  if (total > maxBytes || operands.empty())
    return failure();
  FailureOr<std::vector<kernels::KernelCall>> calls = kernels::selectKernels(op);
  if (failed(calls))
    return failure();
  std::vector<std::vector<char>> results;
  for (Value result : op->getResults())
    results.emplace_back(size_t(tensorBytes(cast<ShapedType>(result.getType()))));
  if (calls->empty() && results[0].size() == operands[0].bytes().size())
    llvm::copy(operands[0].bytes(), results[0].begin());
  // Nothing is computed for an empty result: kernels want memory behind their pointers.
  if (total == 0)
    calls->clear();
  for (kernels::KernelCall &call : *calls) {
    llvm::SmallVector<void *> arguments;
    for (kernels::Argument argument : call.ins) {
      const char *bytes = argument.kind == kernels::Argument::Operand    ? operands[argument.index].bytes().data()
                          : argument.kind == kernels::Argument::Constant ? call.constants[argument.index].bytes.data()
                                                                         : results[argument.index].data();
      arguments.push_back(const_cast<char *>(bytes));
    }
    for (unsigned result : call.results)
      arguments.push_back(results[result].data());
    std::vector<int64_t> scratch(size_t(call.scratchBytes) / sizeof(int64_t) + 1);
    if (call.kernel->hasScratch)
      arguments.push_back(scratch.data());
    FailureOr<std::vector<char>> record =
        mcu::Record::lookup(call.kernel->record)->pack(call.params, [&] { return op->emitOpError(); });
    if (failed(record))
      return failure();
    arguments.push_back(record->data());
    call.kernel->invoke(arguments.data());
  }
  llvm::SmallVector<ElementsAttr> attributes;
  for (auto [result, bytes] : llvm::zip(op->getResults(), results))
    attributes.push_back(makeConstant(cast<ShapedType>(result.getType()), bytes, "folded"));
  return attributes;
}
