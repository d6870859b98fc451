#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Live camera: what stands out lights up in a window, while it happens.
#
# Usage: live-camera.sh [SOURCE [SINK]]      (default: /dev/video0 window)
#
# A machine too slow for the camera shows the last map again (overload=auto)
# and keeps the picture live.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
sod_options "$@"
sod_environment
sod_source "${words[0]:-/dev/video0}"
sod_sink "${words[1]:-window}"

sod_launch "${source[@]}" ! queue max-size-buffers=3 ! videoconvert ! \
  sodbase ! sodoverlay ! queue max-size-buffers=3 ! "${sink[@]}"
