# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the ONNX backend test suite (Debian's libonnx-testdata) through the compiler, the generated C and a C compiler.

Every case becomes C, is built, runs on the case's inputs, and its outputs are compared with the case's outputs (rtol 1e-3, atol
1e-7; whole numbers exactly). What should not simply pass is listed in expectations.json with its status and reason:

  wrong     other outputs than expected            refused   the compiler says why it cannot compile it
  c-error   the C does not compile                 crash     the compiler or its program ended in another way
  random    the operator's outputs are random by definition: it compiles and runs, and shapes and types are right

Cases of bound.json pass once the inputs that it lists are constants (`--bind`); they are counted as `bound`.

The run fails if a case has another status than listed (or is not listed and does not pass). Only the reason of a status may
change. `--update` rewrites the list; it keeps the reasons of cases whose status is `wrong` and stays so, for people to word.

`--target cortex-m4` builds for that target instead and runs the programs in its emulator; `--one-per-operator` chooses 200 cases
that should pass, the smallest ones of each operator.
"""
import argparse
import collections
import json
import multiprocessing
import os
import pathlib
import re
import sys
import tempfile
import time

import suite
import trial
from machine import Machine, Stop

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
EXPECTATIONS = HERE / "expectations.json"
SUMMARY = HERE / "summary.json"  # counts by folder and by operator of the last whole run with --update, for README
STATUSES = ("pass", "bound", "random", "wrong", "refused", "c-error", "crash")

worker = {}


def start_worker(machine, scratch):
    worker.update(machine=machine, scratch=scratch)


def work(path):
    """A result for any case: an error of the runner itself counts as a crash, and says so."""
    try:
        return trial.try_case(worker["machine"], path, worker["scratch"])
    except Stop as stop:
        return trial.Result(f"{path.parent.name}/{path.name}", ["?"], stop.status, stop.reason)
    except Exception as error:  # one case must not end the run of a thousand
        return trial.Result(f"{path.parent.name}/{path.name}", ["?"], "crash", f"runner: {type(error).__name__}: {error}")


def run_cases(options, paths):
    """The results in order, computed by `options.jobs` processes."""
    with tempfile.TemporaryDirectory(prefix="thimble-conformance-") as scratch:
        scratch = pathlib.Path(scratch)
        machine = Machine(ROOT, scratch, options)
        with multiprocessing.Pool(options.jobs, start_worker, (machine, scratch)) as pool:
            results = []
            for result in pool.imap(work, paths, chunksize=4):
                results.append(result)
                if sys.stderr.isatty():
                    print(f"\r{len(results)}/{len(paths)}", end="", file=sys.stderr, flush=True)
    return results


def print_table(title, rows):
    """One line a key with the counts of each status; `rows` maps keys to Counters."""
    width = max(map(len, [title, *rows]))
    print(f"{title:{width}}" + "".join(f"{status:>9}" for status in STATUSES) + f"{'all':>9}")
    for key, counts in rows.items():
        cells = "".join(f"{counts[status] or '.':>9}" for status in STATUSES)
        print(f"{key:{width}}{cells}{sum(counts.values()):>9}")
    print()


def count(results):
    """Counters of statuses by folder and by operator."""
    operators, folders = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    for result in results:
        folders[result.name.split("/")[0]][result.status] += 1
        for operator in result.operators:
            operators[operator][result.status] += 1
    folders["all"] = sum(folders.values(), collections.Counter())
    return folders, dict(sorted(operators.items()))


def print_tables(results):
    folders, operators = count(results)
    print_table("operator", operators)
    print_table("folder", folders)
    for result in results:
        if result.name in suite.CORRECTED:
            print(f"corrected: {result.name}: {suite.CORRECTED[result.name][1]}")
        if result.status == "bound":
            print(f"bound: {result.name}: {', '.join(suite.BOUND[result.name]['inputs'])}: {result.reason}")


def parse_expectation(line):
    """'status: reason' as a pair."""
    status, _, reason = line.partition(": ")
    return status, reason


def expected_status(name, expected):
    return "bound" if name in suite.BOUND else parse_expectation(expected.get(name, "pass: "))[0]


def choose_per_operator(paths, expected, least=200):
    """For each operator the smallest of the cases that should pass, then the next one of each until there are `least`; in order of
    folder and name."""
    cases = collections.defaultdict(list)
    for path in paths:
        name = f"{path.parent.name}/{path.name}"
        if expected_status(name, expected) != "pass":
            continue
        case = suite.Case(path)
        for operator in case.operators():
            cases[operator].append((len(case.model.graph.node), case.model.ByteSize(), path))
    chosen = set()
    for rank in range(len(paths)):
        for operator in sorted(cases):
            ordered = sorted(cases[operator])
            if rank < len(ordered) and (rank == 0 or len(chosen) < least):
                chosen.add(ordered[rank][2])
    return sorted(chosen, key=paths.index)


def compare_with_list(results, expected):
    """Prints each case whose status is not the listed one; returns how many there are."""
    count = 0
    for result in results:
        status = expected_status(result.name, expected)
        if status != result.status:
            print(f"UNEXPECTED {result.name}: {result.status} instead of {status}" + (f": {result.reason}" if result.reason else ""))
            count += 1
    return count


def shorten(text, length=200):
    text = " ".join(text.split())
    return text if len(text) <= length else text[:length - 3] + "..."


def update_list(results, expected):
    """Rewrites the list: entries of cases that did not run stay."""
    for result in results:
        status = expected_status(result.name, expected)
        if result.status in ("pass", "bound"):
            expected.pop(result.name, None)
        elif result.status != "wrong" or status != "wrong":
            expected[result.name] = f"{result.status}: {shorten(result.reason)}"
    EXPECTATIONS.write_text(json.dumps(dict(sorted(expected.items())), indent=0, ensure_ascii=False) + "\n")


def write_summary(results):
    """The counts of all cases."""
    summary = dict(zip(("folders", "operators"), count(results)))
    SUMMARY.write_text(json.dumps(summary, indent=1) + "\n")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="", metavar="REGEX", help="only cases whose folder/name matches")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth of these cases")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes (default: one a core)")
    parser.add_argument("--json", metavar="FILE", help="write all results to FILE")
    parser.add_argument("--update", action="store_true", help="rewrite expectations.json")
    parser.add_argument("--sanitize", action="store_true", help="build the C with the address and undefined-behaviour sanitizers")
    parser.add_argument("--cc", default="cc", metavar="COMMAND", help="the host C compiler (cc)")
    parser.add_argument("--target", default="host", metavar="NAME", help="a target of codegen/targets with an emulator (host)")
    parser.add_argument("--one-per-operator", action="store_true", help="only the smallest passing cases of each operator, 200 in all")
    parser.add_argument("--quiet", action="store_true", help="no tables")
    parser.add_argument("--thimble", default=ROOT / "build/bin/thimble", metavar="FILE", help="the compiler (build/bin/thimble)")
    return parser.parse_args()


def main():
    options = parse_arguments()
    pattern = re.compile(options.filter)
    expected = json.loads(EXPECTATIONS.read_text()) if EXPECTATIONS.exists() else {}
    paths = [path for path in suite.find_cases() if pattern.search(f"{path.parent.name}/{path.name}")]
    if options.one_per_operator:
        paths = choose_per_operator(paths, expected)
    paths = paths[::options.every]
    if not paths:
        sys.exit(f"no cases match; is libonnx-testdata installed ({suite.DATA})?")
    begin = time.monotonic()
    results = run_cases(options, paths)
    seconds = time.monotonic() - begin
    if not options.quiet:
        print_tables(results)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps([result._asdict() for result in results], indent=1) + "\n")
    if options.update:
        update_list(results, expected)
        if not (options.filter or options.one_per_operator or options.every > 1):
            write_summary(results)
        return 0
    unexpected = compare_with_list(results, expected)
    counts = collections.Counter(result.status for result in results)
    print(f"{len(results)} cases in {seconds:.0f} s: " + ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
          + f"; {unexpected} unexpected")
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
