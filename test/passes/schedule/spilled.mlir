// RUN: thimble-opt %s -split-input-file -thimble-verify-plan -verify-diagnostics

// Two arenas: the same offset in both is not the same memory.
mcu.program @apart attributes {arena_bytes = 16 : i64, lower_bound = 16 : i64, mcu.external_arena_bytes = 16 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %t = mcu.buffer "t" temporary 0 at 0 {mcu.spilled} : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 0 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%x) outs(%t) record "tmb_unary_params" {count = 4 : i32, alpha = 0.0 : f32, beta = 0.0 : f32}
    : memref<4xf32>, memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%t) outs(%y) record "tmb_unary_params" {count = 4 : i32, alpha = 0.0 : f32, beta = 0.0 : f32}
    : memref<4xf32>, memref<4xf32>
}

// -----

// Within the second one buffers may not overlap either.
mcu.program @overlap attributes {arena_bytes = 16 : i64, lower_bound = 16 : i64, mcu.external_arena_bytes = 24 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  // expected-note @+1 {{'u' is at offset 8, 't' at 0}}
  %u = mcu.buffer "u" temporary 1 at 8 {mcu.spilled} : memref<4xf32>
  %t = mcu.buffer "t" temporary 0 at 0 {mcu.spilled} : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 0 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%x) outs(%t) record "tmb_unary_params" {count = 4 : i32, alpha = 0.0 : f32, beta = 0.0 : f32}
    : memref<4xf32>, memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%x) outs(%u) record "tmb_unary_params" {count = 4 : i32, alpha = 0.0 : f32, beta = 0.0 : f32}
    : memref<4xf32>, memref<4xf32>
  // expected-error @+1 {{'t' is read, but 'u' lies over it and was written since}}
  mcu.call "tmb_relu_f32" ins(%t) outs(%y) record "tmb_unary_params" {count = 4 : i32, alpha = 0.0 : f32, beta = 0.0 : f32}
    : memref<4xf32>, memref<4xf32>
}

// -----

mcu.program @end attributes {arena_bytes = 16 : i64, lower_bound = 16 : i64, mcu.external_arena_bytes = 8 : i64} {
  // expected-error @+1 {{lies past the end of the external arena of 8 bytes}}
  %t = mcu.buffer "t" temporary 0 at 0 {mcu.spilled} : memref<4xf32>
}

// -----

mcu.program @role {
  // expected-error @+1 {{is spilled, which only temporary buffers can be}}
  %x = mcu.buffer "x" input 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>, mcu.spilled} : memref<4xf32>
}
