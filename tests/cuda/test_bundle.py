#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The folder that tests/gpu-bundle.sh makes of this build, moved elsewhere:
it finds all that it needs in itself. Prints TAP."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE, BUILD = os.environ['SOD_SOURCE_DIR'], os.environ['SOD_BUILD_DIR']
sys.path.insert(0, os.path.join(SOURCE, 'tests'))
import tap  # noqa: E402

if os.environ.get('SOD_PRELOAD'):
    print('1..0 # SKIP the sanitized build is not for carrying elsewhere')
    sys.exit(0)
if len(sys.argv) > 1:
    print(f'1..0 # SKIP {sys.argv[1]}')
    sys.exit(0)
for tool in ('patchelf', 'readelf', 'ldd', 'strip'):
    if shutil.which(tool) is None:
        print(f'1..0 # SKIP {tool} is missing (install-deps.sh gpu-bundle)')
        sys.exit(0)

# The machine's own: the C library, the driver, cuDNN.
LIBC = ('libc.so.6', 'libm.so.6', 'libdl.so.2', 'librt.so.1',
        'libpthread.so.0', 'libresolv.so.2', 'ld-linux-x86-64.so.2')
MACHINE = re.compile(r'lib(cuda|cudnn)[^/]*\.so')
PIPELINE = ('bin/gst-launch-1.0', '-q', 'videotestsrc', 'num-buffers=1', '!',
            'video/x-raw,width=64,height=48', '!', 'sodbase', 'device=auto',
            f'model-file=models/small.safetensors', '!', 'fakesink')
folder = tempfile.mkdtemp(prefix='sod-bundle-')
bundle = os.path.join(folder, 'moved', 'here')


def run(words, **options):
    return subprocess.run(words, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=300, **options)


def settings(top, scratch):
    """What env.sh sets, without a shell."""
    done = run(['bash', '-c', f'bundle={top} scratch={scratch}; '
                f'. {os.path.join(bundle, "env.sh")}; env'], env={})
    return dict(line.split('=', 1) for line in done.stdout.splitlines()
                if '=' in line)


def is_gathered():
    made = os.path.join(folder, 'made')
    done = run([os.path.join(SOURCE, 'tests', 'gpu-bundle.sh'), '--build',
                BUILD, '--cuda', 'auto', made])
    tap.check(done.returncode == 0, done.stdout)
    os.makedirs(os.path.dirname(bundle))
    os.rename(made, bundle)
    size = sum(os.lstat(os.path.join(where, name)).st_size
               for where, _, names in os.walk(bundle) for name in names)
    tap.check(5 << 20 < size <= 60 << 20, f'{size} bytes')
    with open(os.path.join(bundle, 'bundle.json'), encoding='utf-8') as file:
        tap.check(json.load(file)['cuda'] is os.path.exists(os.path.join(
            bundle, 'lib', 'gst-sod', 'libgstsod-cuda.so')), 'bundle.json')


def will_not_replace_what_it_did_not_make():
    precious = os.path.join(folder, 'precious')
    os.makedirs(precious)
    done = run([os.path.join(SOURCE, 'tests', 'gpu-bundle.sh'), '--build',
                BUILD, '--cuda', 'auto', precious])
    tap.check(done.returncode == 1 and 'is no bundle' in done.stdout,
              done.stdout)


def elves():
    for where, _, names in os.walk(bundle):
        for name in names:
            path = os.path.join(where, name)
            with open(path, 'rb') as file:
                if file.read(4) == b'\x7fELF':
                    yield path


def every_library_is_found_from_where_it_is():
    here = set(os.listdir(os.path.join(bundle, 'lib')))
    checked = 0
    for path in elves():
        dynamic = run(['readelf', '-d', path]).stdout
        for name in re.findall(r'\(NEEDED\).*\[(.*)\]', dynamic):
            tap.check(name in here or name in LIBC or MACHINE.match(name),
                      f'{path} needs {name}')
        for places in re.findall(r'\(R(?:UN)?PATH\).*\[(.*)\]', dynamic):
            found = os.path.realpath(places.replace(
                '$ORIGIN', os.path.dirname(path)))
            tap.check(found == os.path.realpath(os.path.join(bundle, 'lib')),
                      f'{path} looks in {places}')
        checked += 1
    tap.check(checked > 30, f'only {checked} programs and libraries')


def no_path_of_the_build_is_left():
    for path in elves():
        with open(path, 'rb') as file:
            tap.check(os.fsencode(BUILD) + b'/gst-sod' not in file.read(),
                      f'{path} names {BUILD}')


def plays_in_an_empty_environment():
    scratch = os.path.join(folder, 'scratch')
    os.makedirs(scratch)
    done = run(PIPELINE, env=settings(bundle, scratch), cwd=bundle)
    tap.check(done.returncode == 0 and 'WARNING' not in done.stdout,
              done.stdout)
    tap.check(os.path.exists(os.path.join(scratch, 'registry.bin')),
              'the registry is elsewhere')


def plays_with_nothing_but_the_c_library():
    """In a file system of its own: the folder and the C library."""
    if os.geteuid() != 0:
        raise tap.Skip('another root takes root')
    root = os.path.join(folder, 'root')
    for name in ('tmp', 'dev', 'proc/self', 'lib64', 'lib/x86_64-linux-gnu'):
        os.makedirs(os.path.join(root, name))
    for name in LIBC:
        to = 'lib64' if name.startswith('ld-') else 'lib/x86_64-linux-gnu'
        shutil.copy(os.path.join('/lib/x86_64-linux-gnu', name),
                    os.path.join(root, to))
    open(os.path.join(root, 'dev', 'null'), 'w', encoding='utf-8').close()
    env = settings('/bundle', '/tmp')

    def play(words):
        # Where a program is itself, the loader asks /proc.
        link = os.path.join(root, 'proc', 'self', 'exe')
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink('/bundle/' + words[0], link)
        return run(words, env=env, preexec_fn=enter)

    def enter():
        os.chroot(root)
        os.chdir('/bundle')

    os.rename(bundle, os.path.join(root, 'bundle'))
    try:
        done = play(PIPELINE)
        tap.check(done.returncode == 0 and 'WARNING' not in done.stdout,
                  done.stdout)
        done = play(['tests/cuda/gpu-probe'])
        tap.check(done.returncode in (0, 77), done.stdout)
        tap.check('cuDNN' in done.stdout or 'libcudnn' in done.stdout
                  or 'not installed' in done.stdout, done.stdout)
    finally:
        os.rename(os.path.join(root, 'bundle'), bundle)


def gpu_script_runs_in_it():
    out = os.path.join(folder, 'out')
    gpu = any(re.fullmatch(r'nvidia\d+', name) for name in os.listdir('/dev'))
    done = run([os.path.join(bundle, 'gpu.sh'), out],
               env={'PATH': '/usr/bin:/bin'}, cwd='/')
    with open(os.path.join(out, 'summary.json'), encoding='utf-8') as file:
        summary = json.load(file)
    tap.check({c['step'] for c in summary['checks']} >= set(range(1, 7)),
              done.stdout)
    if gpu:
        return
    tap.check(done.returncode == 0, done.stdout)
    for check in summary['checks']:
        tap.check(check['result'] == 'skipped' and len(check['detail']) > 20,
                  str(check))


def gpu_script_passes_on_the_twin():
    """What it would run on a GPU, with the host's twin in its place."""
    twin = os.path.join(BUILD, 'gst-sod', 'backend', 'cuda', 'host')
    done = run([os.path.join(bundle, 'gpu.sh'), '--module', twin, '--only',
                '1,2', os.path.join(folder, 'twin')],
               env={'PATH': '/usr/bin:/bin'}, cwd='/')
    tap.check(done.returncode == 0, done.stdout)
    tap.check(done.stdout.count(' passed ') >= 10, done.stdout)


NAMES = (is_gathered, will_not_replace_what_it_did_not_make,
         every_library_is_found_from_where_it_is,
         no_path_of_the_build_is_left, plays_in_an_empty_environment,
         plays_with_nothing_but_the_c_library, gpu_script_runs_in_it,
         gpu_script_passes_on_the_twin)
status = tap.run([('/cuda/bundle/' + test.__name__.replace('_', '-'), test)
                  for test in NAMES])
shutil.rmtree(folder, ignore_errors=True)
sys.exit(status)
