// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where the bytes of a compiled model go, and whether it fits.
#pragma once

#include "codegen/c/Model.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>

namespace thimble::report {

/// What the program itself does not know.
struct ReportOptions {
  std::string model;   // prefix of its symbols
  std::string version; // of Thimble
  std::string target;
  std::optional<uint64_t> flashBudget, externalFlashBudget, ramBudget; // bytes; nothing: no limit
  uint64_t codeBytes = 0;                         // kernels and generated functions
  bool isCodeMeasured = false;                    // by the target's compiler, else estimated
  std::vector<std::string> notes;                 // for people: conversions, cheaper options
};

struct FlashUse {
  uint64_t code = 0;
  bool isCodeMeasured = false;
  uint64_t weights = 0;
  uint64_t tables = 0; // biases, multipliers, lookup tables, parameter records
  std::optional<uint64_t> budget;

  uint64_t getTotal() const { return code + weights + tables; }
};

/// Constants outside of the chip.
struct ExternalFlashUse {
  uint64_t weights = 0, tables = 0;
  std::optional<uint64_t> budget;

  uint64_t getTotal() const { return weights + tables; }
};

struct RamUse {
  uint64_t arena = 0;
  uint64_t constants = 0; // that the start-up code copies from flash
  uint64_t scratch = 0; // of the kernel that needs most; part of the arena
  uint64_t state = 0;
  std::optional<uint64_t> lowerBound; // no plan has a smaller arena
  bool isOrderGiven = false;          // the bound is that of the order and of what lies in external RAM
  std::optional<uint64_t> budget;

  /// Where no execution that was found fits the budget.
  struct Least {
    uint64_t found, proven; // bytes of the arena; no execution within the compiler's techniques needs less than `proven`
    std::string name, op;   // of the layer that needs most
    struct Holder {
      std::string name, role;
      uint64_t bytes;
    };
    std::vector<Holder> holders; // buffers that hold their memory then, the largest first
  };
  std::optional<Least> least;

  uint64_t getPeak() const { return arena + state + constants; }
  /// What is known of plans that need less, in words; empty if nothing is.
  std::string proof() const;
};

struct LayerUse {
  std::string name; // of the ONNX node
  std::string op;   // what the kernel does: "conv2d"
  std::string kernel;
  uint64_t macs;
  uint64_t weightBytes; // constants that it reads; layers may share them
  std::vector<std::string> weightsIn; // the memories where they are: "flash", "ram", "external"
  uint64_t ramBytes;    // bytes of the arena in use while it runs
};

struct PortUse {
  std::string name; // in the ONNX model
  std::string type; // "int8_t"
  std::vector<int64_t> shape;
  uint64_t bytes;
  double scale;
  int64_t zeroPoint;
  // Where a size depends on data: the dimension, whose size above is the largest possible one, and the output with the actual one.
  std::optional<std::pair<int64_t, int64_t>> bound;
  std::optional<codegen::PortFrames> frames; // of a model that runs frame by frame
};

/// The second arena.
struct ExternalRamUse {
  uint64_t arena = 0;
  uint64_t lowerBound = 0; // no plan of the buffers in it is smaller
  uint64_t traffic = 0;    // bytes that calls read there and write there in a run
  uint64_t cost = 0;       // cycles that this takes more than in RAM, estimated
  std::optional<uint64_t> budget;
  struct Buffer {
    std::string name;
    uint64_t bytes, traffic, cost;
    bool isCopied; // there and back while it is idle, else used where it is
  };
  std::vector<Buffer> buffers;

  void add(Buffer buffer) {
    traffic += buffer.traffic;
    cost += buffer.cost;
    buffers.push_back(std::move(buffer));
  }
};

/// A part of the memory that lasts from run to run.
struct StateUse {
  std::string name; // of the input in the ONNX model
  std::string type;
  std::vector<int64_t> shape;
  uint64_t offset, bytes;
  double scale;
  int64_t zeroPoint;
  bool isInPlace; // else what a run leaves waits in the arena until the end, and is copied
};

/// A buffer's place in the plan. Calls count from 0; inputs are live from -1.
struct BufferUse {
  std::string name;
  std::string role;
  uint64_t offset, bytes;
  int64_t first, last;
  bool isExternal = false; // the offset counts in external RAM
};

struct TensorUse {
  std::string name;
  bool isWeight; // else an activation
  uint64_t bytes;
};

/// What quantization cost, measured on samples that took no part in the calibration.
struct HeldOutUse {
  uint64_t samples;
  double outputSqnrDb; // infinite if there is no error
  std::optional<std::pair<double, double>> accuracy; // of the float and of the compiled model, 0 to 1
  struct Layer {
    std::string name, op;
    double sqnrDb;
  };
  std::vector<Layer> layers;
};

/// A layer that does not compute in int8 though the model is int8.
struct PrecisionUse {
  std::string name, type, reason;             // type: "float" or "int16"
  std::optional<double> beforeDb, afterDb;    // SQNR of the layer in int8, and now
  int64_t bytes, instructions;                // what that costs, estimated
};

/// An execution that was planned to find one within the RAM budget.
struct ExecutionUse {
  uint64_t arena;
  int64_t extraInstructions; // estimate against the plain one
  bool isChosen;
  struct Part { // computed depth first over rows
    std::string first, last; // nodes
    uint64_t calls;
    uint64_t scratch; // for the rows in between
  };
  std::vector<Part> parts;
  struct Strips { // of columns, one after the other, with what they share computed by each
    std::string first, last; // nodes
    uint64_t count;
  };
  std::optional<Strips> strips = std::nullopt;
  uint64_t external = 0; // bytes of external RAM
  /// Parts and strips in a few words each.
  std::vector<std::string> words() const;
};

struct Report {
  std::string model, version, target;
  FlashUse flash;
  ExternalFlashUse externalFlash;
  RamUse ram;
  ExternalRamUse externalRam;
  uint64_t macs = 0;
  std::vector<LayerUse> layers; // in the order of the calls
  std::vector<PortUse> inputs, outputs;
  std::vector<StateUse> states; // by offset
  std::vector<BufferUse> buffers;
  std::vector<TensorUse> largestTensors; // at most ten
  std::optional<HeldOutUse> heldOut;
  std::vector<PrecisionUse> precision;
  std::vector<ExecutionUse> executions; // in the order in which they were planned
  std::vector<std::string> notes;

  bool fitsFlash() const { return !flash.budget || flash.getTotal() <= *flash.budget; }
  bool fitsRam() const { return !ram.budget || ram.getPeak() <= *ram.budget; }
  bool fitsExternalFlash() const { return !externalFlash.budget || externalFlash.getTotal() <= *externalFlash.budget; }
  bool fits() const { return fitsFlash() && fitsExternalFlash() && fitsRam(); }
};

/// Fails where emission would.
llvm::Expected<Report> buildReport(mcu::ProgramOp program, const ReportOptions &options);

/// schemas/report.schema.json, always with the same bytes for the same report.
void writeJson(const Report &report, llvm::raw_ostream &os);

/// One page that needs no other file and no network.
void writeHtml(const Report &report, llvm::raw_ostream &os);

/// The memory plan as a picture: calls across, addresses up.
void writeSvg(const Report &report, llvm::raw_ostream &os);

struct TextStyle {
  bool unicode = false; // bars of block characters
  bool details = true;  // layers, memory plan and tensors below the verdict
};

/// The verdict, the bars, and the tables below them.
void writeText(const Report &report, llvm::raw_ostream &os, const TextStyle &style = {});

} // namespace thimble::report
