# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Test Anything Protocol for tests that are Python scripts."""

import sys
import traceback


class Skip(Exception):
    """Raised by a test that cannot run here; says why."""


def run(tests):
    """Runs (name, function) pairs; the process' exit status."""
    failed = 0
    print(f'1..{len(tests)}', flush=True)
    for number, (name, function) in enumerate(tests, 1):
        try:
            function()
            print(f'ok {number} {name}', flush=True)
        except Skip as reason:
            print(f'ok {number} {name} # SKIP {reason}', flush=True)
        except Exception:  # any error of a test is that test's failure
            failed += 1
            print(f'not ok {number} {name}')
            for line in traceback.format_exc().splitlines():
                print('#', line)
            sys.stdout.flush()
    return 1 if failed else 0


def check(condition, message):
    if not condition:
        raise AssertionError(message)
