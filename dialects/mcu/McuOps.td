// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The mcu dialect: the C program and its memory.
#ifndef THIMBLE_MCU_OPS
#define THIMBLE_MCU_OPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def McuDialect : Dialect {
  let name = "mcu";
  let cppNamespace = "::thimble::mcu";
  let summary = "A model as kernel calls on buffers of one arena";
  let description = [{
    What this dialect can say is exactly what the writer can print as C and the executor can run: an `mcu.program` is a list of
    buffers, constants and kernel calls, in the order of execution. Scheduling orders the calls and gives each buffer its offset
    in the arena; before that, buffers have none. Types are plain `memref`s; `i1` elements take one byte.

    ```mlir
    mcu.program @kws {
      %x = mcu.buffer "input" input 0 {io = #mcu.io<"input", [1, 1, 49, 10], 0.5 : f64, 83>} : memref<1x49x10x1xi8>
      %w = mcu.constant "conv1_weights" dense_resource<w> : memref<64x10x4x1xi8>
      %y = mcu.buffer "conv1" temporary 0 : memref<1x25x5x64xi8>
      mcu.call "tmb_conv2d_s8" ins(%x, %w, %b, %m) outs(%y) record "tmb_conv2d_s8_params" {batch = 1 : i32, ...} macs 320000
        : memref<..>, ...
    }
    ```
  }];
  let useDefaultAttributePrinterParser = 1;
  let usePropertiesForAttributes = 1;
  let dependentDialects = ["::thimble::pack::PackDialect"];
}

def Mcu_Role : I32EnumAttr<"Role", "what a buffer is for", [
  I32EnumAttrCase<"Input", 0, "input">, I32EnumAttrCase<"Output", 1, "output">,
  I32EnumAttrCase<"Temporary", 2, "temporary">, I32EnumAttrCase<"Scratch", 3, "scratch">,
  I32EnumAttrCase<"State", 4, "state">, I32EnumAttrCase<"NextState", 5, "next_state">
]> {
  let cppNamespace = "::thimble::mcu";
  let genSpecializedAttr = 0;
}
def Mcu_RoleAttr : EnumAttr<McuDialect, Mcu_Role, "role">;

def Mcu_IoAttr : AttrDef<McuDialect, "Io"> {
  let mnemonic = "io";
  let summary = "How an input or output of the model looks to the caller";
  let description = [{
    `name` is the ONNX name, `shape` the shape in the layout that the caller sees. `scale` and `zero_point` are those of an int8
    tensor; scale 0 means that the elements are plain numbers. `bound` is given where a size depends on data: [dimension, output],
    so that the size of this dimension in `shape` is the largest possible one, and the i64 [1] output of that index holds the
    actual one after a run.
  }];
  let parameters = (ins StringRefParameter<"ONNX name">:$name, "::mlir::DenseI64ArrayAttr":$shape, "::mlir::FloatAttr":$scale,
                        "int64_t":$zeroPoint, OptionalParameter<"::mlir::DenseI64ArrayAttr">:$bound);
  let assemblyFormat = "`<` $name `,` $shape `,` $scale `,` $zeroPoint (`,` `bound` $bound^)? `>`";
}

class Mcu_Op<string mnemonic, list<Trait> traits = []> : Op<McuDialect, mnemonic, traits>;

def Mcu_ProgramOp : Mcu_Op<"program", [Symbol, NoTerminator, SingleBlock, NoRegionArguments, IsolatedFromAbove]> {
  let summary = "One compiled model";
  let description = [{
    `alignment` is that of the arena in bytes. Once scheduled, `arena_bytes` is its size and `lower_bound` the proven least number
    of bytes that any plan within the scheduler's techniques needs. `macs` of the calls add up to the model's. `state_bytes` is the
    size of the memory that lasts from run to run; its last four bytes say whose state it is.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DefaultValuedAttr<I64Attr, "16">:$alignment,
                       OptionalAttr<I64Attr>:$arena_bytes, OptionalAttr<I64Attr>:$lower_bound,
                       OptionalAttr<I64Attr>:$state_bytes);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Mcu_BufferOp : Mcu_Op<"buffer"> {
  let summary = "Memory of a tensor in the arena";
  let description = [{
    Inputs and outputs carry their position in `index` and how the caller sees them in `io`. A buffer is live from the first call
    that writes it (inputs: from the start) to the last call that touches it (outputs: to the end). `offset` is in bytes.
    An input with the attribute `mcu.fed` never lies in the arena: the caller feeds its rows one after the other, to the one streamed
    part that reads it, before the other calls. A temporary buffer with the attribute `mcu.spilled` lies in a second arena, in
    external RAM; `mcu.external_arena_bytes` of the program is its size.

    Buffers of the roles `state` and `next_state` lie in the state, not in the arena. The two of one index are at the same place: the
    first is what the run before has left, the second what this one leaves. So whoever reads the first comes before whoever writes
    the second. `io` of a `state` says what it looks like; it starts with zeros, or with what the attribute `mcu.start` has. Inputs and
    outputs with the attribute `mcu.frames`, [axis, length, delay], hold the frames of one run of a model over a window.
  }];
  let arguments = (ins StrAttr:$name, Mcu_RoleAttr:$role, I64Attr:$index, OptionalAttr<Mcu_IoAttr>:$io,
                       OptionalAttr<I64Attr>:$offset);
  let results = (outs AnyMemRef:$memory);
  let assemblyFormat = "$name $role $index (`at` $offset^)? attr-dict `:` type($memory)";
  let hasVerifier = 1;
}

def Mcu_ConstantOp : Mcu_Op<"constant"> {
  let summary = "A constant in flash";
  let description = [{
    `name` is unique in the program and becomes part of a C identifier. `encoding`, an attribute with pack's EncodingInterface, says
    how the codes lie in flash where they are not stored as plain elements. The attribute `mcu.place` says that it lies elsewhere:
    "ram", "external" or, if calls of `tmb_fetch` copy it before use, "external-copied".
  }];
  let arguments = (ins StrAttr:$name, ElementsAttr:$value, OptionalAttr<AnyAttr>:$encoding);
  let results = (outs AnyMemRef:$memory);
  let assemblyFormat = "$name $value attr-dict `:` type($memory)";
  let hasVerifier = 1;
}

def Mcu_ViewOp : Mcu_Op<"view", [Pure]> {
  let summary = "The same bytes with another shape, or some of them";
  let description = [{
    Shows the bytes of `source` from byte `at` on, as many as its own type has.
  }];
  let arguments = (ins AnyMemRef:$source, DefaultValuedAttr<I64Attr, "0">:$at);
  let results = (outs AnyMemRef:$memory);
  let assemblyFormat = "$source (`at` $at^)? attr-dict `:` type($source) `to` type($memory)";
  let hasVerifier = 1;
}

def Mcu_CallOp : Mcu_Op<"call", [AttrSizedOperandSegments, NoTerminator, NoRegionArguments]> {
  let summary = "A call of a kernel of the runtime";
  let description = [{
    `ins` are read, `outs` written (a concatenation writes one buffer with several calls), `scratch` is both and holds nothing
    before or after. `params` gives every field of the parameter record `record` of tmb_abi.h: i32 and f32 attributes, and
    `array<i32>` for arrays, which may be shorter than the field (the rest is 0). `macs` counts multiply-accumulates.
    With `overlap` = D, the first output may share bytes with the first input as long as it starts D or more bytes before it.

    The call of `tmb_stream`, which has no record, is a part of the model that runs depth first over rows: its region has the steps
    (`mcu.step`, in loops `mcu.repeat`), which use the operands of the call, and its scratch holds the few rows of each tensor in
    between that are needed at a time.
  }];
  let arguments = (ins StrAttr:$kernel, Variadic<AnyMemRef>:$ins, Variadic<AnyMemRef>:$outs, Optional<AnyMemRef>:$scratch,
                       StrAttr:$record, DictionaryAttr:$params, DefaultValuedAttr<I64Attr, "0">:$macs,
                       OptionalAttr<I64Attr>:$overlap);
  let regions = (region AnyRegion:$body);
  let assemblyFormat = [{
    $kernel `ins` `(` $ins `)` `outs` `(` $outs `)` (`scratch` `(` $scratch^ `)`)? `record` $record $params
    attr-dict `:` type(operands) (`steps` $body^)?
  }];
  let hasVerifier = 1;
}

def Mcu_StepOp : Mcu_Op<"step"> {
  let summary = "A call of a kernel on some rows, within a streamed part";
  let description = [{
    Argument i of the kernel lies `offsets[i]` bytes into operand `args[i]` of the `mcu.call` around it, and `advances[i]` bytes
    further in each further iteration of the `mcu.repeat` around it, if there is one. It reads or writes nothing outside the
    `extents[i]` bytes from there on. `elements` are the types that it points to.
    `record` and `params` are those of `mcu.call`.
  }];
  let arguments = (ins StrAttr:$kernel, DenseI64ArrayAttr:$args, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$advances,
                       DenseI64ArrayAttr:$extents, TypeArrayAttr:$elements, StrAttr:$record, DictionaryAttr:$params);
  let assemblyFormat = [{
    $kernel `args` $args `offsets` $offsets `advances` $advances `extents` $extents $elements `record` $record $params attr-dict
  }];
  let hasVerifier = 1;
}

def Mcu_FeedOp : Mcu_Op<"feed"> {
  let summary = "The next row of an input that the caller feeds, within a streamed part";
  let description = [{
    The `bytes` of the row go to `offset` in the scratch of the `mcu.call` around it, `advance` further in each further iteration. The
    last bytes of that scratch say how far the feeding has come.
  }];
  let arguments = (ins I64Attr:$offset, I64Attr:$advance, I64Attr:$bytes);
  let assemblyFormat = "$bytes `at` $offset `advance` $advance attr-dict";
  let hasVerifier = 1;
}

def Mcu_RepeatOp : Mcu_Op<"repeat", [NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "Steps that run `count` times";
  let arguments = (ins I64Attr:$count);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$count attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

#endif
