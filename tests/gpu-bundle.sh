#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Gathers a build and the libraries that it needs into one folder, which runs
# from wherever it is copied on a machine that has a C library at least as new
# as this one's, and for the GPU its driver and cuDNN 9: no GLib, no GStreamer.
# gpu.sh in it is the one command to run there.
#
# Usage: tests/gpu-bundle.sh [--build FOLDER] [--cuda FEATURE] [OUT]
#   OUT             the folder to make (build-gpu/gst-sod-gpu); must not exist,
#                   or be one that this script made
#   --build FOLDER  take this build as it is, instead of building in build-gpu
#   --cuda FEATURE  enabled (default): an error where the CUDA toolkit is
#                   missing; auto: then without the back end for GPUs
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD

fail () {
  echo "gpu-bundle.sh: $*" >&2
  exit 1
}

build='' cuda=enabled out=''
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=$(realpath "${2:?--build takes a folder}"); shift ;;
    --cuda) cuda=${2:?--cuda takes enabled or auto}; shift ;;
    -*) sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    *) out=$1 ;;
  esac
  shift
done
limit=$((60 * 1024)) # KiB
for tool in patchelf readelf strip ldd; do
  command -v $tool >/dev/null ||
    fail "$tool is missing; run: pipelines/install-deps.sh gpu-bundle"
done

if [ -z "$build" ]; then
  build=$top/build-gpu
  [ -e "$build/build.ninja" ] ||
    meson setup "$build" --werror -Donednn=disabled -Dcuda="$cuda" \
      -Dintrospection=disabled
  ninja -C "$build"
fi
[ -e "$build/gst-sod/libgstsod-1.0.so.0" ] ||
  fail "$build holds no build; run: ninja -C $build"
out=${out:-$build/gst-sod-gpu}
if [ -e "$out" ]; then
  [ -e "$out/bundle.json" ] ||
    fail "$out exists and is no bundle; name another folder, or remove it"
  rm -rf "$out"
fi
mkdir -p "$out"
out=$(realpath "$out")
: >"$out/bundle.json" # written last; here, it says whose folder this is

# ---- what is ours ----

mkdir -p "$out"/{bin,lib/gstreamer-1.0,lib/gst-sod,models,benchmarks}
install "$build/gst-sod/libgstsod-1.0.so.0" "$out/lib/"
install "$build/plugins/libgstsod.so" "$out/lib/gstreamer-1.0/"
install "$build/pipelines/gst-sod/gst-sod" "$out/bin/"
module=$build/gst-sod/backend/cuda/libgstsod-cuda.so
with_cuda=false
if [ -e "$module" ]; then
  install "$module" "$out/lib/gst-sod/"
  with_cuda=true
elif [ "$cuda" = enabled ]; then
  fail "$build has no $(basename "$module"): it was built without CUDA; use" \
    "--cuda auto to go on without"
fi
# What gpu.sh runs.
for program in ops/test-ops-{ops,plans} run/test-run-{session,packed,instance} \
  train/test-train-{masters,plans,gradients,phases} \
  cuda/{gpu-probe,test-cuda-{plans,graphs}} \
  cuda/test-cuda-gpu-{kernels,picture-kernels,sums,train-kernels} \
  cuda/benchmark-cuda-gpu-kernels \
  benchmarks/benchmark-{network,ops,train}; do
  mkdir -p "$out/tests/${program%/*}"
  if [ -e "$build/tests/$program" ]; then
    install "$build/tests/$program" "$out/tests/${program%/*}"
  elif [ $with_cuda = true ] || [[ $program != *-gpu-* ]]; then
    fail "$build has no tests/$program; run: ninja -C $build"
  fi
done
install -m 644 models/{base,small,reverse}.safetensors "$out/models/"
install -m 644 tests/benchmarks/*.py "$out/benchmarks/"
install tests/gpu.sh "$out/"

# ---- what is Debian's ----

plugins=$(pkg-config --variable=pluginsdir gstreamer-1.0)
for name in coreelements videotestsrc videoconvertscale typefindfunctions \
  rawparse app nvcodec; do
  [ ! -e "$plugins/libgst$name.so" ] ||
    install -m 644 "$plugins/libgst$name.so" "$out/lib/gstreamer-1.0/"
done
for tool in gst-launch-1.0 gst-inspect-1.0; do
  install "$(command -v $tool)" "$out/bin/"
done

# The C library is the machine's, and so are the driver and cuDNN.
not_ours='^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|mvec|nsl|anl)\.so.*'
not_ours+='|libnss_.*|libcuda\.so.*|libcudnn.*|libcublas.*|libnv.*)$'

elves () {
  find "$out/bin" "$out/lib" "$out/tests" -type f -print0 |
    xargs -0 -n 1 sh -c 'head -c 4 "$1" | grep -q ELF && echo "$1"' sh || :
}

# Copies what these files need and is neither here nor the machine's.
gather () {
  local name path missing=''
  while read -r name path; do
    [ ! -e "$out/lib/$name" ] || continue
    [[ ! $name =~ $not_ours ]] || continue
    if [ "$path" = not ]; then
      missing+=" $name"
    else
      install -m 644 "$(readlink -f "$path")" "$out/lib/$name"
      echo "$path" >>"$out/gathered"
    fi
  done < <(LD_LIBRARY_PATH=$build/gst-sod xargs ldd 2>/dev/null |
    awk '$2 == "=>" { print $1, $3 }' | sort -u)
  [ -z "$missing" ] || fail "not found on this machine:$missing"
}

: >"$out/gathered"
elves | gather

# ---- movable ----

# Each finds its neighbours from where it is itself; what is dlopened too.
elves | while read -r path; do
  strip --strip-unneeded "$path" 2>/dev/null || :
  folder=$(dirname "$path")
  if ! readelf -d "$path" | grep -q NEEDED; then
    continue
  fi
  relative=$(realpath --relative-to="$folder" "$out/lib")
  if [ "$relative" = . ]; then
    patchelf --set-rpath "\$ORIGIN" "$path"
  else
    patchelf --set-rpath "\$ORIGIN/$relative" "$path"
  fi
done

# The libraries' terms go with them.
mkdir -p "$out/licences"
cp LICENSE "$out/licences/gst-sod"
sort -u "$out/gathered" | while read -r path; do
  printf '%s\n' "$path" "$(realpath "$path")" "/usr$path"
done | { xargs dpkg-query -S 2>/dev/null || :; } | cut -d: -f1 | sort -u |
  while read -r package; do
    [ ! -e "/usr/share/doc/$package/copyright" ] ||
      cp -L "/usr/share/doc/$package/copyright" "$out/licences/$package"
  done
rm "$out/gathered"

# ---- how it is run ----

cat >"$out/env.sh" <<'END'
# SPDX-License-Identifier: LGPL-2.1-or-later
# For `.` from a shell script: programs of this folder, and nothing else of
# GStreamer. $bundle is the folder, $scratch one that can be written to.
export PATH=$bundle/bin:${PATH:-/usr/bin:/bin}
export GST_PLUGIN_PATH_1_0=$bundle/lib/gstreamer-1.0
export GST_PLUGIN_SYSTEM_PATH_1_0=
export GST_REGISTRY_1_0=$scratch/registry.bin
export GST_REGISTRY_FORK=no
export GST_SOD_MODEL_PATH=$bundle/models
export GST_SOD_MODULE_PATH=$bundle/lib/gst-sod
export GIO_MODULE_DIR=$bundle/lib/gio-modules
export GIO_USE_VFS=local
export SOD_SOURCE_DIR=$bundle
export SOD_BUILD_DIR=$bundle
export SOD_PLUGIN=$bundle/lib/gstreamer-1.0/libgstsod.so
export SOD_GST_PLUGIN_DIR=$bundle/lib/gstreamer-1.0
unset GST_PLUGIN_PATH GST_PLUGIN_SYSTEM_PATH GST_REGISTRY GST_DEBUG
END
commit=$(git rev-parse HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain --untracked-files=no 2>/dev/null)" ] ||
  commit+='+changes'
glibc=$(ldd --version | sed -n '1s/.* //p')
cat >"$out/bundle.json" <<END
{
  "version": "$(meson introspect --projectinfo "$build" |
  sed 's/.*"version": "\([^"]*\)".*/\1/')",
  "commit": "$commit",
  "made": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "glibc": "$glibc",
  "cuda": $with_cuda
}
END

size=$(du -sk "$out" | cut -f1)
[ "$size" -le $limit ] ||
  fail "$out is $((size / 1024)) MiB, more than $((limit / 1024))"
echo "$out: $((size / 1024)) MiB, CUDA: $with_cuda; copy it and run: ./gpu.sh"
