#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sums up the tests of several builds.

Every test of a TAP program counts, and a program that dies counts as one more
failure. Prints what failed, why what was skipped was skipped, and last, alone
on its line: N passed, N failed, N skipped. Exits with 1 where any failed.

Usage: count.py STEPS-FILE [BUILD-DIR...]
"""

import collections
import json
import os
import re
import sys

LINE = re.compile(r'^(not )?ok\b\s*\d*\s*-?\s*([^#]*)(?:#\s*(\w+)\s*(.*))?')
NO_TESTS = re.compile(r'^1\.\.0\s*(?:#\s*(?:skip\S*)?\s*(.*))?$', re.I)


class Sum:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = collections.Counter()

    def skip(self, name, reason):
        self.skipped[reason or f'no reason given by {name}'] += 1

    def tap(self, program, output):
        """The number of results in the output of a TAP program, added up."""
        seen = bad = 0
        for line in output.splitlines():
            nothing = NO_TESTS.match(line)
            if nothing:
                self.skip(program, nothing.group(1))
                seen += 1
            result = LINE.match(line)
            if not result:
                continue
            seen += 1
            not_ok, name, directive, reason = result.groups()
            if (directive or '').upper() == 'SKIP':
                self.skip(f'{program} {name}', reason)
            elif not_ok:
                bad += 1
                self.failed.append(f'{program} {name.strip()}')
            else:
                self.passed += 1
        return seen, bad

    def build(self, folder):
        path = os.path.join(folder, 'meson-logs', 'testlog.json')
        if not os.path.exists(path):
            self.failed.append(f'{folder}: its tests did not run')
            return
        with open(path, encoding='utf-8') as log:
            for line in log:
                self.program(folder, json.loads(line))

    def program(self, folder, test):
        name = f'{folder}: {test["name"]}'
        result = test['result']
        seen, bad = self.tap(name, test.get('stdout') or '')
        if result in ('OK', 'EXPECTEDFAIL'):
            self.passed += 0 if seen else 1
        elif result == 'SKIP':
            if not seen:
                self.skip(name, None)
        elif not bad:
            self.failed.append(f'{name} ({result.lower()}, exit status '
                               f'{test.get("returncode")})')


def main():
    total = Sum()
    if os.path.exists(sys.argv[1]):
        with open(sys.argv[1], encoding='utf-8') as steps:
            total.tap('step', steps.read())
    for folder in sys.argv[2:]:
        total.build(folder)
    for reason, times in sorted(total.skipped.items()):
        print(f'skipped ({times}): {reason}')
    for name in total.failed:
        print(f'FAILED: {name}')
    print(f'{total.passed} passed, {len(total.failed)} failed, '
          f'{sum(total.skipped.values())} skipped')
    return bool(total.failed)


if __name__ == '__main__':
    sys.exit(main())
