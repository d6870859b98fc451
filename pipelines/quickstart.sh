#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# From a clone to the salient object in a video: installs what is missing,
# builds, runs, and says what it found.
#
# Usage: quickstart.sh [--yes] [--seconds N] [FILE|URI|/dev/videoN]
#   Without a source, a generated scene is shown.
#   --yes        install missing Debian packages without asking
#   --seconds N  stop after N seconds (a camera has no end; Ctrl-C works too)
#
# Where there is a display it opens a window; where there is none it writes
# saliency.mp4. Either way saliency.jsonl gets a line of regions a frame. The
# second time it starts in seconds: nothing is installed or built again.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

yes=()
seconds=0
what=
while [ $# -gt 0 ]; do
  case $1 in
    --yes) yes=(--yes) ;;
    --seconds)
      seconds=${2:-}
      [[ $seconds =~ ^[0-9]+$ ]] || sod_fail "--seconds takes a whole number"
      shift
      ;;
    -h | --help) sed -n '3,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) sod_fail "no such option: $1 (--help tells)" ;;
    *)
      [ -z "$what" ] || sod_fail "one source at a time: $what or $1?"
      what=$1
      ;;
  esac
  shift
done

# What cannot work is said before minutes of installing and building.
case $what in
  '' | *://*) ;;
  /dev/video*) sod_check_camera "$what" ;;
  *)
    [ -e "$what" ] || sod_fail "no such file: $what"
    [ -f "$what" ] || sod_fail "$what is no file; a video file is needed"
    [ -r "$what" ] || sod_fail "may not read $what"
    ;;
esac

"$SOD_TOP/pipelines/install-deps.sh" "${yes[@]}" build run

mkdir -p "$SOD_BUILD"
log=$SOD_BUILD/quickstart.log
build () {
  [ -e "$SOD_BUILD/build.ninja" ] ||
    meson setup "$SOD_BUILD" "$SOD_TOP" -Dintrospection=disabled || return 1
  ninja -C "$SOD_BUILD" plugins/libgstsod.so
}
[ -e "$SOD_BUILD/plugins/libgstsod.so" ] || echo "Building ..."
if ! build >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  sod_fail "the build failed; all of it is in $log"
fi
sod_environment

if [ -z "$what" ]; then
  what=$SOD_BUILD/scene.mkv
  if [ ! -e "$what" ]; then
    sod_encode
    echo "No source given: generating a scene."
    "$SOD_TOP/pipelines/scene.py" 250 | gst-launch-1.0 -q fdsrc fd=0 ! \
      rawvideoparse format=rgb width=640 height=360 framerate=25/1 ! \
      "${encode[@]}" ! matroskamux ! filesink "location=$what.part" >/dev/null
    mv "$what.part" "$what"
  fi
fi
sod_source "$what"

if sod_has_display; then
  sod_sink window
  outputs=saliency.jsonl
  echo "Showing ${what##*/} in a window; saliency.jsonl gets its regions."
else
  sod_sink saliency.mp4
  outputs="saliency.mp4 saliency.jsonl"
  echo "No display: ${what##*/} becomes saliency.mp4 and saliency.jsonl."
fi

rm -f saliency.jsonl
started=$(date +%s%N)
sod_start "${source[@]}" ! queue ! videoconvert ! \
  progressreport name=progress update-freq=1 ! \
  sodbase ! sodpublish location=saliency.jsonl ! sodoverlay ! queue ! \
  "${sink[@]}" >"$log" 2>&1
stopping=no
stop () {
  [ $stopping = yes ] || kill -INT "$launch" 2>/dev/null || true
  stopping=yes
}
trap stop INT TERM HUP

progress () {
  local lines=0 percent
  [ ! -e saliency.jsonl ] || lines=$(wc -l <saliency.jsonl)
  percent=$(sed -n 's/^progress .*(\s*\([0-9.]*\) %).*/\1 %/p' "$log" |
    tail -n 1)
  printf '%s frames%s, %s s' "$lines" "${percent:+, $percent}" $SECONDS
}
SECONDS=0
last=0
while kill -0 "$launch" 2>/dev/null; do
  sleep 0.2 || true
  [ "$seconds" = 0 ] || [ $SECONDS -lt "$seconds" ] || stop
  [ $SECONDS != $last ] || continue
  last=$SECONDS
  if [ -t 1 ]; then
    printf '\r%s  ' "$(progress)"
  elif [ $((SECONDS % 10)) = 0 ]; then
    printf '%s\n' "$(progress)"
  fi
done
result=0
wait "$launch" || result=$?
elapsed=$((($(date +%s%N) - started) / 1000000))
printf '%s%s\n' "$([ ! -t 1 ] || printf '\r')" "$(progress)"

if [ $result != 0 ] && ! grep -q 'Output window was closed' "$log"; then
  grep -A 3 -E '^(ERROR|WARNING)' "$log" >&2 || tail -n 20 "$log" >&2
  sod_fail "it did not work on $what; all that was said is in $log"
fi
grep -A 3 '^WARNING' "$log" >&2 || true

python3 "$SOD_TOP/pipelines/summary.py" saliency.jsonl "$elapsed"
cat <<END

Written: $outputs
Next:
  pipelines/quickstart.sh your-video.mp4      or rtsp://..., or /dev/video0
  pipelines/live-camera.sh                    a camera in a window
  pipelines/file-to-masks.sh video.mp4 masks/ one gray PNG a frame
  GST_PLUGIN_PATH=$SOD_BUILD/plugins gst-inspect-1.0 sodbase   all its settings
END
