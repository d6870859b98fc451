#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tests/gpu.sh, on stand-ins for the programs that it runs: what it makes of
their exit statuses and words. Prints TAP."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.environ['SOD_SOURCE_DIR']
sys.path.insert(0, os.path.join(SOURCE, 'tests'))
import tap  # noqa: E402

PASSES = 'echo "1..2"; echo "ok 1 /ops/x/cuda-f16"; echo "ok 2 y # SKIP why"; ' \
    'echo "# f16 on cuda"'
FAILS = 'echo "1..2"; echo "ok 1 /x/cuda"; echo "not ok 2 /y"; exit 1'
PROGRAMS = ('ops/test-ops-ops', 'ops/test-ops-plans', 'run/test-run-session',
            'run/test-run-packed', 'run/test-run-instance',
            'cuda/test-cuda-plans', 'cuda/test-cuda-graphs',
            'train/test-train-gradients',
            'train/test-train-plans', 'train/test-train-masters',
            'train/test-train-phases', 'benchmarks/benchmark-network',
            'benchmarks/benchmark-train')
GPU = 'echo "{\\"devices\\": [{\\"name\\": \\"stand-in\\"}]}"'
NO_GPU = 'echo "{\\"devices\\": []}"; echo "no \\"driver\\" here" >&2; exit 77'
folder = tempfile.mkdtemp(prefix='sod-gpu-script-')


def program(path, script):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write('#!/bin/sh\n' + script + '\n')
    os.chmod(path, 0o755)


def bundle(name, probe, **scripts):
    """A folder as gpu-bundle.sh makes one, of stand-ins."""
    top = os.path.join(folder, name)
    for path in PROGRAMS:
        program(os.path.join(top, 'tests', path),
                scripts.get(os.path.basename(path).replace('-', '_'), PASSES))
    program(os.path.join(top, 'tests', 'cuda', 'gpu-probe'), probe)
    for tool in ('gst-launch-1.0', 'gst-inspect-1.0', 'nvidia-smi'):
        program(os.path.join(top, 'bin', tool),
                scripts.get(tool.replace('-', '_').replace('.', '_'),
                            'exit 1' if tool != 'gst-launch-1.0'
                            else 'echo model'))
    os.makedirs(os.path.join(top, 'models'))
    for model in ('base', 'small'):
        program(os.path.join(top, 'models', model + '.safetensors'), '')
    with open(os.path.join(top, 'bundle.json'), 'w', encoding='utf-8') as file:
        file.write('{"version": "0"}')
    with open(os.path.join(top, 'env.sh'), 'w', encoding='utf-8') as file:
        file.write('export PATH=$bundle/bin:$PATH\n')
    shutil.copy(os.path.join(SOURCE, 'tests', 'gpu.sh'), top)
    return top


def run(top, *words, **more):
    """Exit status, the summary, and what it printed."""
    out = os.path.join(top, 'out')
    done = subprocess.run(
        [os.path.join(top, 'gpu.sh'), *words, out], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=300, env={'PATH': os.environ['PATH'], **more})
    with open(os.path.join(out, 'summary.json'), encoding='utf-8') as file:
        return done.returncode, json.load(file), done.stdout


def results(summary):
    return {(c['step'], c['check']): c for c in summary['checks']}


def without_a_gpu_all_is_skipped_and_it_passes():
    if any(name.startswith('nvidia') and name[6:].isdigit()
           for name in os.listdir('/dev')):
        raise tap.Skip('this machine has a GPU')
    status, summary, words = run(bundle('none', NO_GPU, test_ops_ops=FAILS))
    tap.check(status == 0, words)
    tap.check({c['step'] for c in summary['checks']} == set(range(1, 7)),
              str(summary['checks']))
    for check in summary['checks']:
        tap.check(check['result'] == 'skipped', str(check))
        tap.check('no "driver" here' in check['detail'], str(check))
    tap.check(' 0 failed,' in words, words)


def on_a_gpu_what_passes_passes():
    top = bundle('passes', GPU)
    status, summary, words = run(top, '--module', top, '--only', '1,2,4')
    found = results(summary)
    for name in ('ops', 'op-plans'):
        tap.check(found[1, name]['result'] == 'passed', words)
        tap.check(found[1, name]['detail'] == '1 passed, 0 failed, 1 skipped',
                  words)
    tap.check(found[2, 'train-plans']['result'] == 'passed', words)
    tap.check(found[4, 'system-memory']['result'] == 'passed', words)
    tap.check(all(c['step'] in (1, 2, 4) for c in summary['checks']), words)
    tap.check(status == 0 and summary['twin'] is True, words)
    tap.check(os.path.exists(os.path.join(top, 'out', 'logs', '1-ops.log')),
              'no log')


def what_fails_is_named_and_the_rest_goes_on():
    top = bundle('fails', GPU, test_ops_ops=FAILS,
                 test_run_packed='echo "x: it broke"; exit 3',
                 test_run_session='echo "no data"; exit 77')
    status, summary, words = run(top, '--module', top, '--only', '1,2')
    found = results(summary)
    tap.check(status == 1, f'exit status {status}: {words}')
    tap.check(found[1, 'ops']['result'] == 'failed', words)
    tap.check('1 passed, 1 failed' in found[1, 'ops']['detail'], words)
    tap.check(found[2, 'network-packed']['result'] == 'failed', words)
    tap.check('exit status 3; x: it broke'
              in found[2, 'network-packed']['detail'], words)
    tap.check(found[2, 'network-session']['result'] == 'skipped', words)
    tap.check(found[2, 'network-session']['detail'] == 'no data', words)
    tap.check(found[2, 'train-phases']['result'] == 'passed', words)
    with open(os.path.join(top, 'out', 'summary.txt'), encoding='utf-8') as f:
        text = f.read()
    tap.check(f'{len(summary["checks"])}' and ' failed' in text, text)


def a_test_that_never_saw_the_gpu_fails():
    top = bundle('unseen', GPU, test_ops_ops='echo 1..1; echo ok 1 /x/ref')
    status, summary, words = run(top, '--module', top, '--only', '1')
    tap.check(status == 1, words)
    tap.check(results(summary)[1, 'ops']['result'] == 'failed', words)


def a_gpu_that_cannot_be_used_is_a_failure():
    top = bundle('broken', NO_GPU, nvidia_smi='echo "GPU 0: stand-in"')
    status, summary, words = run(top, '--only', '2')
    tap.check(status == 1, words)
    tap.check(results(summary)[0, 'device']['result'] == 'failed', words)
    tap.check(summary['gpus'] == 'GPU 0: stand-in', words)
    tap.check((2, 'train-plans') in results(summary), words)


def a_pipeline_that_fails_is_a_failure():
    top = bundle('pipeline', GPU,
                 gst_launch_1_0='echo "ERROR: no model"; exit 1')
    status, summary, words = run(top, '--module', top, '--only', '4')
    tap.check(status == 1, words)
    tap.check('ERROR: no model'
              in results(summary)[4, 'system-memory']['detail'], words)


def cudnn_is_looked_for_in_two_places():
    packages, toolkit = (os.path.join(folder, name)
                         for name in ('packages', 'toolkit'))
    beside = os.path.join(packages, 'nvidia', 'cudnn', 'lib')
    for place in (beside, os.path.join(toolkit, 'lib64')):
        program(os.path.join(place, 'libcudnn.so.9'), '')
    top = bundle('cudnn', GPU)
    empty = os.path.join(folder, 'cudnn')
    for path, expected in ((toolkit, os.path.join(toolkit, 'lib64')),
                           (empty, beside)):
        _, summary, words = run(top, '--module', top, '--only', '6',
                                CUDA_PATH=path, PYTHONPATH=packages)
        tap.check(summary['cudnn'] == os.path.join(expected, 'libcudnn.so.9'),
                  words)
        tap.check('cuDNN: ' + expected in words, words)


def bad_words_are_refused():
    top = bundle('usage', GPU)
    done = subprocess.run([os.path.join(top, 'gpu.sh'), '--sideways'],
                          stderr=subprocess.PIPE, text=True)
    tap.check(done.returncode == 2 and 'Usage:' in done.stderr, done.stderr)


NAMES = (without_a_gpu_all_is_skipped_and_it_passes,
         on_a_gpu_what_passes_passes,
         what_fails_is_named_and_the_rest_goes_on,
         a_test_that_never_saw_the_gpu_fails,
         a_gpu_that_cannot_be_used_is_a_failure,
         a_pipeline_that_fails_is_a_failure,
         cudnn_is_looked_for_in_two_places, bad_words_are_refused)
status = tap.run([('/cuda/script/' + test.__name__.replace('_', '-'), test)
                  for test in NAMES])
shutil.rmtree(folder)
sys.exit(status)
