#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# C sources are laid out as .clang-format says. Prints TAP.
# Usage: format.sh SOURCE-DIR
cd "$1" || exit 1
if ! clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
  echo "1..0 # SKIP clang-format 14 is missing; other versions lay out otherwise"
  exit 0
fi
echo 1..2
if printf 'int  main(){return 0;}\n' |
  clang-format --dry-run -Werror --assume-filename=x.c >/dev/null 2>&1; then
  echo "not ok 1 /format/planted/a-misformatted-file-is-seen"
else
  echo "ok 1 /format/planted/a-misformatted-file-is-seen"
fi
found=$(find gst-sod plugins pipelines tests -name '*.[ch]' -exec \
  clang-format --dry-run -Werror {} + 2>&1 | grep ' error: ')
if [ -n "$found" ]; then
  echo "not ok 2 /format/sources-are-formatted"
  echo "$found" | sed 's/^/# /'
  exit 1
fi
echo "ok 2 /format/sources-are-formatted"
