#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the three phases gain, on DAVIS: makes docs/results.json and from it
docs/results.md.

    SOD_DATA=DIR models/results/run.py [--budget SECONDS] [--write-only]

Goes through the list of runs below, one after the other, until the budget is
spent; a run that is in docs/results.json already is not made again, so the
list can be worked off in pieces. Nothing is left out of what was made.

A node a scenario, `small` at 160x96; whole sequences of DAVIS `fit` to learn
from, whole sequences of `dev` to measure on. Each network is measured on the
sequences of its own scenario. All arms of one seed and one share of labels
start from the same networks, those of phase 1.
"""
import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
COMMAND = os.environ.get(
    'GST_SOD', os.path.join(TOP, 'build', 'pipelines', 'gst-sod', 'gst-sod'))
RESULTS = os.path.join(TOP, 'docs', 'results.json')
PAGE = os.path.join(TOP, 'docs', 'results.md')
BUDGET = 4 * 3600
SEEDS = (1, 2, 3)
RESAMPLES = 2000

INITIAL = 'base only'
# Name -> settings over the recipe's; each goes on from phase 1.
ARMS = {
    'longer': ('run.last-phase=2', 'run.reverse=yes', 'augmented.lambda=0',
               'run.rounds=2'),
    '+ reverse': ('run.last-phase=2',),
    '+ pseudo-labels': (),
    'without reverse': ('run.reverse=no',),
    'average': ('semi-supervised.pseudo-labels=average',),
    'no distill': ('semi-supervised.distill=no',),
    'paper': ('run.preset=paper', 'run.rounds=1', 'base.average-decay=0',
              'augmented.steps=30', 'semi-supervised.steps=60'),
}
EVERY_SHARE = ('+ reverse', '+ pseudo-labels')
MEANING = {
    INITIAL: 'phase 1 alone: what all others start from',
    'longer': 'phase 1 goes on for as many steps as the others take: what '
              'more training alone gives',
    '+ reverse': 'phases 1 and 2',
    '+ pseudo-labels': 'all three phases, preset `effective`',
    'without reverse': 'pseudo-labels and distillation, no reverse network',
    'average': 'as all three phases, pseudo-labels by the plain average of '
               'the paper',
    'no distill': 'as all three phases; base networks do not learn from '
                  'pseudo-labels, as in the paper',
    'paper': 'phases 2 and 3 of preset `paper`',
}


def plan():
    """(share, seed, arm) in the order of what is wanted first."""
    runs = []
    for share in (0.2, 0.4):
        for seed in SEEDS:
            runs += [(share, seed, arm) for arm in (INITIAL, *ARMS)]
    for share in (0.6, 0.8, 1.0):
        for seed in SEEDS:
            runs += [(share, seed, arm) for arm in (INITIAL, *EVERY_SHARE)]
    return runs


def key(share, seed, arm):
    return f'{share:g}/{seed}/{arm}'


# ---- runs ----

def write_recipe(folder, share, seed):
    with open(os.path.join(HERE, 'recipe.ini'), encoding='utf-8') as file:
        text = file.read()
    path = os.path.join(folder, 'recipe.ini')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text.replace('@LABELLED@', f'{share:g}')
                   .replace('@SEED@', str(seed)))
    return path


def train(recipe, out, seed, settings, start=None):
    words = [COMMAND, 'train', recipe, '--out', out, '--seed', str(seed),
             '--quiet']
    if start is not None:
        words += ['--start', start, '--setting', 'run.first-phase=2']
    for setting in settings:
        words += ['--setting', setting]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def read_scenarios():
    """Scenario -> its sequences of the development set."""
    data = os.environ['SOD_DATA']
    scenarios = {}
    with open(f'{data}/davis2016/ImageSets/480p/dev.txt',
              encoding='utf-8') as file:
        dev = {line.split()[0].split('/')[-2] for line in file if line.strip()}
    with open(f'{data}/scenarios.csv', encoding='utf-8') as file:
        for line in list(file)[1:]:
            sequence, scenario = line.strip().split(',')
            if sequence in dev:
                scenarios.setdefault(scenario, []).append(sequence)
    return scenarios


def evaluate(folder, model, sequences, school):
    listed = os.path.join(folder, 'sequences.txt')
    with open(listed, 'w', encoding='utf-8') as file:
        file.write(''.join(name + '\n' for name in sequences))
    done = subprocess.run(
        [COMMAND, 'eval', '--model', model, '--layout', 'davis', '--root',
         os.path.join(os.environ['SOD_DATA'], 'davis2016'), '--set', listed,
         '--school', school, '--json', '--quiet'],
        check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def measure(folder, out):
    """Sequence -> measures, each by its scenario's network."""
    found = {}
    for scenario, sequences in read_scenarios().items():
        model = os.path.join(out, scenario + '.safetensors')
        for sequence in sequences:
            own = evaluate(folder, model, [sequence], 'pysod')
            curves = own['curves']
            found[sequence] = {
                'scenario': scenario, 'max_f': own['max_f'],
                'mean_f': own['mean_f'], 'mae': own['mae'], 'j': own['iou'],
                # At 0.5, the 128th of 256 thresholds.
                'precision': curves['precision'][128],
                'recall': curves['recall'][128]}
    return found


def load():
    if not os.path.exists(RESULTS):
        return {'runs': {}}
    with open(RESULTS, encoding='utf-8') as file:
        return json.load(file)


def save(results):
    with open(RESULTS + '.new', 'w', encoding='utf-8') as file:
        json.dump(results, file, indent=1, sort_keys=True)
        file.write('\n')
    os.replace(RESULTS + '.new', RESULTS)


def make(results, budget):
    begun = time.monotonic()
    work = tempfile.mkdtemp(prefix='sod-results-')
    started = {}
    try:
        for share, seed, arm in plan():
            name = key(share, seed, arm)
            if name in results['runs']:
                continue
            if time.monotonic() - begun > budget:
                break
            recipe = write_recipe(work, share, seed)
            start = os.path.join(work, f'{share:g}-{seed}')
            if start not in started:
                train(recipe, start, seed,
                      ('run.last-phase=1', 'run.reverse=yes'))
                started[start] = True
            out = start
            at = time.monotonic()
            if arm != INITIAL:
                out = os.path.join(work, 'arm')
                shutil.rmtree(out, ignore_errors=True)
                train(recipe, out, seed, ARMS[arm], start)
            with open(os.path.join(out, 'run.json'), encoding='utf-8') as file:
                record = json.load(file)
            results['runs'][name] = {
                'share': share, 'seed': seed, 'arm': arm,
                'seconds': round(time.monotonic() - at, 1),
                'pseudo_labels': record.get('pseudo-labels', []),
                'warnings': record.get('warnings', []),
                'sequences': measure(work, out)}
            save(results)
            print(name, flush=True)
    finally:
        shutil.rmtree(work)


# ---- the page ----

def differences(results, share, arm, measure_name):
    """Paired by sequence and seed: this arm less phase 1 alone."""
    found = []
    for seed in SEEDS:
        first = results['runs'].get(key(share, seed, INITIAL))
        second = results['runs'].get(key(share, seed, arm))
        if first is None or second is None:
            continue
        for sequence, values in sorted(second['sequences'].items()):
            found.append(values[measure_name]
                         - first['sequences'][sequence][measure_name])
    return found


def interval(values):
    """Bootstrap 95% interval of the mean."""
    draw = random.Random(1)
    means = sorted(statistics.fmean(draw.choices(values, k=len(values)))
                   for _ in range(RESAMPLES))
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES)]


def mean_of(results, share, arm, measure_name):
    values = [entry[measure_name]
              for run in results['runs'].values()
              if run['share'] == share and run['arm'] == arm
              for entry in run['sequences'].values()]
    return statistics.fmean(values) if values else None


def gain_row(results, share, arm):
    values = differences(results, share, arm, 'max_f')
    maes = differences(results, share, arm, 'mae')
    if not values:
        return f'| {share:.0%} | {arm} | not made yet | | | |'
    low, high = interval(values)
    says = 'none shown' if low <= 0 <= high else (
        'gain' if low > 0 else 'loss')
    return (f'| {share:.0%} | {arm} | '
            f'{mean_of(results, share, arm, "max_f"):.3f} | '
            f'{statistics.fmean(values):+.3f} ({low:+.3f} to {high:+.3f}) | '
            f'{statistics.fmean(maes):+.3f} | {says} |')


def paper_row(results, share, arm):
    p, r = (mean_of(results, share, arm, name)
            for name in ('precision', 'recall'))
    if p is None:
        return f'| {share:.0%} | {arm} | not made yet | | |'
    return (f'| {share:.0%} | {arm} | {p:.3f} | {r:.3f} | '
            f'{0.6 * p + 0.4 * r:.3f} |')


def verdict(results):
    """The first sentence: whether any arm beats more training alone."""
    made = [run for run in results['runs'].values()]
    if not made:
        return 'Nothing was measured yet.'
    shown = []
    for share in (0.2, 0.4):
        for arm in ARMS:
            values = differences(results, share, arm, 'max_f')
            if values and interval(values)[0] > 0:
                shown.append(f'{arm} at {share:.0%} '
                             f'({statistics.fmean(values):+.3f})')
    if not shown:
        return ('**No arm shows a gain over phase 1 alone whose 95% interval '
                'is above zero.**')
    return ('**Above phase 1 alone, with a 95% interval above zero: '
            + '; '.join(shown) + '.** What `longer` gains is due to more '
            'steps, not to a phase; the others are to be held against it.')


def write_page(results):
    planned = plan()
    done = sum(key(*run) in results['runs'] for run in planned)
    seconds = sum(run['seconds'] for run in results['runs'].values())
    lines = [
        '# What the three phases gain', '', verdict(results), '',
        f'{done} of {len(planned)} planned runs are made '
        f'({seconds / 60:.0f} minutes of arithmetic and scoring so far). '
        'This page is made by `models/results/run.py` from '
        '[results.json](results.json); run it again to go on.', '',
        '## What was done',
        '`small` at 160x96, a base network for each of five scenarios of '
        'DAVIS-2016 and one reverse network. Learnt from: every second frame '
        'of the 23 sequences of `fit`, of which a share of whole sequences '
        'keeps its labels, drawn by the seed. Measured on: the seven whole '
        'sequences of `dev`, each by the network of its scenario, school '
        '`pysod`. All arms of one share and seed go on from the same phase 1. '
        'The settings are `models/results/recipe.ini` and the table in '
        '`run.py`.', '', '| arm | what it is |', '| --- | --- |']
    lines += [f'| {arm} | {text} |' for arm, text in MEANING.items()]
    lines += [
        '', '## Gains',
        'Difference of max F to phase 1 alone, paired by sequence and seed, '
        'with a bootstrap 95% interval; MAE: less is better.', '',
        '| labels | arm | max F | gain (95%) | MAE | |',
        '| --- | --- | --- | --- | --- | --- |']
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        base = mean_of(results, share, INITIAL, 'max_f')
        if base is not None:
            lines.append(f'| {share:.0%} | {INITIAL} | {base:.3f} | | | |')
        lines += [gain_row(results, share, arm)
                  for arm in (ARMS if share < 0.5 else EVERY_SHARE)]
    lines += [
        '', "## In the paper's form",
        'Precision and sensitivity at a threshold of 0.5, F = 0.6 P + 0.4 R, '
        'which is what the F columns of the paper hold. The paper has .856 / '
        '.846 / .852 on DAVIS (Table I). Not comparable: it names no split, '
        'ten networks instead of five, another input size, and pictures of '
        'full resolution; ours are whole sequences that no network has seen.',
        '', '| labels | arm | precision | sensitivity | F |',
        '| --- | --- | --- | --- | --- |']
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        lines += [paper_row(results, share, arm)
                  for arm in (INITIAL, '+ pseudo-labels')]
    with open(PAGE, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')


def main():
    parser = argparse.ArgumentParser(
        description='Makes docs/results.json and docs/results.md.')
    parser.add_argument('--budget', type=float, default=BUDGET,
                        help='seconds after which no run is begun (%(default)s)')
    parser.add_argument('--write-only', action='store_true',
                        help='write the page from what there is')
    options = parser.parse_args()
    results = load()
    if not options.write_only:
        if 'SOD_DATA' not in os.environ:
            return 'SOD_DATA is not set: the folder that holds davis2016/'
        make(results, options.budget)
    write_page(results)
    return 0


if __name__ == '__main__':
    sys.exit(main())
