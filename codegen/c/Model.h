// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A scheduled program as its C will be: every symbol named, equal constants and records merged, every argument resolved.
#pragma once

#include "codegen/c/Literals.h"
#include "compiler/support/Constants.h"
#include "dialects/mcu/McuDialect.h"
#include "dialects/mcu/McuRecords.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace thimble::codegen {

/// What the check of the arena's size is called, after the model's name and "__".
inline constexpr llvm::StringLiteral planCheckName = "arena_holds_the_plan";

/// Where the size of an output depends on data: the dimension, whose size in the shape is the largest possible one, and the output
/// that holds the actual one after a run.
struct PortBound {
  int64_t dimension, output;
};

/// Of inputs and outputs that hold the frames of one run: the model over a window has `length` of them along `axis`, and number i of
/// all since the start is frame i - delay of the window.
struct PortFrames {
  int64_t axis, length, delay;
};

/// An input or output of the model.
struct ModelPort {
  mcu::BufferOp buffer;
  int64_t index; // among the inputs or outputs
  const CType *type;
  std::string onnxName;
  std::vector<int64_t> shape; // as the caller sees it
  int64_t offset, bytes;
  double scale; // 0: plain numbers
  int64_t zeroPoint;
  int64_t rowBytes; // of an input whose rows are fed, which has no place in the arena; else 0
  std::optional<PortBound> bound;
  std::optional<PortFrames> frames;
  std::vector<std::string> labels; // what integer elements stand for, or the names along the last dimension

  /// True if the elements are indices of labels.
  bool isIndex() const { return !labels.empty() && type->kind != CType::F32; }
};

/// A constant in flash.
struct ModelConstant {
  std::string symbol;
  std::string name; // in the program
  const CType *type;
  bool isTable; // biases, multipliers, lookup tables and indices, rather than weights
  bool isEncoded;
  mcu::Place place;

  int64_t getCount() const { return int64_t(bytes().size()) / type->bytes; }
  llvm::ArrayRef<char> bytes() const { return data ? data->bytes() : llvm::ArrayRef<char>(encoded); }

  std::optional<ConstantData> data; // unless encoded
  std::vector<char> encoded;
};

/// A parameter record in flash.
struct ModelRecord {
  std::string symbol;
  std::string node; // the first that uses it
  const mcu::Record *record;
  std::vector<char> bytes; // of the C struct
};

struct ModelArgument {
  const CType *type;
  bool isConst;     // the kernel only reads it
  int64_t offset;   // in the arena, the external arena or the state, or from the start of the constant
  int64_t constant; // index of a constant, or -1 for memory that the caller gives
  int64_t advance = 0; // bytes from one iteration of a loop to the next
  bool isSpilled = false; // the offset counts in the external arena
  bool isState = false;   // it counts in the state
};

/// A kernel call of a streamed part, or a row that is fed.
struct ModelStep {
  std::string kernel;
  std::string node;
  std::vector<ModelArgument> arguments;
  size_t record;
  int64_t fedBytes = 0; // of a row, to the only argument; then there is neither kernel nor record
};

struct ModelLoop {
  int64_t count; // 1: no loop
  std::vector<ModelStep> steps;
};

struct ModelCall {
  mcu::CallOp op;
  std::string node; // name of the ONNX node, or of the kernel
  std::vector<ModelArgument> arguments; // of a streamed part: those of all steps
  size_t record;                        // unless it is a streamed part
  std::vector<ModelLoop> loops;         // of a streamed part
  int64_t feedState = -1;               // offset in the arena of how far the feeding has come; -1 if nothing is fed
  std::string function, definition;     // of a call that is code of the model's own, without kernel and record; else empty
};

/// Memory that lasts from run to run.
struct ModelState {
  mcu::BufferOp buffer;
  std::string name; // of the input in the ONNX model
  const CType *type;
  std::vector<int64_t> shape;
  int64_t offset, bytes;
  double scale; // 0: plain numbers
  int64_t zeroPoint;
  std::vector<char> start; // its bytes after a reset
};

struct Model {
  std::string name;  // prefix of symbols: "kws"
  std::string macro; // prefix of macros: "KWS"
  std::vector<ModelPort> inputs, outputs;
  std::vector<ModelConstant> constants;
  std::vector<ModelRecord> records;
  std::vector<ModelCall> calls;
  int64_t arenaBytes; // at least 1
  int64_t externalArenaBytes; // of the second arena, in external RAM; 0: there is none
  int64_t planBytes;  // the end of the buffer that ends last
  int64_t alignment;
  std::vector<ModelState> states; // by offset
  int64_t stateBytes = 0;         // with the word at the end that says whose state it is
  uint32_t stateFormat = 0;       // that word

  /// The input whose rows are fed, or null.
  const ModelPort *getFed() const;
  /// Bytes of constants in one memory; those in RAM lie in flash as well, as their initial values.
  int64_t getTableBytes(mcu::Place place) const; // in flash including records
  int64_t getWeightBytes(mcu::Place place) const;
};

/// Fails if `program` is not scheduled or something in it cannot be said in C; the message names the node.
llvm::Expected<Model> buildModel(mcu::ProgramOp program, llvm::StringRef name);

/// What a kernel does, for people: "tmb_conv2d_s8" becomes "conv2d".
std::string getKernelOperation(llvm::StringRef kernel);

/// "1x49x10x64"; "scalar" for rank 0.
std::string formatShape(llvm::ArrayRef<int64_t> shape);

} // namespace thimble::codegen
