#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# All that only a GPU can answer, in six steps, each even when an earlier one
# failed: ops, network, sanitizer, pipelines, benchmarks, profile. A log for
# each check and one table, summary.txt and summary.json, in OUT. Without a GPU
# every check is skipped, with the reason. Exit status: 1 where a check failed.
#
# Usage: gpu.sh [--build FOLDER] [--module FOLDER] [--only STEPS] [OUT]
#   OUT              a folder for logs and tables (gpu-results)
#   --build FOLDER   of a source tree: the build to check (build-gpu); a bundle
#                    made by gpu-bundle.sh checks itself
#   --module FOLDER  the libgstsod-cuda.so of this folder, as that of the host's
#                    twin, to try this script itself: its times mean nothing
#   --only STEPS     as 1,2
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
usage () {
  sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

build='' module='' only=1,2,3,4,5,6 out=gpu-results
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=$(cd "${2:?--build takes a folder}" && pwd) || exit 2; shift ;;
    --module) module=$(cd "${2:?--module takes a folder}" && pwd) || exit 2
      shift ;;
    --only) only=${2:?--only takes numbers of steps}; shift ;;
    -*) usage ;;
    *) out=$1 ;;
  esac
  shift
done
mkdir -p "$out/logs" || exit 2
out=$(cd "$out" && pwd)
rm -f "$out"/logs/* "$out"/summary.* "$out"/*.json
results=$out/logs/results
: >"$results"
started=$SECONDS

# ---- where things are ----

if [ -e "$here/bundle.json" ]; then
  # shellcheck disable=SC2034 # what env.sh is told
  bundle=$here scratch=$out/logs
  # shellcheck source=/dev/null
  . "$here/env.sh"
  tests=$here/tests scripts=$here/benchmarks models=$here/models
  description=$(cat "$here/bundle.json")
else
  top=$(cd "$here/.." && pwd)
  build=${build:-$top/build-gpu}
  [ -d "$build/tests" ] || {
    echo "gpu.sh: $build holds no build; run tests/gpu-bundle.sh, or name one" \
      "with --build" >&2
    exit 2
  }
  tests=$build/tests scripts=$top/tests/benchmarks models=$top/models
  export SOD_SOURCE_DIR=$top SOD_BUILD_DIR=$build
  export GST_PLUGIN_PATH_1_0=$build/plugins GST_REGISTRY_1_0=$out/logs/registry
  export GST_SOD_MODEL_PATH=$models
  export GST_SOD_MODULE_PATH=$build/gst-sod/backend/cuda
  export SOD_PLUGIN=$build/plugins/libgstsod.so
  description="{\"commit\": \"$(git -C "$top" rev-parse HEAD 2>/dev/null)\"}"
fi
[ -z "$module" ] || export GST_SOD_MODULE_PATH=$module
export G_DEBUG=fatal-criticals

# Of the toolkit's folder, then of the packages beside Python.
find_cudnn () {
  local folder
  while read -r folder; do
    if [ -e "$folder/libcudnn.so.9" ]; then
      echo "$folder/libcudnn.so.9"
      return
    fi
  done < <(printf '%s\n' "${CUDA_PATH:-/usr/local/cuda}"/{lib64,lib}
    python3 -c '
import sys
for path in sys.path:
    print(path + "/nvidia/cudnn/lib")' 2>/dev/null)
}

# Folders of what cuDNN itself needs, beside it or in the next package.
cudnn_path () {
  local folder
  dirname "$1"
  case $1 in
    */nvidia/cudnn/lib/*)
      for folder in "${1%/cudnn/lib/*}"/*/lib; do
        [ ! -d "$folder" ] || echo "$folder"
      done ;;
  esac
}

cudnn=$(find_cudnn)
cudnn_version=''
if [ -n "$cudnn" ]; then
  LD_LIBRARY_PATH=$(cudnn_path "$cudnn" | paste -s -d:)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  cudnn_version=$(LD_LIBRARY_PATH=$LD_LIBRARY_PATH python3 -c '
import ctypes, sys
print(ctypes.CDLL(sys.argv[1]).cudnnGetVersion())' "$cudnn" 2>/dev/null)
fi
for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do
  [ ! -e $folder/libcuda.so.1 ] ||
    LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder
done
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-}
PATH=$PATH:/usr/local/nvidia/bin:${CUDA_PATH:-/usr/local/cuda}/bin

# ---- is there a GPU ----

probe=$("$tests/cuda/gpu-probe" 2>"$out/logs/probe.log")
probe_status=$?
gpus=$(nvidia-smi -L 2>/dev/null | grep '^GPU' || :)
skip_reason=''
if [ $probe_status != 0 ] && [ -z "$gpus" ] &&
  ! ls /dev/nvidia[0-9]* >/dev/null 2>&1; then
  skip_reason="no GPU: $(tr '\n' ' ' <"$out/logs/probe.log")"
fi

# ---- checks ----

source_line=(videotestsrc num-buffers=60 !
  'video/x-raw,format=NV12,width=640,height=360,framerate=30/1')

# A line of the table: STEP NAME RESULT SECONDS DETAIL
record () {
  printf '%s\t%s\t%s\t%s\t%s\n' "$@" >>"$results"
  printf '%s  %-28s %-8s %5s s  %s\n' "$@"
}

count () {
  grep -c "$@" || :
}

# What a TAP log says: "N passed, N failed, N skipped".
tap_detail () {
  local skipped failed passed
  skipped=$(count -E '^ok .*# SKIP' <"$1")
  failed=$(count '^not ok' <"$1")
  passed=$(($(count '^ok' <"$1") - skipped))
  echo "$passed passed, $failed failed, $skipped skipped"
}

# The last words of a program that failed.
last_words () {
  grep -v '^#* *$' "$1" | tail -n 1 | tr '\t' ' ' | cut -c 1-200
}

# check STEP NAME SECONDS COMMAND...: as many seconds at most, one result.
# Exit status 77 is a program's word for skipped, its last line the reason.
# $must: what its output must hold, or it did not do what it was run for.
must=''
check () {
  local step=$1 name=$2 limit=$3 log began status detail result
  shift 3
  log=$out/logs/$step-${name//[^a-z0-9]/-}.log
  if [ -n "$skip_reason" ]; then
    record "$step" "$name" skipped 0 "$skip_reason"
    return 0
  fi
  if ! command -v "$1" >/dev/null; then
    record "$step" "$name" failed 0 "$1 is not there"
    return 1
  fi
  if [ "$(type -t "$1")" = function ]; then
    set -- bash -c "$(declare -f "$1"; declare -p source_line models out)
      $1 \"\$@\"" bash "${@:2}"
  fi
  began=$SECONDS
  timeout -k 5 "$limit" "$@" </dev/null >"$log" 2>&1
  status=$?
  detail=''
  if grep -q '^1\.\.[0-9]' "$log"; then
    detail=$(tap_detail "$log")
  fi
  result=passed
  case $status in
    0) ;;
    77) result=skipped detail=$(last_words "$log") ;;
    124 | 137) result=failed detail="not done after $limit s; $detail" ;;
    *) result=failed
      detail="exit status $status; ${detail:-$(last_words "$log")}" ;;
  esac
  if [ $result = passed ] && [ -n "$must" ] && ! grep -qE "$must" "$log"; then
    result=failed detail="its output holds nothing like: $must; $detail"
  fi
  if [ $result = passed ] && [ -z "$detail" ] && [ -n "$must" ]; then
    detail=$(grep -E "$must" "$log" | tail -n 1 | tr '\t' ' ' | cut -c 1-200)
  fi
  record "$step" "$name" $result $((SECONDS - began)) "$detail"
  [ $result != failed ]
}

skip () {
  record "$1" "$2" skipped 0 "${skip_reason:-$3}"
}

no_times="the host's twin: its times mean nothing"

wanted () {
  [[ ,$only, == *,$1,* ]]
}

has_torch () {
  python3 -c 'import torch' 2>/dev/null
}

# ---- 1. every op, every type, both ways, against ref ----

step_ops () {
  must='^ok .*cuda' check 1 ops 60 "$tests/ops/test-ops-ops"
  must='^ok .*cuda' check 1 op-plans 30 "$tests/ops/test-ops-plans"
  for program in "$tests"/cuda/test-cuda-gpu-*; do
    if [ -x "$program" ] && [ -z "$module" ]; then
      must='^ok ' check 1 "${program##*/test-cuda-gpu-}" 30 "$program"
    fi
  done
  if [ -n "$module" ]; then
    skip 1 kernel-times "$no_times"
    skip 1 op-times "$no_times"
    return
  fi
  check 1 kernel-times 40 "$tests/cuda/benchmark-cuda-gpu-kernels" \
    --output "$out/kernels.json"
  check 1 op-times 40 "$tests/benchmarks/benchmark-ops" --device cuda \
    --output "$out/ops.json"
  if [ -n "$skip_reason" ] || has_torch; then
    must='^ok' check 1 op-roofline 30 python3 "$scripts/gpu-roofline.py" \
      "$out/ops.json" --output "$out/ops.json"
  else
    skip 1 op-roofline "no torch here to measure the roof with"
  fi
}

# ---- 2. networks against ref, and a training ----

step_network () {
  local name only
  must='f16 on cuda' check 2 network-agrees 40 "$tests/cuda/test-cuda-plans" \
    -p /cuda/plan/agrees-with-ref
  must='^ok .*' check 2 network-graphs 40 "$tests/cuda/test-cuda-graphs"
  for name in session packed; do
    must='^ok .*cuda' check 2 "network-$name" 30 "$tests/run/test-run-$name"
  done
  must='^ok ' check 2 network-instance 30 "$tests/run/test-run-instance"
  # Among them eight frames that are learnt as ref learns them.
  while read -r name only; do
    must='^ok ' check 2 "train-$name" 40 "$tests/train/test-train-$name" \
      -p "$only"
  done <<END
masters /train/masters
plans /train/plans/cuda${module:+-host}
gradients /train/gradients/cuda${module:+-host}
phases /phases/gpu
END
}

# ---- 3. compute-sanitizer ----

step_sanitizer () {
  local tool program
  if [ -n "$module" ]; then
    skip 3 sanitizer "the host's twin has no code for a GPU"
    return
  elif [ -z "$skip_reason" ] && ! command -v compute-sanitizer >/dev/null; then
    skip 3 sanitizer "no compute-sanitizer on PATH or in CUDA_PATH/bin"
    return
  fi
  for tool in memcheck racecheck; do
    for program in ops/test-ops-ops cuda/test-cuda-gpu-kernels \
      cuda/test-cuda-gpu-sums cuda/test-cuda-gpu-train-kernels; do
      must='ERROR SUMMARY: 0 errors|RACECHECK SUMMARY: 0 hazards' \
        check 3 "$tool-${program##*test-}" 60 compute-sanitizer \
        --tool "$tool" --error-exitcode 9 --require-cuda-init=no \
        --print-limit 20 "$tests/$program"
    done
  done
}

# ---- 4. pipelines ----

launch () {
  local step=$1 name=$2
  shift 2
  check "$step" "$name" 30 gst-launch-1.0 -m "$@"
}

# A file that is replaced while the pipeline plays: the element says so.
reload () {
  cp "$models/base.safetensors" "$out/logs/model.safetensors" || return 1
  (sleep 3
    cp "$models/small.safetensors" "$out/logs/next.safetensors"
    mv "$out/logs/next.safetensors" "$out/logs/model.safetensors") &
  gst-launch-1.0 -m videotestsrc is-live=true num-buffers=240 ! \
    video/x-raw,width=320,height=192,framerate=30/1 ! \
    sodbase device=cuda model-reload=true \
    model-file="$out/logs/model.safetensors" ! fakesink
  local status=$?
  wait
  return $status
}

# With all of the GPU's memory taken by somebody else: an error that says so,
# no crash; and with on-device-error=fallback the pipeline plays to its end.
full_memory () {
  local hog status
  coproc hog_out { exec python3 -c '
import sys, torch
held, size = [], 1 << 30
while size >= 1 << 20:
    try:
        held.append(torch.empty(size, dtype=torch.uint8, device="cuda"))
    except torch.OutOfMemoryError:
        size //= 2
print("full", flush=True)
sys.stdin.read()'; }
  # shellcheck disable=SC2154 # coproc sets it
  hog=$hog_out_PID
  read -r -t 40 _ <&"${hog_out[0]}"
  timeout 30 gst-launch-1.0 -m "${source_line[@]}" ! sodbase device=cuda \
    on-device-error="$1" ! fakesink
  status=$?
  kill "$hog"
  wait "$hog" 2>/dev/null
  echo "exit status with full memory: $status"
  case $1 in
    error) [ $status = 1 ] ;;
    *) [ $status = 0 ] ;;
  esac
}

refused () {
  if ! has_torch; then
    skip 4 "memory-refused" "no torch here to take all of the GPU's memory"
    return
  fi
  must='memory' check 4 memory-refused 60 full_memory error
  check 4 memory-refused-fallback 60 full_memory fallback
}

step_pipelines () {
  launch 4 system-memory "${source_line[@]}" ! sodbase device=cuda ! fakesink
  if [ -n "$skip_reason" ] || gst-inspect-1.0 cudaupload >/dev/null 2>&1; then
    launch 4 cuda-memory-in "${source_line[@]}" ! cudaupload ! \
      'video/x-raw(memory:CUDAMemory)' ! sodbase device=cuda output=map ! \
      video/x-raw ! fakesink
    launch 4 cuda-memory-through "${source_line[@]}" ! cudaupload ! \
      'video/x-raw(memory:CUDAMemory)' ! sodbase device=cuda ! \
      'video/x-raw(memory:CUDAMemory)' ! cudadownload ! fakesink
  else
    skip 4 cuda-memory "there is no element cudaupload here"
  fi
  must='model' check 4 model-reload 60 reload
  refused
}

# ---- 5. benchmarks ----

step_benchmarks () {
  local what folder=$tests/benchmarks
  if [ -n "$module" ]; then
    skip 5 inference "$no_times"
    skip 5 training "$no_times"
  elif [ -n "$skip_reason" ] || ! has_torch; then
    skip 5 peers "no torch here: our own times only"
    check 5 inference 60 "$folder/benchmark-network" --device cuda --json
    check 5 training 60 "$folder/benchmark-train" --device cuda --json
  else
    for what in inference training; do
      must='^ok' check 5 $what 150 python3 "$scripts/gpu-peers.py" \
        --benchmarks "$folder" --model "$models/base.safetensors" \
        --what $what --seconds 75 --output "$out/$what.json"
    done
  fi
}

# ---- 6. profile ----

step_profile () {
  if [ -n "$module" ]; then
    skip 6 profile "the host's twin has no kernels to profile"
  elif [ -z "$skip_reason" ] && ! command -v ncu >/dev/null; then
    skip 6 profile "no ncu on PATH or in CUDA_PATH/bin"
  else
    must='^ok' check 6 profile 100 env GST_SOD_CUDA_GRAPHS=0 \
      python3 "$scripts/gpu-profile.py" \
      --output "$out/profile.json" --log "$out/logs" \
      "$tests/benchmarks/benchmark-network" --device cuda --precision f16 \
      --rounds 1 --iterations 10
  fi
}

# ---- the whole ----

json_string () {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "$(tr -d '\000-\037' <<<"$text")"
}

write_json () {
  local step name result seconds detail first=yes file
  printf '{\n "build": %s,\n "probe": %s,\n' "$description" "${probe:-null}"
  printf ' "gpus": %s,\n "cudnn": %s,\n "cudnn-version": %s,\n' \
    "$(json_string "$gpus")" "$(json_string "$cudnn")" \
    "$(json_string "$cudnn_version")"
  printf ' "twin": %s,\n "date": "%s",\n "seconds": %s,\n "checks": [' \
    "$([ -n "$module" ] && echo true || echo false)" \
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" $((SECONDS - started))
  while IFS=$'\t' read -r step name result seconds detail; do
    [ $first = yes ] || printf ','
    first=no
    printf '\n  {"step": %s, "check": "%s", "result": "%s", "seconds": %s, ' \
      "$step" "$name" "$result" "$seconds"
    printf '"detail": %s}' "$(json_string "$detail")"
  done <"$results"
  printf '\n ]'
  for file in kernels ops inference training profile; do
    [ ! -s "$out/$file.json" ] || printf ',\n "%s": %s' $file \
      "$(cat "$out/$file.json")"
  done
  printf '\n}\n'
}

write_text () {
  local file
  echo "GPU: ${gpus:-none}"
  echo "cuDNN: ${cudnn:-not found under CUDA_PATH or beside Python}" \
    "${cudnn_version:+(version $cudnn_version)}"
  [ -z "$module" ] || echo "The module is that of $module: times mean nothing."
  awk -F '\t' '{ printf "%s  %-28s %-8s %5s s  %s\n", $1, $2, $3, $4, $5 }' \
    "$results"
  for file in 1-kernel-times 1-op-roofline 5-inference 5-training 6-profile
  do
    [ ! -s "$out/logs/$file.log" ] ||
      { printf '\n%s\n' "$file" && cat "$out/logs/$file.log"; }
  done
  printf '\n%s passed, %s failed, %s skipped\n' \
    "$(count -P '^[^\t]*\t[^\t]*\tpassed\t' <"$results")" "$failed" \
    "$(count -P '^[^\t]*\t[^\t]*\tskipped\t' <"$results")"
}

echo "cuDNN: ${cudnn:-not found} ${cudnn_version:+(version $cudnn_version)}"
echo "GPU: ${gpus:-none}"
if [ $probe_status != 0 ] && [ -z "$skip_reason" ]; then
  record 0 device failed 0 "$(tr '\n' ' ' <"$out/logs/probe.log")"
fi
! wanted 1 || step_ops
! wanted 2 || step_network
! wanted 3 || step_sanitizer
! wanted 4 || step_pipelines
! wanted 5 || step_benchmarks
! wanted 6 || step_profile

failed=$(count -P '^[^\t]*\t[^\t]*\tfailed\t' <"$results")
write_json >"$out/summary.json"
write_text >"$out/summary.txt"
tail -n 1 "$out/summary.txt"
echo "$out/summary.txt, $out/summary.json"
[ "$failed" = 0 ]
