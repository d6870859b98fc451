#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No GStreamer object outlives its pipeline: what the leaks tracer says.

The tracer reports in the debug log and leaves the exit status alone, so the
log is read. A planted leak shows that it would be seen.
"""

import re
import sys

from support import environment, launch, run, tap

FRAMES = ['videotestsrc', 'num-buffers=8', '!',
          'video/x-raw,width=320,height=180', '!']
TRACED = environment(GST_TRACERS='leaks(check-refs=true)',
                     GST_DEBUG='GST_TRACER:7')


# The records themselves, not the tracer's description of their format.
ALIVE = re.compile(r'object-(alive|refings), .*type-name=\(string\)\w')


def leaks(output):
    return [line for line in output.splitlines() if ALIVE.search(line)]


def traced(*words, fails=False):
    def test():
        result = launch('-q', *words, env=TRACED)
        tap.check((result.status != 0) == fails,
                  f'exit status {result.status}: {result.output}')
        found = leaks(result.output)
        tap.check(not found, '\n'.join(found))
    return test


def planted_leak_is_seen():
    result = run(sys.executable, '-c', '''
import ctypes, gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
gst = ctypes.CDLL("libgstreamer-1.0.so.0")
gst.gst_buffer_new.restype = ctypes.c_void_p
gst.gst_buffer_new()
Gst.deinit()
''', env=TRACED)
    if 'ModuleNotFoundError' in result.output:
        raise tap.Skip('python3-gi is missing')
    tap.check(leaks(result.output), f'not seen: {result.output}')


sys.exit(tap.run([
    ('/leaks/planted-leak-is-seen', planted_leak_is_seen),
    ('/leaks/sodbase/frame', traced(*FRAMES, 'sodbase', '!', 'fakesink')),
    ('/leaks/sodbase/map',
     traced(*FRAMES, 'sodbase', 'output=map', '!', 'fakesink')),
    ('/leaks/sodbase/cutout',
     traced(*FRAMES, 'sodbase', 'output=cutout', '!', 'fakesink')),
    ('/leaks/sodbase/every-third-frame',
     traced(*FRAMES, 'sodbase', 'inference-interval=3', '!', 'fakesink')),
    ('/leaks/sodoverlay/every-style',
     traced(*FRAMES, 'sodbase', '!', 'sodoverlay',
            'style=heatmap+contour+boxes+blur', '!', 'fakesink')),
    ('/leaks/sodpublish',
     traced(*FRAMES, 'sodbase', '!', 'sodpublish', 'location=/dev/null', '!',
            'fakesink')),
    ('/leaks/sodbase/missing-model',
     traced(*FRAMES, 'sodbase', 'model-file=/nonexistent/x.safetensors', '!',
            'fakesink', fails=True)),
    ('/leaks/sodbase/not-negotiated',
     traced('audiotestsrc', 'num-buffers=2', '!', 'sodbase', '!', 'fakesink',
            fails=True)),
]))
