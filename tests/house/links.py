#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every relative link of the Markdown files leads somewhere. Prints TAP.

Usage: links.py SOURCE-DIR
"""

import os
import re
import sys
import tempfile

LINK = re.compile(r'!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)')
HEADING = re.compile(r'^#+\s+(.*?)\s*#*$')


def anchor(heading):
    heading = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading)
    heading = re.sub(r'[^\w\- ]', '', heading.lower())
    return heading.strip().replace(' ', '-')


def prose(path):
    """The lines outside fenced blocks."""
    fenced = False
    with open(path, encoding='utf-8') as text:
        for number, line in enumerate(text, 1):
            if line.lstrip().startswith('```'):
                fenced = not fenced
            elif not fenced:
                yield number, line.rstrip('\n')


def anchors(path):
    return {anchor(match.group(1)) for _, line in prose(path)
            for match in [HEADING.match(line)] if match}


def broken(path):
    for number, line in prose(path):
        for match in LINK.finditer(re.sub(r'`[^`]*`', '', line)):
            target, _, fragment = match.group(1).partition('#')
            if re.match(r'[a-z]+:', target):
                continue
            there = os.path.join(os.path.dirname(path), target) \
                if target else path
            if not os.path.exists(there):
                yield f'{path}:{number}: no such file: {target}'
            elif fragment and there.endswith('.md') \
                    and fragment not in anchors(there):
                yield f'{path}:{number}: no such heading: {match.group(1)}'


def self_test():
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, 'a.md')
        with open(path, 'w', encoding='utf-8') as text:
            text.write('# One two\n[good](#one-two) [good](a.md)\n'
                       '[bad](b.md)\n[bad](#three)\n')
        return [] if len(list(broken(path))) == 2 else ['self-test failed']


def main():
    files = []
    for where, folders, names in os.walk(sys.argv[1]):
        folders[:] = [d for d in folders
                      if not d.startswith('.') and 'build' not in d]
        files += [os.path.join(where, n) for n in names if n.endswith('.md')]
    tests = [('/links/planted/broken-links-are-seen', self_test())]
    tests += [(f'/links/{os.path.relpath(path, sys.argv[1])}',
               list(broken(path))) for path in sorted(files)]
    print(f'1..{len(tests)}')
    for number, (name, problems) in enumerate(tests, 1):
        print('not ok' if problems else 'ok', number, name)
        for problem in problems:
            print('#', problem)
    return any(problems for _, problems in tests)


if __name__ == '__main__':
    sys.exit(main())
