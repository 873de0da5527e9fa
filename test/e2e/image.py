# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds a main() with the output folders of one or several models, for this computer or a target, and runs it there."""
import json
import pathlib

from commands import command

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "runtime-mcu"
WARNINGS = "-std=c99 -pedantic -Wall -Wextra -Wconversion -Wundef -Werror -O2 -ffp-contract=off -fno-math-errno".split()


def sources_of(folders, is_for_host):
    """The models' own sources and each kernel once; on this computer the portable twins of kernels for a target's instructions."""
    kernels, sources = {}, []
    for folder in folders:
        name = json.loads((folder / "report.json").read_text())["model"]
        sources += [folder / f"{name}.c", folder / f"{name}_weights.c"]
        for file in sorted((folder / "runtime" / "src").glob("*.c")):
            kernels.setdefault(file.name, file)
    if is_for_host:
        kernels = {name: RUNTIME / "src" / "kernels" / name for name in kernels}
    return sources + list(kernels.values())


def run_image(main, folders, work, target=None, options=(), expected=0, flash=None):
    """Text that the program prints; `target` is the name of one with an emulator, or None for this computer."""
    includes = [word for folder in folders for word in ("-I", folder, "-I", folder / "runtime" / "include")]
    includes += ["-I", RUNTIME / "port" / "harness"]
    if target is None:
        folders = [pathlib.Path(folder) for folder in folders]
        command("cc", *WARNINGS, *options, *includes, "-I", RUNTIME / "src" / "kernels", main, *sources_of(folders, True),
                RUNTIME / "port" / "harness" / "host.c", "-lm", "-o", work / "host")
        return command(work / "host", cwd=work, expected=expected)
    described = json.loads((ROOT / "codegen" / "targets" / f"{target}.json").read_text())
    emulator, flash, ram = described["emulator"], flash or described["flash"][0]["bytes"], described["ram"][0]["bytes"]
    vectors = f"_vectors_origin = {emulator['vectors_origin']};\n" if "vectors_origin" in emulator else ""
    (work / "memory.ld").write_text(f"MEMORY {{ FLASH (rx) : ORIGIN = {emulator['flash_origin']}, LENGTH = {flash}\n"
                                    f"RAM (rwx) : ORIGIN = {emulator['ram_origin']}, LENGTH = {ram} }}\n_stack_size = 8192;\n{vectors}")
    ports = [RUNTIME / "port" / port for port in emulator["port"]]
    command(described["compiler"], *WARNINGS, *options, "-ffunction-sections", "-fdata-sections", *described["flags"], *includes, main,
            *sources_of(folders, False), *sorted(file for port in ports for file in port.glob("*.c")), *emulator["link_flags"], "-T",
            "link.ld", "-L", ports[0], "-L", work, "-lm", "-o", work / "image.elf", cwd=work)
    return command(emulator["qemu"], "-M", emulator["machine"], *emulator["args"], "-kernel", work / "image.elf", cwd=work,
                   expected=expected)
