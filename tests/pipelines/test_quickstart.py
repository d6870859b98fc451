#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""quickstart.sh where there is no display, in the build that is tested."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from support import (FRAMES, PIPELINES, SLOW, Result, decoded, environment,
                     scene, script, start, tap)

folder = tempfile.mkdtemp(prefix='sod-quickstart-')
clip = scene(folder)


def writes_video_and_lines():
    result = script('quickstart.sh', clip, cwd=folder).ok()
    with open(os.path.join(folder, 'saliency.jsonl'), encoding='utf-8') as f:
        records = [json.loads(line) for line in f]
    tap.check(len(records) == FRAMES, f'{len(records)} lines')
    frames = decoded(os.path.join(folder, 'saliency.mp4'), folder)
    tap.check(len(frames) == FRAMES, f'{len(frames)} frames')
    seen = sum(bool(record['regions']) for record in records)
    tap.check(seen > FRAMES / 2, f'regions in {seen} frames')
    for words in (rf'\n{FRAMES} frames, 100', f'{FRAMES} frames of 320x180',
                  'show something salient', 'region ', 'Next:'):
        tap.check(re.search(words, result.output),
                  f'{words}: {result.output}')


def refuses_before_it_builds():
    for words, expected in (
            (['nosuch.mp4'], 'no such file: nosuch.mp4'),
            ([folder], 'is no file'),
            (['/dev/video98'], 'no camera at /dev/video98'),
            (['nosuch://x'], 'no element reads nosuch://'),
            (['a', 'b'], 'one source at a time'),
            (['--nosuch'], 'no such option')):
        result = script('quickstart.sh', *words, cwd=folder)
        tap.check(result.status != 0 and expected in result.output,
                  f'{words}: {result.output}')


def says_what_is_wrong_with_a_file():
    path = os.path.join(folder, 'text.mp4')
    with open(path, 'w', encoding='utf-8') as text:
        text.write('no video\n' * 100)
    result = script('quickstart.sh', path, cwd=folder)
    tap.check(result.status != 0 and 'ERROR' in result.output
              and path in result.output, result.output)


def endless(*words):
    """A run on a source without an end."""
    return start(os.path.join(PIPELINES, 'quickstart.sh'), *words,
                 'testbin://video', cwd=folder)


def check_complete(process):
    output, _ = process.communicate(timeout=30 * SLOW)
    if 'no element reads testbin' in output:
        raise tap.Skip('testsrcbin is missing')
    Result(process.returncode, output).ok()
    tap.check('frames of ' in output, output)
    decoded(os.path.join(folder, 'saliency.mp4'), folder)


def stops_after_the_seconds_asked_for():
    check_complete(endless('--seconds', '2'))


def ctrl_c_leaves_complete_files():
    lines = os.path.join(folder, 'saliency.jsonl')
    if os.path.exists(lines):
        os.remove(lines)
    process = endless()
    deadline = time.monotonic() + 30 * SLOW
    while process.poll() is None and (
            not os.path.exists(lines) or os.path.getsize(lines) < 5000):
        tap.check(time.monotonic() < deadline, 'no lines')
        time.sleep(0.1)
    # As a terminal does: to everything in the group.
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    check_complete(process)


def opens_a_window_where_there_is_a_display():
    if not shutil.which('Xvfb'):
        raise tap.Skip('Xvfb is missing: no display to open a window on')
    with subprocess.Popen(
            ['Xvfb', '-noreset', '-displayfd', '1',
             '-screen', '0', '800x600x24'],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True) as server:
        try:
            display = ':' + server.stdout.readline().strip()
            env = environment(DISPLAY=display)
            place = tempfile.mkdtemp(dir=folder)
            result = script('quickstart.sh', clip, cwd=place, env=env)
            result.ok()
            tap.check('in a window' in result.output, result.output)
            tap.check(os.listdir(place) == ['saliency.jsonl'],
                      os.listdir(place))
        finally:
            server.terminate()


status = tap.run([
    ('/quickstart/writes-video-and-lines', writes_video_and_lines),
    ('/quickstart/refuses-before-it-builds', refuses_before_it_builds),
    ('/quickstart/says-what-is-wrong-with-a-file',
     says_what_is_wrong_with_a_file),
    ('/quickstart/stops-after-the-seconds-asked-for',
     stops_after_the_seconds_asked_for),
    ('/quickstart/ctrl-c-leaves-complete-files', ctrl_c_leaves_complete_files),
    ('/quickstart/opens-a-window-where-there-is-a-display',
     opens_a_window_where_there_is_a_display),
])
shutil.rmtree(folder)
sys.exit(status)
