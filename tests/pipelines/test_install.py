#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is installed can be built on: headers, pkg-config file, library."""

import os
import shutil
import subprocess
import sys
import tempfile

from support import BUILD, SANITIZED, run, tap

if SANITIZED:
    print('1..0 # SKIP the sanitized build is not for installing')
    sys.exit(0)

PROGRAM = r'''
#include <gst-sod/gstsod.h>

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSodImage) map = gst_sod_image_new_gray (32, 16, &error);
  g_autoptr (GstSodNetwork) none =
      gst_sod_network_new_from_file ("/nonexistent", &error);

  return map != NULL && none == NULL
         && g_error_matches (error, GST_SOD_ERROR, GST_SOD_ERROR_NOT_FOUND)
      ? 0 : 1;
}
'''
folder = tempfile.mkdtemp(prefix='sod-install-')


def tool(*words, **more):
    env = {**os.environ, **more}
    return run(*words, env=env, cwd=folder, seconds=60)


def builds_on_what_is_installed():
    stage = os.path.join(folder, 'stage')
    tool('meson', 'install', '-C', BUILD, '--no-rebuild', '--quiet',
         DESTDIR=stage).ok()
    found = [os.path.join(where, name)
             for where, _, names in os.walk(stage) for name in names]

    def one(ending):
        paths = [path for path in found if path.endswith(ending)]
        tap.check(len(paths) == 1, f'{ending}: {paths}')
        return paths[0]

    one('/gstreamer-1.0/libgstsod.so')
    one('/gst-sod/models/base.safetensors')
    tap.check(not [path for path in found if path.endswith('-private.h')],
              'private headers are installed')
    pc = one('/gstsod-1.0.pc')
    with open(pc, encoding='utf-8') as text:
        lines = text.read()
    with open(pc, 'w', encoding='utf-8') as text:
        text.write(lines.replace('prefix=/', f'prefix={stage}/', 1))
    with open(os.path.join(folder, 'program.c'), 'w', encoding='utf-8') as c:
        c.write(PROGRAM)
    flags = subprocess.run(
        ['pkg-config', '--cflags', '--libs', 'gstsod-1.0'], check=True,
        stdout=subprocess.PIPE, text=True, env={
            **os.environ, 'PKG_CONFIG_PATH': os.path.dirname(pc)}).stdout
    tool('cc', '-Wall', '-Werror', 'program.c', '-o', 'program',
         *flags.split()).ok()
    tool('./program', LD_LIBRARY_PATH=os.path.dirname(
        one('/libgstsod-1.0.so.0'))).ok()


status = tap.run([
    ('/install/builds-on-what-is-installed', builds_on_what_is_installed)])
shutil.rmtree(folder)
sys.exit(status)
