#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what is missing, builds with gcc, clang and sanitizers, runs every
# test in the plain and in the sanitized build, makes the folder for machines
# with a GPU and tests that, fuzzes, and ends with one line:
# N passed, N failed, N skipped.
#
# Usage: tests/run.sh [--quick] [--fuzz SECONDS]
#   --quick         the gcc build and its tests only
#   --fuzz SECONDS  for each fuzz target (default 60; 0: none)
#
# Logs are in build-test/logs. A second run builds only what has changed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
top=$PWD
logs=$top/build-test/logs
mkdir -p "$logs"
rm -f "$logs"/*

quick=no
fuzz=60
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --fuzz) fuzz=${2:?--fuzz takes seconds}; shift ;;
    *) sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done

# Meson is from Debian; a Python from elsewhere in the way may lack what its
# tests need.
export PATH=/usr/bin:$PATH
export G_DEBUG=fatal-criticals
unset GST_DEBUG GST_TRACERS GST_PLUGIN_PATH GST_REGISTRY LD_PRELOAD
# What two builds compile alike, code for GPUs before all, is compiled once.
export CCACHE_NOHASHDIR=1

# step NAME COMMAND...: one line of output, all of it in a log, one result.
step () {
  local name=$1 file started=$SECONDS
  shift
  file=$logs/${name//[^a-z0-9]/-}.log
  printf '%-48s' "$name"
  if "$@" >"$file" 2>&1; then
    printf 'ok      %4d s\n' $((SECONDS - started))
    printf 'ok %s\n' "$name" >>"$logs/steps"
  else
    printf 'FAILED  %4d s\n' $((SECONDS - started))
    printf 'not ok %s\n' "$name" >>"$logs/steps"
    tail -n 40 "$file" | sed 's/^/    /'
    return 1
  fi
}

# build FOLDER CC OPTIONS...
build () {
  local folder=$1 compiler=$2 cxx=g++
  [ "$2" != clang ] || cxx=clang++
  shift 2
  if [ ! -e "$folder/build.ninja" ]; then
    rm -rf "$folder/meson-private" "$folder/meson-info"
    CC=$compiler CXX=$cxx meson setup "$folder" --werror "$@" || return 1
  fi
  ninja -C "$folder"
}

# The tests' own log is what is counted: that some fail is no failed step.
# run_tests FOLDER SLOWNESS [TEST...]
run_tests () {
  local folder=$1 slow=$2
  shift 2
  printf '%-48s' "tests in $folder"
  local started=$SECONDS
  rm -f "$folder/meson-logs/testlog.json"
  meson test -C "$folder" --no-rebuild -t "$slow" "$@" \
    >"$logs/tests-$(basename "$folder").log" 2>&1
  printf 'done    %4d s\n' $((SECONDS - started))
}

# A plugin that cannot be loaded is blacklisted without a word.
plugin_loads () {
  local folder=$1 preload=${2:-} registry found
  registry=$(mktemp)
  found=$(env ${preload:+"LD_PRELOAD=$preload"} ASAN_OPTIONS=detect_leaks=0 \
    GST_REGISTRY="$registry" GST_REGISTRY_FORK=no \
    GST_PLUGIN_SYSTEM_PATH_1_0='' GST_PLUGIN_PATH_1_0="$top/$folder/plugins" \
    bash -c 'gst-inspect-1.0 -b; echo; gst-inspect-1.0 sod')
  rm -f "$registry"
  printf '%s\n' "$found"
  ! sed -n '1,/^Total count/p' <<<"$found" | grep -q gstsod &&
    grep -q 'sodbase:' <<<"$found"
}

gpu_folder () {
  build build-gpu "$gcc" -Dintrospection=disabled -Donednn=disabled &&
    tests/gpu-bundle.sh --build build-gpu --cuda auto
}

finish () {
  printf '\n'
  /usr/bin/python3 "$top/tests/count.py" "$logs/steps" "$@"
}

step "install what is missing" \
  pipelines/install-deps.sh --yes build run tests gpu-bundle ||
  { finish; exit 1; }
gcc=gcc
! command -v ccache >/dev/null || gcc='ccache gcc'
step "build: gcc, introspection, warnings are errors" \
  build build-test "$gcc" -Dintrospection=enabled || { finish; exit 1; }
step "plugin loads" plugin_loads build-test
run_tests build-test 3
if [ $quick = yes ]; then
  finish build-test
  exit
fi

# Without oneDNN; with the back end for GPUs where there is a toolkit.
step "folder for machines with a GPU" gpu_folder &&
  run_tests build-gpu 3 cuda/bundle

step "build: clang, warnings are errors" \
  build build-clang clang -Dintrospection=disabled -Dcuda=disabled
step "build: address and undefined sanitizers" \
  build build-asan gcc -Dintrospection=disabled -Dcuda=disabled \
  -Db_sanitize=address,undefined && {
  step "plugin loads under sanitizers" plugin_loads build-asan \
    "$(gcc -print-file-name=libasan.so):$(gcc -print-file-name=libubsan.so)"
  run_tests build-asan 8
}
if [ "$fuzz" != 0 ]; then
  step "fuzz, $fuzz s a target" tests/fuzz/run.sh "$fuzz"
fi
finish build-test build-gpu build-asan
