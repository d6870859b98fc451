#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module for GPUs as a file: the code in it, what it links and shows, and
what it says on a machine that has no GPU. Prints TAP.

Usage: test_module.py PROBE TWIN [MODULE ARCHITECTURES N-KERNELS]
  PROBE          the program gpu-probe
  TWIN           the host's twin as a module
  MODULE         libgstsod-cuda.so, where it was built
  ARCHITECTURES  as 75;80: machine code for each, PTX of the last
  N-KERNELS      how many .cu files it is made of
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import fatbin

sys.path.insert(0, os.path.join(os.environ['SOD_SOURCE_DIR'], 'tests'))
import tap  # noqa: E402

BUILD = os.environ['SOD_BUILD_DIR']
PROBE, TWIN = sys.argv[1:3]
MODULE = sys.argv[3] if len(sys.argv) > 3 else None
# The driver's, the run-time's and cuDNN's libraries, and what they stand on.
NVIDIA = re.compile(r'lib(cuda|cudart|cudnn|nv|cublas)[^/]*\.so')


def needs_module():
    if MODULE is None:
        raise tap.Skip('this build has no CUDA back end (-Dcuda=enabled)')
    return MODULE


def has_gpu():
    return any(re.fullmatch(r'nvidia\d+', name) for name in os.listdir('/dev'))


def output(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def needed(path):
    return re.findall(r'\(NEEDED\).*\[(.*)\]', output('readelf', '-d', path))


def exported(path):
    return {line.split()[-1].split('@')[0] for line in
            output('nm', '-D', '--defined-only', path).splitlines()}


def probe(folder, **more):
    """Exit status, what it found, and its words."""
    env = {**os.environ, 'GST_SOD_MODULE_PATH': folder, **more}
    done = subprocess.run([PROBE], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)
    tap.check(done.returncode in (0, 77),
              f'exit status {done.returncode}: {done.stderr}')
    return done.returncode, json.loads(done.stdout), done.stderr


def has_code_for_every_architecture():
    needs_module()
    architectures = [int(arch) for arch in sys.argv[4].split(';')]
    expected = [(fatbin.ELF, arch) for arch in architectures]
    expected.append((fatbin.PTX, architectures[-1]))
    found = fatbin.containers(MODULE)
    tap.check(len(found) >= max(1, int(sys.argv[5])),
              f'{len(found)} containers of {sys.argv[5]} .cu files')
    for entries in found:
        tap.check(sorted(entries) == sorted(expected),
                  f'{entries}, {expected} is expected')


def cuobjdump_sees_the_same():
    needs_module()
    tool = shutil.which('cuobjdump', path=':'.join(
        [os.environ.get('PATH', ''), '/usr/local/cuda/bin',
         os.path.join(os.environ.get('CUDA_PATH', ''), 'bin')]))
    if tool is None:
        raise tap.Skip('cuobjdump is not there (part of the CUDA toolkit)')
    ours = fatbin.containers(MODULE)
    for kind, flag in ((fatbin.ELF, '--list-elf'), (fatbin.PTX, '--list-ptx')):
        listed = re.findall(r'\.sm_(\d+)\.', output(tool, flag, MODULE))
        tap.check(sorted(map(int, listed)) == sorted(
            arch for entries in ours for k, arch in entries if k == kind),
                  f'{flag}: {listed}, of the file itself {ours}')


def elves():
    """Programs and libraries of the build, those that tests made too."""
    for where, _, names in os.walk(BUILD):
        for name in names:
            path = os.path.join(where, name)
            if name.endswith(('.o', '.a', '.p')) or os.path.islink(path) \
                    or not (os.access(path, os.X_OK) or '.so' in name):
                continue
            with open(path, 'rb') as file:
                if file.read(4) == b'\x7fELF':
                    yield path


def nothing_else_links_to_nvidia():
    checked = 0
    for path in elves():
        # The module, and programs that test what is below the seam on a GPU;
        # those are not installed.
        name = os.path.basename(path)
        if name == 'libgstsod-cuda.so' and 'host' not in path \
                or re.match(r'(test|benchmark)-cuda-gpu-', name):
            continue
        checked += 1
        found = [name for name in needed(path) if NVIDIA.match(name)]
        tap.check(not found, f'{path} needs {found}')
    tap.check(checked > 5, f'only {checked} programs and libraries in {BUILD}')


def module_links_what_it_should():
    needs_module()
    names = needed(MODULE)
    tap.check('libcudnn.so.9' in names, f'it needs {names}')
    for name in names:
        tap.check(not NVIDIA.match(name) or name.startswith('libcudnn.'),
                  f'{name}: the driver is found at run time, the rest is '
                  'linked in')
        tap.check('gstsod' not in name, f'{name}: it has its own copy')


def modules_show_one_symbol():
    for path in (TWIN, MODULE):
        if path is not None:
            tap.check(exported(path) == {'gst_sod_module'},
                      f'{path} shows {exported(path)}')


def twin_is_a_device():
    status, found, words = probe(os.path.dirname(TWIN))
    tap.check(status == 0 and len(found['devices']) >= 1, f'{found} {words}')
    tap.check(found['devices'][0]['name'] != '', str(found))


def without_a_driver_the_module_says_so():
    needs_module()
    if has_gpu():
        raise tap.Skip('this machine has a GPU')
    status, found, words = probe(os.path.dirname(MODULE))
    tap.check(status == 77 and found.get('devices') == [], str(found))
    tap.check('driver' in words, words)
    tap.check('cuDNN 9' in found['libraries'], str(found))


def invisible_gpus_are_named():
    needs_module()
    status, _, words = probe(os.path.dirname(MODULE), CUDA_VISIBLE_DEVICES='')
    tap.check(status == 77, words)
    tap.check(('CUDA_VISIBLE_DEVICES' if has_gpu() else 'driver') in words,
              words)


def a_missing_module_is_named():
    with tempfile.TemporaryDirectory() as folder:
        # A copy of the program elsewhere finds none beside itself.
        status, found, words = probe(folder)
        if status == 0:
            raise tap.Skip('one is installed on this machine')
        tap.check(folder in words or MODULE is not None, words)
        tap.check('GST_SOD_MODULE_PATH' in words or 'driver' in words, words)
        tap.check(found['error'] in words, str(found))


def copy_with(folder, old, new):
    tap.check(len(old) == len(new), 'another length')
    with open(MODULE, 'rb') as file:
        data = file.read()
    tap.check(old in data, f'no {old} in {MODULE}')
    with open(os.path.join(folder, 'libgstsod-cuda.so'), 'wb') as file:
        file.write(data.replace(old, new))


def a_missing_cudnn_is_named():
    needs_module()
    with tempfile.TemporaryDirectory() as folder:
        copy_with(folder, b'libcudnn.so.9\0', b'libcudnn.so.?\0')
        status, _, words = probe(folder)
        tap.check(status == 77, words)
        for word in ('libcudnn.so.?', 'LD_LIBRARY_PATH', folder):
            tap.check(word in words, f'no {word}: {words}')


def a_damaged_module_is_named():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'libgstsod-cuda.so')
        with open(path, 'wb') as file:
            file.write(b'\x7fELF, and no more')
        status, _, words = probe(folder)
        tap.check(status == 77 and path in words, words)


def a_module_without_the_symbol_is_named():
    with tempfile.TemporaryDirectory() as folder:
        libraries = re.findall(r'libm\.so\.6 => (\S+)', output('ldd', PROBE))
        shutil.copy(libraries[0], os.path.join(folder, 'libgstsod-cuda.so'))
        status, _, words = probe(folder)
        tap.check(status == 77 and 'gst_sod_module' in words, words)


NAMES = (has_code_for_every_architecture, cuobjdump_sees_the_same,
         nothing_else_links_to_nvidia, module_links_what_it_should,
         modules_show_one_symbol, twin_is_a_device,
         without_a_driver_the_module_says_so, invisible_gpus_are_named,
         a_missing_module_is_named, a_missing_cudnn_is_named,
         a_damaged_module_is_named, a_module_without_the_symbol_is_named)
sys.exit(tap.run([('/cuda/file/' + test.__name__.replace('_', '-'), test)
                  for test in NAMES]))
