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

// -----

// Within a streamed part: the rows of the second step lie over those of the first one, which the third one reads.
mcu.program @rows_overlap attributes {arena_bytes = 56 : i64, lower_bound = 56 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [2], 0.0 : f64, 0>} : memref<2xf32>
  %y = mcu.buffer "y" output 0 at 8 {io = #mcu.io<"y", [2], 0.0 : f64, 0>} : memref<2xf32>
  %s = mcu.buffer "rows" scratch 0 at 16 : memref<32xi8>
  mcu.call "tmb_stream" ins(%x) outs(%y) scratch(%s) record "" {} : memref<2xf32>, memref<2xf32>, memref<32xi8> steps {
    mcu.step "tmb_relu_f32" args [0, 2] offsets [0, 0] advances [0, 0] extents [8, 8] [f32, f32] record "tmb_unary_params"
      {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
    mcu.step "tmb_relu_f32" args [2, 2] offsets [0, 4] advances [0, 0] extents [4, 8] [f32, f32] record "tmb_unary_params"
      {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
    // expected-error @+1 {{in iteration 0 reads rows as argument 0 of which others were written over some}}
    mcu.step "tmb_relu_f32" args [2, 1] offsets [0, 0] advances [0, 0] extents [8, 8] [f32, f32] record "tmb_unary_params"
      {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
  }
}

// -----

// A step reads a row that comes with the next iteration only.
mcu.program @rows_unwritten attributes {arena_bytes = 56 : i64, lower_bound = 56 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [2], 0.0 : f64, 0>} : memref<2xf32>
  %y = mcu.buffer "y" output 0 at 8 {io = #mcu.io<"y", [2], 0.0 : f64, 0>} : memref<2xf32>
  %s = mcu.buffer "rows" scratch 0 at 16 : memref<32xi8>
  mcu.call "tmb_stream" ins(%x) outs(%y) scratch(%s) record "" {} : memref<2xf32>, memref<2xf32>, memref<32xi8> steps {
    mcu.repeat 2 {
      mcu.step "tmb_relu_f32" args [0, 2] offsets [0, 0] advances [4, 4] extents [4, 4] [f32, f32] record "tmb_unary_params"
        {alpha = 0.0 : f32, beta = 0.0 : f32, count = 1 : i32}
      // expected-error @+1 {{in iteration 0 reads rows as argument 0 of which some were never written}}
      mcu.step "tmb_relu_f32" args [2, 1] offsets [0, 0] advances [4, 4] extents [8, 4] [f32, f32] record "tmb_unary_params"
        {alpha = 0.0 : f32, beta = 0.0 : f32, count = 1 : i32}
    }
  }
}

// -----

// The second iteration reaches past the end of the scratch.
mcu.program @rows_outside attributes {arena_bytes = 24 : i64, lower_bound = 24 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [2], 0.0 : f64, 0>} : memref<2xf32>
  %y = mcu.buffer "y" output 0 at 8 {io = #mcu.io<"y", [2], 0.0 : f64, 0>} : memref<2xf32>
  %s = mcu.buffer "rows" scratch 0 at 16 : memref<8xi8>
  mcu.call "tmb_stream" ins(%x) outs(%y) scratch(%s) record "" {} : memref<2xf32>, memref<2xf32>, memref<8xi8> steps {
    mcu.repeat 2 {
      // expected-error @+1 {{argument 1 lies outside of operand 2 of 8 bytes}}
      mcu.step "tmb_relu_f32" args [0, 2] offsets [0, 0] advances [4, 4] extents [4, 8] [f32, f32] record "tmb_unary_params"
        {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
    }
  }
}

// -----

// The result lies over rows of the input that later iterations read.
mcu.program @rows_overwritten attributes {arena_bytes = 32 : i64, lower_bound = 32 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  // expected-note @+1 {{'a' is at offset 4, 'x' at 0}}
  %a = mcu.buffer "a" temporary 0 at 4 : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 0 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_stream" ins(%x) outs(%a) record "" {} {overlap = 0 : i64} : memref<4xf32>, memref<4xf32> steps {
    mcu.repeat 4 {
      // expected-error @+1 {{'x' is read in the part, but 'a' lies over it and was written since}}
      mcu.step "tmb_relu_f32" args [0, 1] offsets [0, 0] advances [4, 4] extents [4, 4] [f32, f32] record "tmb_unary_params"
        {alpha = 0.0 : f32, beta = 0.0 : f32, count = 1 : i32}
    }
  }
}

// -----

// A part must compute all of its result.
mcu.program @rows_missing attributes {arena_bytes = 32 : i64, lower_bound = 32 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 16 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  // expected-error @+1 {{'y' is the result, but some of its bytes were never written}}
  mcu.call "tmb_stream" ins(%x) outs(%y) record "" {} : memref<4xf32>, memref<4xf32> steps {
    mcu.repeat 3 {
      mcu.step "tmb_relu_f32" args [0, 1] offsets [0, 0] advances [4, 4] extents [4, 4] [f32, f32] record "tmb_unary_params"
        {alpha = 0.0 : f32, beta = 0.0 : f32, count = 1 : i32}
    }
  }
}

// -----

// Pieces of a buffer hold their own data: one may be dead where another one is not.
mcu.program @pieces attributes {arena_bytes = 32 : i64, lower_bound = 32 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %low = mcu.view %x : memref<4xf32> to memref<2xf32>
  %high = mcu.view %x at 8 : memref<4xf32> to memref<2xf32>
  // expected-note @+1 {{'a' is at offset 0, 'x' at 0}}
  %a = mcu.buffer "a" temporary 0 at 0 : memref<2xf32>
  %y = mcu.buffer "y" output 0 at 16 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  %first = mcu.view %y : memref<4xf32> to memref<2xf32>
  %second = mcu.view %y at 8 : memref<4xf32> to memref<2xf32>
  mcu.call "tmb_relu_f32" ins(%high) outs(%a) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
    : memref<2xf32>, memref<2xf32>
  mcu.call "tmb_relu_f32" ins(%high) outs(%first) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
    : memref<2xf32>, memref<2xf32>
  // expected-error @+1 {{'x' is read, but 'a' lies over it and was written since}}
  mcu.call "tmb_relu_f32" ins(%low) outs(%second) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
    : memref<2xf32>, memref<2xf32>
}

// -----

// The state of the next run is written before the old one is read.
mcu.program @late_read attributes {arena_bytes = 32 : i64, lower_bound = 16 : i64, state_bytes = 20 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  // expected-note @+1 {{'n' is at offset 0, 's' at 0}}
  %n = mcu.buffer "n" next_state 0 at 0 : memref<4xf32>
  %s = mcu.buffer "s" state 0 at 0 {io = #mcu.io<"s", [4], 0.0 : f64, 0>} : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 16 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%x) outs(%n) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32>
  // expected-error @+1 {{'s' is read, but 'n' lies over it and was written since}}
  mcu.call "tmb_relu_f32" ins(%s) outs(%y) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32>
}

// -----

// A kernel that reads its input after it has begun to write.
mcu.program @not_in_place attributes {arena_bytes = 32 : i64, lower_bound = 16 : i64, state_bytes = 20 : i64} {
  %n = mcu.buffer "n" next_state 0 at 0 : memref<4xf32>
  %s = mcu.buffer "s" state 0 at 0 {io = #mcu.io<"s", [4], 0.0 : f64, 0>} : memref<4xf32>
  // expected-error @+1 {{writes over its input 0, 's', which tmb_cast does not allow there}}
  mcu.call "tmb_cast" ins(%s) outs(%n) record "tmb_cast_params" {count = 4 : i32, from = 0 : i32, to = 0 : i32}
    : memref<4xf32>, memref<4xf32>
}

// -----

mcu.program @moved attributes {arena_bytes = 32 : i64, lower_bound = 16 : i64, state_bytes = 36 : i64} {
  // expected-error @+1 {{is a state at offset 16, but what a run leaves for the next is at 0 or of another size}}
  %n = mcu.buffer "n" next_state 0 at 16 : memref<4xf32>
  %s = mcu.buffer "s" state 0 at 0 {io = #mcu.io<"s", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%s) outs(%n) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32>
}

// -----

mcu.program @unchanged attributes {arena_bytes = 32 : i64, lower_bound = 16 : i64, state_bytes = 20 : i64} {
  // expected-error @+1 {{is the state of the next run, and nothing writes it}}
  %n = mcu.buffer "n" next_state 0 at 0 : memref<4xf32>
  %s = mcu.buffer "s" state 0 at 0 {io = #mcu.io<"s", [4], 0.0 : f64, 0>} : memref<4xf32>
}

// -----

mcu.program @alone attributes {arena_bytes = 32 : i64, lower_bound = 16 : i64, state_bytes = 20 : i64} {
  // expected-error @+1 {{is a state with 0 buffers of the other role and index 0}}
  %s = mcu.buffer "s" state 0 at 0 {io = #mcu.io<"s", [4], 0.0 : f64, 0>} : memref<4xf32>
}

// -----

// In place, as a relu may.
mcu.program @sound attributes {arena_bytes = 32 : i64, lower_bound = 16 : i64, state_bytes = 20 : i64} {
  %n = mcu.buffer "n" next_state 0 at 0 : memref<4xf32>
  %s = mcu.buffer "s" state 0 at 0 {io = #mcu.io<"s", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%s) outs(%n) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32>
}
