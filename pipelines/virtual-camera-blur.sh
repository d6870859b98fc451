#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A camera in, a virtual camera out whose background is blurred, for any
# program that takes a camera.
#
# Usage: virtual-camera-blur.sh [SOURCE [SINK]]
#                                   (default: /dev/video0 /dev/video10)
#
# The virtual camera is made once a boot, as root:
#   apt install v4l2loopback-dkms
#   modprobe v4l2loopback video_nr=10 card_label=Blurred exclusive_caps=1
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
sod_options "$@"
sod_environment
sod_source "${words[0]:-/dev/video0}"
sod_sink "${words[1]:-/dev/video10}"

sod_launch "${source[@]}" ! queue max-size-buffers=3 ! videoconvert ! \
  sodbase ! sodoverlay style=blur ! queue max-size-buffers=3 ! "${sink[@]}"
