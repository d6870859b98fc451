#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rtsp.sh against a server on loopback that is killed and comes back."""

import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from support import PIPELINES, SLOW, SOURCE, decoded, environment, start, tap

SERVER = os.path.join(SOURCE, 'tests', 'pipelines', 'rtsp_server.py')
try:
    import gi
    gi.require_version('GstRtspServer', '1.0')
except (ImportError, ValueError) as missing:
    print(f'1..0 # SKIP gir1.2-gst-rtsp-server-1.0 is missing: {missing}')
    sys.exit(0)


class Camera:
    def __init__(self, port='0'):
        # Nothing of ours runs in it, so it needs no sanitizer.
        env = environment()
        env.pop('LD_PRELOAD', None)
        self.process = subprocess.Popen(
            [sys.executable, SERVER, port], env=env, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        self.port = self.process.stdout.readline().strip()
        tap.check(self.port, 'the RTSP server did not start')

    def kill(self):
        self.process.kill()
        self.process.wait()


def until(condition, seconds, what):
    deadline = time.monotonic() + seconds * SLOW
    while not condition():
        tap.check(time.monotonic() < deadline, f'{seconds * SLOW} s: {what}')
        time.sleep(0.2)


def size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def comes_back():
    folder = tempfile.mkdtemp(prefix='sod-rtsp-')
    first = os.path.join(folder, 'out-001.mkv')
    camera = Camera()
    client = start(
        os.path.join(PIPELINES, 'rtsp.sh'),
        f'rtsp://127.0.0.1:{camera.port}/camera',
        os.path.join(folder, 'out.mkv'))
    try:
        until(lambda: size(first) > 20000, 20, 'nothing recorded')
        camera.kill()
        time.sleep(2)
        camera = Camera(camera.port)
        until(lambda: any(size(path) > 20000 for path in glob.glob(
            os.path.join(folder, 'out-*.mkv')) if path != first),
            40, 'did not reconnect')
        os.killpg(client.pid, signal.SIGINT)
        output, _ = client.communicate(timeout=20 * SLOW)
    finally:
        camera.kill()
        if client.poll() is None:
            os.killpg(client.pid, signal.SIGKILL)
    tap.check(client.returncode == 0, f'{client.returncode}: {output}')
    tap.check('connection lost' in output, output)
    recorded = sorted(glob.glob(os.path.join(folder, 'out-*.mkv')),
                      key=size)[-2:]
    for path in recorded:
        tap.check(len(decoded(path, folder)) >= 10, f'{path}: too few frames')
    tap.check(first in recorded, recorded)
    shutil.rmtree(folder)


sys.exit(tap.run([('/rtsp/comes-back-after-the-camera-did', comes_back)]))
