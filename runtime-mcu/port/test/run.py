#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks the ports: builds small programs for every target in codegen/targets and runs them on their emulators.

  run.py [--long] [TARGET...]       --long: also count 3 G instructions, which takes some 10 s a board
  run.py --kernels [TARGET...]      only that kernels for an instruction set agree with the portable ones
"""
import json, os, re, shutil, subprocess, sys, tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PORT = HERE.parent
RUNTIME = HERE.parents[1]
TARGETS = HERE.parents[2] / "codegen" / "targets"
WARNINGS = "-std=c99 -pedantic -Wall -Wextra -Wconversion -Wundef -Werror".split()
STACK = 4096
EXTERNAL = 5 << 20  # of external flash
EXTERNAL_RAM = 3 << 20

passed = failed = 0


def check(target, what, problem=None):
    """Prints one line for a check; `problem` says what is wrong, or is empty."""
    global passed, failed
    if problem:
        failed += 1
        print(f"FAIL {target}: {what}: {problem}", flush=True)
    else:
        passed += 1
        print(f"pass {target}: {what}", flush=True)


def command(args, **options):
    """Returns (exit code, output); never raises."""
    try:
        p = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                           timeout=120, **options)
        return p.returncode, p.stdout
    except subprocess.TimeoutExpired:
        return -1, "hangs"
    except OSError as e:
        return -1, str(e)


def schema_problems(schema, value, path, root):
    """The few keywords of JSON Schema that target.schema.json uses."""
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        options = [list(schema_problems(s, value, path, root)) for s in schema["anyOf"]]
        if all(options):
            yield from options[-1]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        yield f"{path} is no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path} is {value!r}, which is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path} is {value!r}, which does not match {schema['pattern']}"
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{path} is too small"
    for key in schema.get("required", []):
        if key not in value:
            yield f"{path} lacks {key}"
    if isinstance(value, dict):
        for key, item in value.items():
            if key in schema.get("properties", {}):
                yield from schema_problems(schema["properties"][key], item, f"{path}.{key}", root)
            elif schema.get("additionalProperties") is False:
                yield f"{path}.{key} is unknown"
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from schema_problems(schema["items"], item, f"{path}[{i}]", root)


class Image:
    """A test program, built for a target and ready to run."""

    def __init__(self, target, source, folder, ram=None, stack=STACK, defines=(), libraries=(), optimise="-O2", clang=False,
                 objects=(), external=EXTERNAL):
        self.target, self.folder, self.emulator = target, folder, target["emulator"]
        self.file = folder / f"{Path(source).stem}.elf"
        ports = [PORT / p for p in self.emulator["port"]]
        sources = [HERE / source] + sorted(f for p in ports for f in p.glob("*.c"))
        common = WARNINGS + [optimise, "-ffunction-sections", "-fdata-sections", *defines, *target["flags"]]
        self.memory(ram or target["ram"][0]["bytes"], stack, external)
        link = [*self.emulator["link_flags"], "-T", "link.ld", "-L", ports[0], "-L", folder, *libraries]
        if clang:  # compiles; the GNU toolchain still links, with its libraries
            code, self.log = command(["clang-19", "--target=arm-none-eabi", "-isystem", "/usr/include/newlib", "-fshort-enums", *common,
                                      "-c", *sources], cwd=folder)
            objects = [folder / s.with_suffix(".o").name for s in sources]
            if code == 0:
                code, self.log = command([target["compiler"], *target["flags"], *objects, *link, "-Wl,-z,noexecstack", "-o", self.file])
        else:
            code, self.log = command([target["compiler"], *common, *sources, *objects, *link, "-o", self.file])
        if code == 0 and self.log:
            code = 1  # a warning of the linker
        self.built = code == 0

    def memory(self, ram, stack, external):
        e, flash = self.emulator, self.target["flash"][0]["bytes"]
        text = (f"MEMORY {{ FLASH (rx) : ORIGIN = {e['flash_origin']}, LENGTH = {flash}\n"
                f"         RAM (rwx) : ORIGIN = {e['ram_origin']}, LENGTH = {ram} }}\n_stack_size = {stack};\n")
        if "vectors_origin" in e:
            text += f"_vectors_origin = {e['vectors_origin']};\n"
        if "external" in e:
            text += f"_external_origin = {e['external']['origin']};\n_external_bytes = {external};\n"
            ram_origin = int(e["external"]["origin"], 16) + (8 << 20)
            text += f"_external_ram_origin = {ram_origin};\n_external_ram_bytes = {EXTERNAL_RAM};\n"
        (self.folder / "memory.ld").write_text(text)

    def run(self, without=()):
        if not self.built:
            return -1, self.log
        e = self.emulator
        args = [a for a in e["args"] if a not in without]
        return command([e["qemu"], "-M", e["machine"], *args, "-kernel", self.file], cwd=self.folder)

    def expect(self, what, code, text="", without=()):
        got, output = self.run(without)
        wrong = got != code or not re.search(text, output)
        check(self.target["name"], what, f"exit code {got} instead of {code}: {output.strip()}" if wrong else None)


def check_files(name, folder, run):
    data = bytes(i * 7 & 255 for i in range(123457))
    (folder / "inputs.bin").write_bytes(data)
    (folder / "outputs.bin").unlink(missing_ok=True)
    code, output = run()
    problem = None
    if code != 42 or output != "copied\n":
        problem = f"exit code {code}: {output.strip()}"
    elif (folder / "outputs.bin").read_bytes() != bytes(b ^ 0x5A for b in data):
        problem = "outputs.bin differs"
    check(name, "files are read and written", problem)


def check_host(folder):
    for compiler in ("gcc", "clang-19"):
        code, log = command([compiler, *WARNINGS, "-O2", HERE / "files.c", PORT / "harness" / "host.c", "-o", folder / "files"])
        check_files(f"host ({compiler})", folder, lambda: (code, log) if code else command([folder / "files"], cwd=folder))


# name of the case in fault.c: what the report must say
PAST_RAM, OUTSIDE = "access past the end of RAM; address=0x{ram_end:08x} pc=0x", "access outside flash and RAM; address=0x"
BAD_STACK = r"(stack overflow|invalid stack pointer|outside flash and RAM|past the end of RAM|write to flash)"
FAULTS = {
    "past_ram_write": PAST_RAM, "past_ram_read": PAST_RAM, "past_ram_byte": PAST_RAM,
    "below_ram": OUTSIDE, "past_flash": OUTSIDE + "{flash_end:08x} pc=0x", "peripheral": OUTSIDE + "48000000 pc=0x",
    "past_external": "access past the end of external flash; address=0x{external_end:08x} pc=0x",
    "past_external_ram": "access past the end of external RAM; address=0x{external_ram_end:08x} pc=0x",
    "external_write": "write to external flash; address=0x", "execute_external": "execution outside flash; pc=0x",
    "flash_write": "write to flash; address=0x", "null_write": "(write to flash|outside flash and RAM); address=0x00000000 pc=0x",
    "stack_overflow": "stack overflow", "execute_ram": "execution outside flash; pc=0x", "execute_nothing": "execution outside flash; pc=0x",
    "not_thumb": "not Thumb code", "undefined": "UsageFault: undefined instruction; pc=0x",
    "supervisor_call": "unexpected interrupt", "division": "UsageFault: division by zero; pc=0x",
    "unaligned": "UsageFault: unaligned access; pc=0x",
    "stack_nowhere": BAD_STACK, "stack_null": BAD_STACK, "stack_in_flash": BAD_STACK, "stack_past_ram": BAD_STACK,
}


def check_faults(target, folder):
    image = Image(target, "fault.c", folder)
    ends = {k: int(target["emulator"][f"{k}_origin"], 16) + target[k][0]["bytes"] for k in ("flash", "ram")}
    ends["external"] = int(target["emulator"]["external"]["origin"], 16) + EXTERNAL
    ends["external_ram"] = ends["external"] - EXTERNAL + (8 << 20) + EXTERNAL_RAM
    armv6m = target["isa"] == "armv6m"

    def case(name, what, code, text=""):
        (folder / "case.txt").write_text(name)
        image.expect(what, code, text)

    case("last_of_ram", "the last word of RAM is usable", 0)
    case("last_of_flash", "the last word of flash is readable", 0)
    case("last_of_external_ram", "the last word of external RAM is usable", 0)
    case("last_of_external", "the last word of external flash is readable", 0)
    for name, text in FAULTS.items():
        if name == "division" and armv6m:
            continue  # has no such instruction
        if name == "unaligned" and not armv6m:
            case(name, "unaligned accesses are allowed", 2)
            continue
        case(name, f"fault {name}", 99, "FAULT .*" + text.format(flash_end=ends["flash"], ram_end=ends["ram"], external_end=ends["external"],
                                                           external_ram_end=ends["external_ram"]))


def kernel_folders(isa):
    """Where the kernels of an instruction set are, best first; without the portable ones."""
    folders = []
    while isa and RUNTIME / "src" / "arch" / isa not in folders:
        folders.append(RUNTIME / "src" / "arch" / isa)
        base = folders[-1] / "extends"
        isa = base.read_text().strip() if base.exists() else None
    return [f for f in folders if f.is_dir()]


def check_twins(target, folder):
    """Kernels for the target's instruction set compute what the portable ones do."""
    folders, portable = kernel_folders(target["isa"]), RUNTIME / "src" / "kernels"
    kernels = ["tmb_conv2d_s8", "tmb_depthwise3x3_s8", "tmb_fully_connected_s8", "tmb_add_s8", "tmb_attention_s8", "tmb_gru_s8",
               "tmb_lstm_s8", "tmb_conv2d_s16", "tmb_conv2d_wide_s16",
               "tmb_max_pool2d_s8", "tmb_average_pool2d_s8", "tmb_mean_s8", "tmb_div_s16", "tmb_conv2d_f32",
               "tmb_fully_connected_f32", "tmb_matmul_f32", "tmb_add_f32", "tmb_softmax_f32"]
    # As `thimble verify` compiles: products and sums are rounded each.
    flags = [*WARNINGS, "-O2", "-ffp-contract=off", "-fno-math-errno", *target["flags"]]
    # One folder, as the compiler emits: a file of the instruction set replaces the portable one of its name, headers too.
    special = folder / "special"
    special.mkdir(exist_ok=True)
    for source in (s for f in [portable, *reversed(folders)] for s in f.glob("*.[ch]")):
        shutil.copy(source, special)
    shared = {"tmb_conv2d_s8": ["tmb_conv2d_add_s8", "tmb_conv2d_planes_s8"]}  # further kernels of a file
    objects = []
    for kernel in kernels:
        for source, name in ((special / f"{kernel}.c", kernel), (portable / f"{kernel}.c", "portable_" + kernel[4:])):
            made = folder / f"{name}.o"
            prefix = name[:-len(kernel) + 4]
            defines = [f"-D{other}={prefix}{other[4:]}" for other in [kernel, *shared.get(kernel, [])]]
            code, log = command([target["compiler"], *flags, *defines, f"-I{RUNTIME / 'include'}", "-c", source, "-o", made])
            if code:
                check(target["name"], f"{source.name} compiles", log)
                return
            objects.append(made)
    image = Image(target, "twins.c", folder, defines=[f"-I{RUNTIME / 'include'}"], objects=objects, libraries=["-lm"])
    image.expect("kernels for the instruction set agree with the portable ones", 0, "twins agree")


def check_target(target, folder, long):
    name = target["name"]
    image = Image(target, "files.c", folder)
    check_files(name, folder, image.run)
    Image(target, "count.c", folder, defines=["-DTMB_TEST_LONG"] if long else []).expect("instructions are counted exactly", 0)
    Image(target, "stack.c", folder, defines=[f"-I{RUNTIME / 'include'}"]).expect("the stack's high-water mark", 0)
    Image(target, "math.c", folder, libraries=["-lm"]).expect("the C library's float functions", 0)
    Image(target, "count.c", folder, optimise="-Os", clang=True).expect("a build by clang counts the same", 0)
    check_faults(target, folder)
    if kernel_folders(target["isa"]):
        check_twins(target, folder)


def check_limits(target, folder):
    """RAM sizes that the MPU must compose from several regions, a RAM that is full, an emulator that cannot count."""
    v8 = target["isa"].startswith("armv8")
    origin = int(target["emulator"]["ram_origin"], 16)
    for ram in (6 * 1024, 20 * 1024, 36 * 1024, 96 * 1024 + 256, 20000, 262144 - 64, 320 * 1024, 512 * 1024 - 128):
        image = Image(target, "fault.c", folder, ram=ram)
        (folder / "case.txt").write_text("last_of_ram")
        image.expect(f"RAM of {ram} bytes: its last word is usable", 0)
        (folder / "case.txt").write_text("past_ram_write")
        image.expect(f"RAM of {ram} bytes: the next word is not", 99, f"past the end of RAM; address=0x{origin + ram:08x}")
    for ram in (20008, 20036, 8192 + 8, 65536 + 4):  # the MPU is exact to 32 bytes
        (folder / "case.txt").write_text("last_of_ram")
        Image(target, "fault.c", folder, ram=ram).expect(f"RAM of {ram} bytes: its last word is usable", 0)
    origin = int(target["emulator"]["external"]["origin"], 16)
    for external in (64 * 1024, 3 * 1024 * 1024 + 4096, 7 * 1024 * 1024):
        image = Image(target, "fault.c", folder, external=external)
        (folder / "case.txt").write_text("last_of_external")
        image.expect(f"external flash of {external} bytes: its last word is readable", 0)
        (folder / "case.txt").write_text("past_external")
        image.expect(f"external flash of {external} bytes: the next word is not", 99, f"past the end of external flash; address=0x{origin + external:08x}")
    image = Image(target, "files.c", folder, stack=3072)
    check_files(f"{target['name']} with a guard at the start of a 4 KB page", folder, image.run)
    exceed = dict(stack=1024, defines=["-DTMB_TEST_EXCEED", f"-I{RUNTIME / 'include'}"])
    for ram, what in ((8192 + 64 + 1024, "little room below the stack"), (8192 + 32 + 1024, "no room below the stack")):
        image = Image(target, "stack.c", folder, ram=ram, **exceed)
        image.expect(f"overflow with {what}", 99, "stack overflow" if v8 or "little" in what else "FAULT stack")
    image = Image(target, "stack.c", folder, ram=8192 + 512, **exceed)
    check(target["name"], "data and stack that do not fit are refused", "" if "do not fit into RAM" in image.log else "accepted")
    image = Image(target, "count.c", folder)
    image.expect("without -icount nothing is counted", 14, "100 instructions measured as 0\n", without=("-icount", "shift=6"))


def main(args):
    long, only_kernels = "--long" in args, "--kernels" in args
    wanted = [a for a in args if a not in ("--long", "--kernels")]
    schema = json.loads((TARGETS / "target.schema.json").read_text())
    targets = []
    for file in sorted(TARGETS.glob("*.json")):
        if file.name == "target.schema.json" or wanted and file.stem not in wanted:
            continue
        target = json.loads(file.read_text())
        problems = list(schema_problems(schema, target, "target", schema))
        if target.get("name") != file.stem:
            problems.append("its name is not that of its file")
        check(file.stem, "follows the schema", "; ".join(problems))
        if not problems:
            targets.append(target)
    for target in targets:
        with tempfile.TemporaryDirectory() as folder:
            if only_kernels:
                if target["emulator"] and kernel_folders(target["isa"]):
                    check_twins(target, Path(folder))
            elif target["emulator"]:
                check_target(target, Path(folder), long)
                if target["name"] in ("cortex-m3", "cortex-m33"):  # one for each kind of MPU
                    check_limits(target, Path(folder))
            elif target["core"] == "host":
                check_host(Path(folder))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
