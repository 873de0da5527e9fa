// RUN: thimble-opt %s -split-input-file -verify-diagnostics | thimble-opt -split-input-file | FileCheck %s
// A streamed part: its steps, loops and rows that are fed survive a round trip; places outside of the operands are refused.

// CHECK-LABEL: mcu.program @stream
mcu.program @stream {
  %x = mcu.buffer "x" input 0 {io = #mcu.io<"x", [4, 2], 0.0 : f64, 0>, mcu.fed} : memref<4x2xf32>
  %y = mcu.buffer "y" output 0 {io = #mcu.io<"y", [4, 2], 0.0 : f64, 0>} : memref<4x2xf32>
  %s = mcu.buffer "rows" scratch 0 : memref<32xi8>
  // CHECK: mcu.call "tmb_stream" ins(%{{.*}}) outs(%{{.*}}) scratch(%{{.*}}) record "" {}
  // CHECK-SAME: steps {
  // CHECK: mcu.repeat 4 {
  // CHECK: mcu.feed 8 at 0 advance 0
  // CHECK: mcu.step "tmb_relu_f32" args [2, 1] offsets [0, 0] advances [0, 8] extents [8, 8] [f32, f32]
  mcu.call "tmb_stream" ins(%x) outs(%y) scratch(%s) record "" {} : memref<4x2xf32>, memref<4x2xf32>, memref<32xi8> steps {
    mcu.repeat 4 {
      mcu.feed 8 at 0 advance 0
      mcu.step "tmb_relu_f32" args [2, 1] offsets [0, 0] advances [0, 8] extents [8, 8] [f32, f32] record "tmb_unary_params"
        {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
    }
  }
}

// -----

mcu.program @outside {
  %x = mcu.buffer "x" temporary 0 : memref<4xf32>
  %s = mcu.buffer "rows" scratch 0 : memref<32xi8>
  mcu.call "tmb_stream" ins(%x) outs(%x) scratch(%s) record "" {} : memref<4xf32>, memref<4xf32>, memref<32xi8> steps {
    mcu.repeat 3 {
      // expected-error @+1 {{argument 1 lies outside of operand 1 of 16 bytes}}
      mcu.step "tmb_relu_f32" args [0, 1] offsets [0, 0] advances [0, 8] extents [8, 8] [f32, f32] record "tmb_unary_params"
        {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
    }
  }
}

// -----

mcu.program @operand {
  %x = mcu.buffer "x" temporary 0 : memref<4xf32>
  mcu.call "tmb_stream" ins(%x) outs(%x) record "" {} : memref<4xf32>, memref<4xf32> steps {
    // expected-error @+1 {{argument 1 is operand 2 of a call that has 2}}
    mcu.step "tmb_relu_f32" args [0, 2] offsets [0, 0] advances [0, 0] extents [8, 8] [f32, f32] record "tmb_unary_params"
      {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
  }
}

// -----

mcu.program @lists {
  %x = mcu.buffer "x" temporary 0 : memref<4xf32>
  mcu.call "tmb_stream" ins(%x) outs(%x) record "" {} : memref<4xf32>, memref<4xf32> steps {
    // expected-error @+1 {{needs as many offsets, advances, extents and elements as arguments, which are 2}}
    mcu.step "tmb_relu_f32" args [0, 1] offsets [0] advances [0, 0] extents [8, 8] [f32, f32] record "tmb_unary_params"
      {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
  }
}

// -----

mcu.program @feed_place {
  %x = mcu.buffer "x" input 0 {io = #mcu.io<"x", [4, 2], 0.0 : f64, 0>, mcu.fed} : memref<4x2xf32>
  %y = mcu.buffer "y" temporary 0 : memref<4xf32>
  %s = mcu.buffer "rows" scratch 0 : memref<24xi8>
  mcu.call "tmb_stream" ins(%x) outs(%y) scratch(%s) record "" {} : memref<4x2xf32>, memref<4xf32>, memref<24xi8> steps {
    // expected-error @+1 {{puts its row outside of the scratch of 8 bytes}}
    mcu.feed 8 at 4 advance 0
  }
}

// -----

mcu.program @feed_count {
  %x = mcu.buffer "x" input 0 {io = #mcu.io<"x", [4, 2], 0.0 : f64, 0>, mcu.fed} : memref<4x2xf32>
  %y = mcu.buffer "y" temporary 0 : memref<4xf32>
  %s = mcu.buffer "rows" scratch 0 : memref<24xi8>
  // expected-error @+1 {{takes 40 bytes of rows, but its inputs that are fed have 32}}
  mcu.call "tmb_stream" ins(%x) outs(%y) scratch(%s) record "" {} : memref<4x2xf32>, memref<4xf32>, memref<24xi8> steps {
    mcu.repeat 5 {
      mcu.feed 8 at 0 advance 0
    }
  }
}

// -----

mcu.program @kernel {
  %x = mcu.buffer "x" temporary 0 : memref<4xf32>
  // expected-error @+1 {{has steps, but only calls of 'tmb_stream' do}}
  mcu.call "tmb_relu_f32" ins(%x) outs(%x) record "tmb_unary_params" {alpha = 0.0 : f32, beta = 0.0 : f32, count = 4 : i32}
    : memref<4xf32>, memref<4xf32> steps {
    mcu.step "tmb_relu_f32" args [0, 1] offsets [0, 0] advances [0, 0] extents [8, 8] [f32, f32] record "tmb_unary_params"
      {alpha = 0.0 : f32, beta = 0.0 : f32, count = 2 : i32}
  }
}

// -----

mcu.program @count {
  %x = mcu.buffer "x" temporary 0 : memref<4xf32>
  mcu.call "tmb_stream" ins(%x) outs(%x) record "" {} : memref<4xf32>, memref<4xf32> steps {
    // expected-error @+1 {{count must be positive, got 0}}
    mcu.repeat 0 {
    }
  }
}
