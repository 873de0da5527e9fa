// RUN: thimble-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(mcu.program(thimble-verify-plan))'

// A planted overlap.
mcu.program @overlap attributes {arena_bytes = 32 : i64, lower_bound = 32 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 12 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  // expected-error @+1 {{writes over its input 0, 'x', which tmb_relu_f32 does not allow there}}
  mcu.call "tmb_relu_f32" ins(%x) outs(%y) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32>
}

// -----

mcu.program @unwritten attributes {arena_bytes = 32 : i64, lower_bound = 32 : i64} {
  %x = mcu.buffer "x" temporary 0 at 0 : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 16 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  // expected-error @+1 {{reads 'x' before anything was written to it}}
  mcu.call "tmb_relu_f32" ins(%x) outs(%y) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32>
}

// -----

mcu.program @in_place attributes {arena_bytes = 32 : i64, lower_bound = 32 : i64} {
  %x = mcu.buffer "x" output 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %i = mcu.buffer "i" input 0 at 16 {io = #mcu.io<"i", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%i) outs(%x) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32>
  // expected-error @+1 {{writes over its input 0, 'x', which tmb_cast does not allow there}}
  mcu.call "tmb_cast" ins(%x) outs(%x) record "tmb_cast_params" {count = 4 : i32, from = 0 : i32, to = 0 : i32}
    : memref<4xf32>, memref<4xf32>
}

// -----

mcu.program @aligned attributes {arena_bytes = 32 : i64, lower_bound = 32 : i64} {
  // expected-error @+1 {{at offset 2 is not aligned to 4 bytes}}
  %x = mcu.buffer "x" output 0 at 2 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
}

// -----

mcu.program @silent attributes {arena_bytes = 32 : i64, lower_bound = 16 : i64} {
  // expected-error @+1 {{is an output that nothing writes}}
  %x = mcu.buffer "x" output 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
}

// -----

mcu.program @overwritten attributes {arena_bytes = 48 : i64, lower_bound = 48 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %a = mcu.buffer "a" temporary 0 at 16 : memref<4xf32>
  // expected-note @+1 {{'b' is at offset 28, 'a' at 16}}
  %b = mcu.buffer "b" temporary 1 at 28 : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 0 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%x) outs(%a) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%x) outs(%b) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32>
  // expected-error @+1 {{'a' is read, but 'b' lies over it and was written since}}
  mcu.call "tmb_relu_f32" ins(%a) outs(%y) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32>
}

// -----

mcu.program @outside attributes {arena_bytes = 24 : i64, lower_bound = 24 : i64} {
  // expected-error @+1 {{arena}}
  %x = mcu.buffer "x" input 0 at 12 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
}

// -----

// The output of a call with an overlap may start that far before the first input, and no nearer.
mcu.program @overlapped attributes {arena_bytes = 40 : i64, lower_bound = 40 : i64} {
  %x = mcu.buffer "x" input 0 at 8 {io = #mcu.io<"x", [8], 0.0 : f64, 0>} : memref<8xf32>
  %a = mcu.buffer "a" temporary 0 at 0 : memref<8xf32>
  %y = mcu.buffer "y" output 0 at 4 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%x) outs(%a) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 8 : i32}
    {overlap = 8 : i64} : memref<8xf32>, memref<8xf32>
  // expected-error @+1 {{writes over its input 0, 'a', which tmb_copy_bytes does not allow there}}
  mcu.call "tmb_copy_bytes" ins(%a) outs(%y) record "tmb_count_params" {count = 16 : i32} {overlap = 0 : i64}
    : memref<8xf32>, memref<4xf32>
}
