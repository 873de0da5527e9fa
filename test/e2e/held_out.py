# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantizes a model and checks how many points of accuracy that costs on samples that took no part in the calibration."""
import argparse
import json
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--max-drop", type=float, required=True)
    options, rest = parser.parse_known_args()
    command = ["thimble", "analyze", options.model, "--format", "json", *rest]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\nexit code {result.returncode}\n{result.stderr}")
    measured = json.loads(result.stdout)["held_out"]
    drop = 100 * (measured["accuracy"]["float"] - measured["accuracy"]["compiled"])
    print(f'{measured["samples"]} samples: float {measured["accuracy"]["float"]}, int8 {measured["accuracy"]["compiled"]}, '
          f'outputs {measured["output_sqnr_db"]:.1f} dB')
    if drop > options.max_drop:
        sys.exit(f"FAILED: accuracy drops by {drop:.2f} points, at most {options.max_drop}")


if __name__ == "__main__":
    main()
