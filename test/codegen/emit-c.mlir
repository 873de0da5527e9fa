// RUN: rm -rf %t && thimble compile %s --start-from emit --stop-after emit --target cortex-m7 -o %t
// RUN: FileCheck %s --check-prefix=HEADER --input-file=%t/pair.h
// RUN: FileCheck %s --check-prefix=SOURCE --input-file=%t/pair.c
// RUN: FileCheck %s --check-prefix=WEIGHTS --input-file=%t/pair_weights.c
// RUN: gcc -std=c99 -pedantic -Wall -Wextra -Wconversion -Wundef -Werror -I%t -I%t/runtime/include %t/*.c %t/runtime/src/*.c -lm -o %t/selftest
// RUN: %t/selftest

// Two inputs; the sum is rectified in place; both calls of the rectifier share one record.

// HEADER: The model 'pair'
// HEADER: from emit-c.mlir for cortex-m7; do not edit.
// HEADER: #ifndef THIMBLE_MODEL_PAIR_H
// HEADER: #define PAIR_INPUT_COUNT 2
// HEADER: 'left' in the ONNX model: float 4
// HEADER: #define PAIR_INPUT1_SHAPE {2, 2}
// HEADER: #define PAIR_ARENA_BYTES 48
// HEADER: tmb_status pair_run(void *arena);

// SOURCE: PAIR_ARENA_BYTES >= 48
// SOURCE: /* sum */
// SOURCE-NEXT: static const tmb_binary_params pair__sum_params = {
// SOURCE-NEXT:   .rank = 1, .dims = {4}, .a_strides = {1}, .b_strides = {1}
// SOURCE: static const tmb_unary_params pair__first_params
// SOURCE-NOT: static const tmb_unary_params
// SOURCE: case 1: /* right */
// SOURCE-NEXT: return a + 16;
// SOURCE: tmb_status pair_run(void *arena) {
// SOURCE: BEGIN_CHECKS();
// SOURCE: /* sum: add, 4, 4 -> 4 */
// SOURCE-NEXT: CHECK_BEFORE(0);
// SOURCE-NEXT: tmb_add_f32(AT(const float, 0), AT(const float, 16), AT(float, 32), &pair__sum_params);
// SOURCE: /* first: relu, 4 -> 4 */
// SOURCE-NEXT: CHECK_BEFORE(1);
// SOURCE-NEXT: tmb_relu_f32(AT(const float, 32), AT(float, 32), &pair__first_params);
// SOURCE: /* half: mul, 4 -> 4 */
// SOURCE-NEXT: CHECK_BEFORE(2);
// SOURCE-NEXT: tmb_mul_f32(AT(const float, 32), pair__half, AT(float, 32), &pair__half_params);
// SOURCE: /* second: relu, 4 -> 4 */
// SOURCE-NEXT: CHECK_BEFORE(3);
// SOURCE-NEXT: tmb_relu_f32(AT(const float, 32), AT(float, 32), &pair__first_params);
// SOURCE: CHECK_BEFORE(4);
// SOURCE-NEXT: return TMB_OK;

// WEIGHTS: /* half, 4 bytes */
// WEIGHTS-NEXT: PAIR_SECTION_WEIGHTS(pair__half)
// WEIGHTS-NEXT: const float pair__half[1] TMB_ALIGNED(4) = {
// WEIGHTS-NEXT: 0.5f
mcu.program @pair attributes {arena_bytes = 48 : i64, lower_bound = 48 : i64} {
  %a = mcu.buffer "left" input 0 at 0 {io = #mcu.io<"left", [4], 0.0 : f64, 0>} : memref<4xf32>
  %b = mcu.buffer "right" input 1 at 16 {io = #mcu.io<"right", [2, 2], 0.0 : f64, 0>} : memref<4xf32>
  %y = mcu.buffer "y" output 0 at 32 {io = #mcu.io<"y", [4], 0.0 : f64, 0>} : memref<4xf32>
  %h = mcu.constant "half" dense<0.5> : tensor<f32> : memref<f32>
  mcu.call "tmb_add_f32" ins(%a, %b) outs(%y) record "tmb_binary_params" {rank = 1 : i32, dims = array<i32: 4>,
    a_strides = array<i32: 1>, b_strides = array<i32: 1>} : memref<4xf32>, memref<4xf32>, memref<4xf32> loc("sum")
  mcu.call "tmb_relu_f32" ins(%y) outs(%y) record "tmb_unary_params" {count = 4 : i32, alpha = 0.0 : f32, beta = 0.0 : f32}
    : memref<4xf32>, memref<4xf32> loc("first")
  mcu.call "tmb_mul_f32" ins(%y, %h) outs(%y) record "tmb_binary_params" {rank = 1 : i32, dims = array<i32: 4>,
    a_strides = array<i32: 1>, b_strides = array<i32: 0>} : memref<4xf32>, memref<f32>, memref<4xf32> loc("half")
  mcu.call "tmb_relu_f32" ins(%y) outs(%y) record "tmb_unary_params" {count = 4 : i32, alpha = 0.0 : f32, beta = 0.0 : f32}
    : memref<4xf32>, memref<4xf32> loc("second")
}
