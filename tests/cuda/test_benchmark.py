#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The benchmark of kernels runs, and its rows hold what they say. On the twin
of a GPU its times mean nothing, and none is looked at.

Usage: test_benchmark.py BENCHMARK
"""

import json
import os
import subprocess
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(__file__), '..'))
from tap import Skip, check, run  # noqa: E402


def read_rows():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'kernels.json')
        done = subprocess.run([sys.argv[1], '--small', '--output', path],
                              capture_output=True, text=True, check=False)
        if done.returncode == 77:
            raise Skip(done.stderr.strip())
        check(done.returncode == 0, done.stderr)
        with open(path, encoding='utf-8') as rows:
            return json.load(rows)


def rows_hold_times_beside_the_roofline():
    result = read_rows()
    rows = result['rows']
    check(result['device'], 'the device has no name')
    check(result['copy-bytes-per-second'] > 0, 'no rate of a copy')
    check({row['type'] for row in rows} == {'f32', 'f16', 'bf16'},
          'a type is missing')
    names = {row['kernel'] for row in rows}
    for name in ('norm_backward', 'conv 3x3 weights', 'upsample x2 + skip',
                 'preprocess NV12', 'loss structure', 'update adamw'):
        check(name in names, f'{name} is missing of {sorted(names)}')
    for row in rows:
        check(row['microseconds'] > 0 and row['bytes'] > 0, row)
        roof = row['roof-microseconds']
        check(roof > 0, row)
        check(abs(row['share'] * row['microseconds'] - roof) < 1e-6 * roof,
              row)


def bytes_are_those_of_the_shapes():
    rows = {(row['kernel'], row['type'], row['shape']): row
            for row in read_rows()['rows']}
    values = 2 * 6 * 10 * 16
    for name, expected in (('relu', 2 * values), ('add', 3 * values),
                           ('norm_backward', 7 * values),
                           ('conv 3x3 data', 2 * values + 9 * 16 * 16)):
        for kind, size in (('f32', 4), ('f16', 2), ('bf16', 2)):
            found = rows[name, kind, '2x6x10x16']['bytes']
            check(found == expected * size, (name, kind, found))
    found = rows['conv 3x3 forward', 'f16', '2x6x10x16']['flops']
    check(found == 2 * 9 * 16 * values, found)


def a_wrong_option_is_refused():
    done = subprocess.run([sys.argv[1], '--batch', '0'], capture_output=True,
                          text=True, check=False)
    check(done.returncode == 1, done.returncode)
    check('--batch takes 1 or more' in done.stderr, done.stderr)


if __name__ == '__main__':
    sys.exit(run([
        ('/benchmark/rows-hold-times-beside-the-roofline',
         rows_hold_times_beside_the_roofline),
        ('/benchmark/bytes-are-those-of-the-shapes',
         bytes_are_those_of_the_shapes),
        ('/benchmark/a-wrong-option-is-refused', a_wrong_option_is_refused),
    ]))
