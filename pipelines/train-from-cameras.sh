#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Cameras in, models out: gathers what they see, and learns from it when the
# streams end. A camera's network goes to FOLDER/NAME.safetensors when it beats
# the one there; live-camera.sh and sodbase model-reload=true take it up.
#
# Usage: train-from-cameras.sh FOLDER [NAME=]SOURCE [labels=SOURCE] ...
#          [settings=FILE] [PROPERTY=VALUE of sodtrainer ...]
#
# labels=SOURCE gives the masks of the camera before it: gray video of its size,
# what is salient is white. Frames without labels count too. What is gathered
# lies in FOLDER/store, where "gst-sod store" exports frames for labelling and
# takes the labels back; the next run learns from all of it. Ctrl-C ends the
# streams, and the training begins; Ctrl-C again stops that too, and the next
# run goes on with it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
sod_options "$@"
[ ${#words[@]} -ge 2 ] || sod_fail "which folder, and which cameras? (--help tells)"
sod_environment
folder=${words[0]}
[ "$SOD_PRINT" = yes ] || mkdir -p "$folder"

known=$(gst-inspect-1.0 sodtrainer | sed -n 's/^  \([a-z-]*\)  *: .*/ \1 /p')
line=()
trainer=(sodtrainer name=trainer "store=$folder/store"
  "model-save-path=$folder/%s.safetensors"
  "checkpoint-path=$folder/checkpoint")
cameras=0
for word in "${words[@]:1}"; do
  name=${word%%=*}
  if [[ $word == labels=* ]]; then
    [ $cameras -gt 0 ] || sod_fail "labels=... follows the camera that it is of"
    sod_source "${word#labels=}"
    line+=("${source[@]}" ! queue ! videoconvert !
      'video/x-raw,format=GRAY8' ! "trainer.label_$((cameras - 1))")
    continue
  fi
  if [[ $word == *=* && $known == *" $name "* ]]; then
    trainer+=("$word")
    continue
  fi
  if [[ $word == *=* && $name =~ ^[A-Za-z0-9_-][A-Za-z0-9._-]*$ ]]; then
    trainer+=("frame_$cameras::node=$name")
    word=${word#*=}
  fi
  sod_source "$word"
  line+=("${source[@]}" ! queue ! "trainer.frame_$cameras")
  cameras=$((cameras + 1))
done
[ $cameras -gt 0 ] || sod_fail "which cameras? (--help tells)"

sod_launch "${trainer[@]}" "${line[@]}"
