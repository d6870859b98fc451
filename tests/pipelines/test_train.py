#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-sod train: from a data set in miniature to a model that detects."""

import base64
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import pictures
from support import BUILD, SLOW, SOURCE, environment, run, start, tap

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


def size_of(uri):
    """Width and height of the PNG in a data URI."""
    head, data = uri.split(',')
    tap.check(head == 'data:image/png;base64', head)
    png = base64.b64decode(data)
    tap.check(png[:8] == b'\x89PNG\r\n\x1a\n', str(png[:8]))
    return struct.unpack('>2I', png[16:24])


def check_maps_over_time(record, page):
    """Three frames of `kite`, 64x36, with a map at each of six scores."""
    node, = record['maps']
    names = [frame['name'] for frame in node['frames']]
    tap.check(names == ['kite/00000', 'kite/00003', 'kite/00006'], str(names))
    scores = record['stages'][0]['scores']
    steps = [kept['step'] for kept in node['kept']]
    tap.check(steps == [score['step'] for score in scores], str(steps))
    uris = [uri for kept in node['kept'] for uri in kept['maps']]
    tap.check(len(uris) == 3 * len(scores), f'{len(uris)} maps')
    tap.check(len(set(uris)) > 3, 'maps never change')
    for uri in uris + [frame[key] for frame in node['frames']
                       for key in ('picture', 'truth')]:
        tap.check(size_of(uri) == (64, 36), str(size_of(uri)))
        tap.check(uri in page, 'a picture is not in the page')
    tap.check(page.count('<img ') == len(uris) + 6, 'pictures are missing')


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
        check_maps_over_time(record, page)
        score = record['stages'][0]['scores'][-1]
        tap.check('<td>base</td><td>1</td><td>–</td><td>initialise</td>'
                  f'<td>{score["max_f"]:.3f}</td><td>–</td>'
                  f'<td>{score["mae"]:.3f}</td><td>–</td>' in page, page)
        env = environment()
        env.pop('LD_PRELOAD', None)
        run(COMMAND, 'model', 'verify',
            os.path.join(folder.out, 'base.safetensors'), env=env).ok()


def check_runs_are_compared():
    with Folder() as folder:
        first, second, out = (os.path.join(folder.path, name)
                              for name in ('first', 'second', 'sides'))
        steps = 'base.steps=2'
        ours(*folder.words(out=first, settings=(steps,))).ok()
        ours(*folder.words(out=second, settings=(
            steps, 'base.loss=bce', 'score.maps=0'))).ok()
        records = [json.load(open(os.path.join(run, 'run.json'),
                                  encoding='utf-8'))
                   for run in (first, second)]
        tap.check(records[1]['maps'] == [], 'score.maps=0 keeps maps')
        ours('--compare', '--out', out, first,
             os.path.join(second, 'run.json')).ok()
        page = open(os.path.join(out, 'index.html'), encoding='utf-8').read()
        scores = [record['stages'][0]['scores'][-1]['max_f']
                  for record in records]
        for text in ('<td>first</td>', '<td>second</td>',
                     '<th>base.loss</th>', '<td>structure</td>',
                     '<td>bce</td>', f'<td>{scores[1]:.3f}</td>',
                     f'<td>{scores[1] - scores[0]:+.3f}</td>'):
            tap.check(text in page, f'no {text} in {page}')
        tap.check('base.optimiser' not in page, page)
        refuses(ours('--compare', '--out', out, first), 'two runs')
        refuses(ours('--compare', first, second), '--out')
        refuses(ours('--compare', '--out', out, first, folder.path),
                'run.json')


def leave_only(folder, suffix):
    """As a kill at the right moment does: the checkpoint lies beside its
    place."""
    path = os.path.join(folder, 'checkpoint')
    place = next(path + end for end in ('', '.new', '~')
                 if os.path.exists(path + end))
    content = open(place, 'rb').read()
    for end in ('', '.new', '~'):
        if os.path.exists(path + end):
            os.remove(path + end)
    with open(path + suffix, 'wb') as file:
        file.write(content)


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
        cuts = {end: os.path.join(folder.path, f'cut{end}')
                for end in ('', '.new', '~')}
        for end, out in cuts.items():
            shutil.copytree(cut, out)
            leave_only(out, end)
            refuses(ours(*folder.words(out=out, settings=settings)),
                    '--resume')
            ours(*folder.words('--resume', out=out, settings=settings)).ok()
        models = [open(os.path.join(out, 'base.safetensors'), 'rb').read()
                  for out in (whole, *cuts.values())]
        tap.check(len(set(models)) == 1, 'the models differ')


def check_models_are_trained_on():
    """models/train.sh, with a command that only says how it was called."""
    with Folder() as folder:
        said = os.path.join(folder.path, 'said')
        command = os.path.join(folder.path, 'command')
        with open(command, 'w', encoding='utf-8') as file:
            file.write('#!/bin/sh\necho "$@" >>"$SAID"\nexit 3\n')
        os.chmod(command, 0o755)
        env = environment(GST_SOD=command, SAID=said, SOD_DATA=folder.path)
        env.pop('LD_PRELOAD', None)
        begun = os.path.join(folder.out, 'small')
        os.makedirs(begun)
        for name in ('', 'checkpoint', 'checkpoint.new', 'checkpoint~'):
            path = os.path.join(begun, name)
            if name:
                open(path, 'wb').close()
            result = run(os.path.join(SOURCE, 'models', 'train.sh'), 'small',
                         folder.out, env=env)
            if name:
                os.remove(path)
            tap.check(result.status == 3, result.output)
        lines = open(said, encoding='utf-8').read().splitlines()
        tap.check(['--resume' in line for line in lines]
                  == [False, True, True, True], str(lines))


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


def on_a_terminal(*words):
    """What `gst-sod train` shows somebody who looks on."""
    parent, child = pty.openpty()
    env = environment(TERM='xterm', LC_ALL='C.UTF-8')
    env.pop('LD_PRELOAD', None)
    process = subprocess.Popen(
        [COMMAND, 'train', *words], env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=child, start_new_session=True)
    os.close(child)
    shown = b''
    try:
        while chunk := os.read(parent, 4096):
            shown += chunk
    except OSError:  # the terminal's other end is closed
        pass
    os.close(parent)
    tap.check(process.wait() == 0, shown)
    return shown.decode()


def check_terminal_shows_a_table_and_all_of_the_way():
    with Folder() as folder:
        words = folder.words(settings=(
            'run.last-phase=2', 'run.rounds=1', 'base.epochs=3',
            'reverse.steps=40', 'augmented.steps=2'))
        shown = on_a_terminal(*words)
        lines = re.sub('\x1b\\[K', '', shown).replace('\r', '\n').split('\n')
        record = json.load(open(os.path.join(folder.out, 'run.json'),
                                encoding='utf-8'))
        header = [line.split() for line in lines if line.startswith('node ')]
        tap.check(len(header) == 1 and header[0][:5]
                  == ['node', 'phase', 'round', 'step', 'max'], shown)
        rows = [line.split() for line in lines if line.startswith('base ')]
        scores = [(stage['phase'], stage['round'], score)
                  for stage in record['stages'] if stage['node'] == 'base'
                  for score in stage['scores']]
        tap.check(len(rows) == len(scores) > 3, f'{rows} of {scores}')
        best = 0
        for row, (phase, round_, score) in zip(rows, scores):
            tap.check(row[1:5] == [str(phase), str(round_), str(score['step']),
                                   f'{score["max_f"]:.4f}'], f'{row}: {score}')
            tap.check((row[-1] == '*') == (score['max_f'] > best),
                      f'{row}, {best} before: {shown}')
            best = max(best, score['max_f'])
        bars = re.findall(r'\] +(\d+)% stage (\d) of (\d): ', shown)
        tap.check(bars and {bar[2] for bar in bars} == {'3'}, shown)
        for line in lines:
            tap.check(not line.startswith('[')
                      or len(line) <= 80 and line.endswith(' left'), line)
        done = [int(bar[0]) for bar in bars]
        tap.check(done == sorted(done), f'{done}')
        shutil.rmtree(folder.out)
        piped = ours(*words).ok().output
        tap.check('\x1b' not in piped and '\r' not in piped, piped)
        tap.check(re.search(r'^base +max_f 0\.\d{4}  mean_f', piped, re.M),
                  piped)


def check_dry_run_says_what_it_takes():
    with Folder() as folder:
        result = ours(*folder.words('--dry-run')).ok()
        for word in ('node base', '20 frames', '10 held out', 'steps', 'min',
                     'MiB'):
            tap.check(word in result.output, result.output)
        tap.check(not os.path.exists(folder.out), 'it wrote something')


def stages_of(output):
    """Phase, round, stage, node and steps of the lines of a dry run."""
    return [(int(phase), int(round_), name, node, int(steps))
            for phase, round_, name, node, steps in re.findall(
                r'^ +(\d) +(\d+) (\S+) +(\S+) +(\d+) ', output, re.M)]


def check_dry_run_says_what_is_done():
    few = ('run.last-phase=3', 'run.rounds=2', 'base.steps=3',
           'reverse.epochs=0.5', 'augmented.epochs=0.5',
           'augmented.monitor=off', 'semi-supervised.steps=2',
           'semi-supervised.distill-steps=4')
    data = ('[data fit]\nlayout=davis\nroot=.\nset=fit\nlabelled=0.5\n'
            '[data dev]\nlayout=davis\nroot=.\nset=dev\nrole=held-out\n')
    with Folder() as folder:
        start = os.path.join(folder.path, 'start')
        file = folder.file(data)
        for at, (words, settings, n) in enumerate((
                ((f'--out={start}',), (), 2 + 2 * 3),
                ((f'--start={start}',), ('run.first-phase=2',), 2 * 3),
                ((), ('run.reverse=no',), 1 + 2 * 1),
                ((), ('semi-supervised.distill=no',), 2 + 2 * 2),
                (None, (), 2 + 2 * 1))):
            out = start if at == 0 else os.path.join(folder.path, f'run{at}')
            settings = [f'--setting={text}'
                        for text in (*QUICK, *few, *settings)]
            words = ((file, *words, *settings) if words is not None else
                     ('--layout=davis', f'--root={folder.path}', '--set=fit',
                      *settings))
            told = stages_of(ours(*words, '--dry-run').ok().output)
            ours(*words, f'--out={out}').ok()
            record = json.load(open(os.path.join(out, 'run.json'),
                                    encoding='utf-8'))
            done = [tuple(stage[key] for key in (
                'phase', 'round', 'name', 'node', 'planned-steps'))
                    for stage in record['stages']]
            tap.check(told == done, f'{told} is not {done}')
            tap.check(len(told) == n, f'{len(told)} stages, not {n}')


def check_dry_run_knows_limits():
    with Folder() as folder:
        file = folder.file('[data fit]\nlayout=davis\nroot=.\nset=fit\n'
                           'labelled=0.5\n')
        settings = [f'--setting={text}'
                    for text in (*QUICK, 'run.last-phase=3',
                                 'base.steps=1000000')]
        result = ours(file, '--dry-run', '--max-time=60', *settings).ok()
        for word in ('run.max-time ends it after 1.0', 'in all about 1.0 min',
                     '0.0 MiB of pseudo-labels'):
            tap.check(word in result.output, f'no "{word}": {result.output}')
        refuses(ours(file, '--dry-run', *settings,
                     '--setting=run.first-phase=2'), 'run.first-phase')


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
        refuses(ours(folder.path, '--out=x'), folder.path, 'is a folder',
                '--store', '--root')
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
    ('/train/dry-run-says-what-is-done', check_dry_run_says_what_is_done),
    ('/train/dry-run-knows-limits', check_dry_run_knows_limits),
    ('/train/bad-files-are-named', check_bad_files_are_named),
    ('/train/terminal-shows-a-table-and-all-of-the-way',
     check_terminal_shows_a_table_and_all_of_the_way),
    ('/train/model-comes-out', check_trains_a_model_that_detects),
    ('/train/runs-are-compared', check_runs_are_compared),
    ('/train/killed-it-goes-on-with-the-same-bytes',
     check_goes_on_where_it_was_stopped),
    ('/train/models-are-trained-on', check_models_are_trained_on),
    ('/train/ctrl-c-leaves-a-checkpoint',
     check_interrupt_leaves_a_checkpoint),
]))
