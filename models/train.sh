#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Trains a model of this folder anew, measures it and writes its card.
#
# Usage: SOD_DATA=DIR models/train.sh base|small|scenarios [OUT]
#
# DIR holds DUTS-TR/, davis2016/, weizmann-horse/, ccp/ and scenarios.csv as
# models/recipes/*.ini name them. OUT (default: a folder train/ beside this
# script) gets what gst-sod train writes, and then model and card; copy those
# over the ones here to ship them. Stopped at any point, the same command goes
# on. `scenarios` makes a model for each scenario and `reverse`.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=${1:-}
out=${2:-$top/models/train}
command=${GST_SOD:-$top/build/pipelines/gst-sod/gst-sod}

fail () {
  echo "${0##*/}: $*" >&2
  exit 1
}

case $name in
  base) stretches=(base base-full base-last) ;;
  small) stretches=(small) ;;
  scenarios) stretches=(scenarios) ;;
  *) fail "which model? base, small or scenarios" ;;
esac
[ -n "${SOD_DATA:-}" ] || fail "SOD_DATA is not set: the folder of the data sets"
[ -x "$command" ] ||
  fail "$command is missing: run $top/pipelines/quickstart.sh once, which builds it"

# A recipe into its folder of OUT, or on from where it was.
train () {
  local stretch=$1 folder=$out/$1 words=()
  shift
  [ -e "$folder/run.json" ] && [ -e "$folder/done" ] && return
  [ -e "$folder/checkpoint" ] && words=(--resume)
  "$command" train "$top/models/recipes/$stretch.ini" --out "$folder" \
    "$@" "${words[@]}"
  : >"$folder/done"
}

previous=
[ "$name" = scenarios ] && previous=$top/models/base.safetensors
for stretch in "${stretches[@]}"; do
  train "$stretch" ${previous:+--start "$previous"}
  previous=$out/$stretch/base.safetensors
done

last=$out/${stretches[-1]}
for model in "$last"/*.safetensors; do
  target=$(basename "$model" .safetensors)
  [ "$name" = small ] && target=small
  cp "$model" "$out/$target.safetensors"
  "$top/models/make-card.py" "$out/$target.safetensors" "$last/run.json" \
    "$command"
done
echo "models and cards: $out"
