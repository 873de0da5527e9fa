# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measurements as tables, as JSON, and compared with what is expected."""
import hashlib
import json

TOLERANCE = 0.02  # of the expected instructions


def millions(count):
    return f"{count / 1e6:.3f} M" if count >= 1e5 else f"{count:,}"


def columns(rows):
    """Text columns; the first is left-aligned."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]
        yield "  ".join(cells).rstrip()


def model_table(measurements, peers):
    rows = [["model", "type", "core", "instructions", "/MAC", "M4 cycles", "flash", ".text", "arena", "bound", "stack", "x TFLM",
             "arena x"]]
    for m in measurements:
        peer = peers["models"].get(m.workload, {}) if m.kind == "int8" else {}
        count = peer.get(m.target)
        rows.append([m.workload, m.kind, m.target, millions(m.instructions), f"{m.instructions / m.macs:.2f}" if m.macs else "-",
                     millions(m.cycles) if m.target == "cortex-m4" else "", f"{m.flash:,}", f"{m.text:,}", f"{m.arena:,}",
                     f"{m.arena_bound:,}", f"{m.stack:,}", f"{m.instructions / count:.2f}" if count else "",
                     f"{m.arena / peer['arena']:.2f}" if "arena" in peer else ""])
    return "\n".join(columns(rows))


def layer_table(measurements, peers, workloads):
    rows = [["layer", "type", "core", "instructions", "per", "unit", "M4 cycles", "CMSIS-NN", "ratio"]]
    for m in measurements:
        units, unit = (m.macs, "MAC") if m.macs else (workloads[m.workload].elements, "element")
        peer = peers["layers"].get(m.workload, {}).get(m.target) if m.kind == "int8" else None
        each = m.instructions / units
        rows.append([m.workload, m.kind, m.target, f"{m.instructions:,}", f"{each:.3f}", unit,
                     f"{m.cycles / units:.3f}" if m.target == "cortex-m4" else "", f"{peer:.2f}" if peer else "",
                     f"{each / peer:.2f}" if peer else ""])
    return "\n".join(columns(rows))


def call_table(measurement):
    rows = [[f"{measurement.workload} {measurement.kind} {measurement.target}", "kernel", "instructions", "share", "/MAC"]]
    for call in measurement.calls:
        rows.append([call.layer or "-", call.kernel, f"{call.instructions:,}", f"{100 * call.instructions / measurement.instructions:.1f} %",
                     f"{call.instructions / call.macs:.3f}" if call.macs else ""])
    return "\n".join(columns(rows))


def function_table(measurement, most=12):
    rows = [[f"{measurement.workload} {measurement.kind} {measurement.target}", "instructions", "share"]]
    for count, name in measurement.functions[:most]:
        rows.append([name, f"{count:,}", f"{100 * count / measurement.instructions:.1f} %"])
    return "\n".join(columns(rows))


def to_json(measurements, layers):
    def describe(m):
        return {"name": m.workload, "type": m.kind, "target": m.target, "macs": m.macs, "instructions": m.instructions,
                "m4_cycles": m.cycles if m.target == "cortex-m4" else None, "flash_bytes": m.flash, "weight_bytes": m.weights,
                "text_bytes": m.text, "arena_bytes": m.arena, "arena_bound_bytes": m.arena_bound, "stack_bytes": m.stack,
                "outputs_sha256": hashlib.sha256(m.outputs).hexdigest(), "classes": m.classes,
                "calls": [{"layer": c.layer, "kernel": c.kernel, "macs": c.macs, "instructions": c.instructions} for c in m.calls]}
    return {"schema_version": 1, "models": [describe(m) for m in measurements], "layers": [describe(m) for m in layers]}


def key(m):
    return f"{m.workload} {m.kind} {m.target}"


def check(expected, measurements, errors, present):
    """Problems, one line each. `errors` are those of measuring; `present` the names of workloads on this machine."""
    got = {key(m): m.instructions for m in measurements}
    problems = []
    for name, count in expected["instructions"].items():
        if name.split()[0] not in present:
            continue
        if name not in got:
            problems.append(f"{name}: not measured: {errors.get(name, 'not selected')}")
        elif got[name] > count * (1 + TOLERANCE):
            problems.append(f"{name}: {got[name]:,} instructions, {100 * (got[name] / count - 1):.1f} % more than the expected {count:,}")
    return problems


def improvements(expected, measurements):
    for m in measurements:
        count = expected["instructions"].get(key(m))
        if count and m.instructions < count * (1 - TOLERANCE):
            yield f"{key(m)}: {m.instructions:,} instructions instead of {count:,}"


def different_outputs(measurements):
    """Integer models must compute the same on every core, whatever kernels it has."""
    first = {}
    for m in measurements:
        if m.kind != "float32":
            other = first.setdefault((m.workload, m.kind), m)
            if other.outputs != m.outputs:
                yield f"{m.workload} {m.kind}: {m.target} computes something else than {other.target}"


def write_expected(path, expected, measurements):
    expected = {"about": "Instructions of one inference; tools/bench --update writes this file, --check compares with it",
                "instructions": {**expected.get("instructions", {}), **{key(m): m.instructions for m in measurements}}}
    expected["instructions"] = dict(sorted(expected["instructions"].items()))
    path.write_text(json.dumps(expected, indent=2) + "\n")
