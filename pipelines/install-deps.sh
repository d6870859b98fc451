#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs the Debian packages that are missing, and says which.
#
# Usage: install-deps.sh [--yes] [--list] [GROUP...]
#   GROUP: build, run (both by default), tests; gpu-bundle, what gathers a
#          build for a machine with a GPU; cuda, the toolkit and cuDNN, where
#          apt knows them: nothing needs them
#   --yes   do not ask, even where a terminal is there
#   --list  print the packages of the groups and install nothing
# With everything there it only looks, which takes no noticeable time.
# shellcheck disable=SC2034
set -euo pipefail

# To compile the library and the elements (g++: kernels for GPUs, which tests
# run on the processor).
build=(gcc g++ libc6-dev meson ninja-build pkgconf libglib2.0-dev
  libjson-glib-dev libjpeg62-turbo-dev libpng-dev libcairo2-dev
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libdnnl-dev)
# Where there is a CUDA toolkit: video in the GPU's memory (300 MB, since the
# package has OpenCV's headers come along).
if [ -e "${CUDA_PATH:-/usr/local/cuda}/include/cuda.h" ]; then
  build+=(libgstreamer-plugins-bad1.0-dev)
fi
# To run the pipelines: H.264 in (libav, bad: its parser) and out (ugly: x264),
# cameras, RTSP, PNG and MP4 (good), a window (x).
run=(gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
  gstreamer1.0-x python3)
# The second compiler, the fuzzers' and sanitizers' run times, introspection,
# an RTSP server on loopback, a display without a screen, a browser for the
# page that gst-sod eval writes (300 MB installed, the largest of them), what
# models/convert-reference.py reads weights with, what keeps a file from being
# compiled twice.
tests=(clang clang-format libclang-rt-dev libasan8 libubsan1
  gobject-introspection libgirepository1.0-dev python3-gi
  gir1.2-gst-plugins-base-1.0 gir1.2-gst-rtsp-server-1.0 git locales
  xvfb chromium python3-numpy ccache)
# To gather a build with all that it needs (tests/gpu-bundle.sh).
gpu_bundle=(binutils patchelf)
# From NVIDIA's package repository, for CUDA 13.
cuda=(cuda-nvcc-13-0 cuda-cudart-dev-13-0 libcudnn9-dev-cuda-13)

ask=yes
list=no
groups=()
for argument in "$@"; do
  case $argument in
    --yes) ask=no ;;
    --list) list=yes ;;
    build | run | tests | cuda) groups+=("$argument") ;;
    gpu-bundle) groups+=(gpu_bundle) ;;
    *) sed -n '3,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
[ ${#groups[@]} -gt 0 ] || groups=(build run)

wanted=()
for group in "${groups[@]}"; do
  declare -n packages=$group
  if [ "$group" = cuda ] && [ $list = no ] &&
    ! apt-cache show "${packages[@]}" >/dev/null 2>&1; then
    echo "apt does not know ${packages[*]}: set up NVIDIA's package" \
      "repository, or name a toolkit's folder in CUDA_PATH. Without either" \
      "everything runs on the CPU." >&2
    continue
  fi
  wanted+=("${packages[@]}")
done
if [ $list = yes ]; then
  printf '%s\n' "${wanted[@]}"
  exit 0
fi
[ ${#wanted[@]} -gt 0 ] || exit 0

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This is no Debian: these packages, under your system's names," \
    "are needed: ${wanted[*]}" >&2
  exit 0
fi

missing=()
while read -r package; do
  missing+=("$package")
done < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) \
  <(dpkg-query -W -f='${Status}\t${Package}\n' "${wanted[@]}" 2>/dev/null |
    sed -n 's/^install ok installed\t//p' | sort -u))
[ ${#missing[@]} -gt 0 ] || exit 0

echo "Missing Debian packages: ${missing[*]}"
root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Installing them takes root, and there is no sudo here. As root:" \
      "apt-get install ${missing[*]}" >&2
    exit 1
  fi
  root=(sudo)
fi
if [ $ask = yes ] && [ -t 0 ] && [ -t 1 ]; then
  read -r -p "Install them with apt-get? [Y/n] " answer
  case $answer in
    '' | [yY]*) ;;
    *) echo "Nothing installed."; exit 1 ;;
  esac
fi

# Lists that are missing or out of date show as a failing install.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt () {
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >>"$log" 2>&1
}
echo "Installing (minutes on a bare machine) ..."
for attempt in 1 2 3; do
  if apt install --no-install-recommends "${missing[@]}"; then
    echo "Installed."
    exit 0
  fi
  apt update || sleep $((attempt * 5))
done
tail -n 20 "$log" >&2
echo "apt-get could not install: ${missing[*]}" >&2
exit 1
