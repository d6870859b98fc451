# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# What the ready pipelines share: where the elements are, and what SOURCE and
# SINK mean. Sourced, never run.

SOD_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SOD_BUILD=${SOD_BUILD_DIR:-$SOD_TOP/build}
SOD_PRINT=no

sod_fail () {
  echo "${0##*/}: $*" >&2
  exit 1
}

# The comment block at the head of the script that runs.
sod_usage () {
  sed -n '3,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
  cat <<'END'

SOURCE  a file, a URI (file, http, rtsp, ...), /dev/videoN, or elements of
        gst-launch-1.0 that end in video ('videotestsrc is-live=true')
SINK    window, a file (.mp4, .mkv: H.264), a folder ending in / (PNG
        pictures), /dev/videoN, or elements of gst-launch-1.0 ('fakesink')
--print as first word prints the gst-launch-1.0 line instead of running it
END
}

# --help and --print are understood by every script; sets `words` to the rest.
sod_options () {
  words=()
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) sod_usage; exit 0 ;;
      --print) SOD_PRINT=yes ;;
      --) shift; words+=("$@"); return ;;
      --*) sod_fail "no such option: $1 (--help tells)" ;;
      *) words+=("$1") ;;
    esac
    shift
  done
}

# The elements of the build beside these scripts, with a registry of their own;
# installed ones where nothing is built.
sod_environment () {
  if [ -e "$SOD_BUILD/plugins/libgstsod.so" ]; then
    export GST_PLUGIN_PATH="$SOD_BUILD/plugins${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}"
    export GST_SOD_MODEL_PATH="${GST_SOD_MODEL_PATH:-$SOD_TOP/models}"
    export GST_REGISTRY="${GST_REGISTRY:-$SOD_BUILD/registry.bin}"
  fi
  # A pipeline's other threads want the processors that the network's would
  # spin on: docs/performance.md.
  export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-10000}"
  command -v gst-launch-1.0 >/dev/null ||
    sod_fail "gst-launch-1.0 is missing: run $SOD_TOP/pipelines/install-deps.sh"
  sod_has sodbase ||
    sod_fail "the element sodbase is not there: run $SOD_TOP/pipelines/quickstart.sh once, which builds it"
}

# Without a version, plugins older than GStreamer itself do not exist.
sod_has () {
  gst-inspect-1.0 --exists --atleast-version=0.0 "$1"
}

sod_has_display () {
  [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]
}

# Splits elements written in one string as a shell would, into `fragment`.
sod_split () {
  mapfile -t fragment < <(xargs -n1 printf '%s\n' <<<"$1")
}

sod_check_camera () {
  [ -c "$1" ] && return
  local have
  have=$(compgen -G '/dev/video*' | tr '\n' ' ' || true)
  if [ -n "$have" ]; then
    sod_fail "no camera at $1; there is: $have"
  fi
  sod_fail "no camera at $1: no /dev/videoN at all (is it plugged in, is its" \
    "driver loaded, may this user read it: group video)"
}

# SOURCE -> `source`, words that end in raw video.
sod_source () {
  local what=$1 scheme
  local decode=(decodebin 'caps=video/x-raw(ANY)' expose-all-streams=false)
  case $what in
    /dev/video*)
      [ $SOD_PRINT = yes ] || sod_check_camera "$what"
      source=(v4l2src "device=$what" ! "${decode[@]}")
      ;;
    rtsp://* | rtspt://* | rtsps://*)
      source=(rtspsrc "location=$what" protocols=tcp latency=200 !
        'application/x-rtp,media=video' ! "${decode[@]}")
      ;;
    *://*)
      scheme=${what%%://*}
      gst-inspect-1.0 --uri-handlers | grep -qE "\(read[^)]*\).*\b$scheme\b" ||
        sod_fail "no element reads $scheme:// (of $what); known:" \
          "$(gst-inspect-1.0 --uri-handlers | sed -n 's/.*(read[^)]*): //p' |
            tr ',\n' '  ' | xargs -n1 | sort -u | xargs)"
      source=(uridecodebin "uri=$what" 'caps=video/x-raw(ANY)'
        expose-all-streams=false)
      ;;
    *)
      if [ -f "$what" ]; then
        [ -r "$what" ] || sod_fail "may not read $what"
        source=(filesrc "location=$what" ! "${decode[@]}")
      elif [ -d "$what" ]; then
        sod_fail "$what is a folder; a video file is needed"
      elif [[ $what != */* || $what == *' '* ]] && sod_has "${what%% *}"; then
        sod_split "$what"
        source=("${fragment[@]}")
      else
        sod_fail "no such file: $what"
      fi
      ;;
  esac
}

# Raw video -> H.264 that every player takes.
sod_encode () {
  if sod_has x264enc; then
    encode=(videoconvert ! 'video/x-raw,format=I420' !
      x264enc speed-preset=veryfast "key-int-max=50" !
      'video/x-h264,profile=high')
  elif sod_has openh264enc; then
    encode=(videoconvert ! openh264enc bitrate=4000000 ! h264parse)
  else
    sod_fail "no H.264 encoder: install gstreamer1.0-plugins-ugly"
  fi
}

# SINK -> `sink`, words that take raw video.
sod_sink () {
  local what=$1 encode
  case $what in
    window)
      sink=(videoconvert ! autovideosink) ;;
    /dev/video*)
      [ $SOD_PRINT = yes ] || sod_check_camera "$what"
      sink=(videoconvert ! 'video/x-raw,format=YUY2' !
        v4l2sink "device=$what" sync=false)
      ;;
    */)
      [ $SOD_PRINT = yes ] || mkdir -p "$what"
      sink=(videoconvert ! pngenc !
        multifilesink "location=${what}%06d.png")
      ;;
    *.mp4)
      sod_encode
      sink=("${encode[@]}" ! mp4mux ! filesink "location=$what")
      ;;
    *.mkv)
      sod_encode
      sink=("${encode[@]}" ! matroskamux ! filesink "location=$what")
      ;;
    *)
      if [[ $what != */* || $what == *' '* ]] && sod_has "${what%% *}"; then
        sod_split "$what"
        sink=("${fragment[@]}")
      else
        sod_fail "cannot tell what to do with the sink $what (--help tells)"
      fi
      ;;
  esac
  if [[ $what == *.mp4 || $what == *.mkv ]] && [ $SOD_PRINT = no ] &&
    [ ! -d "$(dirname "$what")" ]; then
    sod_fail "no such folder: $(dirname "$what")"
  fi
}

sod_print () {
  printf 'gst-launch-1.0 -e'
  printf ' %q' "$@"
  printf '\n'
}

# Becomes the pipeline of these words; Ctrl-C ends it with all files complete.
sod_launch () {
  if [ "$SOD_PRINT" = yes ]; then
    sod_print "$@"
    exit 0
  fi
  exec gst-launch-1.0 -e "$@"
}

# Starts it in the background as `launch`, for the script to interrupt. It is
# out of the terminal's reach: a second interrupt, Ctrl-C beside the script's
# own, would end gst-launch-1.0 before its files are complete.
sod_start () {
  setsid gst-launch-1.0 -e "$@" &
  launch=$!
}
