// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensors of the model file: their types, their bytes, and the attributes that we make of them.
#pragma once

#include "compiler/data/Tensor.h"
#include "compiler/import/ExternalData.h"
#include "compiler/import/OnnxProto.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"

namespace thimble {

/// "FLOAT", "INT8", ...: the name that ONNX gives to a data type.
std::string dataTypeName(int32_t dataType);
/// Our type for it; an error that starts with "has" if there is none.
llvm::Expected<ElementType> elementTypeOf(int32_t dataType);
mlir::Type toMlirType(mlir::MLIRContext *context, ElementType type);

/// Decodes a tensor, whatever the form of its data. The message of the error reads on after "initializer 'w' ".
llvm::Expected<Tensor> decodeTensor(const proto::TensorProto &tensor, const ExternalFiles &files);

/// The constant of the IR for a tensor; `name` is what a resource is called after.
mlir::ElementsAttr toElements(mlir::MLIRContext *context, const Tensor &tensor, llvm::StringRef name);

} // namespace thimble
