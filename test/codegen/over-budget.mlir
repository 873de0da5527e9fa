// RUN: rm -rf %t
// RUN: thimble compile %s --start-from emit --stop-after emit --target cortex-m7 --ram 15 -o %t > %t.txt; test $? = 3
// RUN: FileCheck %s --input-file=%t.txt
// RUN: not ls %t

// What does not fit is not written, and the verdict comes first.
// CHECK: {{^}}net does not fit cortex-m7: too much RAM
// CHECK: Flash [#
// CHECK: RAM   [################################]> 16 B of 15 B (107 %), 1 byte too many
mcu.program @net attributes {arena_bytes = 16 : i64, lower_bound = 16 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 0 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_relu_f32" ins(%x) outs(%y) record "tmb_unary_params" {count = 4 : i32, alpha = 0.0 : f32, beta = 0.0 : f32}
    : memref<4xf32>, memref<4xf32> loc("relu")
}
