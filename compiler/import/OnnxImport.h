// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From an ONNX file to a module of the onnx dialect.
#pragma once

#include "compiler/data/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"

namespace thimble {

/// Shapes of the elements of a sequence, as `--input-shape name=[4x5],[2x5]` gives them; nothing for an optional that is absent.
using SequenceShape = std::optional<std::vector<llvm::SmallVector<int64_t>>>;

/// The value that `--bind` gives to an input.
struct Binding {
  Tensor tensor;
  bool isList = false; // numbers of the command line, which take the shape and the element type of the input
};

struct ImportOptions {
  /// Shapes of graph inputs by name, as `--input-shape name=1x3x96x96` gives them.
  llvm::StringMap<llvm::SmallVector<int64_t>> inputShapes;
  /// The same for inputs that are sequences or optionals.
  llvm::StringMap<SequenceShape> sequenceShapes;
  /// Values of graph inputs by name: these become constants.
  llvm::StringMap<Binding> bindings;
  /// Files above this size are not read; protobuf cannot read more.
  int64_t maxFileBytes = (int64_t(1) << 31) - 1;
  /// A model whose functions expand to more nodes than this is refused.
  int64_t maxNodes = 100000;
  /// Subgraphs and functions may nest this deep.
  int64_t maxNesting = 16;
};

/// The newest operator set that the importer knows, and the oldest that it accepts, of the default domain.
constexpr int64_t oldestOpset = 1, newestOpset = 22;

/// Imports a model file: ONNX's text form if its name ends in .onnxtext or .onnxtxt, else the binary form. Null after it has
/// emitted at least one error; there is one for each problem that does not follow from another one. Never throws. Loads the
/// dialects it needs.
///
/// A sequence becomes one argument for each element, called after it: `x_0`, `x_1`, ...; an optional that is present becomes what
/// it holds.
mlir::OwningOpRef<mlir::ModuleOp> importOnnxFile(mlir::MLIRContext *context, llvm::StringRef path,
                                                 const ImportOptions &options = {});

/// The same for a binary model in memory, which may not refer to other files; `name` starts the messages about the whole model.
mlir::OwningOpRef<mlir::ModuleOp> importOnnxBytes(mlir::MLIRContext *context, llvm::ArrayRef<char> bytes, llvm::StringRef name,
                                                  const ImportOptions &options = {});

/// The same for ONNX's text form.
mlir::OwningOpRef<mlir::ModuleOp> importOnnxText(mlir::MLIRContext *context, llvm::StringRef text, llvm::StringRef name,
                                                 const ImportOptions &options = {});

} // namespace thimble
