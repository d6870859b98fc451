#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Fuzzes what comes from outside: tests/fuzz/run.sh [SECONDS [TARGET...]]
#
# Builds tests/fuzz/fuzz-TARGET.c with clang's libFuzzer and the address and
# undefined behaviour sanitizers in build-fuzz, and runs each for SECONDS (60),
# one on each processor. Prints a line a target; fails where one crashes, leaks,
# hangs or takes more memory at once than any good input needs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$top/build-fuzz
export G_DEBUG=fatal-criticals
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

# One target, that is built: run_target TARGET SECONDS
run_target () {
  program=$build/tests/fuzz/fuzz-$1
  log=$build/fuzz-$1.log
  corpus=$build/corpus-$1
  dictionary=$here/$1.dict
  option=
  [ ! -f "$dictionary" ] || option=-dict=$dictionary
  mkdir -p "$corpus"
  "$program" --seeds "$corpus"
  if "$program" "$corpus" "-artifact_prefix=$build/fuzz-$1-" \
    "-max_total_time=$2" -timeout=10 -malloc_limit_mb=256 -max_len=65536 \
    -print_final_stats=1 ${option:+"$option"} >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
    echo "fuzz-$1: $runs inputs in $2 s, no crash"
    return
  fi
  echo "fuzz-$1: FAILED, see $log"
  grep -aE 'ERROR|SUMMARY|runtime error|Test unit written' "$log" || tail "$log"
  return 1
}

if [ "${1:-}" = --built ]; then
  run_target "$2" "$3"
  exit
fi

seconds=${1:-60}
[ $# -gt 0 ] && shift
if [ $# -eq 0 ]; then
  set -- $(cd "$here" && ls fuzz-*.c | sed 's/^fuzz-//; s/\.c$//')
fi

command -v clang >/dev/null || {
  echo "fuzz: clang is missing: apt install clang" >&2
  exit 1
}
if [ ! -f "$build/build.ninja" ]; then
  rm -rf "$build"
  CC=clang meson setup "$build" "$top" -Dfuzzing=true \
    -Db_sanitize=address,undefined -Dc_args=-fsanitize=fuzzer-no-link \
    -Dintrospection=disabled -Donednn=disabled -Dcuda=disabled >"$top/build-fuzz.log" 2>&1 || {
    tail -20 "$top/build-fuzz.log" >&2
    exit 1
  }
  mv "$top/build-fuzz.log" "$build/setup.log"
fi
ninja -C "$build" $(printf 'tests/fuzz/fuzz-%s ' "$@") >"$build/build.log" 2>&1 || {
  tail -20 "$build/build.log" >&2
  exit 1
}
printf '%s\n' "$@" | xargs -P "$(nproc)" -I TARGET "$0" --built TARGET "$seconds"
