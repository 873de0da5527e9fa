# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the scripts of this folder share: programs that must succeed, and conditions that must hold, else the test ends."""
import subprocess
import sys


def call(words, expected, **options):
    result = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    if result.returncode != expected:
        sys.exit(f"{' '.join(map(str, words))}\nexit code {result.returncode} instead of {expected}\n{result.stdout}{result.stderr}")
    return result


def command(*words, cwd=None, expected=0):
    """Runs a program and returns what it printed; ends the test if its exit code is another one."""
    result = call(words, expected, cwd=cwd, timeout=300)
    return result.stdout + result.stderr


def thimble(*words, expected=0):
    """The same for thimble, without a limit of time; returns stdout alone."""
    return call(["thimble", *words], expected).stdout


def check(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")
