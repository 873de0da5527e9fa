// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The pack dialect: how constants are stored.
#ifndef THIMBLE_PACK_OPS
#define THIMBLE_PACK_OPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "dialects/pack/PackInterfaces.td"

def PackDialect : Dialect {
  let name = "pack";
  let cppNamespace = "::thimble::pack";
  let summary = "Encodings of constant tensors";
  let description = [{
    An attribute of this dialect on an `mcu.constant` says how the tensor's codes lie in flash. Every encoding implements
    `EncodingInterface`. The dialect has attributes only.
  }];
  let useDefaultAttributePrinterParser = 1;
}

def Pack_DenseAttr : AttrDef<PackDialect, "Dense", [DeclareAttrInterfaceMethods<Pack_EncodingInterface>]> {
  let mnemonic = "dense";
  let summary = "Signed two's complement codes of 1 to 8 bits, one after the other";
  let description = [{
    Code i lies at bits i * bits to (i + 1) * bits - 1 of the byte stream, least significant bit first, so that 8 bits are plain
    bytes and 4 bits are two codes a byte, the first in the low half. The last byte is filled with zeros.

    ```mlir
    #pack.dense<4>
    ```
  }];
  let parameters = (ins "unsigned":$bits);
  let assemblyFormat = "`<` $bits `>`";
  let genVerifyDecl = 1;
}

#endif
