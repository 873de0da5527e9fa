// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The nn dialect itself, and what its operation families share.
#ifndef THIMBLE_NN_DIALECT
#define THIMBLE_NN_DIALECT

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def NNDialect : Dialect {
  let name = "nn";
  let cppNamespace = "::thimble::nn";
  let summary = "What a network computes";
  let description = [{
    Tensor operations with static shapes and value semantics, inside one `func.func`. Images are NHWC. Elements are `f32`,
    integers, `i1` (stored one byte each), or `!quant.uniform` types after quantization: the same operation then computes on
    the stored integers, and its meaning is the float operation on the dequantized values, rounded once to the result's scale.

    Shapes follow from operands and attributes (`InferTypeOpInterface`), so a verifier error says what the shape should be.
  }];
  let useDefaultAttributePrinterParser = 1;
  let usePropertiesForAttributes = 1;
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::quant::QuantizationDialect"];
  let hasConstantMaterializer = 1;
}

// Operations whose result shape follows from operands and attributes. The element type may differ from the inferred one only
// where the result is quantized.
class NN_Op<string mnemonic, list<Trait> traits = []> : Op<NNDialect, mnemonic, !listconcat([Pure], traits)>;

class NN_ShapedOp<string mnemonic, list<Trait> traits = []>
    : NN_Op<mnemonic, !listconcat([InferTypeOpAdaptor], traits)> {
  code shapedDeclaration = [{
    static bool isCompatibleReturnTypes(::mlir::TypeRange inferred, ::mlir::TypeRange actual) {
      return ::thimble::nn::areCompatibleResults(inferred, actual);
    }
  }];
  let extraClassDeclaration = shapedDeclaration;
}

def NN_Tensor : StaticShapeTensorOf<[AnyType]>;
def NN_I64Array : ConfinedAttr<DenseI64ArrayAttr, []>;

class NN_Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::thimble::nn";
  let genSpecializedAttr = 0;
}
class NN_EnumAttr<EnumAttrInfo info, string attrMnemonic> : EnumAttr<NNDialect, info, attrMnemonic>;

#endif
