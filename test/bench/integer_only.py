# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Disassembles models of int8, and of int16 activations, as they are built for Cortex-M4: there is no instruction of the
floating-point unit and no call of libm or of float emulation. Then runs them: of a thousand executed instructions at most one
divides, so no inner loop does.

  integer_only.py [MODEL...]       names as tools/bench has them; all of the project and of ../shared/models by default
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools" / "bench.d"))

import build
import measure
import workloads

DIVISIONS_IN_THOUSAND = 1

# Of the C libraries, generated code and kernels may call these: bytes, and integers that the core cannot divide or multiply.
ALLOWED = re.compile(r"^(tmb_|bench_|mem(cpy|set|move|cmp)$|__aeabi_(mem|u?idiv|u?ldiv|lmul|llsl|llsr|lasr|ulcmp|lcmp))")


def functions(elf):
    """Instructions of each function: name, [(address, mnemonic, operands)]."""
    name, body = None, []
    for line in build.run(["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", elf]).splitlines():
        start = re.match(r"^[0-9a-f]+ <(\S+)>:$", line)
        if start:
            if name:
                yield name, body
            name, body = start.group(1), []
            continue
        fields = line.split("\t")
        if len(fields) >= 2 and re.match(r"^\s*[0-9a-f]+:$", fields[0]):
            body.append((int(fields[0].strip()[:-1], 16), fields[1].strip(), fields[2] if len(fields) > 2 else ""))
    if name:
        yield name, body


def problems(image, objects):
    own = set()
    for made in objects:
        for line in build.run(["arm-none-eabi-nm", made]).splitlines():
            kind, name = line.split()[-2:]
            if kind == "U" and not ALLOWED.match(name):
                yield f"{made.name} calls {name}"
            elif kind in "tT":
                own.add(name)
    for name, body in functions(image.elf):
        if name not in own:
            continue
        for address, mnemonic, operands in body:
            if mnemonic.startswith("v"):
                yield f"{name} has {mnemonic} {operands}"


def main(wanted):
    builder = build.Builder(ROOT / "build", ROOT / "build" / "bin" / "thimble")
    failed = 0
    chosen = [w for w in workloads.models() if not wanted or w.name in wanted]
    for workload, kind in [(w, k) for w in chosen for k in ("int8", "int16")]:
        name = workload.name if kind == "int8" else f"{workload.name} {kind}"
        try:
            image = builder.image(workload, kind, "cortex-m4")
        except build.BenchError as error:
            print(f"{name}: not built: {error}")
            continue
        found = sorted(set(problems(image, image.own_objects)))
        classes = measure.measure(builder, workload, kind, "cortex-m4").classes
        if classes["divide"] * 1000 > sum(classes.values()) * DIVISIONS_IN_THOUSAND:
            found.append(f"{classes['divide']} divisions in {sum(classes.values())} instructions")
        print(f"{name}: {'integers only' if not found else '; '.join(found[:10])}")
        failed += bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
