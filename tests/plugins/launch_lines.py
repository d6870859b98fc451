#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the launch lines that stand in the documentation of the elements.

Each |[ ]| block below "## Example launch line" is run as it stands, in a
folder of its own, but for what needs a screen or an hour: windows become
fakesink, num-buffers becomes 3, two pictures stand for a data set. Every
element has such a block.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile

SOURCE = os.environ['SOD_SOURCE_DIR']
sys.path.insert(0, os.path.join(SOURCE, 'tests'))
import tap  # noqa: E402

REGISTER = re.compile(r'GST_ELEMENT_REGISTER \((\w+), plugin\)')
SHORTER = ((r'num-buffers=\d+', 'num-buffers=3'),
           (r'\bauto(video|audio)?sink\b', 'fakesink'))
BLOCK = re.compile(r'\|\[\s*(.*?)\s*\]\|', re.S)


def elements():
    path = os.path.join(SOURCE, 'plugins', 'plugin.c')
    with open(path, encoding='utf-8') as source:
        return REGISTER.findall(source.read())


def lines_of(element):
    path = os.path.join(SOURCE, 'plugins', element + '.c')
    if not os.path.exists(path):
        path = os.path.join(SOURCE, 'plugins', element, element + '.c')
    with open(path, encoding='utf-8') as source:
        doc = source.read().split('*/')[1]
    doc = re.sub(r'^ \* ?', '', doc, flags=re.M)
    examples = doc.partition('## Example launch line')[2]
    return BLOCK.findall(examples)


def shorten(line):
    for pattern, replacement in SHORTER:
        line = re.sub(pattern, replacement, line)
    return line


def write_pictures(folder):
    """The data sets that the lines name, of two frames each."""
    for frame in ('1', '2'):
        for where, kind, pixel in (
                ('davis2016/JPEGImages/480p/a', 'P6', b'abc'),
                ('davis2016/Annotations/480p/a', 'P5', b'\xff'),
                ('DUTS-TR/DUTS-TR-Image', 'P6', b'abc'),
                ('DUTS-TR/DUTS-TR-Mask', 'P5', b'\xff')):
            path = os.path.join(folder, where)
            os.makedirs(path, exist_ok=True)
            name = frame + ('.ppm' if kind == 'P6' else '.pgm')
            with open(os.path.join(path, name), 'wb') as picture:
                picture.write(f'{kind} 64 48 255\n'.encode() + pixel * 64 * 48)
    sets = os.path.join(folder, 'davis2016/ImageSets/480p')
    os.makedirs(sets)
    with open(os.path.join(sets, 'dev.txt'), 'w', encoding='ascii') as dev:
        dev.write('a\n')


def write_reverse(folder, env):
    """A default reverse network, beside the default base network."""
    subprocess.run([os.environ['SOD_MAKE_REVERSE'],
                    os.path.join(folder, 'reverse.safetensors')], check=True)
    env['GST_SOD_MODEL_PATH'] = folder + ':' + env['GST_SOD_MODEL_PATH']


def runs(line):
    def test():
        env = dict(os.environ)
        env['GST_PLUGIN_PATH_1_0'] = os.path.dirname(os.environ['SOD_PLUGIN'])
        env.pop('GST_PLUGIN_SYSTEM_PATH_1_0', None)
        env.pop('GST_REGISTRY_FORK', None)
        if env.get('SOD_PRELOAD'):
            env['LD_PRELOAD'] = env['SOD_PRELOAD']
            env['ASAN_OPTIONS'] = 'detect_leaks=0'
        with tempfile.TemporaryDirectory() as folder:
            if 'soddatasetsrc' in line:
                write_pictures(folder)
            if 'sodreverse' in line:
                write_reverse(folder, env)
            done = subprocess.run(
                shlex.split(shorten(line)), cwd=folder, env=env, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100,
                check=False)
            tap.check(done.returncode == 0, f'{line}\n{done.stdout}')
            for word in ('WARNING', 'CRITICAL', 'ERROR'):
                tap.check(word not in done.stdout, done.stdout)
            for name in re.findall(r'location=(\S+)', line):
                pattern = re.sub(r'%\d+d', r'\\d+', re.escape(name))
                written = [file for file in os.listdir(folder)
                           if re.fullmatch(pattern, file)]
                tap.check(written, f'{line}: nothing in {name}')
    return test


def has_lines(element):
    def test():
        tap.check(lines_of(element), f'{element} has no launch line')
        for line in lines_of(element):
            tap.check(element in line, f'{line} is not about {element}')
    return test


TESTS = []
for name in elements():
    TESTS.append((f'/launch-lines/{name}/has-some', has_lines(name)))
    for number, launch_line in enumerate(lines_of(name), 1):
        TESTS.append((f'/launch-lines/{name}/{number}', runs(launch_line)))
sys.exit(tap.run(TESTS))
