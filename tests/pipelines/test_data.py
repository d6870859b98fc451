#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-sod data and gst-sod model, on data sets in miniature."""

import json
import os
import shutil
import signal
import sys
import tempfile
import time

from support import BUILD, SLOW, SOURCE, environment, run, start, tap

COMMAND = os.path.join(BUILD, 'pipelines', 'gst-sod', 'gst-sod')
WIDTH, HEIGHT = 32, 24


def ours(*words):
    env = environment()
    env.pop('LD_PRELOAD', None)
    return run(COMMAND, *words, env=env)


def read_json(*words, status=0):
    result = ours(*words, '--json', '--quiet')
    tap.check(result.status == status, f'{result.status}: {result.output}')
    return json.loads(result.output)


def pnm(path, kind, pixels):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as picture:
        picture.write(f'{kind} {WIDTH} {HEIGHT} 255\n'.encode() + pixels)


def pattern(seed):
    state, cells = seed * 7919 + 1, []
    for _ in range(64):
        state = (state * 1103515245 + 12345) % 2 ** 31
        cells.append(state >> 16 & 255)
    return b''.join(
        bytes([cells[y * 8 // HEIGHT * 8 + x * 8 // WIDTH]]) * 3
        for y in range(HEIGHT) for x in range(WIDTH))


class Davis:
    """Sequences of four frames; the first mask of each is empty, the others
    are half white."""

    def __init__(self, sequences='abcde'):
        self.sequences = sequences

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix='sod dätä-')
        for number, name in enumerate(self.sequences):
            for frame in range(4):
                pnm(self.image(name, frame), 'P6',
                    pattern(number * 100 + frame))
                pnm(self.mask(name, frame), 'P5',
                    (b'\xff' if frame else b'\0') * (WIDTH * HEIGHT // 2)
                    + b'\0' * (WIDTH * HEIGHT // 2))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def image(self, name, frame):
        return os.path.join(
            self.root, 'JPEGImages', '480p', name, f'{frame:05}.ppm')

    def mask(self, name, frame):
        return os.path.join(
            self.root, 'Annotations', '480p', name, f'{frame:05}.pgm')

    def options(self):
        return '--layout=davis', f'--root={self.root}'


def check_finds_nothing_wrong():
    with Davis() as davis:
        found = read_json('data', 'check', *davis.options())
        tap.check(found['frames'] == 20 and found['labelled'] == 20, found)
        tap.check(found['empty_masks'] == 5, found)
        tap.check(found['problems'] == [], found)
        tap.check(len(found['hash']) == 64, found)


def check_names_all_that_is_wrong():
    with Davis() as davis:
        os.remove(davis.mask('a', 1))
        pnm(davis.mask('b', 2), 'P5', b'\2' * (WIDTH * HEIGHT))
        with open(davis.mask('c', 3), 'wb') as mask:
            mask.write(b'P5 16 24 255\n' + b'\xff' * (16 * 24))
        with open(davis.image('d', 1), 'wb') as cut:
            cut.write(b'P6 32 24 255\nabc')
        with open(davis.image('e', 1), 'wb'):
            pass
        found = read_json('data', 'check', *davis.options(), status=2)
        text = '\n'.join(found['problems'])
        tap.check(len(found['problems']) == 5, text)
        for path, words in ((davis.image('a', 1), 'has no mask'),
                            (davis.image('b', 2), 'values up to 2'),
                            (davis.mask('c', 3), '16x24'),
                            (davis.image('d', 1), 'ends early'),
                            (davis.image('e', 1), '0 bytes')):
            tap.check(any(path in line and words in line
                          for line in found['problems']), f'{path}: {text}')
        shown = ours('data', 'check', *davis.options(), '--quiet')
        tap.check(shown.status == 2 and '5 problems' in shown.output,
                  shown.output)


def check_refuses_what_is_no_data_set():
    for words in (('--layout=davis', '--root=/no/such'),
                  ('--layout=davis', '--root=/dev/null'),
                  ('--layout=none', '--root=.'), (), ('--images=.',),
                  ('--layout=davis', '--root=.', 'more')):
        result = ours('data', 'check', *words)
        tap.check(result.status == 1, f'{words}: {result.output}')
        tap.check(len(result.output.splitlines()) == 1, result.output)


def stats_count():
    with Davis('ab') as davis:
        table = os.path.join(davis.root, 'scenarios.csv')
        with open(table, 'w', encoding='ascii') as scenarios:
            scenarios.write('sequence,scenario\na,sport\n')
        found = read_json(
            'data', 'stats', *davis.options(), f'--scenarios={table}')
        tap.check(found['sizes'] == {f'{WIDTH}x{HEIGHT}': 8}, found)
        tap.check(found['foreground'] == {
            'mean': 0.375, 'least': 0, 'most': 0.5}, found)
        first, second = found['by_sequence']
        tap.check(first['scenario'] == 'sport' and second['scenario'] is None,
                  found)
        tap.check(first['empty_masks'] == 1 and first['frames'] == 4, found)
        shown = ours('data', 'stats', *davis.options(), '--quiet').ok()
        tap.check('37.50%' in shown.output, shown.output)


def splits_are_drawn_and_written():
    with Davis() as davis:
        out = os.path.join(davis.root, 'split')
        words = ('data', 'split', *davis.options(), '--method=sequences',
                 '--fraction=0.4', '--seed=3')
        found = read_json(*words, f'--out={out}')
        tap.check(found['leaking'] is False, found)
        tap.check(len(found['train']['sequences']) == 2, found)
        tap.check(found == read_json(*words), 'another draw')
        with open(os.path.join(out, 'test.txt'), encoding='utf-8') as lines:
            names = lines.read().splitlines()
        tap.check(len(names) == 12, names)
        again = read_json('data', 'stats', *davis.options(),
                          f'--set={out}/test.txt')
        tap.check(again['hash'] == found['test']['hash'], again)


def leaks_are_refused_or_marked():
    with Davis() as davis:
        words = ('data', 'split', *davis.options(), '--method=prefix',
                 '--fraction=0.5')
        result = ours(*words)
        tap.check(result.status == 1, result.output)
        tap.check('5 sequences are in both' in result.output, result.output)
        tap.check(read_json(*words, '--force')['leaking'] is True, 'marked')
        shutil.copy(davis.image('a', 0), davis.image('b', 3))
        with open(os.path.join(davis.root, 'one'), 'w',
                  encoding='ascii') as one:
            one.write('a\n')
        result = ours('data', 'split', *davis.options(), '--method=list',
                      f'--list={davis.root}/one')
        tap.check(result.status == 1, result.output)
        tap.check(davis.image('b', 3) in result.output, result.output)


def wrong_usage_is_said():
    with Davis('a') as davis:
        for words, text in ((('--method=magic',), 'magic'), ((), '--method'),
                            (('--method=list',), '--list'),
                            (('--method=sequences', '--fraction=2'), '2')):
            result = ours('data', 'split', *davis.options(), *words)
            tap.check(result.status == 1, result.output)
            tap.check(text in result.output, result.output)


def ctrl_c_stops_it():
    """Of four hundred large pictures, which take seconds."""
    with Davis('a') as davis:
        for path, kind, size in ((davis.image('a', 0), 'P6', 3),
                                 (davis.mask('a', 0), 'P5', 1)):
            with open(path, 'wb') as large:
                large.write(f'{kind} 2000 1500 255\n'.encode()
                            + b'\1' * (2000 * 1500 * size))
        for frame in range(4, 400):
            os.symlink(davis.image('a', 0), davis.image('a', frame))
            os.symlink(davis.mask('a', 0), davis.mask('a', frame))
        env = environment()
        env.pop('LD_PRELOAD', None)
        process = start(COMMAND, 'data', 'check', *davis.options(), env=env)
        time.sleep(0.5 * SLOW)
        os.kill(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=20 * SLOW)
        tap.check(process.returncode == 130, f'{process.returncode}: {output}')


def models_are_told():
    model = os.path.join(SOURCE, 'models', 'base.safetensors')
    found = read_json_model('info', model)
    tap.check(found['id'] == 'base' and found['weights'] > 100000, found)
    tap.check(found['architecture']['kind'] == 'base', found)
    tap.check(len(found['sha256']) == 64, found)
    shown = ours('model', 'info', model).ok()
    tap.check(found['sha256'] in shown.output, shown.output)


def read_json_model(*words, status=0):
    result = ours('model', *words, '--json')
    tap.check(result.status == status, result.output)
    return json.loads(result.output)


def models_are_verified():
    model = os.path.join(SOURCE, 'models', 'base.safetensors')
    with tempfile.TemporaryDirectory() as folder:
        cut = os.path.join(folder, 'cut\n.safetensors')
        with open(model, 'rb') as whole, open(cut, 'wb') as part:
            part.write(whole.read()[:-100])
        tap.check(read_json_model('verify', model)[0]['sound'], 'sound')
        found = read_json_model('verify', model, cut, status=2)
        tap.check([entry['sound'] for entry in found] == [True, False], found)
        tap.check(found[1]['path'] == cut and found[1]['reason'], found)
    named = read_json_model('verify', 'base', 'nosuch', status=2)
    tap.check([entry['sound'] for entry in named] == [True, False], named)
    tap.check(os.path.basename(named[0]['path']) == 'base.safetensors', named)
    tap.check(ours('model', 'verify').status == 1, 'no file')
    tap.check(ours('model', 'info', '/no/such').status == 1, 'missing')


sys.exit(tap.run([
    ('/data/check/a-good-set-has-no-problems', check_finds_nothing_wrong),
    ('/data/check/every-problem-is-named', check_names_all_that_is_wrong),
    ('/data/check/what-is-no-set-is-refused',
     check_refuses_what_is_no_data_set),
    ('/data/check/ctrl-c-stops-it', ctrl_c_stops_it),
    ('/data/stats/counts', stats_count),
    ('/data/split/is-drawn-and-written', splits_are_drawn_and_written),
    ('/data/split/a-leak-is-refused-or-marked', leaks_are_refused_or_marked),
    ('/data/split/wrong-usage-is-said', wrong_usage_is_said),
    ('/model/info/tells', models_are_told),
    ('/model/verify/tells-sound-from-cut', models_are_verified),
]))
