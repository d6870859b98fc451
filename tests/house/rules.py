#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of the house, read off the source tree.

Which room may include which, where vendors' headers and build switches may
stand, what a source file begins with and how long it may get. Prints TAP: one
test a rule on the tree, then one a rule on a planted violation of it, so that
a rule that no longer sees anything fails too.

Usage: rules.py SOURCE-DIR
"""

import os
import re
import sys
import tempfile

ENUMS = 'gst-sod/enumtypes.h'
CONFIG = 'gst-sod/config.h'

# Room -> (rooms it may include besides itself, libraries it may use besides
# GLib and C). A room that is missing here fails: give it a row.
TABLE = {
    'gst-sod/core': ((), ()),
    'gst-sod/nn': (('gst-sod/core',), ('json',)),
    'gst-sod/nn/ops': (('gst-sod/core', 'gst-sod/nn'), ()),
    'gst-sod/backend': (('gst-sod/core', 'gst-sod/nn'), ()),
    'gst-sod/backend/ref': (
        ('gst-sod/core', 'gst-sod/nn', 'gst-sod/backend'), ()),
    'gst-sod/backend/onednn': (
        ('gst-sod/core', 'gst-sod/nn', 'gst-sod/backend'),
        ('onednn', 'intrinsics')),
    'gst-sod/backend/cuda': (
        ('gst-sod/core', 'gst-sod/nn', 'gst-sod/backend'), ('cuda',)),
    # The tests' twin of a GPU: no toolkit.
    'gst-sod/backend/cuda/host': (
        ('gst-sod/core', 'gst-sod/nn', 'gst-sod/backend',
         'gst-sod/backend/cuda'), ()),
    'gst-sod/run': (('gst-sod/core', 'gst-sod/nn', 'gst-sod/backend'), ()),
    'gst-sod/data': (('gst-sod/core',), ('json', 'jpeg', 'png')),
    'gst-sod/eval': (('gst-sod/core',), ('cairo', 'json')),
    'gst-sod/train': (
        ('gst-sod/core', 'gst-sod/nn', 'gst-sod/backend', 'gst-sod/run',
         'gst-sod/data', 'gst-sod/eval'), ('json',)),
    # The registry opens the module that knows video in a device's memory.
    'gst-sod/video': (('gst-sod/core', 'gst-sod/backend'), ('gst',)),
    'gst-sod/video/cuda': (
        ('gst-sod/backend/cuda', 'gst-sod/video'), ('gst', 'cuda')),
    # Elements and programs see the one public header.
    'plugins': (('gst-sod',), ('gst',)),
    'pipelines': (('gst-sod',), ('gst',)),
}

# Header prefixes of each library.
LIBRARIES = {
    'json': ('json-glib/',),
    'onednn': ('oneapi/dnnl/', 'dnnl', 'omp.h'),
    'intrinsics': ('immintrin.h',),
    'cuda': ('cuda', 'cudnn', 'cublas', 'nccl', 'nv'),
    'jpeg': ('jpeglib.h', 'jerror.h'),
    'cairo': ('cairo',),
    'png': ('png.h',),
    'gst': ('gst/',),
}
BASE_HEADERS = re.compile(
    r'(glib|glib-object|gmodule|glib-unix)\.h$|glib/|gobject/|gio/'
    r'|(assert|ctype|dlfcn|errno|fcntl|fenv|float|inttypes|limits|locale|math|poll'
    r'|pthread|sched|glob|setjmp|signal|stdalign|stdarg|stdatomic|stdbool|stddef'
    r'|stdint|stdio|stdlib|string|strings|tgmath|time|unistd)\.h$|sys/')

# The registry is the only file that asks which back ends were built.
REGISTRY = 'gst-sod/backend/backend.c'

SOURCE_DIRS = ('gst-sod', 'plugins', 'pipelines', 'models', 'tests', '.ci')
SPDX = 'SPDX-License-Identifier: LGPL-2.1-or-later'
SPDX_NAMES = ('.c', '.h', '.in', '.cu', '.cuh', '.py', '.sh', 'meson.build',
              'meson_options.txt', '.ci/run')
MAX_LINES = 700

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SWITCH = re.compile(r'^\s*#\s*(?:el)?if.*\b(HAVE_(?:CUDA|ONEDNN)\w*)')
CALLS = re.compile(r'(?<![\w.>"])(abort|_?exit|printf|fprintf|puts|perror|g_print'
                   r'|g_printerr|g_error)\s*\(')
WORDS = re.compile(r'\b(TODO|FIXME|XXX|HACK)\b')
PATHS = re.compile(r'/(?:home|root|work|Users)/[a-z]')


class Tree:
    """The source files below a folder, each read once."""

    def __init__(self, top):
        self.files = {}
        for folder in SOURCE_DIRS:
            for where, folders, names in os.walk(os.path.join(top, folder)):
                folders[:] = sorted(d for d in folders if d != '__pycache__')
                for name in sorted(names):
                    self._add(top, os.path.join(where, name))
        for name in ('meson.build', 'meson_options.txt'):
            if os.path.exists(os.path.join(top, name)):
                self._add(top, os.path.join(top, name))

    def _add(self, top, path):
        name = os.path.relpath(path, top)
        if name.endswith(SPDX_NAMES):
            with open(path, encoding='utf-8') as source:
                self.files[name] = source.read().split('\n')

    def lines(self, *folders, suffixes=('.c', '.h', '.in', '.cu', '.cuh')):
        for name, lines in self.files.items():
            if name.endswith(suffixes) and name.startswith(
                    tuple(folder + '/' for folder in folders)):
                for number, line in enumerate(lines, 1):
                    yield name, number, line


def room_of(name):
    """The longest row of the table that holds the file."""
    folder = os.path.dirname(name)
    if folder == 'gst-sod':
        return None  # gstsod.h and the templates of enumtypes.[ch]
    if folder in TABLE:
        return folder
    if not folder.startswith('gst-sod'):
        return folder.split('/')[0]
    return folder


def code_only(line):
    """The line without strings and comments (those that start on it)."""
    line = re.sub(r'"(?:\\.|[^"\\])*"', '""', line)
    if line.lstrip().startswith('*'):
        return ''
    return re.sub(r'/\*.*?(\*/|$)|//.*', '', line)


def includes(tree):
    for name, number, line in tree.lines('gst-sod', 'plugins', 'pipelines'):
        match = INCLUDE.match(line)
        room = room_of(name)
        if match and room is not None:
            yield name, number, room, match.group(1), match.group(2)


def rule_every_room_has_a_row(tree):
    for name, _, _ in tree.lines('gst-sod', 'plugins', 'pipelines'):
        room = room_of(name)
        if room is not None and room not in TABLE:
            yield f'{name}: no row for the room {room} in {__file__}'


def rule_rooms_include_only_what_the_table_allows(tree):
    for name, number, room, _, header in includes(tree):
        if room not in TABLE or header in (ENUMS, CONFIG):
            continue
        target = os.path.dirname(header)
        if not header.startswith('gst-sod/') or target == room:
            continue
        rooms = TABLE[room][0]
        if rooms == ('gst-sod',):
            if header != 'gst-sod/gstsod.h':
                yield (f'{name}:{number}: {room} may include '
                       f'<gst-sod/gstsod.h> only, not {header}')
        elif target not in rooms:
            yield (f'{name}:{number}: {room} may include '
                   f'{", ".join(rooms) or "no other room"}, not {header}')


def rule_libraries_stay_in_their_rooms(tree):
    for name, number, room, _, header in includes(tree):
        if header.startswith(('gst-sod/', 'plugins/')):
            continue
        if BASE_HEADERS.match(header) or room not in TABLE:
            continue
        allowed = [prefix for library in TABLE[room][1]
                   for prefix in LIBRARIES[library]]
        if f'{os.path.dirname(name)}/{header}' in tree.files:
            continue
        if header.startswith(tuple(allowed)):
            continue
        yield f'{name}:{number}: {room} may not include <{header}>'


QUOTING = ('plugins', 'pipelines')


def rule_only_elements_and_programs_quote_includes_of_their_folder(tree):
    for name, number, room, quote, header in includes(tree):
        if quote == '"' and f'{os.path.dirname(name)}/{header}' not in (
                other for other in tree.files if room in QUOTING):
            yield f'{name}:{number}: write <gst-sod/room/file.h>: {header}'


def rule_only_the_registry_asks_what_was_built(tree):
    for name, number, line in tree.lines('gst-sod', 'plugins', 'tests'):
        match = SWITCH.match(line)
        if match and name != REGISTRY:
            yield f'{name}:{number}: {match.group(1)} outside {REGISTRY}'


def rule_library_and_elements_never_print_or_exit(tree):
    for name, number, line in tree.lines('gst-sod', 'plugins'):
        match = CALLS.search(code_only(line))
        if match:
            yield f'{name}:{number}: calls {match.group(1)}()'


def rule_no_struct_is_public(tree):
    for name, number, line in tree.lines('gst-sod', suffixes=('.h',)):
        if not name.endswith('-private.h') and re.match(
                r'(typedef\s+)?struct\s*\w*\s*(\{|$)', line):
            yield f'{name}:{number}: a struct with fields in a public header'


def rule_sources_begin_with_their_licence(tree):
    for name, lines in tree.files.items():
        if not any(SPDX in line for line in lines[:2]):
            yield f'{name}: no "{SPDX}" in its first two lines'


def rule_files_are_short(tree):
    for name, lines in tree.files.items():
        if len(lines) > MAX_LINES:
            yield f'{name}: {len(lines)} lines, more than {MAX_LINES}'


def rule_nothing_is_left_for_later(tree):
    for name, lines in tree.files.items():
        if name == 'tests/house/rules.py':
            continue
        for number, line in enumerate(lines, 1):
            if WORDS.search(line):
                yield f'{name}:{number}: {line.strip()}'


def rule_no_path_of_one_machine(tree):
    for name, lines in tree.files.items():
        if name == 'tests/house/rules.py':
            continue
        for number, line in enumerate(lines, 1):
            if PATHS.search(line):
                yield f'{name}:{number}: {line.strip()}'


C_HEAD = '/* ' + SPDX + ' */\n'
CLEAN = {
    'gst-sod/core/a.c': C_HEAD + '#include <gst-sod/core/a.h>\n'
                        '#include <math.h>\n/* never abort () here */\n',
    'gst-sod/core/a.h': C_HEAD + 'typedef struct _A A;\n',
    'gst-sod/nn/b.c': C_HEAD + '#include <gst-sod/core/a.h>\n'
                      '#include <json-glib/json-glib.h>\n',
    'plugins/c.c': C_HEAD + '#include <gst-sod/gstsod.h>\n'
                   '#include <gst/gst.h>\n',
}

# Rule -> files which, added to the clean tree, break it.
PLANTED = {
    rule_every_room_has_a_row: (
        {'gst-sod/attic/a.c': C_HEAD},),
    rule_rooms_include_only_what_the_table_allows: (
        {'gst-sod/core/z.c': C_HEAD + '#include <gst-sod/nn/network.h>\n'},
        {'gst-sod/backend/ref/z.c':
         C_HEAD + '#include <gst-sod/backend/onednn/x-private.h>\n'},
        {'plugins/z.c': C_HEAD + '#include <gst-sod/run/session.h>\n'},),
    rule_libraries_stay_in_their_rooms: (
        {'gst-sod/run/z.c': C_HEAD + '#include <oneapi/dnnl/dnnl.h>\n'},
        {'gst-sod/core/z.c': C_HEAD + '#include <gst/gst.h>\n'},
        {'gst-sod/backend/ref/z.c': C_HEAD + '#include <immintrin.h>\n'},),
    rule_only_elements_and_programs_quote_includes_of_their_folder: (
        {'gst-sod/nn/z.c': C_HEAD + '#include "gst-sod/core/a.h"\n'},
        {'plugins/z.c': C_HEAD + '#include "../gst-sod/core/a.h"\n'},),
    rule_only_the_registry_asks_what_was_built: (
        {'gst-sod/run/z.c': C_HEAD + '#ifdef HAVE_CUDA\n#endif\n'},
        {'plugins/z.c': C_HEAD + '#if defined (HAVE_ONEDNN)\n#endif\n'},),
    rule_library_and_elements_never_print_or_exit: (
        {'gst-sod/core/z.c': C_HEAD + '  abort ();\n'},
        {'plugins/z.c': C_HEAD + '  g_print ("%d", 1);\n'},),
    rule_no_struct_is_public: (
        {'gst-sod/core/z.h': C_HEAD + 'struct _A\n{\n  int x;\n};\n'},),
    rule_sources_begin_with_their_licence: (
        {'gst-sod/core/z.c': '#include <math.h>\n'},
        {'tests/z.sh': '#!/bin/sh\n'},),
    rule_files_are_short: (
        {'gst-sod/core/z.c': C_HEAD + '\n' * MAX_LINES},),
    rule_nothing_is_left_for_later: (
        {'gst-sod/core/z.c': C_HEAD + '/* TODO */\n'},),
    rule_no_path_of_one_machine: (
        {'tests/z.sh': '# ' + SPDX + '\ncat /home/me/x\n'},),
}


def planted(files):
    with tempfile.TemporaryDirectory() as top:
        for name, text in files.items():
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as source:
                source.write(text)
        return Tree(top)


def main():
    tree = Tree(sys.argv[1])
    results = []
    results.append(('/house/the-tree-is-found',
                    [] if len(tree.files) > 50 else
                    [f'only {len(tree.files)} sources in {sys.argv[1]}']))
    clean = planted(CLEAN)
    for rule, cases in PLANTED.items():
        name = rule.__name__[len('rule_'):].replace('_', '-')
        results.append((f'/house/{name}', list(rule(tree))))
        missed = [f'not seen: {case}' for case in cases
                  if not list(rule(planted({**CLEAN, **case})))]
        missed += [f'seen in a clean tree: {what}' for what in rule(clean)]
        results.append((f'/house/planted/{name}', missed))

    print(f'1..{len(results)}')
    for number, (name, problems) in enumerate(results, 1):
        print('not ok' if problems else 'ok', number, name)
        for problem in problems:
            print('#', problem)
    return any(problems for _, problems in results)


if __name__ == '__main__':
    sys.exit(main())
