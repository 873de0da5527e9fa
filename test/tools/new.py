# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes skeletons with tools/new in a copy of the sources and compiles what it made: new.py BUILD FOLDER."""
import json
import pathlib
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def new(copy, *arguments, fails=None):
    result = subprocess.run([sys.executable, ROOT / "tools" / "new", "--root", copy, *arguments], capture_output=True, text=True)
    if (result.returncode != 0) != bool(fails) or (fails or "") not in result.stderr:
        sys.exit(f"FAILED: tools/new {' '.join(arguments)}: exit code {result.returncode}\n{result.stdout}{result.stderr}")


def compile_like(build, copy, model, source):
    """Checks the syntax of `source` in the copy with the command that compiles the file `model`."""
    commands = json.loads((build / "compile_commands.json").read_text())
    command = next(entry["command"] for entry in commands if entry["file"].endswith("/" + model))
    words = [word for word in shlex.split(command) if word != "ccache"]
    words = words[:words.index("-o")] + ["-fsyntax-only", "-I" + str(copy), "-c", str(copy / source)]
    words.insert(1, "-I" + str(copy))
    result = subprocess.run(words, capture_output=True, text=True, cwd=build)
    if result.returncode != 0:
        sys.exit(f"FAILED: {source}:\n{result.stderr[:3000]}")


def main():
    build, copy = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    shutil.rmtree(copy, ignore_errors=True)
    for folder in ("passes/legalize", "passes/simplify"):
        shutil.copytree(ROOT / folder, copy / folder)
        (copy / "test" / folder).mkdir(parents=True)
    new(copy, "op", "com.example.FrobnicateTwice")
    new(copy, "pass", "simplify", "FoldFrobnication")
    new(copy, "op", "Relu", fails="there is a handler of Relu already")
    new(copy, "op", "frobnicate", fails="is no name in CamelCase")
    new(copy, "op", "com.example.FrobnicateTwice", fails="already")
    compile_like(build, copy, "passes/legalize/handlers/Constant.cpp", "passes/legalize/handlers/FrobnicateTwice.cpp")
    compile_like(build, copy, "passes/legalize/Registry.cpp", "passes/legalize/Registry.cpp")

    table = copy / "passes" / "simplify" / "Passes.td"
    generated = copy / "passes" / "simplify" / "Passes.h.inc"
    subprocess.run(["mlir-tblgen", "-gen-pass-decls", "-name=simplify", "-I/usr/lib/llvm-19/include", table, "-o", generated], check=True)
    compile_like(build, copy, "passes/simplify/SinkReshapes.cpp", "passes/simplify/FoldFrobnication.cpp")
    for path in ("passes/legalize/CMakeLists.txt", "passes/simplify/CMakeLists.txt"):
        name = "handlers/FrobnicateTwice.cpp" if "legalize" in path else "FoldFrobnication.cpp"
        if name not in (copy / path).read_text():
            sys.exit(f"FAILED: {path} lacks {name}")
    print("skeletons compile")


if __name__ == "__main__":
    main()
