#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The loop: a data set plays, sodtrainer learns, a running sodbase takes the
model up; and what it survives. Scenes are generated, networks tiny."""

import json
import math
import os
import shutil
import signal
import sys
import tempfile
import time

import pictures
from support import BUILD, SLOW, environment, launch, run, script, start, tap

WIDTH, HEIGHT = 64, 48
COMMAND = os.path.join(BUILD, 'pipelines', 'gst-sod', 'gst-sod')
BASE = ('{"kind":"base","preset":"test","input-size":[64,48],'
        '"input-frames":1,"widths":[16,16,16,16],'
        '"encoder-dilations":[[1,2],[1,2],[2,4]],'
        '"decoder-dilations":[[2,4],[1,2],[1,2]],"skips":true}')
REVERSE = ('{"kind":"reverse","preset":"custom","input-size":[64,48],'
           '"stem-width":16,"growth":16,"blocks":[1,2,1,1,2,1,1,1]}')
folder = tempfile.mkdtemp(prefix='sod-trainer-')


def path(*names):
    return os.path.join(folder, *names)


def write_settings(name, more='', phases=1, base='epochs=8'):
    with open(path(name), 'w', encoding='ascii') as file:
        file.write(
            f'[run]\nlast-phase={phases}\nrounds=1\nthreads=1\nprecision=f32\n'
            'checkpoint-interval=1\n'
            '[data]\nwidth=64\nheight=48\nsmall-share=0\nbatch-size=4\n'
            'augmentation=none\n'
            f'[base]\narchitecture={BASE}\nwarm-up=4\naverage-decay=0.9\n'
            f'{base}\n[reverse]\narchitecture={REVERSE}\nwarm-up=4\n'
            f'average-decay=0.9\nepochs=4\n{more}')
    return path(name)


def write_scene(root, name, number, frames):
    """A disc that wanders over a flat ground."""
    for i in range(frames):
        turn = 0.5 * i + 1.7 * number
        rows = pictures.disc(WIDTH, HEIGHT, 32 + 18 * math.cos(turn),
                             24 + 11 * math.sin(1.3 * turn), 7 + number % 3)
        for where, picture in (
                ('Annotations', pictures.png(rows)),
                ('JPEGImages', pictures.png(pictures.colour(rows), True))):
            pictures.write(f'{root}/{where}/480p/{name}/{i:05d}.png', picture)


def write_data():
    """Four sequences to learn from, two to be measured with."""
    sets = {'fit': ('boat', 'car', 'cow', 'dog'), 'dev': ('goat', 'surf')}
    number = 0
    for name, sequences in sets.items():
        for sequence in sequences:
            write_scene(path('data'), sequence, number, 12)
            number += 1
        pictures.write(path('data', 'ImageSets', '480p', name + '.txt'),
                       ''.join(s + '\n' for s in sequences).encode())


def trainer(*properties, source=(), sinks=()):
    return ('soddatasetsrc', 'name=d', f'location={path("data")}', 'set=fit',
            *source, 'd.frame', '!', 'queue', '!', 't.frame_0', 'd.label', '!',
            'queue', '!', 't.label_0', 'sodtrainer', 'name=t',
            'frame_0::node=door', *properties, *sinks)


def read_lines(name):
    with open(path(name), encoding='utf-8') as file:
        return [json.loads(line) for line in file if line.endswith('\n')]


def measure(*words):
    result = run(COMMAND, 'eval', '--quiet', '--json', '--layout', 'davis',
                 '--root', path('data'), '--set', 'dev', *words)
    tap.check(result.status == 0, result.output)
    return json.loads(result.output)['max_f']


def the_first_model():
    """Barely learnt: what runs before the loop begins."""
    settings = write_settings('first.ini', base='steps=2')
    launch(*trainer(f'settings={settings}', 'phase=1', 'force-publish=true',
                    f'model-save-path={path("door.safetensors")}')).ok()
    tap.check(os.path.exists(path('door.safetensors')), 'no model')


def check_losses(lines):
    """Of each stage the loss falls; the record has its means over stretches."""
    record = lines[-1]
    tap.check(record['event'] == 'finished', str(record)[:200])
    phases = set()
    for stage in record['stages']:
        losses = [point[1] for point in stage['losses']]
        third = max(1, len(losses) // 3)
        begin, end = losses[:third], losses[-third:]
        phases.add(stage['phase'])
        tap.check(len(losses) > 3 and sum(end) < sum(begin),
                  f"{stage['name']} in phase {stage['phase']}: the loss went "
                  f'from {begin} to {end}')
    tap.check(phases == {1, 2, 3}, f'phases {phases}')


def write_clip(seconds):
    """Longer than the training takes; it plays in its own time."""
    launch('videotestsrc', f'num-buffers={5 * seconds}', 'pattern=ball', '!',
           f'video/x-raw,width={WIDTH},height={HEIGHT},framerate=5/1', '!',
           'jpegenc', '!', 'avimux', '!', 'filesink',
           f'location={path("clip.avi")}').ok()


def the_loop():
    """soddatasetsrc ! sodtrainer in one process, filesrc ! decodebin ! sodbase
    in another."""
    before = measure('--model', path('door.safetensors'))
    write_clip(int(240 * SLOW))
    running = start(
        'gst-launch-1.0', 'filesrc', f'location={path("clip.avi")}', '!',
        'decodebin', '!', 'videoconvert', '!', 'sodbase',
        f'model-file={path("door.safetensors")}', 'model-reload=true', '!',
        'sodpublish', f'location={path("live.jsonl")}', '!', 'fakesink',
        'sync=true')
    settings = write_settings(
        'loop.ini', phases=3, base='epochs=6',
        more='[augmented]\nepochs=6\nwarm-up=2\nramp=0\n'
        'learning-rate=1e-3\nmonitor=warn\n'
        '[semi-supervised]\nepochs=6\nwarm-up=2\ndistill-epochs=6\n'
        'learning-rate=1e-3\ndistill-learning-rate=1e-3\n'
        'min-confidence=0.1\n')
    try:
        launch(*trainer(
            f'settings={settings}', f'store={path("store")}',
            f'model-save-path={path("door.safetensors")}',
            source=('split=sequences', 'part=all', 'fraction=0.75'),
            sinks=('t.src', '!', 'filesink',
                   f'location={path("train.jsonl")}', 'async=false')),
            seconds=150).ok()
        lines = read_lines('train.jsonl')
        check_losses(lines)
        published = [line for line in lines if line['event'] == 'published'
                     and line['node'] == 'door']
        tap.check(published, 'nothing was published')
        after = measure('--model', path('door.safetensors'))
        floors = {name: measure('--floor', name)
                  for name in ('zero', 'centre', 'first', 'mean')}
        tap.check(after > max(floors.values()) and after > before,
                  f'max F {after:.3f}, before {before:.3f}, floors {floors}')
        wanted = published[-1]['version']
        end = time.monotonic() + 20 * SLOW
        while time.monotonic() < end:
            live = read_lines('live.jsonl')
            if live and live[-1]['model']['version'] == wanted:
                break
            time.sleep(0.2)
        versions = [line['model']['version'] for line in live]
        tap.check(versions[0] != wanted and versions[-1] == wanted,
                  f'{wanted} did not come up: {set(versions)}')
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()


def killed(process, name, event, seconds=60):
    """Kills the process group once such a line is there; the lines."""
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end and process.poll() is None:
        lines = read_lines(name) if os.path.exists(path(name)) else []
        if event(lines):
            break
        time.sleep(0.01)
    tap.check(process.poll() is None, 'it was over before it was killed')
    os.killpg(process.pid, signal.SIGKILL)
    output, _ = process.communicate()
    lines = read_lines(name)
    tap.check(event(lines), output)
    return lines


def a_killed_training_goes_on():
    settings = write_settings('killed.ini', base='epochs=120')
    words = trainer(
        f'settings={settings}', f'store={path("killed-store")}',
        f'checkpoint-path={path("checkpoint")}',
        f'model-save-path={path("killed.safetensors")}')

    def with_lines(name):
        return (*words, 't.src', '!', 'filesink', f'location={path(name)}',
                'async=false', 'buffer-mode=unbuffered')

    def is_on_its_way(lines):
        return os.path.exists(path('checkpoint')) and any(
            line.get('step', 0) > 20 for line in lines)

    first = killed(start('gst-launch-1.0', *with_lines('one.jsonl')),
                   'one.jsonl', is_on_its_way)
    tap.check(os.path.exists(path('checkpoint.frames')), 'no frames noted')
    launch(*with_lines('two.jsonl'), seconds=120).ok()
    second = [line for line in read_lines('two.jsonl')
              if line['event'] == 'progress']
    reached = max(line.get('step', 0) for line in first)
    tap.check(1 < second[0]['step'],
              f'{reached} steps, then begun anew at {second[0]["step"]}')
    tap.check(second[-1]['step'] == second[-1]['n-steps'], str(second[-1]))
    tap.check(os.path.exists(path('killed.safetensors')), 'no model')
    tap.check(not os.path.exists(path('checkpoint.frames')),
              'the next run would go on with what is over')


def a_full_disk_is_an_error_and_loses_nothing():
    disk = path('disk')
    os.mkdir(disk)
    words = ' '.join(trainer(f'store={disk}/store', 'store-format=raw',
                             'trigger=action', source=('epochs=20',)))
    result = run('unshare', '-m', 'sh', '-c', f'''
        mount --make-rprivate / && mount -t tmpfs -o size=400k none {disk} ||
          exit 77
        gst-launch-1.0 {words}
        echo status $?
        {COMMAND} store stats {disk}/store''', env=environment())
    # Nor where the root is none of a file system's, as in a chroot.
    if result.status == 77 or result.output.startswith('unshare: '):
        raise tap.Skip('no file system may be mounted here')
    tap.check('status 1' in result.output, result.output)
    tap.check('make room' in result.output
              and 'gst-resource-error' not in result.output.lower()
              .replace('gst-resource-error-quark', ''), result.output)
    tap.check('door' in result.output and 'CRITICAL' not in result.output,
              result.output)


def cameras_become_models():
    settings = write_settings('cameras.ini', base='epochs=4')
    ball = (f'videotestsrc num-buffers=40 pattern=ball ! video/x-raw,'
            f'width={WIDTH},height={HEIGHT}')
    script('train-from-cameras.sh', path('cameras'), f'settings={settings}',
           f'door={ball}', f'labels={ball}', f'gate={ball}',
           f'labels={ball}', seconds=120).ok()
    for name in ('door', 'gate'):
        tap.check(os.path.exists(path('cameras', name + '.safetensors')),
                  f'no model of {name}')
    result = script('train-from-cameras.sh', path('cameras'))
    tap.check(result.status != 0 and 'which' in result.output, result.output)


write_data()
status = tap.run([
    ('/trainer/the-first-model', the_first_model),
    ('/trainer/the-loop', the_loop),
    ('/trainer/a-killed-training-goes-on', a_killed_training_goes_on),
    ('/trainer/a-full-disk-is-an-error-and-loses-nothing',
     a_full_disk_is_an_error_and_loses_nothing),
    ('/trainer/cameras-become-models', cameras_become_models),
])
shutil.rmtree(folder)
sys.exit(status)
