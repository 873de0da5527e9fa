// RUN: rm -rf %t && mkdir -p %t/elsewhere && cp %s %t/elsewhere/deterministic.mlir
// RUN: thimble compile %s --start-from emit --stop-after emit -o %t/one
// RUN: cd %t/elsewhere && LC_ALL=C TZ=Asia/Tokyo thimble compile deterministic.mlir --start-from emit --stop-after emit -o %t/two
// RUN: diff -r %t/one %t/two
// RUN: not grep -r %t %t/one

// The same bytes from another folder and locale, without a trace of either.
mcu.program @net attributes {arena_bytes = 16 : i64, lower_bound = 16 : i64} {
  %x = mcu.buffer "x" input 0 at 0 {io = #mcu.io<"x", [4], 0.0 : f64, 0>} : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 0 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  mcu.call "tmb_sigmoid_f32" ins(%x) outs(%y) record "tmb_unary_params" {count = 4 : i32, alpha = 0.0 : f32, beta = 0.0 : f32}
    : memref<4xf32>, memref<4xf32> loc("sigmoid")
}
