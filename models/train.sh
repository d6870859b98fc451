#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Trains a model of this folder anew, measures it and writes its card.
#
# Usage: SOD_DATA=DIR models/train.sh base|small|motion|scenarios [OUT]
#
# DIR holds DUTS-TR/, davis2016/, weizmann-horse/, ccp/ and scenarios.csv as
# models/recipes/*.ini name them. OUT (default: a folder train/ beside this
# script) gets what gst-sod train writes, and then model and card; copy those
# over the ones here to ship them. Stopped at any point, the same command goes
# on. `motion` starts from base.safetensors and makes base-motion; `scenarios`
# starts from that one and makes a model for each scenario in which something
# that was learnt scores higher, and `reverse`.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=${1:-}
out=${2:-$top/models/train}
command=${GST_SOD:-$top/build/pipelines/gst-sod/gst-sod}
base=$top/models/base.safetensors
motion=$top/models/base-motion.safetensors

fail () {
  echo "${0##*/}: $*" >&2
  exit 1
}

[ -n "${SOD_DATA:-}" ] || fail "SOD_DATA is not set: the folder of the data sets"
[ -x "$command" ] ||
  fail "$command is missing: run $top/pipelines/quickstart.sh once, which builds it"

# Whether a folder holds a checkpoint, or what a kill while it was replaced left.
is_begun () {
  [ -e "$1/checkpoint" ] || [ -e "$1/checkpoint.new" ] ||
    [ -e "$1/checkpoint~" ]
}

# A recipe into its folder of OUT, or on from where it was.
train () {
  local stretch=$1 folder=$out/$1 words=()
  shift
  [ -e "$folder/run.json" ] && [ -e "$folder/done" ] && return
  is_begun "$folder" && words=(--resume)
  "$command" train "$top/models/recipes/$stretch.ini" --out "$folder" \
    "$@" "${words[@]}"
  : >"$folder/done"
}

# The model that a recipe made, under the name that it has here, and its card.
ship () {
  local stretch=$1 model=$2 target=$3
  cp "$out/$stretch/$model.safetensors" "$out/$target.safetensors"
  "$top/models/make-card.py" "$out/$target.safetensors" \
    "$out/$stretch/run.json" "$command"
}

# Whether two models have the same weights.
is_start () {
  [ "$(grep -ao '"weights-sha256":"[0-9a-f]*"' "$1" | head -n 1)" = \
    "$(grep -ao '"weights-sha256":"[0-9a-f]*"' "$2" | head -n 1)" ]
}

case $name in
  base)
    train base
    train base-full --start "$out/base/base.safetensors"
    train base-last --start "$out/base-full/base.safetensors"
    train base-again --start "$out/base-last/base.safetensors"
    ship base-again base base
    ;;
  small)
    train small
    ship small base small
    ;;
  motion)
    train motion --start "$base"
    train motion-again --start "$out/motion/base.safetensors"
    ship motion-again base base-motion
    ;;
  scenarios)
    train reverse --start "$base"
    ship reverse reverse reverse
    train scenarios --start "$motion"
    for scenario in animal person sport rider vehicle; do
      if is_start "$out/scenarios/$scenario.safetensors" "$motion"; then
        echo "$scenario: nothing that was learnt scores higher: use base-motion"
      else
        ship scenarios "$scenario" "scenario-$scenario"
      fi
    done
    ;;
  *) fail "which model? base, small, motion or scenarios" ;;
esac
echo "models and cards: $out"
