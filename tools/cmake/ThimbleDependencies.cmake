# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Finds MLIR, ONNX, protobuf, CLI11 and Catch2, and sets the flags that all of our C++ shares.

find_package(MLIR REQUIRED CONFIG)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

find_package(Protobuf REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED CONFIG)

# libMLIR and libLLVM are the shared libraries; MLIR's static archives must never be linked beside them.
find_library(THIMBLE_LIBMLIR MLIR REQUIRED HINTS ${LLVM_LIBRARY_DIRS})
find_library(THIMBLE_LIBLLVM LLVM REQUIRED HINTS ${LLVM_LIBRARY_DIRS})
add_library(thimble_mlir INTERFACE)
target_include_directories(thimble_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_link_libraries(thimble_mlir INTERFACE ${THIMBLE_LIBMLIR} ${THIMBLE_LIBLLVM})

# The ONNX schema library and its protobuf classes; only compiler/import links this.
find_library(THIMBLE_LIBONNX onnx REQUIRED)
find_library(THIMBLE_LIBONNX_PROTO onnx_proto REQUIRED)
add_library(thimble_onnx INTERFACE)
target_compile_definitions(thimble_onnx INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx)
target_link_libraries(thimble_onnx INTERFACE ${THIMBLE_LIBONNX} ${THIMBLE_LIBONNX_PROTO} protobuf::libprotobuf)

# Debian builds LLVM with NDEBUG, which changes the layout of some classes: our code must agree, whatever the build type.
add_compile_definitions(NDEBUG THIMBLE_VERSION="${PROJECT_VERSION}")
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-O3" "-O1" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

find_program(THIMBLE_LINKER NAMES ld.lld-19 ld.lld)
if(THIMBLE_LINKER AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_link_options(-fuse-ld=${THIMBLE_LINKER})
endif()

if(THIMBLE_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize=vptr,function)
  add_link_options(-fsanitize=address,undefined)
endif()
if(THIMBLE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
