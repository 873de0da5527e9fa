# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles one form of a case to C, builds it for this computer, runs it on the case's data and compares the outputs."""
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import numpy

import suite

RTOL, ATOL = 1e-3, 1e-7
# As generated CMake files do it, and with every warning an error: generated C has none.
STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
FLAGS = ["-O1", "-ffp-contract=off", "-fno-math-errno"]
SANITIZE = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
TIMEOUT = 60

# What came of a case: one of pass, adapted (passes in a changed form), wrong, refused, c-error (the C does not compile), crash;
# and what there is to say about it.
Result = collections.namedtuple("Result", "name operators status reason")


class Stop(Exception):
    """Ends a trial with a status and a reason."""

    def __init__(self, status, reason):
        super().__init__(status, reason)
        self.status, self.reason = status, reason


class Tools:
    """A private copy of the compiler, so that a rebuild meanwhile does no harm, and objects of the runtime, compiled once."""

    def __init__(self, root, folder, options):
        self.thimble = folder / "thimble"
        self.cc = options.cc
        shutil.copy2(options.thimble, self.thimble)
        self.environment = dict(os.environ, THIMBLE_HOME=str(root), LC_ALL="C.UTF-8")
        self.objects = folder / "objects"
        self.objects.mkdir()
        self.flags = FLAGS + (SANITIZE if options.sanitize else [])

    def object_of(self, source, includes):
        """The object of a file that is the same in all output folders."""
        built = self.objects / (source.stem + ".o")
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
            lines = [line for line in result.stderr.splitlines() if "error" in line or "undefined" in line] or ["no message"]
            raise Stop("c-error", re.sub(r"^\S*/", "", lines[0]))


def compile_form(tools, form, folder):
    """Compiles to C in `folder`/c and returns the report; raises Stop."""
    (folder / "model.onnx").write_bytes(form.model)
    command = [tools.thimble, "compile", "model.onnx", "--target", "host", "--quantize", "none", "-o", "c", "--format", "json", "-q"]
    for name, shape in form.shapes.items():
        command += ["--input-shape", f"{name}={'x'.join(map(str, shape))}"]
    try:
        result = subprocess.run(command, cwd=folder, env=tools.environment, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise Stop("crash", f"the compiler takes more than {TIMEOUT} seconds") from None
    text = result.stderr.decode(errors="replace")
    errors = [line.partition("error: ")[2] for line in text.splitlines() if "error: " in line]
    if result.returncode == 2 and errors:
        raise Stop("refused", "; ".join(errors))
    if result.returncode != 0:
        raise Stop("crash", f"the compiler ends with {result.returncode}: {' '.join(text.split())[-300:]}")
    return json.loads(result.stdout)


def build(tools, folder):
    """Builds the verification program of the output folder: the runtime from the cache, the rest strictly."""
    output = folder / "c"
    includes = ["-I", output, "-I", output / "runtime" / "include", "-I", output / "verify"]
    objects = [tools.object_of(source, includes) for source in sorted((output / "runtime" / "src").glob("*.c"))]
    objects.append(tools.object_of(output / "verify" / "host.c", includes))
    sources = [output / "model.c", output / "model_weights.c", output / "verify" / "model_verify.c"]
    program = folder / "program"
    tools.run_cc([*tools.flags, *STRICT, *includes, *sources, *objects, "-lm", "-o", program])
    return program


def execute(program, folder, report, inputs):
    """Runs the program on one sample and returns its outputs as arrays."""
    sample = b""
    for port in report["inputs"]:
        array = inputs.get(port["name"])
        if array is None:
            raise Stop("crash", f"the compiled model has an input '{port['name']}' that the model does not have")
        check_port("input", port, array)
        sample += array.tobytes()
    (folder / "inputs.bin").write_bytes(sample)
    try:
        result = subprocess.run([program], cwd=folder, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise Stop("crash", f"the compiled model takes more than {TIMEOUT} seconds") from None
    if result.returncode != 0:
        lines = [line for line in result.stderr.decode(errors="replace").splitlines() if "rror" in line or "status" in line]
        raise Stop("crash", f"the compiled model ends with {result.returncode}: {lines[0] if lines else ''}")
    return (folder / "outputs.bin").read_bytes()


def check_port(kind, port, array):
    """The compiled model's port has the type and shape of the data."""
    if port["type"] != suite.type_name(array) or port["shape"] != list(array.shape):
        raise Stop("wrong", f"{kind} '{port['name']}' is {port['type']} {port['shape']} instead of "
                   f"{suite.type_name(array)} {list(array.shape)}")


def compare(report, raw, expected):
    """Compares outputs.bin with the arrays that the suite expects."""
    if len(report["outputs"]) != len(expected):
        raise Stop("wrong", f"{len(report['outputs'])} outputs instead of {len(expected)}")
    at = 0
    for port, reference in zip(report["outputs"], expected):
        check_port("output", port, reference)
        actual = numpy.frombuffer(raw[at:at + port["bytes"]], reference.dtype).reshape(reference.shape)
        at += port["bytes"]
        if reference.dtype.kind == "f":
            close = numpy.isclose(actual, reference, rtol=RTOL, atol=ATOL, equal_nan=True)
        else:
            close = actual == reference
        if not close.all():
            where = tuple(int(i) for i in numpy.argwhere(~close)[0])
            raise Stop("wrong", f"output '{port['name']}': {(~close).sum()} of {close.size} elements differ; "
                       f"at {list(where)} {actual[where]} instead of {reference[where]}")


def try_form(tools, form, data, folder):
    """Compiles, builds, runs and compares one form; raises Stop unless all is well."""
    report = compile_form(tools, form, folder)
    program = build(tools, folder)
    for inputs, outputs in data:
        kept = {name: array for name, array in inputs.items() if name in form.inputs}
        compare(report, execute(program, folder, report, kept), outputs)


def try_unreadable(tools, case, reason, scratch):
    """A case whose data are sequences or optionals: nothing can be fed to C, so the compiler must refuse it."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
    try:
        compile_form(tools, suite.make_form(case.model, {}, (), ""), folder)
    except Stop as stop:
        return Result(case.name, case.operators(), stop.status, stop.reason)
    finally:
        shutil.rmtree(folder)
    return Result(case.name, case.operators(), "wrong", f"compiled, although {reason}")


def try_case(tools, path, scratch):
    """The result of a case: that of the first form which is not refused."""
    case = suite.Case(path)
    name, operators = case.name, case.operators()
    try:
        data = case.data_sets()
    except suite.Unreadable as error:
        return try_unreadable(tools, case, str(error), scratch)
    refused = None
    for form in case.forms(data[0][0]):
        folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        try:
            try_form(tools, form, data, folder)
        except Stop as stop:
            if stop.status != "refused":
                reason = stop.reason if not form.change else f"{stop.reason} ({form.change})"
                return Result(name, operators, stop.status, reason)
            refused = stop
        else:
            return Result(name, operators, "adapted" if form.change else "pass", form.change)
        finally:
            shutil.rmtree(folder)
    return Result(name, operators, "refused", refused.reason)
