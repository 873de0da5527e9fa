# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The machines that the generated C is built for and run on: this computer, or an emulated target of codegen/targets."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

# As generated CMake files do it, and with every warning an error: generated C has none.
STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
FLAGS = ["-O1", "-ffp-contract=off", "-fno-math-errno"]
SANITIZE = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
STACK = 16384  # bytes, on an emulated target
TIMEOUT = 60


class Stop(Exception):
    """Ends a trial with a status and a reason."""

    def __init__(self, status, reason):
        super().__init__(status, reason)
        self.status, self.reason = status, reason


class Machine:
    """A private copy of the compiler, so that a rebuild meanwhile does no harm, and objects of the runtime, compiled once."""

    def __init__(self, root, folder, options):
        self.root, self.name = root, options.target
        self.thimble = folder / "thimble"
        shutil.copy2(options.thimble, self.thimble)
        self.environment = dict(os.environ, THIMBLE_HOME=str(root), LC_ALL="C.UTF-8")
        self.objects = folder / "objects"
        self.objects.mkdir()
        self.flags = FLAGS + (SANITIZE if options.sanitize else [])
        self.cc, self.emulator, self.link = options.cc, None, ["-lm"]
        if self.name != "host":
            self.use_target(json.loads((root / "codegen" / "targets" / f"{self.name}.json").read_text()), folder)

    def use_target(self, target, folder):
        """Builds for an emulated target instead, with a linker script that has its flash and RAM."""
        self.cc, self.emulator = target["compiler"], target["emulator"]
        self.flags = [*FLAGS, "-ffunction-sections", "-fdata-sections", *target["flags"]]
        flash, ram = target["flash"][0]["bytes"], target["ram"][0]["bytes"]
        text = (f"MEMORY {{ FLASH (rx) : ORIGIN = {self.emulator['flash_origin']}, LENGTH = {flash}\n"
                f"         RAM (rwx) : ORIGIN = {self.emulator['ram_origin']}, LENGTH = {ram} }}\n_stack_size = {STACK};\n")
        if "vectors_origin" in self.emulator:
            text += f"_vectors_origin = {self.emulator['vectors_origin']};\n"
        (folder / "memory.ld").write_text(text)
        port = self.root / "runtime-mcu" / "port" / self.emulator["port"][0]
        self.link = [*self.emulator["link_flags"], "-T", "link.ld", "-L", port, "-L", folder, "-lm"]

    def object_of(self, source, includes):
        """The object of a file that is the same in all output folders."""
        key = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
        built = self.objects / f"{source.stem}-{key}.o"
        if not built.exists():
            with tempfile.TemporaryDirectory(dir=self.objects) as temporary:  # two processes may do the same; the last one wins
                fresh = pathlib.Path(temporary) / built.name
                self.run_cc(["-c", source, "-o", fresh, *self.flags, "-std=c99", *includes])
                fresh.replace(built)
        return built

    def run_cc(self, arguments):
        """Calls the C compiler; a message is a failure of the case."""
        result = subprocess.run([self.cc, *map(str, arguments)], capture_output=True, text=True, timeout=TIMEOUT, check=False)
        if result.returncode != 0:
            lines = [line for line in result.stderr.splitlines() if re.search("error|undefined|overflowed|do not fit", line)]
            raise Stop("c-error", re.sub(r"^\S*/", "", (lines or ["no message"])[0]))

    def build(self, folder):
        """Builds the verification program of an output folder `folder`/c: the runtime from the cache, the rest strictly."""
        output = folder / "c"
        includes = ["-I", output, "-I", output / "runtime" / "include", "-I", output / "verify"]
        sources = sorted((output / "runtime" / "src").glob("*.c"))
        if self.emulator:
            for port in self.emulator["port"]:
                sources += sorted((self.root / "runtime-mcu" / "port" / port).glob("*.c"))
        else:
            sources.append(output / "verify" / "host.c")
        objects = [self.object_of(source, includes) for source in sources]
        own = [output / "model.c", output / "model_weights.c", output / "verify" / "model_verify.c"]
        self.run_cc([*self.flags, *STRICT, *includes, *own, *objects, *self.link, "-o", folder / "program"])

    def run(self, folder):
        """Runs the program in `folder`, where inputs.bin is."""
        command = [folder / "program"]
        if self.emulator:
            command = [self.emulator["qemu"], "-M", self.emulator["machine"], *self.emulator["args"], "-kernel", "program"]
        try:
            result = subprocess.run(command, cwd=folder, capture_output=True, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            raise Stop("crash", f"the compiled model takes more than {TIMEOUT} seconds") from None
        if result.returncode != 0:
            text = (result.stdout + result.stderr).decode(errors="replace")
            lines = [line for line in text.splitlines() if "rror" in line or "status" in line or "fault" in line.lower()]
            raise Stop("crash", f"the compiled model ends with {result.returncode}: {lines[0] if lines else ''}")
        return (folder / "outputs.bin").read_bytes()
