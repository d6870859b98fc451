#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The element reference, in Markdown, from what the built elements say.

Usage: elements.py PLUGIN-FOLDER MODEL-FOLDER OUTPUT.md
"""

import os
import re
import subprocess
import sys
import tempfile


def inspect(plugins, models, *words):
    with tempfile.TemporaryDirectory() as scratch:
        env = dict(
            os.environ, GST_PLUGIN_PATH_1_0=plugins,
            GST_PLUGIN_SYSTEM_PATH_1_0='', GST_SOD_MODEL_PATH=models,
            GST_REGISTRY=os.path.join(scratch, 'registry'), LC_ALL='C.UTF-8')
        return subprocess.run(
            ['gst-inspect-1.0', '--no-colors', *words], env=env, check=True,
            stdout=subprocess.PIPE, text=True).stdout


def section(text, title):
    """The indented lines under a title."""
    match = re.search(rf'^{title}:\n((?:(?:  .*)?\n)*)', text, re.M)
    return match.group(1).strip('\n') if match else ''


def detail(text, name):
    match = re.search(rf'^\s+{name}\s\s+(.*)$', text, re.M)
    return match.group(1).strip() if match else ''


def properties(text):
    """(name, blurb, flags, values) of each property, GStreamer's own left
    out."""
    found = re.split(r'^  (?=[a-z][\w-]*\s*:)', section(
        text, 'Element Properties'), flags=re.M)[1:]
    for entry in found:
        name, _, rest = entry.partition(':')
        lines = [line.strip() for line in rest.strip().split('\n')]
        at = next(i for i, line in enumerate(lines)
                  if line.startswith('flags:'))
        blurb = ' '.join(lines[:at])
        flags = lines[at][len('flags:'):].strip()
        values = re.sub(r'\s+', ' ', ' '.join(lines[at + 1:]))
        if name.strip() not in ('name', 'parent', 'qos'):
            yield name.strip(), blurb, flags, values


def cell(text):
    return text.replace('|', '\\|')


def element(name, text):
    yield f'## {name}'
    yield f'{detail(text, "Long-name")}: {detail(text, "Description")}'
    yield f'Class: {detail(text, "Klass")}. Rank: {detail(text, "Rank")}.'
    rows = ['| property | meaning | values | flags |',
            '| --- | --- | --- | --- |']
    rows += [f'| `{name}` | {cell(blurb)} | {cell(values)} | {flags} |'
             for name, blurb, flags, values in properties(text)]
    yield '\n'.join(rows)
    for title in ('Element Signals', 'Pad Templates'):
        block = section(text, title)
        if block:
            yield f'{title}:'
            yield f'```\n{block}\n```'


def main():
    plugins, models, output = sys.argv[1:]
    names = re.findall(r'^  (sod\w+): ',
                       inspect(plugins, models, 'sod'), re.M)
    if not names:
        sys.exit(f'no elements in {plugins}')
    parts = ['# Element reference',
             'Generated from the built elements by `docs/reference/'
             'elements.py`; to change it, change what they say.']
    for name in names:
        parts += element(name, inspect(plugins, models, name))
    with open(output, 'w', encoding='utf-8') as reference:
        reference.write('\n\n'.join(parts) + '\n')


if __name__ == '__main__':
    main()
