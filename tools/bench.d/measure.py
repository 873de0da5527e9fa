# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs an image on its emulator under the counting plugin."""
import bisect
import collections
import dataclasses
import re
import threading

from build import BenchError, run
from workloads import ROOT

_plugin_lock = threading.Lock()


@dataclasses.dataclass
class Call:
    layer: str
    kernel: str
    macs: int
    instructions: int
    cycles: int


@dataclasses.dataclass
class Measurement:
    workload: str
    kind: str
    target: str
    macs: int
    instructions: int  # of one inference, as `thimble verify` counts
    cycles: int  # estimate for a Cortex-M4
    flash: int
    weights: int
    text: int
    arena: int
    arena_bound: int
    stack: int
    outputs: bytes
    classes: dict
    calls: list
    functions: list  # (instructions, name), most first


def plugin(builder):
    """The plugin, built when it is not there."""
    source = ROOT / "tools" / "bench.d" / "count.c"
    library = builder.cache / "count.so"
    with _plugin_lock:
        if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
            run(["cc", "-std=gnu11", "-O2", "-shared", "-fPIC", "-o", library, source])
    return library


def measure(builder, workload, kind, target_name):
    image = builder.image(workload, kind, target_name)
    emulator = image.target["emulator"]
    start, size = next((a, s) for a, s, name in image.symbols if name == "bench_run")
    counts = image.folder / "counts.txt"
    outputs = image.folder / "outputs.bin"
    for old in (counts, outputs):
        old.unlink(missing_ok=True)
    text = run_emulator([emulator["qemu"], "-M", emulator["machine"], *emulator["args"], "-plugin",
                         f"{plugin(builder)},out=counts.txt,run={start:x}:{start + size:x}", "-kernel", image.elf], image.folder)
    line = re.search(r"tmb: samples=1 instructions=(\d+) .* stack=(\d+) status=0", text)
    if not line:
        raise BenchError(f"the image did not run to its end: {text.strip()[:200]}")
    report = image.report
    total, cycles, classes, calls, functions = read_counts(counts.read_text(), image)
    instructions = int(line.group(1))
    # Two ways of counting: the board's timer, which sees the call of the run function too, and the plugin.
    if abs(instructions - total) > 16:
        raise BenchError(f"the timer counts {instructions} instructions, the plugin {total}")
    return Measurement(workload.name, kind, target_name, report["macs"], instructions, cycles, report["flash"]["total"],
                       report["flash"]["weights"], image.text_bytes, report["ram"]["arena"], report["ram"]["lower_bound"],
                       int(line.group(2)), outputs.read_bytes(), classes, calls, functions)


def run_emulator(command, folder):
    import subprocess
    try:
        done = subprocess.run([str(c) for c in command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=900, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise BenchError(f"{command[0]} is not installed; tools/setup installs it") from None
    except subprocess.TimeoutExpired:
        raise BenchError("the model hangs on the emulator") from None
    return done.stdout


def read_counts(text, image):
    total = cycles = 0
    classes, calls, functions = {}, [], collections.Counter()
    starts = [s[0] for s in image.symbols]

    def name_of(address):
        at = bisect.bisect_right(starts, address) - 1
        return image.symbols[at][2] if at >= 0 and address < sum(image.symbols[at][:2]) else hex(address)

    for line in text.splitlines():
        what, *fields = line.split()
        if what == "run":
            total, cycles = int(fields[0]), int(fields[1])
        elif what == "class":
            classes[fields[0]] = int(fields[1])
        elif what == "call":
            calls.append(Call("", name_of(int(fields[0], 16)), 0, int(fields[1]), int(fields[2])))
        elif what == "block":
            functions[name_of(int(fields[0], 16))] += int(fields[2]) * int(fields[3])
    # Calls come in the order of the report's layers; some layers are no calls of kernels.
    kernels = [c for c in calls if c.kernel.startswith("tmb_")]
    layers = [layer for layer in image.report["layers"] if layer.get("kernel")]
    if len(kernels) == len(layers):
        for call, layer in zip(kernels, layers):
            call.layer, call.macs = layer["name"], layer["macs"]
    return total, cycles, classes, calls, [(n, name) for name, n in functions.most_common()]
