# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Rules for our libraries, tools, dialects and passes: one precompiled header, warnings as errors, generated code apart.

set(THIMBLE_GENERATED_DIR ${CMAKE_BINARY_DIR}/generated)
set(THIMBLE_WARNINGS -Wall -Wextra -Werror -Wno-unused-parameter -Wcast-qual -Wnon-virtual-dtor)

add_library(thimble_options INTERFACE)
target_include_directories(thimble_options INTERFACE ${CMAKE_SOURCE_DIR} ${THIMBLE_GENERATED_DIR})
target_include_directories(thimble_options SYSTEM INTERFACE ${CMAKE_SOURCE_DIR}/runtime-mcu/include)
target_link_libraries(thimble_options INTERFACE thimble_mlir)

# All generated headers, made before anything is compiled: rooms include each other's.
add_custom_target(thimble_headers)

# The precompiled header is built once, in a library of its own, and reused by every library below.
file(WRITE ${CMAKE_BINARY_DIR}/pch/pch.cpp "// Host of the precompiled header.\n")
add_library(thimble_pch STATIC ${CMAKE_BINARY_DIR}/pch/pch.cpp)
target_link_libraries(thimble_pch PUBLIC thimble_options)
target_compile_options(thimble_pch PRIVATE ${THIMBLE_WARNINGS} -Xclang -fno-pch-timestamp)
target_precompile_headers(thimble_pch PRIVATE ${CMAKE_SOURCE_DIR}/tools/cmake/Precompiled.h)

# thimble_library(name sources... [DEPENDS tablegen targets...] [LINK libraries...])
function(thimble_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC thimble_options ${ARG_LINK})
  target_compile_options(${name} PRIVATE ${THIMBLE_WARNINGS} -fvisibility-inlines-hidden)
  add_dependencies(${name} thimble_headers ${ARG_DEPENDS})
  target_compile_options(${name} PRIVATE -Xclang -fno-pch-timestamp)
  target_precompile_headers(${name} REUSE_FROM thimble_pch)
endfunction()

# thimble_tool(name sources... [LINK libraries...])
function(thimble_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE thimble_options ${ARG_LINK})
  add_dependencies(${name} thimble_headers)
  target_compile_options(${name} PRIVATE ${THIMBLE_WARNINGS} -Xclang -fno-pch-timestamp)
  target_precompile_headers(${name} REUSE_FROM thimble_pch)
endfunction()

# One TableGen output: dialects/nn/NNOps.h.inc is generated to build/generated/dialects/nn/NNOps.h.inc
function(thimble_tablegen target td prefix)
  set(LLVM_TARGET_DEFINITIONS ${td})
  file(RELATIVE_PATH room ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  file(MAKE_DIRECTORY ${THIMBLE_GENERATED_DIR}/${room})
  set(outputs)
  math(EXPR last "${ARGC} - 1")
  # Pairs of (suffix, generator flags) follow.
  set(rest ${ARGN})
  while(rest)
    list(POP_FRONT rest suffix flags)
    separate_arguments(flags)
    set(out ${THIMBLE_GENERATED_DIR}/${room}/${prefix}${suffix})
    add_custom_command(
      OUTPUT ${out}
      COMMAND ${MLIR_TABLEGEN_EXE} ${flags} -I ${MLIR_INCLUDE_DIRS} -I ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${td}
              --write-if-changed -o ${out} -d ${out}.d
      DEPENDS ${td}
      DEPFILE ${out}.d
      COMMENT "Generating ${room}/${prefix}${suffix}")
    list(APPEND outputs ${out})
  endwhile()
  add_custom_target(${target} DEPENDS ${outputs})
  add_dependencies(thimble_headers ${target})
endfunction()

# The outputs that a dialect needs; NAME is its C++ name (NN) and `namespace` its mnemonic (nn).
function(thimble_dialect NAME namespace)
  thimble_tablegen(thimble_${namespace}_inc ${NAME}Ops.td ${NAME}
    Dialect.h.inc "-gen-dialect-decls -dialect=${namespace}" Dialect.cpp.inc "-gen-dialect-defs -dialect=${namespace}"
    Ops.h.inc "-gen-op-decls" Ops.cpp.inc "-gen-op-defs"
    Types.h.inc "-gen-typedef-decls -typedefs-dialect=${namespace}" Types.cpp.inc "-gen-typedef-defs -typedefs-dialect=${namespace}"
    Attrs.h.inc "-gen-attrdef-decls -attrdefs-dialect=${namespace}" Attrs.cpp.inc "-gen-attrdef-defs -attrdefs-dialect=${namespace}"
    Enums.h.inc "-gen-enum-decls" Enums.cpp.inc "-gen-enum-defs"
    Dialect.md "-gen-dialect-doc -dialect=${namespace}")
endfunction()

# The outputs of one phase's Passes.td.
function(thimble_passes phase)
  thimble_tablegen(thimble_${phase}_passes_inc Passes.td Passes .h.inc "-gen-pass-decls -name=${phase}" .md "-gen-pass-doc")
endfunction()
