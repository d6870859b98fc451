#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our measures beside PySODMetrics: same pairs, same run, decoding in both.

Makes pairs of blobs, measures them with both (F, E, S, weighted F and mean
absolute error), and fails where a value differs by more than 1e-9 or where
ours are not 15 times faster. Needs the Python packages pysodmetrics and
opencv-python-headless; leaves with 77 where they are missing.

Usage: measures.py PROGRAM [--pairs N] [--size WIDTHxHEIGHT] [--threads N]
                   [--runs N] [--at-least RATIO]
"""

import argparse
import json
import os
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


def run_theirs(folder):
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        f, e, s = metrics.Fmeasure(), metrics.Emeasure(), metrics.Smeasure()
        weighted, mae = metrics.WeightedFmeasure(), metrics.MAE()
    for name in sorted(os.listdir(os.path.join(folder, 'map'))):
        pair = [cv2.imread(os.path.join(folder, kind, name),
                           cv2.IMREAD_GRAYSCALE) for kind in ('map', 'truth')]
        for measure in (f, e, s, weighted, mae):
            measure.step(*pair)
    fm, em = f.get_results()['fm'], e.get_results()['em']
    values = {
        'max_f': fm['curve'].max(), 'mean_f': fm['curve'].mean(),
        'adaptive_f': fm['adp'], 'max_e': em['curve'].max(),
        'mean_e': em['curve'].mean(), 'adaptive_e': em['adp'],
        's_measure': s.get_results()['sm'],
        'weighted_f': weighted.get_results()['wfm'],
        'mae': mae.get_results()['mae'],
    }
    return time.perf_counter() - start, values


def run_ours(program, folder, threads):
    start = time.perf_counter()
    output = subprocess.run(
        [program, os.path.join(folder, 'map'), os.path.join(folder, 'truth'),
         str(threads)], check=True, stdout=subprocess.PIPE).stdout
    return time.perf_counter() - start, json.loads(output.split(b'\n')[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('--pairs', type=int, default=500)
    parser.add_argument('--size', default='854x480')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--at-least', type=float, default=15)
    options = parser.parse_args()
    width, height = map(int, options.size.split('x'))

    with tempfile.TemporaryDirectory() as folder:
        make_pairs(folder, options.pairs, width, height)
        # Ours first and last, so that neither gets the quieter machine.
        ours = [run_ours(options.program, folder, options.threads)
                for _ in range(options.runs)]
        theirs, expected = run_theirs(folder)
        ours += [run_ours(options.program, folder, options.threads)
                 for _ in range(options.runs)]
    best = min(seconds for seconds, _ in ours)
    values = ours[0][1]
    worst = max(abs(values[key] - float(expected[key])) for key in expected)
    print(f'{options.pairs} pairs of {options.size}, {options.threads} threads')
    print(f'PySODMetrics {theirs:.2f} s, {1e3 * theirs / options.pairs:.2f} ms '
          'an image')
    print(f'ours {best:.2f} s, {1e3 * best / options.pairs:.2f} ms an image '
          f'(all runs: {", ".join(f"{seconds:.2f}" for seconds, _ in ours)})')
    print(f'ratio {theirs / best:.1f}; largest difference {worst:.2g}')
    if worst > 1e-9:
        sys.exit(f'values differ by {worst}')
    if theirs / best < options.at_least:
        sys.exit(f'slower than {options.at_least} times')


if __name__ == '__main__':
    main()
