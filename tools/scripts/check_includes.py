# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks rules that no compiler checks: the direction of includes, licence headers, the length of files."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Each room may include itself and those before it.
ORDER = ["runtime-mcu", "compiler/support", "dialects", "codegen/kernels", "compiler/execute", "compiler/data", "passes", "codegen",
         "compiler", "tools"]
MAX_LINES = 600


def room_of(path):
    """The most specific room that `path` lies in."""
    matches = [room for room in ORDER if path == room or path.startswith(room + "/")]
    return max(matches, key=len) if matches else None


def problems_of(path, name):
    text = path.read_text(errors="replace")
    lines = text.splitlines()
    if "SPDX-License-Identifier" not in "\n".join(lines[:3]):
        yield f"{name}: no SPDX line at the top"
    if len(lines) > MAX_LINES:
        yield f"{name}: {len(lines)} lines; a file has one job and at most {MAX_LINES}"
    room = room_of(name)
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#include [<"]([^>"]+)[>"]', line)
        if not match:
            continue
        included = match.group(1)
        if included.startswith(("onnx/", "google/protobuf")) and not name.startswith("compiler/import/"):
            yield f"{name}:{number}: only compiler/import may see {included}"
        target = room_of("runtime-mcu/include/" + included if included.startswith("thimble/") else included)
        if room and target and ORDER.index(target) > ORDER.index(room):
            yield f"{name}:{number}: {room} must not include {target}: {included}"
        if room == "runtime-mcu" and name.startswith("runtime-mcu/src/") and "/" not in included and included not in (
                "stdint.h", "stddef.h", "string.h", "math.h") and not included.startswith("tmb_") and not (
                included == "arm_mve.h" and "/arch/armv81m_mve/" in name):
            yield f"{name}:{number}: kernels may not include {included}"
        if name.startswith("passes/") and re.search(r"\bStatistic<", line):
            yield f"{name}:{number}: Statistic<> has another layout in Debian's LLVM"


def main():
    found = []
    for folder in ("runtime-mcu", "dialects", "codegen", "passes", "compiler", "tools", "test"):
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in (".cpp", ".h", ".c", ".td"):
                found += problems_of(path, name)
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
