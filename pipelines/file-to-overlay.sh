#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A video in, the same video out with a heat map and boxes on what stands out.
#
# Usage: file-to-overlay.sh SOURCE [SINK]    (default SINK: overlay.mp4)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
sod_options "$@"
[ ${#words[@]} -ge 1 ] || sod_fail "which SOURCE? (--help tells)"
sod_environment
sod_source "${words[0]}"
sod_sink "${words[1]:-overlay.mp4}"

sod_launch "${source[@]}" ! queue ! videoconvert ! \
  sodbase ! sodoverlay style=heatmap+boxes ! queue ! "${sink[@]}"
