#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measure a model that models/train.sh made, and say so in it and in a card.

    SOD_DATA=DIR models/make-card.py MODEL RUN.JSON GST-SOD

Writes name, scores and data with their terms into the header of MODEL, and
MODEL's card beside it with the suffix .md. The weights stay as they are, byte
for byte.
"""
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile

ALIGNMENT = 8
SCHOOL = ('pysod; truth at its own size, map of 8 bits enlarged bilinearly to '
          'it, frame stretched to the input by an antialiased triangle filter')
DAVIS_TERMS = ('CC BY 4.0 (its own sequences) and CC BY-NC 4.0; some '
               'sequences have terms of their own')
STILLS = [
    {'name': 'DUTS-TR', 'part': 'fit: all but every 20th image',
     'terms': 'research use'},
    {'name': 'Weizmann horse', 'part': 'all', 'terms': 'research use'},
    {'name': 'CCP', 'part': 'all', 'terms': 'Apache-2.0 repository'},
]
DAVIS = {'name': 'DAVIS-2016 train',
         'part': 'the 23 sequences of fit, every second frame; base: all of '
                 'them in the third stretch',
         'terms': DAVIS_TERMS}
MOTION = {**DAVIS, 'part': 'the 23 sequences of fit, each frame with one of 20 '
                           'to 200 ms before'}
REVERSE = [{**DAVIS, 'part': 'the 23 sequences of fit, every second frame'},
           {**STILLS[0], 'part': 'every fifth image of fit'}]
BASE = 'base.safetensors'
MOTION_START = 'base-motion.safetensors'
SCENARIO = 'scenario-'


def read(path):
    with open(path, 'rb') as file:
        content = file.read()
    (length,) = struct.unpack('<Q', content[:8])
    return json.loads(content[8:8 + length]), content[8 + length:]


def write(path, header, data):
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % ALIGNMENT)
    with open(path + '.new', 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + data)
    os.replace(path + '.new', path)


def scenario_sequences(scenario):
    data = os.environ['SOD_DATA']
    with open(f'{data}/davis2016/ImageSets/480p/dev.txt',
              encoding='utf-8') as file:
        dev = {line.split()[0].split('/')[-2] for line in file if line.strip()}
    with open(f'{data}/scenarios.csv', encoding='utf-8') as file:
        rows = [line.strip().split(',') for line in list(file)[1:]]
    return [sequence for sequence, name in rows
            if name == scenario and sequence in dev]


def evaluate(command, model, layout, root, chosen):
    done = subprocess.run(
        [command, 'eval', '--model', model, '--layout', layout, '--root',
         os.path.join(os.environ['SOD_DATA'], root), '--set', chosen,
         '--json', '--quiet'],
        check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)
    return {'images': found['images'], 'protocol': SCHOOL,
            **{key: round(found[name], 4) for key, name in (
                ('max-f', 'max_f'), ('mean-f', 'mean_f'), ('mae', 'mae'),
                ('j', 'iou'))}}


def measure(command, model, name):
    """The development sets that the model was not trained on."""
    if name.startswith(SCENARIO):
        sequences = scenario_sequences(name[len(SCENARIO):])
        with tempfile.NamedTemporaryFile('w', suffix='.txt') as listed:
            listed.write(''.join(line + '\n' for line in sequences))
            listed.flush()
            return [{'set': f'DAVIS-2016 dev, {", ".join(sequences)}',
                     **evaluate(command, model, 'davis', 'davis2016',
                                listed.name)}]
    return [{'set': 'DAVIS-2016 dev',
             **evaluate(command, model, 'davis', 'davis2016', 'dev')},
            {'set': 'DUTS-TR dev',
             **evaluate(command, model, 'duts', 'DUTS-TR', 'dev')}]


def start_scores(command, name):
    """Of the model that a model of a scenario starts from, and of base."""
    if not name.startswith(SCENARIO):
        return []
    here = os.path.dirname(os.path.abspath(__file__))
    return [{**score, 'set': f'{score["set"]} ({about})'}
            for start, about in ((MOTION_START, 'base-motion, which it starts '
                                                'from'), (BASE, 'base'))
            for score in measure(command, os.path.join(here, start), name)]


def sees_motion(name):
    return name == 'base-motion' or name.startswith(SCENARIO)


def describe(name, is_base):
    """What a model does, and where it began."""
    if not is_base:
        return ('a saliency map in, the picture that it could come from out: '
                'a teacher in training, and a judge of maps (`sodreverse`)',
                'random weights')
    if sees_motion(name):
        return ('a frame in, and what has moved in it by itself since the one '
                '125 ms before; a map of how salient each pixel is out',
                f'`{MOTION_START if name.startswith(SCENARIO) else BASE}`')
    return ('a frame in, a map of how salient each pixel is out',
            'random weights')


def choose_data(name, is_base):
    if not is_base:
        return REVERSE
    if name == 'base-motion':
        return [MOTION, *STILLS]
    if name.startswith(SCENARIO):
        more = {**DAVIS, 'part': f'by itself: the sequences of '
                f'"{name[len(SCENARIO):]}" in fit, every second frame, among '
                'every fourth of all sequences and a twentieth of the stills'}
        return [DAVIS, *STILLS, MOTION, more]
    return [DAVIS, *STILLS]


def first_limit(name):
    if sees_motion(name):
        return ('- The first frame of a stream has none before it: nothing has '
                'moved. A camera that goes past near and far things makes near '
                'ones move; of a thing that fills the picture it is what is '
                'behind that moves. Aligning costs half a millisecond or so a '
                'frame.')
    return ('- One frame knows no motion: where nothing stands out, the next '
            'best thing lights up.')


def chosen_of(name):
    if not name.startswith(SCENARIO):
        return ''
    return (' It is the best of the networks that were scored on the way, each '
            'epoch, on no more than these sequences, and the recipe is the '
            'best of five (rates, mixtures, two seeds): part of what it gains '
            'is luck.')


def score_table(scores):
    lines = ['| set | images | max F | mean F | MAE | J |',
             '| --- | --- | --- | --- | --- | --- |']
    lines += [f'| {score["set"]} | {score["images"]} | {score["max-f"]:.3f} | '
              f'{score["mean-f"]:.3f} | {score["mae"]:.3f} | '
              f'{score["j"]:.3f} |' for score in scores]
    return lines


def reconstruction_lines(record, node):
    """How well held-out pictures come out of their label maps."""
    found = [score for stage in record['stages'] if stage['node'] == node
             for score in stage['scores'] if 'reconstruction' in score]
    if not found:
        return []
    return ['', '## Scores',
            f'Reconstruction error {found[-1]["reconstruction"]:.3f}: the loss '
            'it learns by (mean difference of pixels, and of neighbours, '
            f'values -1 to 1), over {found[-1]["frames"]} held-out frames of '
            'DAVIS-2016 dev, each from its mask. What a training of the same '
            'recipe differs by: '
            '[trained again](../docs/training.md#trained-again).']


def stage_lines(record, node):
    return [f'| {stage["name"]} | {stage["round"]} | {stage.get("steps", 0)} '
            f'| {stage.get("seconds", 0) / 60:.1f} | {stage.get("end", "")} |'
            for stage in record['stages'] if stage['node'] == node]


def tell_blocks(architecture):
    """Of a network of dense blocks, which has many sizes and one preset."""
    if 'growth' not in architecture:
        return ''
    blocks = ', '.join(map(str, architecture['blocks']))
    return (f': a stem of {architecture["stem-width"]}, dense blocks of '
            f'{blocks} layers, growth {architecture["growth"]} (the preset '
            'has a stem of 32 and growth 16)')


def write_card(path, name, metadata, scores, starts, data, record, node):
    architecture = json.loads(metadata['architecture'])
    size = os.path.getsize(path)
    with open(path, 'rb') as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    is_base = metadata['kind'] == 'base'
    settings = record['settings']
    does, began = describe(name, is_base)
    lines = [
        '<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->',
        f'# Model card: {name}', '', '| | |', '| --- | --- |',
        f'| file | `{os.path.basename(path)}`, {size:,} bytes, format of '
        '`docs/model-format.md` |',
        f'| SHA-256 of the file | `{digest}` |',
        f'| version | `{metadata["weights-sha256"][:12]}` |',
        f'| kind, preset | {metadata["kind"]}, '
        f'`{architecture.get("preset", "")}`{tell_blocks(architecture)} |',
        f'| what it does | {does} |', '', '## What it is for']
    if is_base:
        lines += [
            'Finding the object that stands out in a picture: overlays, '
            'background blur, cut-outs, regions for alerts that a person '
            'looks at. Meant to be replaced by a model trained on the scenes '
            'it watches.', '',
            'Not for: decisions about people, counting, measuring, safety '
            'functions, or anything in which a missed object does harm. It '
            'knows no classes and no identities.']
    else:
        lines += ['Training base networks in the augmented phase, and telling '
                  'how well a map explains its frame. Its pictures are '
                  'guesses of layout and colour, no evidence of anything.']
    lines += ['', '## What it was trained on', '', '| set | part | terms |',
              '| --- | --- | --- |']
    lines += [f'| {entry["name"]} | {entry["part"]} | {entry["terms"]} |'
              for entry in data]
    lines += [
        '', 'None of the pictures is part of this project. Held out for '
        'choosing models, never trained on: every 20th image of DUTS-TR and '
        'the DAVIS sequences flamingo, rhino, lucia, surf, tennis, '
        'scooter-gray and boat. DUTS-TE, ECSSD, SOD and the 20 val sequences '
        'of DAVIS-2016 were not used at all. Terms that say "research use" or '
        '"non-commercial" bind the pictures; whether they reach weights '
        'trained on them is not settled everywhere. For a product, train on '
        'footage you have the rights to.', '',
        f'By `models/train.sh`, from {began}, through the recipes of '
        f'`models/recipes/` that it names; preset `{settings["run.preset"]}`, '
        f'batch {settings["data.batch-size"]}. The last of them, seed '
        f'{settings["run.seed"]}:', '',
        '| stage | round | steps | minutes | end |',
        '| --- | --- | --- | --- | --- |',
        *stage_lines(record, node)]
    if not is_base:
        lines += reconstruction_lines(record, node)
    if scores:
        lines += [
            '', '## Scores', f'School {SCHOOL}. max F and '
            'mean F with beta^2 = 0.3; J is the mean over images at p >= 0.5.',
            '', *score_table([*scores, *starts]), '',
            'These sets chose the model, so expect less on others. What a '
            'training of the same recipe differs by: '
            '[trained again](../docs/training.md#trained-again).'
            + chosen_of(name), '',
            '## Limits',
            first_limit(name),
            '- Objects smaller than about 16 pixels of the input, crowds, '
            'night, infrared, fisheye and drawings were hardly or never seen.',
            '- The pictures come from the web and from western research '
            'groups; how well it works for people of all kinds was not '
            'measured.']
    with open(os.path.splitext(path)[0] + '.md', 'w',
              encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')


def main(path, run, command):
    name = os.path.splitext(os.path.basename(path))[0]
    with open(run, encoding='utf-8') as file:
        record = json.load(file)
    node = name.removeprefix(SCENARIO)
    if all(stage['node'] != node for stage in record['stages']):
        node = record['nodes'][0]['name']
    header, weights = read(path)
    metadata = header['__metadata__']
    is_base = metadata['kind'] == 'base'
    scores = measure(command, path, name) if is_base else []
    starts = start_scores(command, name)
    data = choose_data(name, is_base)
    lineage = json.loads(metadata['lineage'])
    lineage['data'] = data
    metadata.update({'name': name, 'scores': json.dumps(scores),
                     'lineage': json.dumps(lineage)})
    header['__metadata__'] = dict(sorted(metadata.items()))
    write(path, header, weights)
    write_card(path, name, metadata, scores, starts, data, record, node)
    for score in [*scores, *starts]:
        print(f'{name}: {score["set"]}: max F {score["max-f"]:.3f}, '
              f'MAE {score["mae"]:.3f}')
    return 0


if __name__ == '__main__':
    if len(sys.argv) != 4 or 'SOD_DATA' not in os.environ:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
