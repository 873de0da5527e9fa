// RUN: thimble-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(mcu.program(thimble-verify-plan))'

// A planted overlap.
mcu.program @overlap attributes {arena_bytes = 32 : i64, lower_bound = 32 : i64} {
  // expected-note @+1 {{which is 'x'}}
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  // expected-error @+1 {{overlaps another buffer that is live at the same time}}
  %y = mcu.buffer "y" output 0 at 12 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
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
  // expected-error @+1 {{writes over its input 0, which tmb_cast does not allow}}
  mcu.call "tmb_cast" ins(%x) outs(%x) record "tmb_cast_params" {count = 4 : i32, from = 0 : i32, to = 0 : i32}
    : memref<4xf32>, memref<4xf32>
}

// -----

mcu.program @aligned attributes {arena_bytes = 32 : i64, lower_bound = 32 : i64} {
  // expected-error @+1 {{at offset 2 is not aligned to its elements of 4 bytes}}
  %x = mcu.buffer "x" output 0 at 2 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
}

// -----

mcu.program @silent attributes {arena_bytes = 32 : i64, lower_bound = 16 : i64} {
  // expected-error @+1 {{is an output that nothing writes}}
  %x = mcu.buffer "x" output 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
}
