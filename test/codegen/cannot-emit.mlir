// RUN: not thimble compile %s --start-from emit --stop-after emit -o %t 2>&1 | FileCheck %s

// CHECK: error: {{.*}}node 'squash': emit: parameter 'alpha' of tmb_clamp_f32 is not finite; clamps that do nothing are written with the largest float32
mcu.program @net attributes {arena_bytes = 16 : i64, lower_bound = 16 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 0 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_clamp_f32" ins(%x) outs(%y) record "tmb_unary_params"
    {count = 4 : i32, alpha = 0xFF800000 : f32, beta = 1.0 : f32} : memref<4xf32>, memref<4xf32> loc("squash")
}
