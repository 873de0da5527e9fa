// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What every encoding of constants can do.
#ifndef THIMBLE_PACK_INTERFACES
#define THIMBLE_PACK_INTERFACES

include "mlir/IR/OpBase.td"

def Pack_EncodingInterface : AttrInterface<"EncodingInterface"> {
  let cppNamespace = "::thimble::pack";
  let description = [{
    An encoding maps integer codes to the bytes that lie in flash. decode(encode(codes)) == codes for all codes in range; the
    runtime's C decoder must agree with `decode` byte for byte.
  }];
  let methods = [
    InterfaceMethod<"Bytes that `count` codes take.", "int64_t", "getStorageBytes", (ins "int64_t":$count)>,
    InterfaceMethod<"Smallest and largest code.", "std::pair<int32_t, int32_t>", "getCodeRange", (ins)>,
    InterfaceMethod<"The bytes of `codes`; fails if one is out of range.", "::mlir::FailureOr<std::vector<uint8_t>>", "encode",
                    (ins "::llvm::ArrayRef<int32_t>":$codes)>,
    InterfaceMethod<"The first `count` codes of `bytes`; fails if there are too few bytes.",
                    "::mlir::FailureOr<std::vector<int32_t>>", "decode",
                    (ins "::llvm::ArrayRef<uint8_t>":$bytes, "int64_t":$count)>
  ];
}

#endif
