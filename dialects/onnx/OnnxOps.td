// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The onnx dialect: what the model file says, with no meaning attached yet.
#ifndef THIMBLE_ONNX_OPS
#define THIMBLE_ONNX_OPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def OnnxDialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::thimble::onnx";
  let summary = "An ONNX graph as its file states it";
  let description = [{
    The importer turns a model into a function of `onnx.node` operations, one for each node of the file, in an order in which
    every value is defined before its use. Nothing is interpreted: shapes of intermediate values are unknown (`!onnx.value`),
    attributes are kept as they are, and the version of the operator set is a number that the legalization registry uses as a key.

    A module with this dialect holds one `func.func`. Its arguments have static ranked tensor types and the attribute
    `onnx.name`; its results are `!onnx.value`, with `onnx.name` and, if the file declares it, `onnx.type` (a TypeAttr).
    Locations are `NameLoc`s that carry the node's name.
  }];
  let useDefaultTypePrinterParser = 1;
  let usePropertiesForAttributes = 1;
}

class Onnx_Type<string name, string typeMnemonic> : TypeDef<OnnxDialect, name> {
  let mnemonic = typeMnemonic;
}

def Onnx_ValueType : Onnx_Type<"Value", "value"> {
  let summary = "A value of an ONNX graph whose type is found during legalization";
}

def Onnx_AnyValue : AnyTypeOf<[Onnx_ValueType, AnyRankedTensor]>;

class Onnx_Op<string mnemonic, list<Trait> traits = []> : Op<OnnxDialect, mnemonic, traits>;

def Onnx_NodeOp : Onnx_Op<"node"> {
  let summary = "One node of the graph";
  let description = [{
    `opset` is the version of the operator set that the model imports for `domain`; the semantics are those of the newest
    definition of `op_type` whose since-version is not above it. An absent optional input is an `onnx.none` value. `attrs` maps
    attribute names to: `i64` and `f32` attributes, strings, `array<i64>`, `array<f32>`, arrays of strings, elements
    attributes for tensors, and unit attributes for graphs, whose bodies are the regions in the order of `attrs`.
    The discardable attribute `onnx.types` holds what the file declares of the results: a TypeAttr for each static tensor type,
    a unit for what is not known. It is believed only where a shape depends on values that are known at run time.

    ```mlir
    %y = onnx.node "Conv" opset 13 (%x, %w, %none) attributes {kernel_shape = array<i64: 3, 3>} : (tensor<1x1x8x8xf32>, !onnx.value, !onnx.value) -> !onnx.value
    ```
  }];
  let arguments = (ins StrAttr:$op_type, DefaultValuedStrAttr<StrAttr, "">:$domain, I64Attr:$opset,
                       Variadic<Onnx_AnyValue>:$inputs, OptionalAttr<DictionaryAttr>:$attrs);
  let results = (outs Variadic<Onnx_AnyValue>:$outputs);
  let regions = (region VariadicRegion<AnyRegion>:$bodies);
  let assemblyFormat = [{
    $op_type (`of` $domain^)? `opset` $opset `(` $inputs `)` (`attributes` $attrs^)? (`bodies` $bodies^)? attr-dict
    `:` functional-type($inputs, $outputs)
  }];
  let hasVerifier = 1;
}

def Onnx_ConstantOp : Onnx_Op<"constant", [Pure]> {
  let summary = "An initializer of the graph";
  let description = "Blobs of more than 64 bytes are resources; booleans are stored one byte each.";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyStaticShapeTensor:$output);
  let assemblyFormat = "$value attr-dict `:` type($output)";
  let hasVerifier = 1;
}

def Onnx_NoneOp : Onnx_Op<"none", [Pure]> {
  let summary = "An optional input that the node leaves out";
  let results = (outs Onnx_ValueType:$output);
  let assemblyFormat = "attr-dict";
}

def Onnx_ReturnOp : Onnx_Op<"return", [Pure, Terminator]> {
  let summary = "Ends the body of a subgraph";
  let arguments = (ins Variadic<Onnx_AnyValue>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
}

#endif
