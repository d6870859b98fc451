# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/results.md from what docs/results.json holds."""
import random
import statistics

import plan

RESAMPLES = 4000
# Tables I and II of the paper, DAVIS: precision, sensitivity, F.
PAPER = {0.2: (.553, .652, .593), 0.4: (.601, .719, .648),
         0.6: (.652, .782, .704), 0.8: (.680, .801, .728),
         1.0: (.856, .846, .852)}
PAPER_OTHERS = (('FCN', (.545, .840, .663)), ('CSDW', (.534, .825, .650)),
                ('GF', (.421, .768, .569)), ('SAG', (.380, .819, .719)))

INTRODUCTION = '''## What was done
`small` at 160x96, a base network for each of the five scenarios of DAVIS-2016
(`scenarios.csv` of the data), and one reverse network for all, its dense
blocks half as wide as the preset's. Learnt from: every fourth frame of the 23
sequences of `fit`; of each scenario a share of whole sequences, drawn by the
seed, keeps its labels, at least one. Measured on: every fourth frame of the
seven whole sequences of `dev`, each by the network of its scenario, at the
truth's size, school `pysod`. All arms of one share and seed go on from the same
networks. Phase 1 is 400 steps for a base network and 200 for the reverse one;
what follows is in links of 50 steps, batch 8, on one thread, f32. The settings
are `models/results/recipe.ini`, the arms `models/results/plan.py`.

**Read the figures as differences between equals, not as what the method can
reach**: networks that see 3,200 pictures of a few sequences from random weights
are poor ones. Two blocks say what the phases do to others: one in which every
stage is four times as long, and one that starts from the default model.

Pseudo-labels are made by all five networks together and of the frames of all
scenarios. What a base network gains by them may be what the others know of
scenes that it never saw with labels; a network of its own for each scenario is
what the paper begins with, and these arms undo part of it. Where all five start
as the same network, as those of the default model do, the ensemble is one
network at first, and what it agrees on with itself is no news.'''

PROTOCOL = '''Precision and sensitivity at a threshold of 0.5, mean over frames; F = 0.6 P +
0.4 R, which is what the F columns of the paper hold. **The figures of the paper
and ours must not be compared as if they were of one kind**:

- The paper names no split. Splits by single frames leak: with 20% of the frames
  known, copying the nearest known mask scores more than any network here
  (the floor `nearest` of [gst-sod eval](command.md)). Ours are whole sequences
  that no network has seen; the same scenario, other scenes.
- It names neither the size of the input, nor how long it trained, nor a
  threshold, nor whether its encoder was pre-trained. Ours: 160x96, random
  weights, as long as written above. The default model is 320x192 and learnt
  from stills too, from random weights and for far longer
  ([its card](../models/base.md)).
- Its DAVIS is the 50 sequences of 2016, in five scenarios that it does not list;
  ours the 30 of the train list.
- It gives one figure each, no repetitions. Ours are means over seeds.'''


# ---- numbers ----

def runs_of(results, block, share, arm):
    """Seed -> run."""
    return {run['seed']: run for run in results['runs'].values()
            if (run['block'], run['share'], run['arm']) == (block, share, arm)}


def differences(results, block, share, arm, other, name):
    """Sequence -> differences of the arm to another one, a seed each that
    both have."""
    mine = runs_of(results, block, share, arm)
    theirs = runs_of(results, block, share, other)
    found = {}
    for seed in sorted(mine.keys() & theirs.keys()):
        for sequence, values in sorted(mine[seed]['sequences'].items()):
            found.setdefault(sequence, []).append(
                values[name] - theirs[seed]['sequences'][sequence][name])
    return found


def mean_difference(found):
    return statistics.fmean(value for values in found.values()
                            for value in values)


def interval(found):
    """Bootstrap 95% interval of the mean. Seeds of one sequence are not
    independent: sequences are drawn, then seeds of each."""
    draw = random.Random(1)
    names = sorted(found)
    means = []
    for _ in range(RESAMPLES):
        values = [value for name in draw.choices(names, k=len(names))
                  for value in draw.choices(found[name], k=len(found[name]))]
        means.append(statistics.fmean(values))
    means.sort()
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES)]


def mean_of(results, block, share, arm, name):
    values = [entry[name]
              for run in runs_of(results, block, share, arm).values()
              for entry in run['sequences'].values()]
    return statistics.fmean(values) if values else None


def precision_and_recall(results, block, share, arm):
    parts = [part for run in runs_of(results, block, share, arm).values()
             for part in run['scenarios'].values()]
    n = sum(part['images'] for part in parts)
    if n == 0:
        return None
    return tuple(sum(part[name] * part['images'] for part in parts) / n
                 for name in ('precision', 'recall'))


# ---- pieces of the page ----

def show_gain(found):
    if not found:
        return ''
    low, high = interval(found)
    return f'{mean_difference(found):+.3f} ({low:+.3f} to {high:+.3f})'


def judge(found):
    if not found:
        return ''
    low, high = interval(found)
    if low > 0:
        return 'gain'
    return 'loss' if high < 0 else 'none shown'


def gain_row(results, block, share, arm):
    mean = mean_of(results, block, share, arm, 'max_f')
    head = f'| {share:.0%} | {arm} '
    if mean is None:
        return head + '| not made | | | | | |'
    over_first = differences(results, block, share, arm, plan.INITIAL, 'max_f')
    control = plan.CONTROL.get(arm)
    over_control = differences(results, block, share, arm, control, 'max_f')
    maes = differences(results, block, share, arm, control or plan.INITIAL,
                       'mae')
    if arm == plan.INITIAL:
        over_first = maes = {}
    n_seeds = len(runs_of(results, block, share, arm))
    return (head + f'| {n_seeds} | {mean:.3f} | {show_gain(over_first)} | '
            f'{show_gain(over_control)} | '
            + (f'{mean_difference(maes):+.3f}' if maes else '')
            + f' | {judge(over_control)} |')


def gain_table(results, block, shares, arms_of):
    lines = ['| labels | arm | seeds | max F | over phase 1 (95%) | '
             'over the same steps with labels alone (95%) | MAE | |',
             '| --- | --- | --- | --- | --- | --- | --- | --- |']
    for share in shares:
        lines += [gain_row(results, block, share, arm)
                  for arm in arms_of(share)]
    return lines


def paper_row(name, labels, found):
    if found is None:
        return f'| ours, {name} | {labels} | not made | | |'
    p, r = found
    return (f'| ours, {name} | {labels} | {p:.3f} | {r:.3f} | '
            f'{0.6 * p + 0.4 * r:.3f} |')


def paper_table(results):
    lines = ['| | labels | precision | sensitivity | F |',
             '| --- | --- | --- | --- | --- |']
    for share in plan.SHARES:
        lines.append(f'| the paper, Table II | {share:.0%} | '
                     + ' | '.join(f'{v:.3f}' for v in PAPER[share]) + ' |')
        last = '+ pseudo-labels' if share < 1 else '+ reverse'
        lines += [paper_row(arm, f'{share:.0%}',
                            precision_and_recall(results, plan.MAIN, share,
                                                 arm))
                  for arm in (plan.INITIAL, last)]
    lines.append(paper_row(
        'the default model, as it is shipped',
        '100%, and stills',
        precision_and_recall(results, plan.DEFAULT, plan.DEFAULT_SHARE,
                             plan.INITIAL)))
    lines += [f'| {name}, Table I of the paper | 100% | '
              + ' | '.join(f'{v:.3f}' for v in values) + ' |'
              for name, values in PAPER_OTHERS]
    return lines


def frames_lines(results):
    means = {arm: mean_of(results, plan.FRAMES, 1.0, arm, 'max_f')
             for arm in plan.FRAME_ARMS}
    lines = ['', '## One frame against two',
             'Phase 1 alone with all labels, from random weights, on every '
             'frame; measured on every frame. The others see the frame before '
             'as well: 42 ms before and as it is, or 125 ms before and as what '
             'is left of it once the camera\'s motion and the frame are taken '
             'off ([training](training.md#two-frames)).', '']
    if means[plan.ONE_FRAME] is None:
        return lines + ['Not made.']
    lines += ['| | seeds | max F | gain of the second frame (95%) |',
              '| --- | --- | --- | --- |']
    for arm, mean in means.items():
        if mean is None:
            continue
        gain = ''
        if arm != plan.ONE_FRAME:
            gain = show_gain(differences(results, plan.FRAMES, 1.0, arm,
                                         plan.ONE_FRAME, 'max_f')) + ' '
        seeds = len(runs_of(results, plan.FRAMES, 1.0, arm))
        lines.append(f'| {arm} | {seeds} | {mean:.3f} | {gain}|')
    return lines


def pair_lines(results):
    """Choices of the method, each against its opposite."""
    lines = ['', '## One choice against the other',
             'Difference of max F between two arms, paired as above. The steps '
             'of base networks are the same in both unless it is said.', '',
             '| choice | from | labels | seeds | gain (95%) | |',
             '| --- | --- | --- | --- | --- | --- |']
    for what, arm, other in plan.PAIRS:
        for block in plan.BLOCKS:
            for share in plan.SHARES:
                found = differences(results, block, share, arm, other, 'max_f')
                if found:
                    n = len(next(iter(found.values())))
                    lines.append(f'| {what} | {block} | {share:.0%} | {n} | '
                                 f'{show_gain(found)} | {judge(found)} |')
    return lines


def seed_line(results, block):
    """How far seeds lie apart, by which single figures are to be judged."""
    shown = []
    for share in plan.SHARES:
        means = [statistics.fmean(entry['max_f'] for entry
                                  in run['sequences'].values())
                 for run in runs_of(results, block, share,
                                    plan.INITIAL).values()]
        if len(means) > 1:
            shown.append(f'{share:.0%}: {statistics.stdev(means):.3f}')
    if not shown:
        return []
    return ['', 'Standard deviation of `base only` between seeds, which also '
            'draw the labelled sequences: ' + ', '.join(shown) + '.']


def long_line(results):
    """What more steps alone make of networks from random weights."""
    means = [mean_of(results, block, plan.LONG_SHARE, plan.INITIAL, 'max_f')
             for block in (plan.LONG, plan.MAIN)]
    if None in means:
        return []
    return ['', f'`base only` at {plan.LONG_SHARE:.0%} has {means[0]:.3f} '
            f'here, and {means[1]:.3f} with a quarter of the steps.']


def warnings_line(results):
    n_runs = sum(any('information' in text for text in run['warnings'])
                 for run in results['runs'].values())
    refused = accepted = 0
    for run in results['runs'].values():
        for labels in run['pseudo_labels']:
            accepted += labels.get('accepted', 0)
            refused += labels.get('frames', 0) - labels.get('accepted', 0)
    return ['', f'The monitor of hidden information warned in {n_runs} runs '
            f'(in their last link). Pseudo-labels of last links: {accepted} '
            f'accepted, {refused} refused.']


# ---- what is said first ----

def judge_all(results, arms):
    """gain, loss, none shown -> what is said of each comparison."""
    said = {'gain': [], 'loss': [], 'none shown': []}
    for block in plan.BLOCKS:
        for share in plan.SHARES:
            for arm in filter(arms.__contains__, plan.get_arms(block, share)):
                found = differences(results, block, share, arm,
                                    plan.CONTROL.get(arm), 'max_f')
                if not found:
                    continue
                n = len(next(iter(found.values())))
                said[judge(found)].append(
                    f'{arm} at {share:.0%} from {block} '
                    f'({mean_difference(found):+.3f}, {n} '
                    f'seed{"s" if n > 1 else ""})')
    return said


def verdict(results):
    """What is not shown, first."""
    lines = []
    for arms, what in (
            (plan.REVERSE_ARMS, 'phase 2, the reverse network as a teacher,'),
            (plan.LABEL_ARMS, 'pseudo-labels that base networks learn from '
                              'are')):
        said = judge_all(results, arms)
        n = sum(map(len, said.values()))
        verb = '' if what.endswith('are') else ' is'
        if n == 0:
            continue
        if not said['gain']:
            lines.append(f'**A null result: {what}{verb} not shown to gain max '
                         'F over the same number of steps with labels alone** '
                         f'({n} comparisons, bootstrap 95% intervals).')
        else:
            lines.append(f'**{what[0].upper()}{what[1:]}{verb} shown to gain '
                         'max F over the same number of steps with labels '
                         'alone: ' + '; '.join(said['gain'])
                         + f'** ({n} comparisons, bootstrap 95% intervals).')
        if said['loss']:
            lines.append('Shown to lose: ' + '; '.join(said['loss']) + '.')
        if said['none shown'] and said['gain']:
            lines.append('Not shown: ' + '; '.join(said['none shown']) + '.')
    return (lines or ['Nothing was measured yet.']) + default_lines(results)


def default_lines(results):
    """What the phases make of the model that is shipped, as it is."""
    said = {'gain': [], 'loss': [], 'none shown': []}
    for arm in plan.DEFAULT_ARMS[1:]:
        found = differences(results, plan.DEFAULT, plan.DEFAULT_SHARE, arm,
                            plan.INITIAL, 'max_f')
        if found:
            said[judge(found)].append(f'{arm} ({mean_difference(found):+.3f})')
    if not any(said.values()):
        return []
    line = (f'On top of the default model, at {plan.DEFAULT_SHARE:.0%} of the '
            'labels, ')
    line += ('**shown to be better than the model as it is: '
             + ', '.join(said['gain']) + '**' if said['gain'] else
             '**nothing is shown to be better than the model as it is**')
    if said['loss']:
        line += '; shown to be worse: ' + ', '.join(said['loss'])
    if said['none shown']:
        line += '; neither: ' + ', '.join(said['none shown'])
    return [line + '.']


def planned_keys():
    return [plan.make_key(block, share, seed, arm)
            for block, share, seed, arms in plan.make_groups()
            for arm in arms]


def write(results, path):
    keys = planned_keys()
    done = sum(key in results['runs'] for key in keys)
    cpu = sum(run['cpu_seconds'] for run in results['runs'].values())
    lines = ['# What the three phases gain', '', *verdict(results), '',
             f'{done} of {len(keys)} planned runs are made; they took '
             f'{cpu / 60:.0f} minutes of one processor, scoring included. The '
             'stated budget of the whole is 4 hours of two. This page is made '
             'by `models/results/run.py` from [results.json](results.json), '
             'which has every sequence of every run; run it again and it goes '
             'on where it ended.', '', INTRODUCTION, '',
             '| arm | what it is |', '| --- | --- |']
    lines += [f'| {arm} | {text} |' for arm, text in plan.MEANING.items()]
    lines += ['', '## Gains, from random weights',
              'Mean max F over sequences and seeds; differences are paired by '
              'sequence and seed, with a bootstrap 95% interval over sequences '
              'and seeds. MAE: difference to the control, less is better. '
              'Where arms have not the same seeds yet, compare differences, '
              'not means.', '']
    lines += gain_table(results, plan.MAIN, plan.SHARES,
                        lambda share: plan.get_arms(plan.MAIN, share))
    lines += seed_line(results, plan.MAIN) + warnings_line(results)
    lines += ['', '## Gains, four times as long',
              'The same with four times as many steps in each link: 1,600 for '
              'a base network and 800 for the reverse one in phase 1, and '
              'links of 200. This block was added once the others were known; '
              'its arms were chosen before any of it was run.', '']
    lines += gain_table(results, plan.LONG, (plan.LONG_SHARE,),
                        lambda share: plan.LONG_ARMS)
    lines += long_line(results) + seed_line(results, plan.LONG)
    lines += ['', '## Gains, from the default model',
              'The same on top of the full default model, `models/base`, at '
              'its own 320x192 and in bf16, as it was trained: each scenario '
              'starts from it, the reverse network from `models/reverse`, and '
              'there is no phase 1. That model has learnt from all labels of '
              '`fit`: no frame here is new to it, and labels that are hidden '
              'now were not hidden from it.', '']
    lines += gain_table(results, plan.DEFAULT, (plan.DEFAULT_SHARE,),
                        lambda share: plan.DEFAULT_ARMS)
    lines += pair_lines(results)
    lines += ['', '## Variants that were to better it',
              'Listed before any was run; all that were made are here.', '']
    lines += gain_table(results, plan.MAIN, (0.2,),
                        lambda share: tuple(plan.VARIANTS))
    lines += frames_lines(results)
    lines += ['', "## In the paper's form", PROTOCOL, '']
    lines += paper_table(results)
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')
