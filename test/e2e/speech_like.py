# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes overlapping frames of a synthetic recording: voiced syllables (harmonics under three formants), pauses, and noise."""
import argparse

import numpy

RATE = 16000


def syllable(random, samples):
    time = numpy.arange(samples) / RATE
    pitch = random.uniform(90, 250)
    phase = 2 * numpy.pi * numpy.cumsum(pitch * (1 + 0.1 * numpy.sin(2 * numpy.pi * random.uniform(2, 5) * time))) / RATE
    formants = random.uniform([300, 900, 2300], [800, 2200, 3200])
    signal = numpy.zeros(samples)
    for harmonic in range(1, int(7000 / pitch)):
        gain = 0.02 + sum(1 / (1 + ((harmonic * pitch - formant) / 80) ** 2) for formant in formants)
        signal += gain / harmonic**0.5 * numpy.sin(harmonic * phase + random.uniform(0, 6))
    return signal * numpy.hanning(samples) * random.uniform(0.02, 0.3) / max(abs(signal).max(), 1e-9)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", help=".npy of shape [frames, 1, frame]")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--frame", type=int, default=576)
    parser.add_argument("--step", type=int, default=512)
    options = parser.parse_args()
    random = numpy.random.default_rng(3)
    signal = random.normal(0, 0.003, int(options.seconds * RATE))
    at = 0
    while at < len(signal):
        samples = min(int(random.uniform(0.1, 0.4) * RATE), len(signal) - at)
        if random.random() < 0.55:
            signal[at:at + samples] += syllable(random, samples)
        at += samples
    starts = range(0, len(signal) - options.frame + 1, options.step)
    frames = numpy.stack([signal[start:start + options.frame] for start in starts])
    numpy.save(options.output, frames[:, None].astype("f4"))


if __name__ == "__main__":
    main()
