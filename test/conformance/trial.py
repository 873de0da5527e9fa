# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a case to C, builds it, runs it on the case's data and compares the outputs."""
import collections
import json
import pathlib
import shutil
import subprocess
import tempfile

import numpy

import suite
from machine import TIMEOUT, Stop

RTOL, ATOL = 1e-3, 1e-7
BFLOAT16_RTOL = 2.0**-7  # one unit in the last place: the suite cuts bits off where Thimble rounds to nearest

# What came of a case: one of pass, bound (passes with inputs as constants), random (elements differ, as they must), wrong, refused, c-error (the C does not compile),
# crash; and what there is to say about it.
Result = collections.namedtuple("Result", "name operators status reason")


def compile_case(machine, case, inputs, folder):
    """Compiles to C in `folder`/c and returns the report; raises Stop."""
    (folder / "model.onnx").write_bytes(case.model_bytes)
    command = [machine.thimble, "compile", "model.onnx", "--target", machine.name, "--quantize", "none", "-o", "c",
               "--format", "json", "-q", *case.options(inputs, folder)]
    try:
        result = subprocess.run(command, cwd=folder, env=machine.environment, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise Stop("crash", f"the compiler takes more than {TIMEOUT} seconds") from None
    text = result.stderr.decode(errors="replace")
    errors = [line.partition("error: ")[2] for line in text.splitlines() if "error: " in line]
    if result.returncode == 2 and errors:
        raise Stop("refused", "; ".join(errors))
    if result.returncode != 0:
        raise Stop("crash", f"the compiler ends with {result.returncode}: {' '.join(text.split())[-300:]}")
    return json.loads(result.stdout)


def execute(machine, folder, report, inputs):
    """Runs the program on one sample and returns the bytes of its outputs."""
    sample = b""
    for port in report["inputs"]:
        array = inputs.get(port["name"])
        if array is None:
            raise Stop("crash", f"the compiled model has an input '{port['name']}' that the model does not have")
        check_port("input", port, array)
        sample += array.tobytes()
    (folder / "inputs.bin").write_bytes(sample)
    return machine.run(folder)


def check_port(kind, port, array):
    """The compiled model's port has the type and shape of the data."""
    if port["type"] != suite.type_name(array) or port["shape"] != list(array.shape):
        raise Stop("wrong", f"{kind} '{port['name']}' is {port['type']} {port['shape']} instead of "
                   f"{suite.type_name(array)} {list(array.shape)}")


def as_numbers(array):
    """Floats of 16 bits as numbers that can be compared."""
    if isinstance(array, suite.BFloat16):
        return (array.astype(numpy.uint32) << 16).view(numpy.float32)
    return array.astype(numpy.float32) if array.dtype == numpy.float16 else array


def cut_to_sizes(ports, raw):
    """(port, bytes) of each output but the sizes that depend on data: what has such a size is cut to it."""
    parts, at = [], 0
    for port in ports:
        parts.append(raw[at:at + port["bytes"]])
        at += port["bytes"]
    sizes = {port["bound"]["size_output"] for port in ports if "bound" in port}
    for index, (port, part) in enumerate(zip(ports, parts)):
        if index in sizes:
            continue
        if "bound" in port:
            dimension = port["bound"]["dimension"]
            size = int(numpy.frombuffer(parts[port["bound"]["size_output"]], numpy.int64)[0])
            elements = numpy.frombuffer(part, numpy.uint8).reshape(*port["shape"], -1)
            part = elements.take(range(size), axis=dimension).tobytes()
            port = dict(port, shape=port["shape"][:dimension] + [size] + port["shape"][dimension + 1:])
        yield port, part


def compare(report, raw, expected, difference):
    """Compares outputs.bin with the arrays that the suite expects; `difference` is the status if the elements differ."""
    outputs = list(cut_to_sizes(report["outputs"], raw))
    if len(outputs) != len(expected):
        raise Stop("wrong", f"{len(outputs)} outputs instead of {len(expected)}")
    for (port, part), reference in zip(outputs, expected.values()):
        check_port("output", port, reference)
        actual = numpy.frombuffer(part, reference.dtype).reshape(reference.shape)
        rtol = RTOL
        if isinstance(reference, suite.BFloat16):
            actual, rtol = actual.view(suite.BFloat16), BFLOAT16_RTOL
        actual, reference = as_numbers(actual), as_numbers(reference)
        if reference.dtype.kind == "f":
            close = numpy.isclose(actual, reference, rtol=rtol, atol=ATOL, equal_nan=True)
        else:
            close = actual == reference
        if not close.all():
            where = tuple(int(i) for i in numpy.argwhere(~close)[0])
            raise Stop(difference, f"output '{port['name']}': {(~close).sum()} of {close.size} elements differ; "
                       f"at {list(where)} {actual[where]} instead of {reference[where]}")


def try_data(machine, case, folder):
    """Compiles, builds, runs and compares; raises Stop unless all is well."""
    try:
        data = case.data_sets()
    except suite.Unreadable as error:  # nothing can be fed to C, so the compiler must refuse it
        compile_case(machine, case, {value.name: numpy.zeros(()) for value in case.fed_inputs()}, folder)
        raise Stop("wrong", f"compiled, although {error}") from None
    report = compile_case(machine, case, data[0][0], folder)
    machine.build(folder)
    for inputs, outputs in data:
        free = suite.flatten((name, value) for name, value in inputs.items() if name not in case.bound["inputs"])
        expected = suite.flatten((port.name, value) for port, value in zip(case.model.graph.output, outputs))
        compare(report, execute(machine, folder, report, free), expected, "random" if case.is_random() else "wrong")


def try_case(machine, path, scratch):
    """The result of a case."""
    case = suite.Case(path)
    folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
    try:
        try_data(machine, case, folder)
    except Stop as stop:
        reason = "the numbers are random by definition" if stop.status == "random" else stop.reason
        return Result(case.name, case.operators(), stop.status, reason)
    finally:
        shutil.rmtree(folder)
    status = "bound" if case.bound["inputs"] else "pass"
    return Result(case.name, case.operators(), status, case.bound.get("reason", ""))
