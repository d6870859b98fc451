#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A video in, its saliency maps out: one gray PNG a frame, of the frame's size,
# 0 = background, 255 = salient.
#
# Usage: file-to-masks.sh SOURCE [SINK]      (default SINK: masks/)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
sod_options "$@"
[ ${#words[@]} -ge 1 ] || sod_fail "which SOURCE? (--help tells)"
sod_environment
sod_source "${words[0]}"
sod_sink "${words[1]:-masks/}"

sod_launch "${source[@]}" ! queue ! videoconvert ! \
  sodbase output=map ! queue ! "${sink[@]}"
