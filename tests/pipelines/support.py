# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the pipelines share: places, a clip, bounded runs."""

import os
import signal
import subprocess
import sys

SOURCE = os.environ['SOD_SOURCE_DIR']
BUILD = os.environ['SOD_BUILD_DIR']
PIPELINES = os.path.join(SOURCE, 'pipelines')
sys.path.insert(0, os.path.join(SOURCE, 'tests'))
import tap  # noqa: E402

WIDTH, HEIGHT, FRAMES = 320, 180, 25
SANITIZED = bool(os.environ.get('SOD_PRELOAD'))
# A sanitized run on a slow machine takes this much longer.
SLOW = 8 if SANITIZED else 1


def environment(**more):
    """For programs that are not ours, with the elements of the build."""
    env = dict(os.environ)
    for name in ('DISPLAY', 'WAYLAND_DISPLAY', 'GST_DEBUG'):
        env.pop(name, None)
    env['GST_PLUGIN_PATH'] = os.path.join(BUILD, 'plugins')
    env['GST_REGISTRY'] = os.path.join(BUILD, 'registry.bin')
    env['GST_DEBUG_NO_COLOR'] = '1'
    if SANITIZED:
        env['LD_PRELOAD'] = env['SOD_PRELOAD']
        # Leaks of programs and plugins of others; ours are seen by the leaks
        # tracer and by the library's tests.
        env['ASAN_OPTIONS'] = 'detect_leaks=0'
    env.update(more)
    return env


class Result:
    def __init__(self, status, output):
        self.status, self.output = status, output

    def ok(self):
        tap.check(self.status == 0, f'exit status {self.status}:\n'
                  f'{self.output}')
        for word in ('CRITICAL', 'WARNING', 'runtime error:', 'Sanitizer'):
            tap.check(word not in self.output, self.output)
        return self


def start(*words, **options):
    """In a process group of its own, so that all of it can be stopped."""
    options.setdefault('env', environment())
    return subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors='replace',
        start_new_session=True, **options)


def run(*words, seconds=60, **options):
    """Waits, at most `seconds` (more when sanitized)."""
    process = start(*words, **options)
    try:
        output, _ = process.communicate(timeout=seconds * SLOW)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        raise AssertionError(f'not done after {seconds * SLOW} s: {words}\n'
                             f'{output}') from None
    return Result(process.returncode, output)


def launch(*words, **options):
    return run('gst-launch-1.0', *words, **options)


def script(name, *words, **options):
    return run(os.path.join(PIPELINES, name), *words, **options)


def scene(folder, frames=FRAMES):
    """A clip of the generated scene; its path."""
    path = os.path.join(folder, 'scene.mkv')
    with subprocess.Popen(
            [os.path.join(PIPELINES, 'scene.py'), str(frames), str(WIDTH),
             str(HEIGHT)], stdout=subprocess.PIPE) as pixels:
        subprocess.run(
            ['gst-launch-1.0', '-q', 'fdsrc', 'fd=0', '!', 'rawvideoparse',
             'format=rgb', f'width={WIDTH}', f'height={HEIGHT}',
             'framerate=25/1', '!', 'videoconvert', '!',
             'video/x-raw,format=I420', '!', 'x264enc', '!', 'matroskamux',
             '!', 'filesink', f'location={path}'],
            stdin=pixels.stdout, env=environment(), check=True,
            timeout=60 * SLOW)
    return path


def gray_frames(path, width, height):
    """The pictures of a file of raw gray frames."""
    with open(path, 'rb') as data:
        pixels = data.read()
    size = width * height
    tap.check(len(pixels) % size == 0 and pixels,
              f'{len(pixels)} bytes are no {width}x{height} pictures')
    return [pixels[at:at + size] for at in range(0, len(pixels), size)]


def decoded(path, folder):
    """The frames of a video file, gray, at the scene's size."""
    raw = os.path.join(folder, 'decoded.gray')
    launch('-q', 'filesrc', f'location={path}', '!', 'decodebin', '!',
           'videoconvert', '!', 'videoscale', '!',
           f'video/x-raw,format=GRAY8,width={WIDTH},height={HEIGHT}', '!',
           'filesink', f'location={raw}').ok()
    return gray_frames(raw, WIDTH, HEIGHT)


def mean(picture, width, left, right, top, bottom):
    rows = [picture[y * width + left:y * width + right]
            for y in range(top, bottom)]
    return sum(map(sum, rows)) / sum(map(len, rows))
