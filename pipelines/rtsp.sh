#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A network camera in, the overlay out, day and night: when the camera or the
# network goes away this asks again until both are back.
#
# Usage: rtsp.sh rtsp://HOST/PATH [SINK]     (default SINK: window)
#
# How: rtspsrc does not come back by itself, so each connection is one run of
# gst-launch-1.0, watched from here. A camera that falls silent without closing
# the connection counts as gone after 10 seconds. A file is numbered by
# connection (name-001.mp4, name-002.mp4, ...), so that nothing is overwritten.
# Between attempts it waits 1, 2, 4, 8, then 15 seconds; a connection that
# held 20 seconds starts over at 1. Ctrl-C ends it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
sod_options "$@"
[ ${#words[@]} -ge 1 ] || sod_fail "which rtsp:// address? (--help tells)"
sod_environment
sod_source "${words[0]}"
target=${words[1]:-window}

next_sink () {
  local name
  case $target in
    *.mp4 | *.mkv)
      while
        number=$((${number:-0} + 1))
        name=$(printf '%s-%03d.%s' "${target%.*}" "$number" "${target##*.}")
        [ -e "$name" ]
      do :; done
      sod_sink "$name"
      ;;
    *) sod_sink "$target" ;;
  esac
}

stopped=no
launch=
stop () {
  stopped=yes
  [ -z "$launch" ] || kill -INT "$launch" 2>/dev/null || true
}
trap stop INT TERM HUP

# connect COMMAND
connect () {
  "$1" "${source[@]}" ! watchdog timeout=10000 ! \
    queue max-size-buffers=3 ! videoconvert ! sodbase ! sodoverlay ! \
    queue max-size-buffers=3 ! "${sink[@]}"
}

if [ "$SOD_PRINT" = yes ]; then
  next_sink
  connect sod_launch
fi
pause=1
while [ $stopped = no ]; do
  next_sink
  started=$SECONDS
  connect sod_start
  # A signal ends the wait but not the pipeline, which completes its file.
  while kill -0 "$launch" 2>/dev/null; do
    wait "$launch" || true
  done
  launch=
  [ $stopped = no ] || break
  [ $((SECONDS - started)) -lt 20 ] || pause=1
  echo "rtsp.sh: connection lost, asking again in $pause s" >&2
  sleep $pause || true
  pause=$((pause < 8 ? pause * 2 : 15))
done
