#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What sodbase adds to the resident set of a pipeline on 1080p frames."""

import os
import subprocess
import sys

from support import SANITIZED, environment, tap

LIMIT = 150  # MiB
FRAMES = 12


def peak(*elements):
    """The highest resident set of a run, MiB."""
    process = subprocess.Popen(
        ['gst-launch-1.0', '-q', 'videotestsrc', f'num-buffers={FRAMES}', '!',
         'video/x-raw,format=NV12,width=1920,height=1080', '!', *elements,
         'fakesink'], env=environment(), stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    tap.check(process.returncode == 0, f'exit status {process.returncode}')
    return usage.ru_maxrss / 1024


def sodbase_is_small():
    if SANITIZED:
        raise tap.Skip('sanitizers take memory of their own')
    plain = min(peak() for _ in range(2))
    for output in ('frame', 'map', 'cutout'):
        extra = peak('sodbase', f'output={output}', '!') - plain
        print(f'# output={output}: {extra:.0f} MiB over {plain:.0f} MiB')
        tap.check(extra <= LIMIT, f'output={output}: {extra:.0f} MiB more, '
                  f'expected at most {LIMIT}')


sys.exit(tap.run([('/memory/sodbase-is-small-on-1080p', sodbase_is_small)]))
