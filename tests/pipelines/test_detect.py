#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-sod detect on generated pictures and videos, good and broken."""

import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

from support import (BUILD, FRAMES, HEIGHT, SLOW, WIDTH, environment, launch,
                     run, scene, start, tap)

COMMAND = os.path.join(BUILD, 'pipelines', 'gst-sod', 'gst-sod')
KINDS = ('maps', 'masks', 'overlays', 'cutouts')
# Names that shells and pipelines trip over.
ODD = 'a b\nc %d é.mkv'

folder = tempfile.mkdtemp(prefix='sod-detect-')
clip = scene(folder)


def ours(**more):
    """The command links the sanitizers itself."""
    env = environment(**more)
    env.pop('LD_PRELOAD', None)
    return env


def detect(*words, seconds=90, **options):
    return run(COMMAND, 'detect', *words, seconds=seconds, env=ours(),
               **options)


def path(*names):
    return os.path.join(folder, *names)


def fresh(name):
    shutil.rmtree(path(name), ignore_errors=True)
    os.makedirs(path(name))
    return path(name)


def pictures(where, count, suffix='jpg', width=160, height=96):
    """Each another frame of a moving ball."""
    encoder = {'jpg': 'jpegenc', 'png': 'pngenc'}[suffix]
    launch('-q', 'videotestsrc', 'pattern=ball', f'num-buffers={count}', '!',
           f'video/x-raw,width={width},height={height}', '!', 'videoconvert',
           '!', encoder, '!', 'multifilesink',
           f'location={where}/%03d.{suffix}').ok()


def files(where, hidden=False):
    """Name -> contents of all below `where`."""
    found = {}
    for top, folders, names in os.walk(where):
        if not hidden:
            folders[:] = [name for name in folders if name[0] != '.']
        for name in names:
            if hidden or name[0] != '.':
                whole = os.path.join(top, name)
                with open(whole, 'rb') as data:
                    found[os.path.relpath(whole, where)] = data.read()
    return found


def partials(where):
    return [name for name in os.listdir(where) if 'partial' in name]


def count(where, part=''):
    """Files below `where`, hidden ones too, in paths that hold `part`."""
    return sum(len(names) for top, _, names in os.walk(where) if part in top)


def until(condition, what):
    deadline = time.monotonic() + 60 * SLOW
    while not condition():
        tap.check(time.monotonic() < deadline, what)
        time.sleep(0.005)


def png_header(data):
    """(width, height, bits, colour type)"""
    tap.check(data[:8] == b'\x89PNG\r\n\x1a\n', 'no PNG')
    return (int.from_bytes(data[16:20], 'big'),
            int.from_bytes(data[20:24], 'big'), data[24], data[25])


def everything_of_a_folder():
    source, out = fresh('mixed'), fresh('mixed-out')
    os.makedirs(os.path.join(source, 'deep'))
    pictures(source, 2)
    pictures(os.path.join(source, 'deep'), 1, 'png', 161, 97)
    shutil.copy(clip, os.path.join(source, ODD))
    os.symlink('.', os.path.join(source, 'loop'))
    result = detect(source, *[f'--{kind}={out}/{kind}' for kind in KINDS],
                    '--json', f'{out}/lines/', '--summary', f'{out}/sum.json')
    tap.check(result.status == 0, result.output)
    odd = ODD[:-len('.mkv')]
    still = {'000.png', '001.png', 'deep/000.png'}
    video = {f'{odd}/{number:06}.png' for number in range(FRAMES)}
    for kind, header in (('maps', (8, 0)), ('masks', (8, 0)),
                         ('cutouts', (8, 6)), ('overlays', (8, 2))):
        made = files(path('mixed-out', kind))
        wanted = still | ({f'{odd}.mp4'} if kind == 'overlays' else video)
        tap.check(set(made) == wanted, f'{kind}: {sorted(made)}')
        for name, data in made.items():
            if name.endswith('.png'):
                size = ((161, 97) if 'deep' in name else
                        (160, 96) if '/' not in name else (WIDTH, HEIGHT))
                tap.check(png_header(data) == size + header,
                          f'{kind}/{name}: {png_header(data)}')
        tap.check(not partials(path('mixed-out', kind)), kind)
    lines = files(path('mixed-out', 'lines'))
    tap.check(set(lines) == {'000.jsonl', '001.jsonl', 'deep/000.jsonl',
                             f'{odd}.jsonl'}, lines.keys())
    records = [json.loads(line)
               for line in lines[f'{odd}.jsonl'].splitlines()]
    tap.check(len(records) == FRAMES and records[0]['source_id'] == ODD
              and records[0]['schema'] == 1, records[0])
    with open(path('mixed-out', 'sum.json'), encoding='utf-8') as data:
        summary = json.load(data)
    tap.check(summary['inputs'] == summary['done'] == 4
              and summary['frames'] == FRAMES + 3 and not summary['failed'],
              summary)


def broken_ones_are_named_and_the_rest_goes_on():
    source, out = fresh('broken'), fresh('broken-out')
    pictures(source, 3)
    with open(os.path.join(source, '000.jpg'), 'rb') as data:
        whole = data.read()
    for name, data in (('cut.jpg', whole[:len(whole) // 2]),
                       ('empty.png', b''), ('noise.mp4', b'no video' * 99),
                       ('line\nfeed.png', b'\x89PNG\r\n\x1a\n1234')):
        with open(os.path.join(source, name), 'wb') as broken:
            broken.write(data)
    os.symlink('nosuch', os.path.join(source, 'dangling.jpg'))
    result = detect(source, path('nosuch*.jpg'), '--maps', out,
                    '--summary', path('broken.json'))
    tap.check(result.status == 2, f'{result.status}: {result.output}')
    tap.check(set(files(out)) == {'000.png', '001.png', '002.png'},
              files(out).keys())
    with open(path('broken.json'), encoding='utf-8') as data:
        failed = {os.path.basename(item['path']): item['reason']
                  for item in json.load(data)['failed']}
    tap.check(set(failed) == {'cut.jpg', 'empty.png', 'noise.mp4',
                              'line\nfeed.png', 'dangling.jpg', 'nosuch*.jpg'},
              failed)
    for words in ('cut.jpg": the end of the JPEG is missing',
                  'empty.png": the file is empty', 'line\\nfeed.png": ',
                  'nosuch*.jpg": nothing is called so', '6 failed'):
        tap.check(words in result.output, f'{words}: {result.output}')
    tap.check(not partials(out), partials(out))


def refusals_write_nothing():
    source, out = fresh('refuse'), path('refuse-out')
    pictures(source, 1)
    pictures(source, 1, 'png')
    shutil.copy(clip, path('refuse', '000.mkv'))
    for words, expected in (
            ([source, '--maps', out], 'would both be written to'),
            ([source], 'what is to be made?'),
            (['--maps', out], 'which files'),
            ([clip, '--maps', out, '--every', '0'], '--every'),
            ([clip, '--maps', out, '--threshold', '2'], '--threshold'),
            ([clip, '--maps', out, '--precision', 'f99'], '--precision'),
            ([clip, '--maps', out, '--model', clip], os.path.basename(clip)),
            ([clip, '--maps', out, '--device', 'abacus'], 'abacus'),
            ([path('refuse', '000.png'), '--maps', source],
             'over the input')):
        result = detect(*words)
        tap.check(result.status == 1 and expected in result.output,
                  f'{words}: {result.status}: {result.output}')
        tap.check(not os.path.exists(out), words)
        tap.check(len(os.listdir(source)) == 3, os.listdir(source))


def palette_png(name):
    """40x30, white on black by a palette."""
    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data
                + struct.pack('>I', zlib.crc32(kind + data)))
    rows = b''.join(b'\0' + bytes(10 < x < 30 and 5 < y < 25
                                  for x in range(40)) for y in range(30))
    with open(name, 'wb') as png:
        png.write(b'\x89PNG\r\n\x1a\n'
                  + chunk(b'IHDR', struct.pack('>IIBBBBB', 40, 30, 8, 3, 0,
                                               0, 0))
                  + chunk(b'PLTE', bytes((0, 0, 0, 255, 255, 255)))
                  + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def bitmap(name):
    """40x30, 24 bits a pixel."""
    rows = b''.join(b'\xff\xff\xff' if 10 < x < 30 and 5 < y < 25 else
                    b'\0\0\0' for y in range(30) for x in range(40))
    with open(name, 'wb') as bmp:
        bmp.write(b'BM' + struct.pack('<IHHI', 54 + len(rows), 0, 0, 54)
                  + struct.pack('<IiiHHIIiiII', 40, 40, 30, 1, 24, 0,
                                len(rows), 0, 0, 0, 0) + rows)


def pictures_of_other_kinds():
    source, out = fresh('kinds'), fresh('kinds-out')
    palette_png(os.path.join(source, 'palette.png'))
    bitmap(os.path.join(source, 'bitmap.bmp'))
    with open(os.path.join(source, 'palette.png'), 'rb') as data:
        with open(os.path.join(source, 'named otherwise.jpg'), 'wb') as copy:
            copy.write(data.read())
    result = detect(source, '--maps', out)
    tap.check(result.status == 0, result.output)
    made = files(out)
    tap.check(set(made) == {'palette.png', 'bitmap.png',
                            'named otherwise.png'}, made.keys())
    for data in made.values():
        tap.check(png_header(data) == (40, 30, 8, 0), png_header(data))


def every_third_frame():
    out = fresh('every')
    tap.check(detect(clip, '--maps', out, '--every', '3').status == 0, 'ran')
    wanted = {f'scene/{number:06}.png' for number in range(0, FRAMES, 3)}
    tap.check(set(files(out)) == wanted, sorted(files(out)))


def killed_and_resumed_is_as_if_never_killed():
    source, whole, cut = fresh('resume'), fresh('whole'), fresh('cut')
    pictures(source, 20)
    for number in range(4):
        shutil.copy(clip, os.path.join(source, f'clip{number}.mkv'))

    def words(out):
        return [source, '--maps', f'{out}/maps', '--cutouts', f'{out}/cut',
                '--json', f'{out}/all.jsonl']

    tap.check(detect(*words(whole)).status == 0, 'uninterrupted')
    kills = 0
    for share in (0, 0.1, 0.3, 0.5):
        process = start(COMMAND, 'detect', *words(cut), env=ours())
        until(lambda: process.poll() is not None
              or count(cut) > share * len(files(whole)),
              'it stands still')
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    tap.check(kills == 4, f'killed {kills} times while it ran')
    tap.check(len(files(cut)) < len(files(whole)), 'nothing was left to do')
    result = detect(*words(cut))
    tap.check(result.status == 0, result.output)
    tap.check('before' in result.output, result.output)
    expected, made = files(whole), files(cut)
    tap.check(set(expected) == set(made),
              set(expected) ^ set(made))
    other = [name for name in expected if expected[name] != made[name]]
    tap.check(not other, f'not the same: {other}')
    tap.check(detect(*words(cut)).output.startswith('24 of 24 inputs done '
                                                    '(24 of them before)'),
              'done twice')
    result = detect(*words(cut), '--every', '2')
    tap.check(result.status == 1 and '--overwrite' in result.output,
              result.output)


def interrupt_leaves_no_temporary_files():
    source, out = fresh('interrupt'), fresh('interrupt-out')
    for number in range(8):
        shutil.copy(clip, os.path.join(source, f'clip{number}.mkv'))
    process = start(COMMAND, 'detect', source, '--maps', out, '--overlays',
                    out + '/ov', '--json', out + '/all.jsonl', env=ours())
    until(lambda: count(out, 'partial'), 'nothing was begun')
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20 * SLOW)
    tap.check(process.returncode == 130, f'{process.returncode}: {output}')
    tap.check('goes on from here' in output, output)
    left = [name for name in files(out, hidden=True) if 'partial' in name]
    tap.check(not left and not partials(out), left)
    result = detect(source, '--maps', out, '--overlays', out + '/ov', '--json',
                    out + '/all.jsonl')
    tap.check(result.status == 0 and '8 of 8' in result.output, result.output)


def stopped_at_work(source, out):
    """A run over `source` that is stopped in the middle; None where it was
    done before that, as it may be where this program waits for a processor."""
    first = start(COMMAND, 'detect', source, '--maps', out, env=ours())
    until(lambda: partials(out) or first.poll() is not None,
          'the first never began')
    if first.poll() is None:
        first.send_signal(signal.SIGSTOP)
        state = os.waitid(os.P_PID, first.pid,
                          os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if state.si_code == os.CLD_STOPPED:
            return first
    output, _ = first.communicate(timeout=90 * SLOW)
    tap.check(first.returncode == 0, output)
    return None


def two_at_once_are_kept_apart():
    first, n_clips = None, 3
    while first is None:
        n_clips *= 2
        source, out = fresh(f'lock{n_clips}'), fresh(f'lock{n_clips}-out')
        for number in range(n_clips):
            shutil.copy(clip, os.path.join(source, f'clip{number}.mkv'))
        first = stopped_at_work(source, out)
    second = detect(source, '--maps', out)
    first.send_signal(signal.SIGCONT)
    output, _ = first.communicate(timeout=90 * SLOW)
    tap.check(second.status == 1 and 'at work on' in second.output,
              second.output)
    tap.check(first.returncode == 0, output)


def files_of_others_are_kept():
    out = fresh('others')
    os.makedirs(path('others', 'scene'))
    with open(path('others', 'scene', 'mine'), 'w', encoding='utf-8') as mine:
        mine.write('mine')
    result = detect(clip, '--maps', out)
    tap.check(result.status == 1 and '--overwrite' in result.output,
              result.output)
    tap.check(files(out, hidden=True) == {'scene/mine': b'mine'},
              files(out, hidden=True).keys())


def a_full_disk_fails_what_does_not_fit():
    source, out = fresh('full'), fresh('full-out')
    pictures(source, 2)
    launch('-q', 'videotestsrc', 'pattern=snow', 'num-buffers=30', '!',
           'video/x-raw,width=320,height=180', '!', 'jpegenc', '!',
           'matroskamux', '!', 'filesink', f'location={source}/snow.mkv').ok()

    def bounded():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

    result = run(COMMAND, 'detect', source, '--overlays', out, '-j2',
                 env=ours(), preexec_fn=bounded)
    tap.check(result.status == 2 and 'snow.mkv": ' in result.output
              and '2 of 3 inputs done, 1 failed' in result.output,
              f'{result.status}: {result.output}')
    tap.check(set(files(out)) == {'000.png', '001.png'}, files(out).keys())
    result = detect(source, '--overlays', out)
    tap.check(result.status == 0 and '(2 of them before)' in result.output,
              result.output)


def progress_is_a_bar_on_a_terminal_and_lines_elsewhere():
    out = fresh('bar')
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, 'detect', clip, clip, '--maps', out, '--overlays', out],
        env=ours(TERM='xterm'), stdin=subprocess.DEVNULL, stderr=child,
        start_new_session=True)
    os.close(child)
    shown = b''
    try:
        while chunk := os.read(parent, 4096):
            shown += chunk
    except OSError:  # the terminal's other end is closed
        pass
    os.close(parent)
    tap.check(process.wait() == 0, shown)
    for words in (rb'\r\x1b\[K\[[#-]{16}\] ', rb' frames/s, ', rb' left',
                  rb'\r\x1b\[K1 of 1 inputs done'):
        tap.check(re.search(words, shown), f'{words}: {shown}')
    output = detect(clip, '--maps', fresh('lines')).output
    tap.check('\r' not in output and '\x1b' not in output, output)
    tap.check(detect(clip, '--maps', fresh('lines'), '-q').output == '',
              'not quiet')


def many_small_pictures():
    source, out = fresh('many'), fresh('many-out')
    pictures(source, 200)
    started = time.monotonic()
    result = detect(source, '--maps', out, '--masks', out + '/m', seconds=120)
    tap.check(result.status == 0, result.output)
    print(f'# 200 pictures in {time.monotonic() - started:.1f} s')
    tap.check(len(files(out)) == 400, len(files(out)))


status = tap.run([
    ('/detect/everything-of-a-folder', everything_of_a_folder),
    ('/detect/broken-ones-are-named-and-the-rest-goes-on',
     broken_ones_are_named_and_the_rest_goes_on),
    ('/detect/refusals-write-nothing', refusals_write_nothing),
    ('/detect/pictures-of-other-kinds', pictures_of_other_kinds),
    ('/detect/every-third-frame', every_third_frame),
    ('/detect/killed-and-resumed-is-as-if-never-killed',
     killed_and_resumed_is_as_if_never_killed),
    ('/detect/interrupt-leaves-no-temporary-files',
     interrupt_leaves_no_temporary_files),
    ('/detect/two-at-once-are-kept-apart', two_at_once_are_kept_apart),
    ('/detect/files-of-others-are-kept', files_of_others_are_kept),
    ('/detect/a-full-disk-fails-what-does-not-fit',
     a_full_disk_fails_what_does_not_fit),
    ('/detect/progress-is-a-bar-on-a-terminal-and-lines-elsewhere',
     progress_is_a_bar_on_a_terminal_and_lines_elsewhere),
    ('/detect/many-small-pictures', many_small_pictures),
])
shutil.rmtree(folder)
sys.exit(status)
