#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Fuzzes what comes from outside: tests/fuzz/run.sh [SECONDS [TARGET...]]
#
# Builds tests/fuzz/fuzz-TARGET.c with clang's libFuzzer and the address and
# undefined behaviour sanitizers in build-fuzz, and runs each for SECONDS (60).
# Prints a line a target; fails where one crashes, leaks, hangs or takes more
# memory at once than any good input needs.
set -eu

seconds=${1:-60}
[ $# -gt 0 ] && shift
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$top/build-fuzz
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

export G_DEBUG=fatal-criticals
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
failed=0
for target; do
  program=$build/tests/fuzz/fuzz-$target
  log=$build/fuzz-$target.log
  corpus=$build/corpus-$target
  dictionary=$here/$target.dict
  ninja -C "$build" "tests/fuzz/fuzz-$target" >"$build/build.log" 2>&1 || {
    tail -20 "$build/build.log" >&2
    exit 1
  }
  mkdir -p "$corpus"
  "$program" --seeds "$corpus"
  set -- "$corpus" "-artifact_prefix=$build/fuzz-$target-" \
    "-max_total_time=$seconds" -timeout=10 -malloc_limit_mb=256 -max_len=65536 \
    -print_final_stats=1
  [ -f "$dictionary" ] && set -- "$@" "-dict=$dictionary"
  if "$program" "$@" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
    echo "fuzz-$target: $runs inputs in $seconds s, no crash"
  else
    failed=1
    echo "fuzz-$target: FAILED, see $log"
    grep -aE 'ERROR|SUMMARY|runtime error|Test unit written' "$log" || tail "$log"
  fi
done
exit $failed
