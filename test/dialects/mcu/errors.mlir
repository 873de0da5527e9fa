// RUN: thimble-opt %s -split-input-file -verify-diagnostics

mcu.program @record {
  %x = mcu.buffer "x" input 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %y = mcu.buffer "y" output 0 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  // expected-error @+1 {{lacks the field 'beta' of tmb_unary_params}}
  mcu.call "tmb_relu_f32" ins(%x) outs(%y) record "tmb_unary_params" {alpha = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32>
}

// -----

mcu.program @field {
  %x = mcu.buffer "x" input 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %y = mcu.buffer "y" output 0 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  // expected-error @+1 {{field 'count' of tmb_unary_params must be an i32}}
  mcu.call "tmb_relu_f32" ins(%x) outs(%y) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i64}
    : memref<4xf32>, memref<4xf32>
}

// -----

mcu.program @unknown {
  %x = mcu.buffer "x" temporary 0 : memref<4xf32>
  // expected-error @+1 {{record 'tmb_other' is not one of tmb_abi.h}}
  mcu.call "tmb_relu_f32" ins(%x) outs(%x) record "tmb_other" {} : memref<4xf32>, memref<4xf32>
}

// -----

mcu.program @arena attributes {arena_bytes = 8 : i64} {
  // expected-error @+1 {{lies past the end of the arena of 8 bytes}}
  %x = mcu.buffer "x" temporary 0 at 4 : memref<4xf32>
}

// -----

mcu.program @io {
  // expected-error @+1 {{carries `io` exactly if it is an input, an output or a state}}
  %x = mcu.buffer "x" input 0 : memref<4xf32>
}

// -----

mcu.program @names {
  %a = mcu.constant "w" dense<1.0> : tensor<1xf32> : memref<1xf32>
  // expected-error @+1 {{name 'w' is not unique in the program}}
  %b = mcu.constant "w" dense<2.0> : tensor<1xf32> : memref<1xf32>
}

// -----

mcu.program @view {
  %x = mcu.buffer "x" temporary 0 : memref<4xf32>
  // expected-error @+1 {{shows 20 bytes from 0 on of a source of 16}}
  %v = mcu.view %x : memref<4xf32> to memref<5xf32>
}

// -----

mcu.program @constant_output {
  %w = mcu.constant "w" dense<1.0> : tensor<1xf32> : memref<1xf32>
  // expected-error @+1 {{writes to memory that is not a buffer}}
  mcu.call "tmb_relu_f32" ins(%w) outs(%w) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 1 : i32}
    : memref<1xf32>, memref<1xf32>
}

// -----

mcu.program @place {
  // expected-error @+1 {{mcu.place must be "ram", "flash", "external" or "external-copied", got "tape"}}
  %a = mcu.constant "a" dense<0.5> : tensor<1xf32> {mcu.place = "tape"} : memref<1xf32>
}

// -----

mcu.program @start {
  // expected-error @+1 {{has 'mcu.start', which only states have}}
  %x = mcu.buffer "x" temporary 0 {mcu.start = dense<1.0> : tensor<4xf32>} : memref<4xf32>
}

// -----

mcu.program @start_type {
  // expected-error @+1 {{value has shape [3] but the result has [4]}}
  %x = mcu.buffer "x" state 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>, mcu.start = dense<1.0> : tensor<3xf32>} : memref<4xf32>
}

// -----

mcu.program @frames {
  // expected-error @+1 {{mcu.frames must be [axis, length, delay] of an input or output, got array<i64: 1, 8, 0>}}
  %x = mcu.buffer "x" input 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>, mcu.frames = array<i64: 1, 8, 0>} : memref<4xf32>
}
