# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Configuration of lit: where the tools are, and which optional material this machine has."""
import os
import shutil

import lit.formats

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = lit_config.params.get("build", os.path.join(root, "build"))
models = os.environ.get("THIMBLE_SHARED_MODELS", os.path.join(root, "..", "shared", "models"))

config.name = "Thimble"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".mlir", ".test", ".onnxtext"]
config.excludes = ["unit", "damaged", "Inputs", "CMakeLists.txt"]
config.test_source_root = os.path.join(root, "test")
config.test_exec_root = os.path.join(build, "test-output")
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(build, "bin"), "/usr/lib/llvm-19/bin", "/usr/bin", os.environ.get("PATH", "")])
config.environment["LC_ALL"] = "C.UTF-8"

config.substitutions += [
    ("%root", root),
    ("%build", build),
    ("%ours", os.path.join(root, "models")),
    ("%shared", os.path.abspath(models)),
    ("%python", "/usr/bin/python3"),
]

# Measured models that are not part of the project; tests that need them are reported as unsupported without them.
if os.path.isdir(models):
    config.available_features.add("shared-models")
if shutil.which("arm-none-eabi-gcc") and shutil.which("qemu-system-arm"):
    config.available_features.add("emulator")
if shutil.which("chromium"):
    config.available_features.add("browser")
if shutil.which("valgrind"):
    config.available_features.add("valgrind")
if os.path.isdir("/usr/share/libonnx-testdata/data/node"):
    config.available_features.add("onnx-testdata")
