#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The network beside OpenVINO and ONNX Runtime in one run.
#
#   tests/benchmarks/peers.sh [BUILD-FOLDER [OPTION...]]
#
# Options are those of peers.py: --rounds, --iterations, --threads. The other
# engines come from PyPI into a virtual environment outside the tree,
# ${GST_SOD_PEERS_VENV:-~/.cache/gst-sod/peers}. ONEDNN_MAX_CPU_ISA limits
# this library and, as far as it obeys, OpenVINO.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${1:-$top/build}
[ $# -eq 0 ] || shift
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gst-sod
venv=${GST_SOD_PEERS_VENV:-$cache/peers}
model=$top/models/base.safetensors
program=$build/tests/benchmarks/benchmark-network

if [ ! -x "$program" ]; then
  echo "peers.sh: $program is not built; run: meson setup $build && ninja -C $build" >&2
  exit 1
fi
if [ ! -x "$venv/bin/python" ]; then
  echo "making $venv with openvino, onnxruntime, onnx and numpy from PyPI"
  python3 -m venv "$venv"
fi
"$venv/bin/python" -c 'import numpy, onnx, onnxruntime, openvino' 2>/dev/null ||
  "$venv/bin/pip" install --quiet openvino onnxruntime onnx numpy

mkdir -p "$cache"
"$venv/bin/python" "$here/export-onnx.py" "$model" "$cache/base.onnx"
"$venv/bin/python" "$here/peers.py" --benchmark "$program" --model "$model" \
  --onnx "$cache/base.onnx" "$@"
