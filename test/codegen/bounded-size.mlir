// A size that depends on data: the header says which dimension it is and which output has the actual size.
// RUN: rm -rf %t && thimble compile %s --start-from lower --stop-after emit --target cortex-m4 --name found -o %t
// RUN: FileCheck %s --check-prefix=HEADER --input-file=%t/found.h
// RUN: FileCheck %s --check-prefix=REPORT --input-file=%t/report.json
// RUN: gcc -std=c99 -pedantic -Wall -Wextra -Wconversion -Wundef -Werror -I%t -I%t/runtime/include -c %t/found.c -o %t/found.o

// HEADER: #define FOUND_OUTPUT_COUNT 2
// HEADER: Output 0, 'places' in the ONNX model: int64_t 2x6
// HEADER: #define FOUND_OUTPUT0_SHAPE {2, 6}
// HEADER: The size of dimension 1 depends on the data: at most 6, after a run as many as output
// HEADER-NEXT: 1 says.
// HEADER: #define FOUND_OUTPUT0_BOUND_DIMENSION 1
// HEADER: #define FOUND_OUTPUT0_BOUND_SIZE_OUTPUT 1
// HEADER: Output 1, 'places.size' in the ONNX model: int64_t 1
// HEADER-NOT: FOUND_OUTPUT1_BOUND

// REPORT: "name": "places"
// REPORT: "bound": {
// REPORT-NEXT: "dimension": 1
// REPORT-NEXT: "size_output": 1
// REPORT: "name": "places.size"
// REPORT-NOT: "bound"

func.func @main(%x: tensor<2x3xi1> {onnx.name = "mask"}) -> (tensor<2x6xi64> {onnx.name = "places", thimble.bound = array<i64: 1, 1>},
                                                           tensor<1xi64> {onnx.name = "places.size"}) {
  %y, %n = nn.non_zero %x : (tensor<2x3xi1>) -> (tensor<2x6xi64>, tensor<1xi64>) loc("find")
  return %y, %n : tensor<2x6xi64>, tensor<1xi64>
}
