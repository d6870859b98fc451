#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-sod eval: the forms that scripts rely on, floors, bad input, Ctrl-C."""

import hashlib
import json
import math
import os
import re
import shutil
import signal
import struct
import sys
import tempfile
import time

import pictures
from support import (BUILD, SANITIZED, SOURCE, environment, launch, run,
                     start, tap)

COMMAND = os.path.join(BUILD, 'pipelines', 'gst-sod', 'gst-sod')
DATA = os.environ.get('SOD_DATA', os.path.join(SOURCE, '..', 'shared', 'data'))
GOLDEN = os.path.join(DATA, '..', 'metrics-golden')
MODEL = os.path.join(SOURCE, 'models', 'base.safetensors')
KEYS = ('max_f', 'mean_f', 'adaptive_f', 's_measure', 'max_e', 'mean_e',
        'adaptive_e', 'weighted_f', 'mae', 'iou')
folder = tempfile.mkdtemp(prefix='sod-eval-')


def path(*names):
    return os.path.join(folder, *names)


def command(*words):
    env = environment()
    env.pop('LD_PRELOAD', None)
    return (COMMAND, 'eval', *words), env


def evaluate(*words, seconds=60):
    words, env = command(*words, '--quiet')
    return run(*words, env=env, seconds=seconds)


def measures(*words, seconds=60):
    result = evaluate(*words, '--json', seconds=seconds).ok()
    found = json.loads(result.output)
    tap.check('school' in found and 'images' in found, result.output)
    return found


def refused(*words, says):
    result = evaluate(*words)
    tap.check(result.status == 1, f'exit status {result.status}')
    tap.check(result.output.count('\n') == 1, result.output)
    for text in (says,) if isinstance(says, str) else says:
        tap.check(text in result.output, f'{text!r} not in {result.output}')


def near(found, expected, tolerance, what):
    tap.check(abs(found - expected) <= tolerance,
              f'{what}: {found}, expected {expected}')


def pairs(name, count=3, width=40, height=30, shift=2):
    """Folders of maps, of truths."""
    maps, truths = path(name, 'maps'), path(name, 'truths')
    shutil.rmtree(path(name), ignore_errors=True)
    for i in range(count):
        pictures.write(f'{maps}/{i}.png', pictures.png(
            pictures.disc(width, height, 10 + i + shift, 15, 6, 230, 9)))
        pictures.write(f'{truths}/{i}.png', pictures.png(
            pictures.disc(width, height, 10 + i, 15, 6)))
    return maps, truths


def folders_are_measured():
    if not os.path.isdir(GOLDEN):
        raise tap.Skip(f'no {GOLDEN}')
    with open(f'{GOLDEN}/expected.json', encoding='utf-8') as file:
        expected = json.load(file)
    found = measures('--pred', f'{GOLDEN}/pred', '--gt', f'{GOLDEN}/gt')
    tap.check(found['images'] == len(expected['cases']),
              f"{found['images']} images")
    tap.check(found['s_measure'] is None, 'S is undefined for some images')
    tap.check(found['undefined']['s_measure'] > 0, str(found['undefined']))
    for kind in ('pred', 'gt'):
        os.makedirs(path('golden', kind), exist_ok=True)
        for name in os.listdir(f'{GOLDEN}/{kind}'):
            if name.startswith('real'):
                shutil.copy(f'{GOLDEN}/{kind}/{name}', path('golden', kind))
    real = measures('--pred', path('golden', 'pred'), '--gt',
                    path('golden', 'gt'))
    for key, name in (('max_f', 'maxF'), ('mean_f', 'meanF'),
                      ('s_measure', 'S'), ('mae', 'MAE'),
                      ('weighted_f', 'wF'), ('max_e', 'maxE')):
        near(real[key], expected['dataset_mean_over_real'][name], 1e-9, key)
    skipped = measures('--pred', f'{GOLDEN}/pred', '--gt', f'{GOLDEN}/gt',
                       '--nan=skip')
    tap.check(0 < skipped['s_measure'] < 1, 'skipped NaN')


def every_key_is_there():
    found = measures('--pred', pairs('keys')[0], '--gt', pairs('keys')[1])
    for key in KEYS:
        tap.check(isinstance(found[key], float), f'{key}: {found.get(key)}')
    tap.check(found['images'] == 3 and found['school'] == 'pysod', str(found))
    tap.check(len(found['split_hash']) == 64, 'no hash of the list')
    tap.check(found['predictor'] == 'maps', found['predictor'])


def a_model_runs_on_a_set():
    pictures.davis(path('davis'))
    found = measures('--model', MODEL, '--layout', 'davis', '--root',
                     path('davis'), '--set', 'dev')
    tap.check(found['images'] == 20, f"{found['images']} images")
    tap.check(found['max_f'] > 0.5, f"max F {found['max_f']}")
    tap.check(len(found['model_hash']) == 64, 'no hash of the model')
    tap.check(found['split'] == 'dev' and found['layout'] == 'davis',
              'split or layout')
    tap.check([s['sequence'] for s in found['per_sequence']]
              == ['boat', 'surf'], 'sequences')


def two_folders_are_a_set():
    pictures.davis(path('two'), ('boat',), 3)
    found = measures(
        '--model', MODEL, '--layout', 'pairs', '--images',
        path('two/JPEGImages/480p/boat'), '--masks',
        path('two/Annotations/480p/boat'))
    tap.check(found['images'] == 3, f"{found['images']} images")


def threads_change_nothing():
    maps, truths = pairs('threads', 9)
    one, four = (measures('--pred', maps, '--gt', truths, '--threads', n)
                 for n in '14')
    tap.check(one == four, 'differs')


def schools_are_their_own():
    pictures.davis(path('schools'))
    words = ('--floor', 'nearest:0.25', '--layout', 'davis', '--root',
             path('schools'))
    for school, images in (('pysod', 20), ('davsod', 16), ('paper-f', 20),
                           ('davis', 20)):
        found = measures(*words, '--school', school)
        tap.check(found['school'] == school, found['school'])
        tap.check(found['images'] == images or school == 'davis',
                  f"{school}: {found['images']} images")


def sizes_must_agree_or_be_resized():
    maps, truths = pairs('sizes')
    pictures.write(f'{maps}/1.png', pictures.png(
        pictures.disc(20, 15, 6, 7, 3)))
    refused('--pred', maps, '--gt', truths,
            says=('20x15', '40x30', 'resize'))
    found = measures('--pred', maps, '--gt', truths, '--resize')
    tap.check(found['images'] == 3, 'images')


def a_map_that_is_missing_is_named():
    maps, truths = pairs('missing')
    os.remove(f'{maps}/2.png')
    refused('--pred', maps, '--gt', truths, says=f'{truths}/2.png')
    maps, truths = pairs('extra')
    os.remove(f'{truths}/2.png')
    refused('--pred', maps, '--gt', truths, says=f'{maps}/2.png')


def broken_files_are_named():
    maps, truths = pairs('broken')
    with open(f'{maps}/1.png', 'rb') as file:
        whole = file.read()
    for data in (b'', whole[:40], whole[:len(whole) // 2], b'no picture'):
        pictures.write(f'{maps}/1.png', data)
        refused('--pred', maps, '--gt', truths, says=f'{maps}/1.png')
    pictures.write(f'{maps}/1.png', whole)
    pictures.write(f'{truths}/1.png', pictures.png(pictures.colour(
        pictures.disc(40, 30, 10, 10, 5)), True))
    refused('--pred', maps, '--gt', truths, says=f'{truths}/1.png')


def folders_that_are_none_are_named():
    maps, truths = pairs('none')
    os.makedirs(path('empty'), exist_ok=True)
    refused('--pred', path('nowhere'), '--gt', truths, says='nowhere')
    refused('--pred', maps, '--gt', path('empty'), says='empty')
    refused('--pred', f'{maps}/1.png/x', '--gt', truths, says='1.png/x')


def odd_names_are_names():
    maps, truths = pairs('odd')
    for name in ('a b.png', 'c\nd.png', 'é.png', '-x.png', '%s.png'):
        shutil.copy(f'{maps}/0.png', f'{maps}/{name}')
        shutil.copy(f'{truths}/0.png', f'{truths}/{name}')
    found = measures('--pred', maps, '--gt', truths)
    tap.check(found['images'] == 8, f"{found['images']} images")


def empty_truths_have_the_documented_values():
    maps, truths = pairs('dark', 1)
    black = pictures.png(pictures.disc(40, 30, 0, 0, 0))
    pictures.write(f'{truths}/0.png', black)
    pictures.write(f'{maps}/0.png', black)
    found = measures('--pred', maps, '--gt', truths)
    near(found['max_f'], 0, 0, 'max F of nothing')
    near(found['mae'], 0, 0, 'MAE of nothing')
    near(found['s_measure'], 1, 0, 'S of nothing')


def wrong_words_say_what_to_give():
    for words, says in (
            ((), '--pred and --gt'),
            (('--pred', 'x'), '--gt'),
            (('--gt', 'x'), '--pred'),
            (('x',), 'options only'),
            (('--layout', 'davis'), '--root'),
            (('--layout', 'nope', '--root', 'x'), 'davis, vos'),
            (('--layout', 'pairs', '--images', 'x'), 'both'),
            (('--layout', 'davis', '--root', 'x', '--images', 'x',
              '--masks', 'x'), 'pairs'),
            (('--pred', 'x', '--gt', 'x', '--model', 'x'), 'one or the other'),
            (('--pred', 'x', '--gt', 'x', '--school', 'y'), 'paper-f'),
            (('--pred', 'x', '--gt', 'x', '--nan', 'y'), 'match or skip'),
            (('--pred', 'x', '--gt', 'x', '--threads', '-1'), '256'),
            (('--nope',), '--nope')):
        refused(*words, says=says)


def floors_have_names():
    pictures.davis(path('floors'))
    words = ('--layout', 'davis', '--root', path('floors'))
    near(measures('--floor', 'nearest:1', *words)['max_f'], 1, 1e-12, 'truth')
    near(measures('--floor', 'zero', *words)['iou'], 0, 0, 'nothing')
    refused('--floor', 'nearest:2', *words, says='nearest:F')
    refused('--floor', 'first', '--gt', pairs('stills')[1], says='stills')


def splits_are_named_and_leaks_refused():
    names = [f's{i}' for i in range(6)]
    pictures.davis(path('split'), names, 3)
    words = ('--floor', 'zero', '--layout', 'davis', '--root', path('split'))
    found = measures(*words, '--fraction', '0.5', '--seed', '3', '--force')
    tap.check(found['seed'] == 3 and found['images'] == 9, str(found['images']))
    tap.check(len(found['train_hash']) == 64, 'no hash of the training part')
    pictures.write(path('split', 'fit.txt'), b's0\ns1\n')
    pictures.write(path('split', 'test.txt'), b's1\ns2\n')
    words += '--set', path('split', 'test.txt'), '--train', path(
        'split', 'fit.txt')
    refused(*words, says=('leaks', 's1', '--force'))
    found = measures(*words, '--force')
    tap.check(found['leaking'] == 'yes', str(found.get('leaking')))


def dev_floors_are_the_known_ones():
    root = os.path.join(DATA, 'davis2016')
    if not os.path.isdir(root):
        raise tap.Skip(f'no {root}')
    known = {'zero': (.098, .078, 0), 'centre': (.377, .310, .242),
             'first': (.496, .069, .373), 'mean': (.638, .082, .491),
             'nearest:0.05': (.713, .038, .597),
             'nearest:0.1': (.804, .025, .701),
             'nearest:0.2': (.877, .015, .800)}
    if SANITIZED:
        known = {'mean': known['mean']}
    for name, values in known.items():
        found = measures('--floor', name, '--layout', 'davis', '--root', root,
                         '--set', 'dev', seconds=120)
        tap.check(found['images'] == 515, f"{found['images']} images")
        for key, value in zip(('max_f', 'mae', 'iou'), values):
            tap.check(f'{found[key]:.3f}' == f'{value:.3f}',
                      f'{name}: {key} {found[key]}, known {value}')


def scores(model, known):
    """Whether the model has the measures `known` on both development sets."""
    for (layout, root, images), values in zip(
            (('davis', 'davis2016', 515), ('duts', '', 528)), known):
        root = os.path.join(DATA, root)
        if not os.path.isdir(root):
            raise tap.Skip(f'no {root}')
        if SANITIZED:
            raise tap.Skip('takes minutes with sanitizers; runs without them')
        found = measures('--model', model, '--layout', layout, '--root', root,
                         '--set', 'dev', seconds=200)
        tap.check(found['images'] == images, f"{found['images']} images")
        for key, value in zip(('max_f', 'mean_f', 'mae', 'iou'), values):
            near(found[key], value, 0.002, f'{layout} {key}')


def the_reference_model_scores_what_is_known():
    reference = os.path.join(DATA, '..', 'reference')
    if not os.path.isdir(reference):
        raise tap.Skip(f'no {reference}')
    try:
        import numpy  # noqa: F401  the script needs it
    except ImportError:
        raise tap.Skip('no numpy: apt install python3-numpy') from None
    model = path('reference.safetensors')
    run(os.path.join(SOURCE, 'models', 'convert-reference.py'), reference,
        model).ok()
    scores(model, ((.781, .636, .079, .584), (.890, .841, .074, .808)))


def the_shipped_model_scores_what_its_file_says():
    with open(MODEL, 'rb') as file:
        (length,) = struct.unpack('<Q', file.read(8))
        header = json.loads(file.read(length))
    said = json.loads(header['__metadata__']['scores'])
    tap.check([entry['set'] for entry in said]
              == ['DAVIS-2016 dev', 'DUTS-TR dev'], said)
    scores(MODEL, [[entry[key] for key in ('max-f', 'mean-f', 'mae', 'j')]
                   for entry in said])


def looks_back(place, distance):
    """A two-frame model that tells the red of the frame `distance` ms before:
    of the shipped one's convolutions two weights are left."""
    with open(MODEL, 'rb') as file:
        (length,) = struct.unpack('<Q', file.read(8))
        header = json.loads(file.read(length))
    metadata = header.pop('__metadata__')
    weights = {}
    for name, entry in sorted(header.items()):
        shape = entry['shape']
        if name.startswith('stem.') and name.endswith('.conv.weight'):
            shape[1] = 6
        one = name.endswith(('.bn.weight', '.running_var'))
        values = [float(one)] * math.prod(shape)
        if name == 'stem.k3.conv.weight':
            values[3 * 9 + 4] = 1.0
        if name == 'out.weight':
            values[4] = 1.0
        weights[name] = shape, struct.pack(f'<{len(values)}f', *values)
    architecture = json.loads(metadata['architecture'])
    rule = json.loads(metadata['input-rule'])
    architecture['input-frames'] = 2
    rule['frame-distance'] = distance
    data = b''.join(values for _, values in weights.values())
    metadata.update({'architecture': json.dumps(architecture),
                     'input-rule': json.dumps(rule), 'scores': '[]',
                     'weights-sha256': hashlib.sha256(data).hexdigest()})
    header, at = {'__metadata__': metadata}, 0
    for name, (shape, values) in weights.items():
        header[name] = {'dtype': 'F32', 'shape': shape,
                        'data_offsets': [at, at + len(values)]}
        at += len(values)
    text = json.dumps(header).encode()
    with open(place, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + data)


def a_two_frame_model_looks_back_by_its_distance():
    """Halves of a frame are white; the truth is the frame three before, which
    125 ms are at 24 frames a second."""
    left = bytes(255 * (x < 32) for x in range(64))
    right = bytes(255 * (x >= 32) for x in range(64))
    halves = [[side] * 36 for side in (left, left, left, right, left, right,
                                       right, left, right, left, left, right)]
    for i, rows in enumerate(halves):
        pictures.write(path('back', 'JPEGImages', '480p', 's', f'{i:05d}.png'),
                       pictures.png(pictures.colour(rows, (255,) * 3, 0),
                                    True))
        pictures.write(path('back', 'Annotations', '480p', 's',
                            f'{i:05d}.png'),
                       pictures.png(halves[max(0, i - 3)]))
    for distance, low, high in ((125, 0.98, 1), (42, 0.2, 0.9)):
        looks_back(path('back.safetensors'), distance)
        found = measures('--model', path('back.safetensors'), '--layout',
                         'davis', '--root', path('back'))['max_f']
        tap.check(low <= found <= high, f'{distance} ms: max F {found}')


def catches(process, number):
    """Whether the process has a handler for the signal by now."""
    with open(f'/proc/{process.pid}/status', encoding='utf-8') as file:
        caught = re.search(r'^SigCgt:\s*(\w+)', file.read(), re.M).group(1)
    return int(caught, 16) >> (number - 1) & 1


def elements_measure_the_same():
    pictures.davis(path('same'), frames=8, width=96, height=54)
    place = path('same.json')
    launch('-q', 'soddatasetsrc', 'name=d', 'layout=davis',
           f'location={path("same")}', 'sodeval', 'name=e',
           'school=davsod', f'location={place}', 'd.frame', '!', 'queue', '!',
           'videoconvert', '!', 'sodbase', 'output=map', 'precision=f32',
           f'model-file={MODEL}', '!', 'e.prediction', 'd.label', '!', 'queue',
           '!', 'e.truth').ok()
    with open(place, encoding='utf-8') as file:
        streamed = json.load(file)
    found = measures('--model', MODEL, '--layout', 'davis', '--root',
                     path('same'), '--school', 'davsod')
    tap.check(streamed['images'] == found['images'] == 12, 'images')
    tap.check([s['sequence'] for s in streamed['per_sequence']]
              == ['boat', 'surf'], 'sequences')
    # The map is rounded to 8 bits at another size.
    for key in KEYS:
        near(streamed[key], found[key], 0.01, key)


def an_interrupt_ends_it_cleanly():
    pictures.davis(path('long'), [f's{i}' for i in range(12)], 40, 320, 180)
    words, env = command('--model', MODEL, '--layout', 'davis', '--root',
                         path('long'), '--json', '--report', path('cut'))
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = start(*words, env=env)
        while process.poll() is None and not catches(process, number):
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
        tap.check(process.returncode == status,
                  f'exit status {process.returncode}: {output}')
        tap.check('interrupted; nothing was written' in output, output)
        tap.check('{' not in output, output)
        tap.check(not os.path.exists(path('cut')), 'a report was begun')


def the_table_is_for_people():
    result = evaluate('--pred', pairs('table')[0], '--gt',
                      pairs('table')[1]).ok()
    for text in ('school pysod, 3 images', 'max_f', 'mae'):
        tap.check(text in result.output, result.output)
    value = float(result.output.split('mae')[1].split()[0])
    tap.check(not math.isnan(value) and value < 0.2, f'MAE {value}')


TESTS = (folders_are_measured, every_key_is_there, a_model_runs_on_a_set,
         two_folders_are_a_set, threads_change_nothing, schools_are_their_own,
         sizes_must_agree_or_be_resized, a_map_that_is_missing_is_named,
         broken_files_are_named, folders_that_are_none_are_named,
         odd_names_are_names, empty_truths_have_the_documented_values,
         wrong_words_say_what_to_give, floors_have_names,
         splits_are_named_and_leaks_refused,
         a_two_frame_model_looks_back_by_its_distance,
         elements_measure_the_same,
         dev_floors_are_the_known_ones,
         the_reference_model_scores_what_is_known,
         the_shipped_model_scores_what_its_file_says,
         an_interrupt_ends_it_cleanly, the_table_is_for_people)

try:
    status = tap.run([('/command/eval/' + test.__name__.replace('_', '-'),
                       test) for test in TESTS])
finally:
    shutil.rmtree(folder, ignore_errors=True)
sys.exit(status)
