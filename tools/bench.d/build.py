# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From a workload to an image for an emulated target. What has not changed since the last time is not made again."""
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import subprocess

import numpy

from workloads import ROOT

# As `thimble verify` compiles: compiler/verify/Build.cpp.
FLAGS = ["-std=c99", "-O2", "-ffp-contract=off", "-fno-math-errno", "-ffunction-sections", "-fdata-sections"]
STACK_BYTES = 8192
PORTS = ROOT / "runtime-mcu" / "port"


class BenchError(Exception):
    """Something that the user has to know: one line."""


@dataclasses.dataclass
class Image:
    elf: pathlib.Path
    folder: pathlib.Path  # where the emulator runs
    target: dict
    report: dict  # report.json of the compiler
    text_bytes: int  # machine code of generated C and runtime
    symbols: list  # (address, bytes, name) of functions, sorted
    own_objects: list  # of generated C and runtime


def digest(*parts):
    result = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        result.update(len(data).to_bytes(8, "little") + data)
    return result.hexdigest()[:24]


def run(command, **options):
    try:
        done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=900,
                              errors="replace", **options)
    except FileNotFoundError:
        raise BenchError(f"{command[0]} is not installed; tools/setup installs it") from None
    except subprocess.TimeoutExpired:
        raise BenchError(f"{pathlib.Path(command[0]).name} took more than 15 minutes") from None
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        error = next((line for line in lines if "error" in line), lines[0] if lines else "no message")
        raise BenchError(f"{pathlib.Path(command[0]).name} failed: {error[:300]}")
    return done.stdout


def read_target(name):
    return json.loads((ROOT / "codegen" / "targets" / f"{name}.json").read_text())


class Builder:
    def __init__(self, build, thimble):
        self.cache = pathlib.Path(build) / "bench"
        self.thimble = pathlib.Path(thimble)
        if not self.thimble.exists():
            raise BenchError(f"there is no {self.thimble}; tools/build makes it")
        runtime = sorted(p for p in (ROOT / "runtime-mcu").rglob("*.[ch]"))
        self.program = digest(self.thimble.read_bytes(), *[p.read_bytes() for p in runtime])
        (self.cache / "objects").mkdir(parents=True, exist_ok=True)

    def quantize(self, workload, kind):
        """The model as IR, ready for lowering."""
        key = digest(self.program, kind, workload.layout, workload.model.read_bytes(), *[s.tobytes() for s in workload.samples])
        folder = self.cache / f"{workload.name}-{kind}"
        ir = folder / f"{key}.mlir"
        if ir.exists():
            return ir
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.mlir"):
            old.unlink()
        options = ["--quantize", "none"]
        if kind != "float32":
            # Sample files name their inputs.
            names = [i["name"] for i in self.inputs(workload)]
            numpy.savez(folder / "calibration.npz", **dict(zip(names, workload.samples)))
            options = ["--calibration", folder / "calibration.npz", "--calibration-samples", len(workload.samples[0])]
            options += ["--activations", kind]
        text = run([self.thimble, "compile", workload.model, "--name", "bench", "-q", *options, "--io-layout", workload.layout,
                    "--stop-after", "quantize"])
        part = ir.with_suffix(".part")
        part.write_text(text)
        part.rename(ir)
        return ir

    @staticmethod
    def inputs(workload):
        import onnx
        graph = onnx.load(str(workload.model), load_external_data=False).graph
        constants = {i.name for i in graph.initializer}
        return [{"name": i.name} for i in graph.input if i.name not in constants]

    def emit(self, workload, kind, target):
        """The folder of generated C."""
        ir = self.quantize(workload, kind)
        description = ROOT / "codegen" / "targets" / f"{target['name']}.json"
        folder = self.cache / f"{workload.name}-{kind}" / target["name"]
        stamp = folder / "stamp"
        key = digest(self.program, ir.name, description.read_bytes())
        if not stamp.exists() or stamp.read_text() != key:
            # No limits: what does not fit the chip can be measured all the same.
            stamp.unlink(missing_ok=True)
            run([self.thimble, "compile", ir, "--start-from", "lower", "--name", "bench", "-q", "--target", description, "--flash", "64M",
                 "--ram", "64M", "-o", folder / "c"])
            stamp.write_text(key)
        return folder

    def compile(self, source, flags, includes, group):
        headers = sorted(h for i in includes for h in i.rglob("*.h"))
        key = digest(" ".join(flags), source.read_bytes(), *[h.read_bytes() for h in [*source.parent.glob("*.h"), *headers]])
        # The folder's name tells the linker's map where the object comes from.
        folder = self.cache / "objects" / group
        folder.mkdir(exist_ok=True)
        made = folder / f"{source.stem}-{key}.o"
        if not made.exists():
            part = made.with_suffix(f".{os.getpid()}.{id(source)}.part")
            run(["arm-none-eabi-gcc", *FLAGS, *flags, *[f"-I{i}" for i in includes], "-c", source, "-o", part])
            part.rename(made)
        return made

    def image(self, workload, kind, target_name):
        target = read_target(target_name)
        emulator = target["emulator"]
        folder = self.emit(workload, kind, target)
        c = folder / "c"
        runtime, harness = c / "runtime" / "include", PORTS / "harness"
        includes = [c, runtime, harness]
        objects = [self.compile(s, target["flags"], includes, "model") for s in (c / "bench.c", c / "bench_weights.c")]
        objects += [self.compile(s, target["flags"], [runtime], "runtime") for s in sorted((c / "runtime" / "src").glob("*.c"))]
        own = list(objects)
        objects.append(self.compile(c / "verify" / "bench_verify.c", target["flags"], includes, "harness"))
        for port in emulator["port"]:
            objects += [self.compile(s, target["flags"], [harness], "port") for s in sorted((PORTS / port).glob("*.c"))]
        memory = "".join(f"{name.upper()} ({rights}) : ORIGIN = {emulator[name + '_origin']}, LENGTH = {self.length(target, name)}\n"
                         for name, rights in (("flash", "rx"), ("ram", "rwx")))
        script = f"MEMORY {{\n{memory}}}\n_stack_size = {STACK_BYTES};\n"
        if "vectors_origin" in emulator:
            script += f"_vectors_origin = {emulator['vectors_origin']};\n"
        (folder / "memory.ld").write_text(script)
        elf = folder / "image.elf"
        run([target["compiler"], *target["flags"], *objects, *emulator["link_flags"], "-T", "link.ld", "-L", folder, "-L",
             PORTS / emulator["port"][0], f"-Wl,-Map={folder / 'image.map'}", "-lm", "-o", elf])
        report = json.loads((c / "report.json").read_text())
        self.write_inputs(workload, kind, folder, report)
        return Image(elf, folder, target, report, text_bytes((folder / "image.map").read_text()), symbols(elf), own)

    @staticmethod
    def length(target, name):
        """The largest memory that the emulated boards have there, so that every model can be measured on every core."""
        board = {"mps3-an547": {"flash": 2 << 20, "ram": 512 << 10}}.get(target["emulator"]["machine"], {})
        return board.get(name, 4 << 20)

    @staticmethod
    def write_inputs(workload, kind, folder, report):
        data = b""
        for port, samples in zip(report["inputs"], workload.samples):
            sample = numpy.asarray(samples[0], dtype=numpy.float64)
            if kind == "int8" and port["type"] == "int8_t":
                stored = numpy.floor(sample / port["scale"] + 0.5) + port["zero_point"]
                data += numpy.clip(stored, -128, 127).astype(numpy.int8).tobytes()
            elif port["type"] == "int16_t":
                data += numpy.clip(numpy.floor(sample / port["scale"] + 0.5), -32768, 32767).astype(numpy.int16).tobytes()
            else:
                data += sample.astype(numpy.float32).tobytes()
        (folder / "inputs.bin").write_bytes(data)


def text_bytes(linker_map):
    """Bytes of .text that come from generated C and the runtime."""
    _, _, text = linker_map.partition("\nLinker script and memory map\n")
    total = 0
    for match in re.finditer(r"^ \.text(?:\.\S+)?\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$", text, re.M):
        if pathlib.Path(match.group(2)).parent.name in ("model", "runtime"):
            total += int(match.group(1), 16)
    return total


def symbols(elf):
    found = []
    for line in run(["arm-none-eabi-nm", "-S", "--defined-only", elf]).splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[2] in "tTwW":
            found.append((int(fields[0], 16) & ~1, int(fields[1], 16), fields[3]))
    return sorted(found)
