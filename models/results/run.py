#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the three phases gain, on DAVIS: makes docs/results.json and from it
docs/results.md.

    SOD_DATA=DIR models/results/run.py [--budget SECONDS] [--jobs N]
        [--work DIR] [--write-only]

Goes through the groups of plan.py until the budget is spent; a run that is in
docs/results.json already is not made again, so the plan can be worked off in
pieces. Nothing is left out of what was made. With --work, chains that were
broken off go on at their last link.

A node a scenario, `small` at 160x96, or `base` as it is shipped; whole
sequences of DAVIS `fit` to learn from, whole sequences of `dev` to measure on.
Each network is measured on the sequences of its own scenario. All arms of a
group start from the same networks, those of phase 1, and share their first
links where these are equal.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import page
import plan

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
COMMAND = os.environ.get(
    'GST_SOD', os.path.join(TOP, 'build', 'pipelines', 'gst-sod', 'gst-sod'))
RESULTS = os.path.join(TOP, 'docs', 'results.json')
PAGE = os.path.join(TOP, 'docs', 'results.md')
BUDGET = 4 * 3600
EVERY = 4  # each 4th frame is learnt from, and measured


class Failed(Exception):
    pass


def call(words):
    """Standard output, and seconds of processors."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    with process.stderr, process.stdout:
        # Nothing writes so much there that it would wait.
        out, problem = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failed(f'{" ".join(words)}: {process.returncode}: {problem}')
    return out, usage.ru_utime + usage.ru_stime


# ---- chains of links ----

def lengthen(text, times):
    """Settings, with steps and warm-ups @times as long."""
    return re.sub(r'(?<=steps=)\d+|(?<=warm-up=)\d+',
                  lambda found: str(int(found[0]) * times), text)


class Group:
    """Networks of one share of labels and one seed, link by link."""

    def __init__(self, work, block, share, seed):
        self.block, self.share, self.seed = block, share, seed
        self.folder = os.path.join(work, f'{block}-{share:g}-{seed}'
                                   .replace(' ', '-').replace(',', ''))
        self.times = plan.TIMES.get(block, 1)
        os.makedirs(self.folder, exist_ok=True)

    def write_recipe(self, frames, every):
        with open(os.path.join(HERE, 'recipe.ini'), encoding='utf-8') as file:
            text = file.read()
        path = os.path.join(self.folder, f'recipe-{frames}.ini')
        for name, value in (('@LABELLED@', f'{self.share:g}'),
                            ('@SEED@', str(self.seed)),
                            ('@FRAMES@', str(frames)),
                            ('@EVERY@', str(every))):
            text = text.replace(name, value)
        text = lengthen(text, self.times)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def train(self, link, start, out, number, frames=1, every=EVERY):
        """Seconds of processors; the networks lie in @out."""
        words = [COMMAND, 'train', self.write_recipe(frames, every), '--out',
                 out + '.new', '--quiet', '--seed',
                 str(self.seed * 100 + number)]
        if start is not None:
            words += ['--start', start]
        default = self.block == plan.DEFAULT
        for setting in (*plan.LINKS[link],
                        *(plan.DEFAULT_SETTINGS if default else ())):
            words += ['--setting', lengthen(setting, self.times)]
        shutil.rmtree(out + '.new', ignore_errors=True)
        _, seconds = call(words)
        with open(os.path.join(out + '.new', 'cpu'), 'w',
                  encoding='utf-8') as file:
            file.write(str(seconds))
        os.rename(out + '.new', out)
        return seconds

    def follow(self, links):
        """The folder behind the last link, of what was made on the way the
        seconds, and those of the whole chain."""
        start = None
        spent = chain = 0
        name = ''
        for number, link in enumerate(('initial', *links)):
            name = f'{name}.{link}' if name else link
            out = os.path.join(self.folder, name)
            if not os.path.exists(out):
                if start is None and self.block == plan.DEFAULT:
                    take_shipped(out)
                else:
                    spent += self.train(link, start, out, number)
            with open(os.path.join(out, 'cpu'), encoding='utf-8') as file:
                chain += float(file.read())
            start = out
        return start, spent, chain

    def compare_frames(self, arm):
        """Phase 1 alone with networks that see one frame, or two."""
        out = os.path.join(self.folder, arm.replace(' ', '-'))
        frames, link = plan.FRAME_ARMS[arm]
        seconds = self.train(link, None, out, 0, frames, 1)
        return out, seconds, seconds


def take_shipped(out):
    """The shipped networks as if phase 1 had made them, each node's alike."""
    models = os.path.join(TOP, 'models')
    new = out + '.new'
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    for name in (*read_scenarios(), 'reverse'):
        shipped = 'reverse' if name == 'reverse' else 'base'
        shutil.copy(os.path.join(models, shipped + '.safetensors'),
                    os.path.join(new, name + '.safetensors'))
    with open(os.path.join(new, 'cpu'), 'w', encoding='utf-8') as file:
        file.write('0')
    os.rename(new, out)


# ---- measures ----

def read_scenarios():
    """Scenario -> its lines of the development set."""
    data = os.environ['SOD_DATA']
    with open(f'{data}/scenarios.csv', encoding='utf-8') as file:
        scenario_of = dict(line.strip().split(',')
                           for line in list(file)[1:] if line.strip())
    scenarios = {}
    with open(f'{data}/davis2016/ImageSets/480p/dev.txt',
              encoding='utf-8') as file:
        for line in filter(str.strip, file):
            sequence = line.split()[0].split('/')[-2]
            scenarios.setdefault(scenario_of[sequence], []).append(line)
    return scenarios


def evaluate(folder, model, lines):
    """What gst-sod says of each sequence; the mean precision and recall of
    all frames at a threshold of 0.5, the 128th of 256."""
    listed = os.path.join(folder, 'lines.txt')
    with open(listed, 'w', encoding='utf-8') as file:
        file.writelines(lines)
    text, seconds = call(
        [COMMAND, 'eval', '--model', model, '--layout', 'davis', '--root',
         os.path.join(os.environ['SOD_DATA'], 'davis2016'), '--set', listed,
         '--school', 'pysod', '--threads', '1', '--json', '--quiet'])
    return json.loads(text), seconds


def measure(out, every):
    """Sequences, scenarios, and seconds: each sequence is measured by its
    scenario's network, each network once."""
    sequences, scenarios, seconds = {}, {}, 0
    for scenario, lines in read_scenarios().items():
        model = os.path.join(out, scenario + '.safetensors')
        found, cpu = evaluate(out, model, lines[::every])
        seconds += cpu
        scenarios[scenario] = {
            'images': found['images'],
            'precision': round(found['curves']['precision'][128], 5),
            'recall': round(found['curves']['recall'][128], 5)}
        for own in found['per_sequence']:
            sequences[own['sequence']] = {
                'scenario': scenario, 'images': own['images'],
                **{name: round(own[name], 5)
                   for name in ('max_f', 'mean_f', 'mae', 'iou')}}
    return sequences, scenarios, seconds


def read_record(out):
    path = os.path.join(out, 'run.json')
    record = {}
    if os.path.exists(path):  # nothing trained the shipped networks here
        with open(path, encoding='utf-8') as file:
            record = json.load(file)
    return {
        'version': record.get('versions'),
        'pseudo_labels': record.get('pseudo-labels', []),
        'warnings': [warning.get('text', str(warning))
                     for warning in record.get('warnings', [])]}


# ---- all of it ----

class Results:
    """docs/results.json, which is written after each run."""

    def __init__(self):
        self.lock = threading.Lock()
        self.values = {'runs': {}}
        if os.path.exists(RESULTS):
            with open(RESULTS, encoding='utf-8') as file:
                self.values = json.load(file)

    def has(self, key):
        with self.lock:
            return key in self.values['runs']

    def add(self, key, run):
        with self.lock:
            self.values['runs'][key] = run
            self._save()
        print(key, f'{run["cpu_seconds"]:.0f} s', flush=True)

    def _save(self):
        with open(RESULTS + '.new', 'w', encoding='utf-8') as file:
            json.dump(self.values, file, indent=1, sort_keys=True)
            file.write('\n')
        os.replace(RESULTS + '.new', RESULTS)
        page.write(self.values, PAGE)


def make_run(results, group, arm):
    begun = time.monotonic()
    if group.block == plan.FRAMES:
        every = 1  # a frame has its neighbour beside it
        out, spent, chain = group.compare_frames(arm)
    else:
        every = EVERY
        links = {**plan.ARMS, **plan.VARIANTS}[arm]
        out, spent, chain = group.follow(links)
    sequences, scenarios, scoring = measure(out, every)
    results.add(plan.make_key(group.block, group.share, group.seed, arm), {
        'block': group.block, 'share': group.share, 'seed': group.seed,
        'arm': arm, 'seconds': round(time.monotonic() - begun, 1),
        'cpu_seconds': round(spent + scoring, 1),
        'chain_cpu_seconds': round(chain, 1),
        'scoring_cpu_seconds': round(scoring, 1),
        'sequences': sequences, 'scenarios': scenarios, **read_record(out)})


def make_group(results, work, deadline, block, share, seed, arms):
    group = None
    for arm in arms:
        if results.has(plan.make_key(block, share, seed, arm)):
            continue
        if time.monotonic() > deadline:
            return
        if group is None:
            group = Group(work, block, share, seed)
        make_run(results, group, arm)


def make(results, options):
    deadline = time.monotonic() + options.budget
    work = options.work or tempfile.mkdtemp(prefix='sod-results-')
    os.makedirs(work, exist_ok=True)
    try:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            waiting = [pool.submit(make_group, results, work, deadline, *group)
                       for group in plan.make_groups()]
            for one in waiting:
                one.result()
    finally:
        if options.work is None:
            shutil.rmtree(work)


def main():
    parser = argparse.ArgumentParser(
        description='Makes docs/results.json and docs/results.md.')
    parser.add_argument('--budget', type=float, default=BUDGET,
                        help='seconds after which no run is begun (%(default)s)')
    parser.add_argument('--jobs', type=int, default=1,
                        help='groups that are worked at at once (%(default)s)')
    parser.add_argument('--work', help='folder of networks, which is kept')
    parser.add_argument('--write-only', action='store_true',
                        help='write the page from what there is')
    options = parser.parse_args()
    results = Results()
    if not options.write_only:
        if 'SOD_DATA' not in os.environ:
            return 'SOD_DATA is not set: the folder that holds davis2016/'
        make(results, options)
    page.write(results.values, PAGE)
    return 0


if __name__ == '__main__':
    sys.exit(main())
