#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our measures beside PySODMetrics: same pairs, same run, decoding in both.

Makes pairs of blobs, measures them with both (F, E, S, weighted F and mean
absolute error), and fails where a value differs by more than 1e-9, never on a
time. Needs the Python packages pysodmetrics and opencv-python-headless; leaves
with 77 where they are missing.

Usage: measures.py PROGRAM [--pairs N] [--size WIDTHxHEIGHT] [--threads N]
                   [--runs N]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

try:
    import cv2
    import numpy as np
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        import py_sod_metrics as metrics
except ImportError as missing:
    print(f'SKIP: {missing}; pip install pysodmetrics opencv-python-headless')
    sys.exit(77)


def make_pair(random, width, height):
    """A truth of some ellipses and a soft, noisy, shifted map of it."""
    truth = np.zeros((height, width), np.uint8)
    for _ in range(random.integers(1, 4)):
        centre = (int(random.integers(width)), int(random.integers(height)))
        axes = (int(random.integers(8, width // 4)),
                int(random.integers(8, height // 3)))
        cv2.ellipse(truth, centre, axes, float(random.uniform(0, 180)),
                    0, 360, 255, -1)
    shift = np.float32([[1, 0, random.uniform(-20, 20)],
                        [0, 1, random.uniform(-20, 20)]])
    soft = cv2.warpAffine(truth, shift, (width, height))
    soft = cv2.GaussianBlur(soft, (0, 0), float(random.uniform(2, 15)))
    noise = cv2.resize(random.normal(0, 25, (height // 8, width // 8)),
                       (width, height))
    clean = random.uniform() < 0.5
    soft = soft.astype(float) * random.uniform(0.5, 1) + noise * (not clean)
    return np.clip(soft, 0, 255).astype(np.uint8), truth


def make_pairs(folder, n, width, height):
    random = np.random.default_rng(7)
    for kind in ('map', 'truth'):
        os.mkdir(os.path.join(folder, kind))
    for i in range(n):
        for kind, image in zip(('map', 'truth'),
                               make_pair(random, width, height)):
            cv2.imwrite(os.path.join(folder, kind, f'{i:05}.png'), image)


class Theirs:
    """PySODMetrics, a slice of the pairs at a time."""

    def __init__(self, folder):
        self.folder = folder
        self.seconds = self.cpu_seconds = 0
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            self.f, self.e = metrics.Fmeasure(), metrics.Emeasure()
            self.s, self.weighted = (metrics.Smeasure(),
                                     metrics.WeightedFmeasure())
            self.mae = metrics.MAE()

    def run(self, names):
        start, cpu_start = time.perf_counter(), time.process_time()
        for name in names:
            pair = [cv2.imread(os.path.join(self.folder, kind, name),
                               cv2.IMREAD_GRAYSCALE)
                    for kind in ('map', 'truth')]
            for measure in (self.f, self.e, self.s, self.weighted, self.mae):
                measure.step(*pair)
        self.seconds += time.perf_counter() - start
        self.cpu_seconds += time.process_time() - cpu_start

    def values(self):
        f, e = self.f.get_results()['fm'], self.e.get_results()['em']
        return {
            'max_f': f['curve'].max(), 'mean_f': f['curve'].mean(),
            'adaptive_f': f['adp'], 'max_e': e['curve'].max(),
            'mean_e': e['curve'].mean(), 'adaptive_e': e['adp'],
            's_measure': self.s.get_results()['sm'],
            'weighted_f': self.weighted.get_results()['wfm'],
            'mae': self.mae.get_results()['mae'],
        }


def run_ours(program, folder, threads):
    before = os.times()
    start = time.perf_counter()
    output = subprocess.run(
        [program, os.path.join(folder, 'map'), os.path.join(folder, 'truth'),
         str(threads)], check=True, stdout=subprocess.PIPE).stdout
    seconds = time.perf_counter() - start
    after = os.times()
    cpu_seconds = (after.children_user - before.children_user
                   + after.children_system - before.children_system)
    return seconds, cpu_seconds, json.loads(output.split(b'\n')[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('--pairs', type=int, default=500)
    parser.add_argument('--size', default='854x480')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--runs', type=int, default=5)
    options = parser.parse_args()
    width, height = map(int, options.size.split('x'))

    with tempfile.TemporaryDirectory() as folder:
        make_pairs(folder, options.pairs, width, height)
        names = sorted(os.listdir(os.path.join(folder, 'map')))
        theirs = Theirs(folder)
        ours = []
        # By turns, so that both see the same load of the machine.
        for i in range(options.runs):
            theirs.run(names[i::options.runs])
            ours.append(run_ours(options.program, folder, options.threads))
    expected = theirs.values()
    median = statistics.median(seconds for seconds, _, _ in ours)
    cpu_median = statistics.median(cpu for _, cpu, _ in ours)
    worst = max(abs(ours[0][2][key] - float(expected[key]))
                for key in expected)
    print(f'{options.pairs} pairs of {options.size}, {options.threads} threads')
    print(f'PySODMetrics {theirs.seconds:.2f} s '
          f'({theirs.cpu_seconds:.2f} s of processor), '
          f'{1e3 * theirs.seconds / options.pairs:.2f} ms an image')
    print(f'ours {median:.2f} s ({cpu_median:.2f} s of processor), '
          f'{1e3 * median / options.pairs:.2f} ms an image; median of '
          f'{", ".join(f"{seconds:.2f}" for seconds, _, _ in ours)}')
    ratio = theirs.seconds / median
    print(f'ratio {ratio:.1f} ({theirs.cpu_seconds / cpu_median:.1f} of '
          f'processor); largest difference {worst:.2g}')
    if worst > 1e-9:
        sys.exit(f'values differ by {worst}')


if __name__ == '__main__':
    main()
