// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Live ranges, and reports made of them.
#include "../codegen/support.h"
#include "compiler/report/Report.h"
#include "dialects/mcu/McuLiveness.h"
#include "llvm/Support/JSON.h"

using namespace thimble;
using namespace thimble::test;
using Catch::Matchers::Contains;

static report::Report makeReport(std::optional<uint64_t> flash, std::optional<uint64_t> ram) {
  ParsedProgram program = parseProgram(smallNet);
  report::ReportOptions options;
  options.model = "net";
  options.version = "0.1.0";
  options.target = "stm32f746";
  options.flashBudget = flash;
  options.ramBudget = ram;
  options.codeBytes = 1000;
  options.notes = {"something to know"};
  auto report = report::buildReport(program.get(), options);
  if (!report)
    FAIL(llvm::toString(report.takeError()));
  return std::move(*report);
}

static std::string toText(const report::Report &report, bool unicode = false) {
  std::string text;
  llvm::raw_string_ostream os(text);
  report::writeText(report, os, {unicode, true});
  return text;
}

static std::string toJson(const report::Report &report) {
  std::string text;
  llvm::raw_string_ostream os(text);
  report::writeJson(report, os);
  return text;
}

TEST_CASE("live ranges", "[mcu]") {
  ParsedProgram program = parseProgram(R"mlir(
mcu.program @net {
  %unread = mcu.buffer "unread" input 0 {io = #mcu.io<"a", [4], 0.0 : f64, 0>} : memref<4xi8>
  %x = mcu.buffer "x" input 1 {io = #mcu.io<"b", [4], 0.0 : f64, 0>} : memref<4xi8>
  %dead = mcu.buffer "dead" temporary 0 : memref<4xi8>
  %y = mcu.buffer "y" temporary 0 : memref<2x2xi8>
  %early = mcu.buffer "early" output 0 {io = #mcu.io<"c", [4], 0.0 : f64, 0>} : memref<4xi8>
  %z = mcu.buffer "z" output 1 {io = #mcu.io<"d", [4], 0.0 : f64, 0>} : memref<4xi8>
  %unwritten = mcu.buffer "unwritten" output 2 {io = #mcu.io<"e", [4], 0.0 : f64, 0>} : memref<4xi8>
  mcu.call "tmb_copy_bytes" ins(%x) outs(%early) record "tmb_count_params" {count = 4 : i32} : memref<4xi8>, memref<4xi8>
  mcu.call "tmb_copy_bytes" ins(%x) outs(%y) record "tmb_count_params" {count = 4 : i32} : memref<4xi8>, memref<2x2xi8>
  %view = mcu.view %y : memref<2x2xi8> to memref<4xi8>
  mcu.call "tmb_copy_bytes" ins(%view) outs(%z) record "tmb_count_params" {count = 4 : i32} : memref<4xi8>, memref<4xi8>
}
)mlir");
  std::vector<std::tuple<std::string, int64_t, int64_t>> found;
  std::vector<mcu::LiveRange> ranges = mcu::computeLiveRanges(program.get());
  for (mcu::LiveRange &range : ranges)
    found.push_back({range.buffer.getName().str(), range.first, range.last});
  CHECK(found ==
        std::vector<std::tuple<std::string, int64_t, int64_t>>{
            {"unread", -1, -1}, {"x", -1, 1}, {"dead", 0, -1}, {"y", 1, 2}, {"early", 0, 3}, {"z", 2, 3}, {"unwritten", 3, 3}});
  CHECK(ranges[2].isEmpty());
  CHECK_FALSE(ranges[2].overlaps(ranges[4]));
  CHECK(ranges[1].overlaps(ranges[3]));
  CHECK_FALSE(ranges[1].overlaps(ranges[5]));
  CHECK(mcu::getCalls(program.get()).size() == 3);
}

TEST_CASE("a report adds up", "[report]") {
  report::Report report = makeReport(65536, 1024);
  CHECK(report.flash.weights == 18);
  CHECK(report.flash.tables == 16 + 88 + 12 + 12);
  CHECK(report.flash.getTotal() == 1000 + 18 + 128);
  CHECK(report.ram.getPeak() == 192);
  CHECK(report.ram.lowerBound == 176u);
  CHECK(report.macs == 288);
  REQUIRE(report.layers.size() == 3);
  CHECK(report.layers[0].name == "conv");
  CHECK(report.layers[0].op == "depthwise_conv2d");
  CHECK(report.layers[0].weightBytes == 34);
  CHECK(report.layers[0].ramBytes == 16 + 32);
  CHECK(report.layers[1].ramBytes == 32 + 128);
  CHECK(report.layers[2].ramBytes == 128); // in place
  CHECK(report.largestTensors.front().name == "scores");
  CHECK(report.fits());
  CHECK_FALSE(makeReport(1145, 192).fits());
  CHECK(makeReport(1146, 192).fits());
  CHECK_FALSE(makeReport(1146, 191).fits());
  CHECK(makeReport(std::nullopt, std::nullopt).fits());
}

TEST_CASE("the text starts with the verdict", "[report]") {
  std::string text = toText(makeReport(65536, 1024));
  CHECK_THAT(text, Catch::Matchers::StartsWith("net fits stm32f746\n\n"));
  CHECK_THAT(text, Contains("  Flash [#-------------------------------]  1.2 KiB of 64.0 KiB (2 %), 62.9 KiB left\n"));
  CHECK_THAT(text, Contains("  RAM   [######--------------------------]  192 B of 1.0 KiB (19 %), 832 B left\n"));
  CHECK_THAT(text,
             Contains("(estimated)") && Contains("288 multiply-accumulates in 3 kernel calls") && Contains("Note: something"));
  CHECK_THAT(toText(makeReport(1000, 100)), Contains("net does not fit stm32f746: too much flash and RAM\n") &&
                                                Contains("> 192 B of 100 B (192 %), 92 bytes"));
  CHECK_THAT(toText(makeReport(1000, 1000)), Contains("too much flash\n"));
  CHECK_THAT(toText(makeReport(std::nullopt, 192)), Contains("1.2 KiB, no limit given") && Contains("(100 %), 0 B left"));
  CHECK_THAT(toText(makeReport(65536, 1024), true), Contains("██████░░"));
}

TEST_CASE("names do not break the text", "[report]") {
  report::Report report = makeReport(65536, 1024);
  report.layers[0].name = "line\nbreak\x1b[31m";
  report.layers[1].name = std::string(200, 'x') + "/end";
  report.layers[2].name = "\xFF\xE6\xA8\xA1";
  std::string text = toText(report);
  CHECK_THAT(text, Contains("line break [31m") && Contains("...xxx") && Contains("x/end  ") && !Contains("\x1b"));
  auto parsed = llvm::json::parse(toJson(report));
  CHECK(bool(parsed));
  llvm::consumeError(parsed.takeError());
}

TEST_CASE("the JSON has the schema's fields in its order", "[report]") {
  report::Report report = makeReport(65536, std::nullopt);
  std::string text = toJson(report);
  CHECK(text == toJson(makeReport(65536, std::nullopt)));
  llvm::json::Value value = llvm::cantFail(llvm::json::parse(text));
  const llvm::json::Object &object = *value.getAsObject();
  CHECK(object.getBoolean("fits") == true);
  CHECK(object.getObject("flash")->getInteger("total") == 1146);
  CHECK(object.getObject("flash")->getString("code_source") == llvm::StringRef("estimated"));
  CHECK(object.getObject("ram")->get("budget")->kind() == llvm::json::Value::Null);
  CHECK(object.getArray("inputs")->front().getAsObject()->getNumber("scale") == 0.5);
  CHECK(object.getArray("layers")->size() == 3);
  size_t at = 0;
  for (const char *key : {"schema_version", "model", "target", "fits", "flash", "ram", "macs", "inputs", "outputs", "layers",
                          "buffers", "largest_tensors", "notes"}) {
    size_t next = text.find("\n  \"" + std::string(key) + "\"");
    INFO(key);
    CHECK(next != std::string::npos);
    CHECK(next > at);
    at = next;
  }

  // The schema itself is checked where Python has jsonschema.
  Folder folder;
  folder.write({{"report.json", text}});
  if (folder.run("python3 -c 'import jsonschema'") != 0)
    return;
  int status = folder.run(
      "python3 -c 'import json, jsonschema; jsonschema.validate(json.load(open(\"report.json\")), json.load(open(\"" +
      sourceDirectory + "/compiler/report/schemas/report.schema.json\")))'");
  INFO(folder.read("log"));
  CHECK(status == 0);
}
