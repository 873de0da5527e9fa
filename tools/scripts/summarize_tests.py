# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds up the results of the unit tests (JUnit files) and of lit (JSON) in a folder, and prints one closing line."""
import json
import pathlib
import sys
import xml.etree.ElementTree as xml


def unit_results(path):
    """(passed, failed, names of what failed) of a JUnit file."""
    passed, failures = 0, []
    for case in xml.parse(path).getroot().iter("testcase"):
        if case.find("failure") is None and case.find("error") is None:
            passed += 1
        else:
            failures.append(case.get("name", "?"))
    return passed, failures


def lit_results(path):
    """(passed, failed names, skipped names) of lit's JSON output."""
    passed, failures, skipped = 0, [], []
    for test in json.loads(path.read_text())["tests"]:
        code = test["code"]
        if code in ("PASS", "XFAIL", "FLAKYPASS"):
            passed += 1
        elif code in ("UNSUPPORTED", "SKIPPED", "EXCLUDED"):
            skipped.append(test["name"])
        else:
            failures.append(test["name"])
    return passed, failures, skipped


def main():
    folder = pathlib.Path(sys.argv[1])
    passed, failures, skipped = 0, [], []
    for path in sorted(folder.glob("unit*.xml")):
        count, failed = unit_results(path)
        passed += count
        failures += failed
    if (folder / "lit.json").exists():
        count, failed, skipped = lit_results(folder / "lit.json")
        passed += count
        failures += failed
    for name in skipped:
        print(f"skipped: {name}")
    for name in failures:
        print(f"FAILED: {name}")
    print(f"{passed} passed, {len(failures)} failed, {len(skipped)} skipped")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
