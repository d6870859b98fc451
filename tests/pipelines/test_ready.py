#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ready pipelines, with live test sources and files."""

import glob
import os
import shlex
import struct
import sys
import tempfile

from support import (FRAMES, HEIGHT, WIDTH, decoded, gray_frames,
                     mean, run, scene, script, tap)

LIVE = ('videotestsrc is-live=true num-buffers=25 pattern=ball ! '
        f'video/x-raw,width={WIDTH},height={HEIGHT},framerate=25/1')
folder = tempfile.mkdtemp(prefix='sod-ready-')
clip = scene(folder)


def path(name):
    return os.path.join(folder, name)


def raw_sink(name):
    return ('videoconvert ! video/x-raw,format=GRAY8 ! '
            f'filesink location={path(name)}')


def live_camera():
    script('live-camera.sh', LIVE, raw_sink('live.gray')).ok()
    pictures = gray_frames(path('live.gray'), WIDTH, HEIGHT)
    tap.check(len(pictures) == 25, f'{len(pictures)} of 25 frames')


def file_to_overlay():
    script('file-to-overlay.sh', clip, path('overlay.mp4')).ok()
    plain, drawn = decoded(clip, folder), decoded(path('overlay.mp4'), folder)
    tap.check(len(drawn) == len(plain) == FRAMES, f'{len(drawn)} frames')
    changed = sum(abs(a - b) for a, b in zip(plain[12], drawn[12]))
    tap.check(changed / len(plain[12]) > 1, 'nothing was drawn')


def file_to_masks():
    script('file-to-masks.sh', clip, path('masks/')).ok()
    names = sorted(glob.glob(path('masks/*.png')))
    tap.check(len(names) == FRAMES, f'{len(names)} masks')
    for name in names:
        with open(name, 'rb') as picture:
            width, height, depth, colour = struct.unpack(
                '>16x2I2B', picture.read(26))
        tap.check((width, height, depth, colour) == (WIDTH, HEIGHT, 8, 0),
                  f'{name}: {width}x{height}, {depth} bits, type {colour}')


def masks_show_the_figure():
    script('file-to-masks.sh', clip, raw_sink('masks.gray')).ok()
    middle = gray_frames(path('masks.gray'), WIDTH, HEIGHT)[FRAMES // 2]
    coat = mean(middle, WIDTH, 152, 168, 70, 110)
    edge = mean(middle, WIDTH, 0, 60, 0, HEIGHT)
    tap.check(coat > 180 and edge < 60, f'coat {coat:.0f}, edge {edge:.0f}')


def virtual_camera_blur():
    script('virtual-camera-blur.sh', clip, raw_sink('blur.gray')).ok()
    plain = decoded(clip, folder)
    blurred = gray_frames(path('blur.gray'), WIDTH, HEIGHT)
    tap.check(len(blurred) == FRAMES, f'{len(blurred)} frames')

    def texture(picture):
        return sum(abs(a - b) for a, b in zip(picture, picture[1:]))

    tap.check(texture(blurred[12]) < texture(plain[12]), 'not blurred')


def errors_name_what_is_wrong():
    for words, expected in (
            (('file-to-masks.sh', path('nosuch.mp4')), 'no such file'),
            (('file-to-masks.sh', folder), 'is a folder'),
            (('file-to-masks.sh', 'nosuch://x'), 'no element reads nosuch://'),
            (('file-to-masks.sh', clip, 'x.txt'), 'cannot tell'),
            (('file-to-overlay.sh', clip, path('no/x.mp4')), 'no such folder'),
            (('file-to-overlay.sh',), 'which SOURCE'),
            (('live-camera.sh', '/dev/video98'), 'no camera at /dev/video98'),
            (('live-camera.sh', '--nosuch'), 'no such option')):
        result = script(*words)
        tap.check(result.status != 0 and expected in result.output
                  and result.output.count('\n') == 1,
                  f'{words}: {result.status}: {result.output}')


def parses(name, *words):
    """That the line a script would run is one that GStreamer understands."""
    line = shlex.split(script(name, '--print', *words).ok().output)
    tap.check(line[:2] == ['gst-launch-1.0', '-e'], line)
    run(sys.executable, '-c', '''
import sys, gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
Gst.parse_launchv(sys.argv[1:])
''', *line[2:]).ok()


def parsed(name, *words):
    def test():
        try:
            import gi  # noqa: F401
        except ImportError:
            raise tap.Skip('python3-gi is missing') from None
        parses(name, *words)
    return test


def device(name, *words):
    def test():
        parsed(name, *words)()
        if not glob.glob('/dev/video*'):
            raise tap.Skip('parsed, not run: no /dev/videoN here')
    return test


def help_tells_how():
    for name in sorted(glob.glob(os.path.join(
            os.environ['SOD_SOURCE_DIR'], 'pipelines', '*.sh'))):
        if os.access(name, os.X_OK) and 'install-deps' not in name:
            result = run(name, '--help')
            tap.check(result.status == 0 and 'Usage: ' in result.output,
                      f'{name}: {result.output}')


def nothing_to_install_is_quick_and_silent():
    result = script('install-deps.sh', 'build', seconds=5)
    tap.check(result.status == 0, result.output)
    if result.output:
        raise tap.Skip(f'packages are missing here: {result.output}')


status = tap.run([
    ('/ready/live-camera', live_camera),
    ('/ready/file-to-overlay', file_to_overlay),
    ('/ready/file-to-masks', file_to_masks),
    ('/ready/masks-show-the-figure', masks_show_the_figure),
    ('/ready/virtual-camera-blur', virtual_camera_blur),
    ('/ready/errors-name-what-is-wrong', errors_name_what_is_wrong),
    ('/ready/help-tells-how', help_tells_how),
    ('/ready/device/live-camera', device('live-camera.sh')),
    ('/ready/device/virtual-camera', device('virtual-camera-blur.sh')),
    ('/ready/rtsp-parses', parsed('rtsp.sh', 'rtsp://host/path')),
    ('/ready/nothing-to-install', nothing_to_install_is_quick_and_silent),
])
run('rm', '-rf', folder)
sys.exit(status)
