// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Targets are read completely, and mistakes in them are reported with their place.
#include "codegen/targets/Target.h"
#include "compiler/support/ByteSize.h"
#include "support.h"

using namespace thimble;
using namespace thimble::test;
using Catch::Matchers::Contains;

static const std::string targetsDirectory = sourceDirectory + "/codegen/targets";

TEST_CASE("all targets load", "[targets]") {
  auto targets = listTargets(targetsDirectory);
  if (!targets)
    FAIL(llvm::toString(targets.takeError()));
  CHECK(targets->size() >= 11);
  CHECK(llvm::is_sorted(*targets, [](const Target &a, const Target &b) { return a.name < b.name; }));
}

TEST_CASE("a target's fields", "[targets]") {
  auto target = loadTarget("stm32h743", targetsDirectory);
  if (!target)
    FAIL(llvm::toString(target.takeError()));
  CHECK(target->core == "cortex-m7");
  CHECK(target->isa == "armv7em_fpv5");
  CHECK(target->fpu == "dp");
  CHECK(target->getFlashBytes() == 2097152u);
  CHECK(target->getRamBytes() == 524288u);
  CHECK(target->ram[1].name == "dtcm");
  CHECK(target->ram[1].origin == 0x20000000u);
  CHECK(target->alignment == 8);
  CHECK(target->flags.front() == "-mcpu=cortex-m7");
  REQUIRE(target->emulator);
  CHECK(target->emulator->machine == "mps2-an500");
  CHECK_FALSE(target->emulator->vectorsOrigin);

  auto m55 = llvm::cantFail(loadTarget("cortex-m55", targetsDirectory));
  CHECK(m55.emulator->vectorsOrigin == 0u);
  CHECK(llvm::cantFail(codegen::writeMemoryScript(m55, 4096)) == "/* Memory of cortex-m55 as its emulator has it. */\n"
                                                                 "MEMORY { FLASH (rx) : ORIGIN = 0x1000000, LENGTH = 2097152\n"
                                                                 "         RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 524288 }\n"
                                                                 "_stack_size = 4096;\n_vectors_origin = 0x0;\n"
                                                                 "_external_origin = 0x60000000;\n_external_bytes = 16777216;\n");

  CHECK_FALSE(target->getExternalFlashBytes()); // a chip has the interface
  auto board = llvm::cantFail(loadTarget("stm32f746-disco", targetsDirectory));
  CHECK(board.getExternalFlashBytes() == 16777216u);
  CHECK(board.getExternalRamBytes() == 8388608u);
  CHECK(board.externalFlash->origin == 0x90000000u);
  CHECK(board.externalFlash->alignment == 32);
  CHECK(board.externalRam->slowdown == 4);
  codegen::MemorySizes sizes;
  sizes.externalFlash = 4096;
  CHECK_THAT(llvm::cantFail(codegen::writeMemoryScript(board, 4096, sizes)),
             Contains("_external_origin = 0x60000000;\n_external_bytes = 4096;\n"));

  auto host = llvm::cantFail(loadTarget("host", targetsDirectory));
  CHECK_FALSE(host.getFlashBytes());
  CHECK_FALSE(host.emulator);
  CHECK_THAT(messageOf(codegen::writeMemoryScript(host, 4096)), Contains("no emulator"));
}

TEST_CASE("unknown targets are answered with those there are", "[targets]") {
  std::string message = messageOf(loadTarget("stm32f747", targetsDirectory));
  CHECK_THAT(message, Contains("no target 'stm32f747'") && Contains("stm32f746") && !Contains("schema"));
  CHECK_THAT(messageOf(loadTarget("/no/such/file.json", targetsDirectory)), Contains("/no/such/file.json"));
  CHECK_THAT(messageOf(loadTarget("host", "/no/such/folder")), Contains("cannot list"));
}

TEST_CASE("mistakes in targets are reported with their place", "[targets]") {
  const std::string good = R"({"name": "chip", "description": "d", "core": "cortex-m4", "isa": "armv7em", "fpu": "sp",
    "flash": [{"name": "flash", "origin": "0x08000000", "bytes": 1024}], "ram": [], "compiler": "arm-none-eabi-gcc",
    "flags": [], "alignment": 4, "emulator": null})";
  Folder folder;
  auto load = [&](const std::string &from, const std::string &to) {
    std::string text = good;
    size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    folder.write({{"chip.json", text.replace(at, from.size(), to)}});
    return loadTarget(folder / "chip.json", "");
  };
  CHECK(llvm::cantFail(load("sp", "sp")).flash.front().bytes == 1024);
  CHECK_THAT(messageOf(load("\"fpu\": \"sp\",", "")), Contains("missing value at chip.json.fpu"));
  CHECK_THAT(messageOf(load("\"sp\"", "\"half\"")), Contains("expected none, sp or dp at chip.json.fpu"));
  CHECK_THAT(messageOf(load("1024", "\"1K\"")), Contains("expected a positive number of bytes at chip.json.flash[0].bytes"));
  CHECK_THAT(messageOf(load("1024", "0")), Contains("chip.json.flash[0].bytes"));
  CHECK_THAT(messageOf(load("1024}", "1024, \"size\": 1}")), Contains("unknown field at chip.json.flash[0].size"));
  CHECK_THAT(messageOf(load("\"0x08000000\"", "134217728")), Contains("expected an address such as"));
  CHECK_THAT(messageOf(load("\"0x08000000\"", "\"0x108000000\"")), Contains("expected an address such as"));
  CHECK_THAT(messageOf(load("\"alignment\": 4", "\"alignment\": 3")), Contains("expected 4, 8, 16 or 32"));
  CHECK_THAT(messageOf(load("\"flags\": []", "\"flags\": [1]")), Contains("expected string at chip.json.flags[0]"));
  CHECK_THAT(messageOf(load("\"ram\"", "\"external_flash\": {\"name\": \"q\", \"origin\": \"0x90000000\"}, \"ram\"")),
             Contains("missing value at chip.json.external_flash.bytes"));
  CHECK_THAT(messageOf(load("null", "{}")), Contains("missing value at chip.json.emulator.qemu"));
  CHECK_THAT(messageOf(load("arm-none-eabi-gcc", "cc; rm -rf")), Contains("chip.json.compiler"));
  CHECK_THAT(messageOf(load("armv7em", "../x")), Contains("chip.json.isa"));
  CHECK_THAT(messageOf(load("\"chip\"", "\"other\"")), Contains("name and file must agree"));
  CHECK_THAT(messageOf(load("[", "[[")), Contains("chip.json"));
  folder.write({{"chip.json", "[]"}});
  CHECK_THAT(messageOf(loadTarget(folder / "chip.json", "")), Contains("expected object"));
}

TEST_CASE("numbers of bytes are read", "[targets]") {
  auto parse = [](llvm::StringRef text) { return llvm::cantFail(parseByteSize(text)); };
  CHECK(parse("65536") == 65536);
  CHECK(parse("64K") == 65536);
  CHECK(parse("64k") == 65536);
  CHECK(parse("320KiB") == 320 * 1024);
  CHECK(parse("320 kb") == 320 * 1024);
  CHECK(parse(" 1M ") == 1024 * 1024);
  CHECK(parse("2G") == uint64_t(2) << 30);
  CHECK(parse("7B") == 7);
  CHECK(parse("0") == 0);
  CHECK(parse("18446744073709551615") == UINT64_MAX);
  for (const char *bad :
       {"", "K", "-1", "1.5M", "64Q", "64KK", "64KiBs", "18446744073709551616", "18014398509481984K", "0x10", "1e6"})
    CHECK_THAT(messageOf(parseByteSize(bad)), Contains("'" + std::string(bad) + "'") && Contains("64K"));
}

TEST_CASE("numbers of bytes are written", "[targets]") {
  CHECK(formatByteSize(0) == "0 B");
  CHECK(formatByteSize(1023) == "1023 B");
  CHECK(formatByteSize(1024) == "1.0 KiB");
  CHECK(formatByteSize(1025) == "1.1 KiB");
  CHECK(formatByteSize(65536) == "64.0 KiB");
  CHECK(formatByteSize(65537) == "64.1 KiB");
  CHECK(formatByteSize(1048576) == "1.00 MiB");
  CHECK(formatByteSize(1572864) == "1.50 MiB");
}
