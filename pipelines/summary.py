#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a file of JSON lines (docs/json-lines.md) says, in a few words.

Usage: summary.py FILE.jsonl [MILLISECONDS-IT-TOOK]
"""

import json
import sys

NS = 1e9


def moment(record):
    return f'{(record.get("pts") or 0) / NS:.1f} s'


def main():
    with open(sys.argv[1], encoding='utf-8') as lines:
        records = [json.loads(line) for line in lines]
    if not records:
        print('Found nothing: no frame came through.')
        return 1
    first = records[0]
    took = f', {int(sys.argv[2]) / len(records):.1f} ms a frame with ' \
        'reading and writing' if len(sys.argv) > 2 else ''
    print(f'{len(records)} frames of {first["width"]}x{first["height"]}{took}.')

    tracks = {}
    for record in records:
        for region in record['regions']:
            tracks.setdefault(region['id'], []).append((record, region))
    busy = sum(bool(record['regions']) for record in records)
    print(f'{busy} of them ({100 * busy / len(records):.0f}%) show something '
          f'salient, {len(tracks)} regions in all.')

    late = sum(record['map'] is None or record['map']['reused']
               for record in records)
    if late:
        print(f'{late} have no map of their own: this machine was too slow '
              'for all of a live source.')

    def area(seen):
        return max(region['area'] for _, region in seen)

    for identity, seen in sorted(
            tracks.items(), key=lambda item: -len(item[1]) * area(item[1]))[:3]:
        score = sum(region['score'] for _, region in seen) / len(seen)
        print(f'  region {identity}: in {len(seen)} frame{"s" * (len(seen) > 1)} from '
              f'{moment(seen[0][0])} to {moment(seen[-1][0])}, at most '
              f'{100 * area(seen):.0f}% of the frame, mean score {score:.2f}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
