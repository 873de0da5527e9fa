# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a classifier whose labels are texts, some of which C must escape, to the file that is named."""
import pathlib
import sys

from harness import model, node

NAMES = ["cat", 'say "dog"\\', "ä??/"]

if __name__ == "__main__":
    attributes = dict(coefficients=[0.5] * 12, intercepts=[0.0, 1.0, 2.0], classlabels_strings=NAMES)
    nodes = [node("LinearClassifier", attributes, outputs=("L", "P")), node("ZipMap", dict(classlabels_strings=NAMES), ("P",), ("M",))]
    pathlib.Path(sys.argv[1]).write_bytes(model(nodes, 4, ("L", "M")).SerializeToString())
