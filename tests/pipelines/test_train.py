#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-sod train: from a data set in miniature to a model that detects."""

import json
import os
import shutil
import signal
import sys
import tempfile
import time

import pictures
from support import BUILD, SLOW, environment, run, start, tap

COMMAND = os.path.join(BUILD, 'pipelines', 'gst-sod', 'gst-sod')
QUICK = ('run.last-phase=1', 'run.device=cpu', 'run.threads=1',
         'run.precision=f32', 'data.width=64', 'data.height=32',
         'data.small-width=32', 'data.small-height=16',
         'data.batch-size=4', 'base.architecture=small', 'base.warm-up=0')


def ours(*words, seconds=120):
    env = environment()
    env.pop('LD_PRELOAD', None)
    return run(COMMAND, 'train', *words, env=env, seconds=seconds)


class Folder:
    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix='sod dätä-')
        pictures.davis(self.path, ('boat', 'surf', 'kite'))
        for name, sequences in (('fit', 'boat\nsurf\n'), ('dev', 'kite\n')):
            pictures.write(f'{self.path}/ImageSets/480p/{name}.txt',
                           sequences.encode())
        self.out = os.path.join(self.path, 'out')
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def words(self, *more, out=None, settings=()):
        return ('--layout=davis', f'--root={self.path}', '--set=fit',
                '--held-out=dev', f'--out={out or self.out}',
                *(f'--setting={text}' for text in (*QUICK, *settings)), *more)

    def file(self, text):
        path = os.path.join(self.path, 'train.ini')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path


def refuses(result, *words):
    tap.check(result.status == 1, f'{result.status}: {result.output}')
    for word in words:
        tap.check(word in result.output, f'no "{word}" in {result.output}')


def check_trains_a_model_that_detects():
    with Folder() as folder:
        ours(*folder.words(settings=('base.epochs=6',))).ok()
        for name in ('base.safetensors', 'settings.ini', 'run.json',
                     'index.html'):
            tap.check(os.path.exists(os.path.join(folder.out, name)), name)
        record = json.load(open(os.path.join(folder.out, 'run.json'),
                                encoding='utf-8'))
        losses = record['stages'][0]['losses']
        tap.check(losses[-1][1] < losses[0][1], f'losses {losses}')
        tap.check(record['stages'][0]['end'] == 'complete', str(record))
        page = open(os.path.join(folder.out, 'index.html'),
                    encoding='utf-8').read()
        tap.check('<svg' in page and 'http' not in page.replace(
            'http://www.w3.org/2000/svg', ''), 'the page is not whole')
        env = environment()
        env.pop('LD_PRELOAD', None)
        run(COMMAND, 'model', 'verify',
            os.path.join(folder.out, 'base.safetensors'), env=env).ok()


def check_goes_on_where_it_was_stopped():
    with Folder() as folder:
        whole, cut = (os.path.join(folder.path, name) for name in 'ab')
        settings = ('base.steps=60', 'run.checkpoint-interval=0.2')
        ours(*folder.words(out=whole, settings=settings)).ok()
        env = environment()
        env.pop('LD_PRELOAD', None)
        checkpoint = os.path.join(cut, 'checkpoint')
        process = start(COMMAND, 'train',
                        *folder.words(out=cut, settings=settings), env=env)
        end = time.monotonic() + 30 * SLOW
        while not os.path.exists(checkpoint) and process.poll() is None:
            tap.check(time.monotonic() < end, 'no checkpoint came')
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        refuses(ours(*folder.words(out=cut, settings=settings)), '--resume')
        ours(*folder.words('--resume', out=cut, settings=settings)).ok()
        models = [open(os.path.join(out, 'base.safetensors'), 'rb').read()
                  for out in (whole, cut)]
        tap.check(models[0] == models[1], 'the models differ')


def check_interrupt_leaves_a_checkpoint():
    with Folder() as folder:
        env = environment()
        env.pop('LD_PRELOAD', None)
        process = start(COMMAND, 'train', *folder.words(
            settings=('base.steps=1000000',)), env=env)
        end = time.monotonic() + 30 * SLOW
        while not os.path.isdir(folder.out) and process.poll() is None:
            tap.check(time.monotonic() < end, 'it does not start')
            time.sleep(0.05)
        time.sleep(1)
        begun = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=30 * SLOW)
        tap.check(process.returncode == 130, f'{process.returncode}: {output}')
        tap.check('--resume' in output, output)
        tap.check(time.monotonic() - begun < 5 * SLOW, 'it takes too long')
        tap.check(os.path.exists(os.path.join(folder.out, 'checkpoint')),
                  'no checkpoint')


def check_dry_run_says_what_it_takes():
    with Folder() as folder:
        result = ours(*folder.words('--dry-run')).ok()
        for word in ('node base', '20 frames', '10 held out', 'steps', 'min',
                     'MiB'):
            tap.check(word in result.output, result.output)
        tap.check(not os.path.exists(folder.out), 'it wrote something')


def check_reads_a_file_of_settings_and_data():
    with Folder() as folder:
        path = folder.file(
            '[run]\nlast-phase=1\n[base]\narchitecture=small\n'
            '[data one]\nlayout=davis\nroot=.\nset=fit\nevery=2\n'
            '[data two]\nlayout=davis\nroot=${SOD_TEST_ROOT}\nset=dev\n'
            'role=held-out\n')
        env = environment(SOD_TEST_ROOT=folder.path)
        env.pop('LD_PRELOAD', None)
        result = run(COMMAND, 'train', path, '--dry-run', env=env,
                     seconds=120).ok()
        tap.check('10 frames' in result.output
                  and '10 held out' in result.output, result.output)


def check_bad_files_are_named():
    data = '[data one]\nlayout=davis\nroot=.\nset=fit\n'
    with Folder() as folder:
        for text, words in (
                ('[data one]\nlayout=davis\nroots=.\n', ('roots', 'root')),
                ('[data one]\nset=fit\n', ('[data one]', 'layout')),
                (data + 'every=0\n', ('every', '0')),
                (data + 'role=other\n', ('role', 'held-out', 'other')),
                (data + 'node=scenario\n', ('scenarios',)),
                (data + 'role=held-out\n', ('base', 'role=train')),
                ('[run]\nsedd=1\n' + data, ('run.sedd',)),
                ('[run]\nseed=x\n' + data, ('run.seed', 'x')),
                ('[run]\nseed=1\n', ('[data NAME]',)),
                ('nonsense', ('train.ini',))):
            refuses(ours(folder.file(text), f'--out={folder.out}'), *words)
        refuses(ours(os.path.join(folder.path, 'none.ini'), '--out=x'),
                'none.ini')
        refuses(ours('--out=x'), 'learnt from')
        refuses(ours(folder.file(data)), '--out')
        refuses(ours(folder.file(data), f'--out={folder.out}', '--resume'),
                'no checkpoint')


def check_lists_settings():
    result = ours('--list-settings', '--preset=paper').ok()
    tap.check('run.preset=paper' in result.output, result.output)
    tap.check('base.optimiser=sgd' in result.output, result.output)


sys.exit(tap.run([
    ('/train/settings-are-listed', check_lists_settings),
    ('/train/dry-run-says-what-it-takes', check_dry_run_says_what_it_takes),
    ('/train/file-of-settings-and-data',
     check_reads_a_file_of_settings_and_data),
    ('/train/bad-files-are-named', check_bad_files_are_named),
    ('/train/model-comes-out', check_trains_a_model_that_detects),
    ('/train/killed-it-goes-on-with-the-same-bytes',
     check_goes_on_where_it_was_stopped),
    ('/train/ctrl-c-leaves-a-checkpoint',
     check_interrupt_leaves_a_checkpoint),
]))
