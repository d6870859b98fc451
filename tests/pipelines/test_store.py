#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-sod store, on stores that are written here by docs/store.md alone."""

import fcntl
import json
import os
import shutil
import struct
import sys
import tempfile
import zlib

from support import BUILD, environment, run, tap

COMMAND = os.path.join(BUILD, 'pipelines', 'gst-sod', 'gst-sod')
WIDTH, HEIGHT = 64, 48
NOW = 1_700_000_000_000_000


def ours(*words, seconds=60):
    env = environment()
    env.pop('LD_PRELOAD', None)
    return run(COMMAND, 'store', *words, env=env, seconds=seconds)


def read_json(*words, status=0):
    result = ours(*words, '--json')
    tap.check(result.status == status, f'{result.status}: {result.output}')
    return json.loads(result.output)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def chunk(kind, data):
    return (struct.pack('>I', len(data)) + kind + data
            + struct.pack('>I', zlib.crc32(kind + data)))


def png(pixels):
    rows = b''.join(b'\0' + pixels[y * WIDTH:(y + 1) * WIDTH]
                    for y in range(HEIGHT))
    return (b'\x89PNG\r\n\x1a\n'
            + chunk(b'IHDR', struct.pack('>IIBBBBB', WIDTH, HEIGHT,
                                         8, 0, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def mask(seed):
    """A box with a hole."""
    left, top = 5 + seed % 7, 4 + seed % 5
    return bytes(255 if left <= x < left + 20 and top <= y < top + 25
                 and not (left + 5 <= x < left + 9 and top + 8 <= y < top + 12)
                 else 0 for y in range(HEIGHT) for x in range(WIDTH))


def picture(seed):
    state, cells = seed * 7919 + 1, []
    for _ in range(64):
        state = (state * 1103515245 + 12345) % 2 ** 31
        cells.append(state >> 16 & 255)
    return b''.join(
        bytes([cells[y * 8 // HEIGHT * 8 + x * 8 // WIDTH]]) * 3
        for y in range(HEIGHT) for x in range(WIDTH))


def record(number, seed, labelled, source=b''):
    """Raw RGB; the seed is its perceptual hash, bits apart."""
    pixels = picture(seed)
    label = png(mask(seed)) if labelled else b''
    likeness = int.from_bytes(bytes([seed * 37 & 255]) * 8, 'little')
    fields = struct.pack(
        '<IHHIQqqIIIIQQQII', payload_crc(pixels + label), 1, 1, 2, number,
        NOW + number * 40000, number * 40000, 1, WIDTH, HEIGHT, 2,
        len(pixels), len(label), likeness, len(source), 0)
    return (b'\xd5SODrec\n' + struct.pack('<I', crc32c(fields + source))
            + fields + source + pixels + label)


CHECKSUMS = {}


def payload_crc(data):
    """Few payloads, a slow checksum."""
    if data not in CHECKSUMS:
        CHECKSUMS[data] = crc32c(data)
    return CHECKSUMS[data]


def segment(records, first=1):
    rest = struct.pack('<IHHIQq24x', 0, 1, 0, 0, first, NOW)
    return (b'\xd5SODseg\n' + struct.pack('<I', crc32c(rest)) + rest
            + b''.join(records))


class Store:
    """Node door: six frames, the first two labelled, the last two alike; node
    gate: one."""

    def __init__(self, labelled=True):
        self.labelled = labelled

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='sod störe-')
        self.path = os.path.join(self.folder, 'frames')
        self.write('door', 1, [
            record(1, 1, self.labelled), record(2, 2, self.labelled, b'cam'),
            record(3, 3, False), record(4, 4, False), record(5, 5, False),
            record(6, 5, False)])
        self.write('gate', 1, [record(1, 6, False)])
        with open(os.path.join(self.path, 'gst-sod-store'), 'w',
                  encoding='utf-8') as mark:
            mark.write('gst-sod frame store, format 1\n')
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def segment(self, node, index):
        return os.path.join(self.path, node, f'{index:08}.sod')

    def write(self, node, index, records, first=1):
        os.makedirs(os.path.join(self.path, node), exist_ok=True)
        with open(self.segment(node, index), 'wb') as out:
            out.write(segment(records, first))

    def list(self, *words):
        lines = ours('list', self.path, '--json', *words).ok().output
        return [json.loads(line) for line in lines.splitlines()]


def frames_are_listed():
    with Store() as store:
        found = store.list()
        tap.check([frame['id'] for frame in found]
                  == [f'door/00000{n}' for n in range(1, 7)] + ['gate/000001'],
                  found)
        tap.check(found[1]['labelled'] and not found[2]['labelled'], found)
        tap.check(found[0]['width'] == WIDTH and found[0]['time']
                  == '2023-11-14T22:13:20Z'
                  and found[0]['stream_time_us'] == 40000, found[0])
        tap.check(len(store.list('--labelled')) == 2, 'labelled')
        tap.check(len(store.list('--unlabelled', '--node=door')) == 4, 'not')
        text = ours('list', store.path).ok().output
        tap.check(len(text.splitlines()) == 7 and '64x48' in text, text)
        tap.check(ours('list', store.path, '--node=x').status == 1, 'no node')
        tap.check(ours('list', store.folder).status == 1, 'no store')
        tap.check(ours('list').status == 1, 'no word')


def stores_are_counted():
    with Store() as store:
        found = read_json('stats', store.path)
        tap.check((found['frames'], found['labelled'], found['damaged'])
                  == (7, 2, 0), found)
        tap.check([node['name'] for node in found['nodes']]
                  == ['door', 'gate'], found)
        text = ours('stats', store.path).ok().output
        tap.check('7 frames, 2 labelled' in text, text)


def damage_is_named():
    with Store() as store:
        tap.check('sound' in ours('verify', store.path).ok().output, 'sound')
        path = store.segment('door', 1)
        with open(path, 'r+b') as file:
            file.seek(64 + len(record(1, 1, True)) + 500)
            file.write(b'\x77\x78')
        found = read_json('verify', store.path, status=2)
        tap.check(len(found['damaged']) == 1 and found['records'] == 6, found)
        damage = found['damaged'][0]
        tap.check(damage['file'] == path and damage['offset']
                  == 64 + len(record(1, 1, True)), damage)
        text = ours('verify', store.path).output
        tap.check(path in text and 'checksum' in text, text)


def the_oldest_go():
    with Store() as store:
        store.write('door', 2, [record(n, n, False) for n in range(7, 11)], 7)
        store.write('door', 3, [record(n, n, False) for n in range(11, 13)], 11)
        before = read_json('stats', store.path)
        found = read_json('prune', store.path, '--max-node-size=60K')
        after = read_json('stats', store.path)
        tap.check(found['freed'] > 0 and found['bytes'] == after['bytes']
                  == before['bytes'] - found['freed'], (found, after))
        names = [frame['id'] for frame in store.list('--node=door')]
        tap.check(names == ['door/000001', 'door/000002', 'door/000011',
                            'door/000012'], names)
        tap.check(len(store.list('--labelled')) == 2, 'labels went')
        read_json('prune', store.path, '--max-age=1d')
        tap.check(len(store.list()) == 2, store.list())
        for words in ([], ['--max-size=lots'], ['--max-age=7y']):
            tap.check(ours('prune', store.path, *words).status == 1, words)


def a_second_writer_is_told():
    with Store() as store:
        with open(os.path.join(store.path, 'writer'), 'w',
                  encoding='utf-8') as lock:
            lock.write('process 4711 (camera)\n')
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            result = ours('prune', store.path, '--max-size=1G')
            tap.check(result.status == 1 and 'process 4711 (camera)'
                      in result.output, result.output)
            tap.check(len(store.list()) == 7, 'reading is free')


def labels_round_trip(tool):
    with Store() as labelled, Store(labelled=False) as bare:
        out = os.path.join(labelled.folder, 'out')
        found = read_json('export', labelled.path, out, f'--to={tool}',
                          '--pick=all', '--model=none', '--quiet')
        tap.check(found['exported'] == 7, found)
        tap.check(not bare.list('--labelled'), 'labelled too early')
        found = read_json('import-labels', bare.path, out)
        tap.check(found == {'imported': 2, 'unchanged': 0, 'unlabelled': 5,
                            'failed': []}, found)
        tap.check([frame['id'] for frame in bare.list('--labelled')]
                  == ['door/000001', 'door/000002'], bare.list())
        # The very masks: what is there already is left alone.
        found = read_json('import-labels', labelled.path, out)
        tap.check(found['unchanged'] == 2 and found['imported'] == 0, found)


def masks_come_in():
    with Store(labelled=False) as store:
        out = os.path.join(store.folder, 'masks')
        os.mkdir(out)
        for name, pixels in (('door_000003', mask(3)), ('gate_000001', mask(6)),
                             ('door_000099', mask(1)), ('holiday', mask(1)),
                             ('door_000004', mask(1)[:-1] + b'\0')):
            with open(os.path.join(out, name + '.png'), 'wb') as file:
                file.write(png(pixels) if name != 'door_000004'
                           else png(pixels)[:-30])
        result = ours('import-labels', store.path, out)
        tap.check(result.status == 2 and '2 labels imported' in result.output,
                  result.output)
        for name in ('door/000099', 'holiday', 'door_000004'):
            tap.check(name in result.output, result.output)
        tap.check([frame['id'] for frame in store.list('--labelled')]
                  == ['door/000003', 'gate/000001'], store.list())
        tap.check(ours('import-labels', store.path, store.path).status == 1,
                  'a store is no folder of labels')


def doubtful_frames_are_proposed():
    with Store() as store:
        out = os.path.join(store.folder, 'todo')
        found = read_json('export', store.path, out, '--to=labelme',
                          '--pick=uncertain:9', '--quiet')
        # Five are unlabelled, two of these alike.
        tap.check(found['exported'] == 4, found)
        doubts = [frame['uncertainty'] for frame in found['frames']]
        tap.check(doubts == sorted(doubts, reverse=True), doubts)
        tap.check(len([name for name in os.listdir(out)
                       if name.endswith('.json')]) == 4, os.listdir(out))
        one = read_json('export', store.path, out + '1', '--pick=uncertain:1',
                        '--quiet')
        tap.check([frame['id'] for frame in one['frames']]
                  == [found['frames'][0]['id']], one)
        newest = read_json('export', store.path, out + '2', '--pick=newest:2',
                           '--to=cvat', '--model=none', '--quiet')
        tap.check([frame['id'] for frame in newest['frames']]
                  == ['door/000006', 'door/000004'], newest)


def wrong_usage_is_said():
    with Store() as store:
        out = os.path.join(store.folder, 'out')
        for words in (['--pick=some'], ['--pick=newest:0'], ['--to=davis'],
                      ['--to=x'], ['--model=/no/such'],
                      ['--model=none', '--pick=uncertain:3']):
            result = ours('export', store.path, out, '--quiet', *words)
            tap.check(result.status == 1, f'{words}: {result.output}')
        tap.check(ours('export', store.path, store.folder).status == 1,
                  'not empty')
        tap.check(ours('import-labels', store.path, out,
                       '--from=x').status == 1, 'no such tool')


sys.exit(tap.run([
    ('/store/list/shows-every-frame', frames_are_listed),
    ('/store/stats/counts', stores_are_counted),
    ('/store/verify/names-file-and-byte', damage_is_named),
    ('/store/prune/drops-the-oldest-unlabelled', the_oldest_go),
    ('/store/prune/names-who-writes', a_second_writer_is_told),
    ('/store/labels/round-trip-coco', lambda: labels_round_trip('coco')),
    ('/store/labels/round-trip-cvat', lambda: labels_round_trip('cvat')),
    ('/store/labels/round-trip-labelme', lambda: labels_round_trip('labelme')),
    ('/store/labels/masks-come-in', masks_come_in),
    ('/store/export/proposes-what-is-doubtful', doubtful_frames_are_proposed),
    ('/store/export/wrong-usage-is-said', wrong_usage_is_said),
]))
