#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A camera on the loopback interface: rtsp_server.py PORT.

Prints the port once it listens.
"""

import sys

import gi
gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
server = GstRtspServer.RTSPServer.new()
server.set_address('127.0.0.1')
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory.new()
factory.set_launch(
    '( videotestsrc is-live=true pattern=ball ! '
    'video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! '
    'x264enc tune=zerolatency speed-preset=ultrafast key-int-max=12 ! '
    'rtph264pay name=pay0 pt=96 )')
factory.set_shared(True)
server.get_mount_points().add_factory('/camera', factory)
if not server.attach(None):
    sys.exit('cannot listen')
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
