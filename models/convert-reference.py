#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Turn the reference weights into the model that is shipped.

    models/convert-reference.py FOLDER [OUTPUT]

FOLDER holds base.safetensors as another framework saved it: the tensors of
the `base` architecture, f32, under the names that this project uses too.
OUTPUT (models/base.safetensors beside this script) gets the same numbers in
the model format of docs/model-format.md. The same input gives the same bytes.
"""
import hashlib
import json
import os
import struct
import sys

import numpy

ALIGNMENT = 8

ARCHITECTURE = {
    'kind': 'base',
    'preset': 'base',
    'input-size': [320, 192],
    'input-frames': 1,
    'widths': [32, 64, 96, 128],
    'encoder-dilations': [[1, 2], [1, 2], [2, 4]],
    'decoder-dilations': [[2, 4], [1, 2], [1, 2]],
    'skips': True,
}

INPUT_RULE = {
    'name': 'stretch-triangle',
    'version': 1,
    'size': [320, 192],
    'mean': [0.485, 0.456, 0.406],
    'std': [0.229, 0.224, 0.225],
    'frame-distance': 42,
}

PROTOCOL = ('pysod; truth at its own size, map of 8 bits enlarged bilinearly '
            'to it, frame stretched to 320x192 by an antialiased triangle '
            'filter')

SCORES = [
    {'set': 'DAVIS-2016 dev', 'images': 515, 'protocol': PROTOCOL,
     'max-f': 0.781, 'mean-f': 0.636, 'mae': 0.079, 'j': 0.584},
    {'set': 'DUTS-TR dev', 'images': 528, 'protocol': PROTOCOL,
     'max-f': 0.890, 'mean-f': 0.841, 'mae': 0.074, 'j': 0.808},
]

LINEAGE = {
    'parents': [],
    'phases': [{
        'name': 'supervised',
        'framework': 'PyTorch',
        'images': 11468,
        'schedule': '14 epochs at 160x96 and 4 at 320x192, AdamW, batch 16, '
                    'from random weights; moving average of the weights',
    }],
    'data': [
        {'name': 'DUTS-TR', 'part': 'fit', 'terms': 'research use'},
        {'name': 'DAVIS-2016 train', 'part': 'every second frame of fit',
         'terms': 'CC BY 4.0 (own sequences) and CC BY-NC 4.0, some '
                  'sequences under terms of their own'},
        {'name': 'Weizmann horse', 'part': 'all', 'terms': 'research use'},
        {'name': 'CCP', 'part': 'all', 'terms': 'Apache-2.0 repository'},
    ],
}

CREATOR = {'tool': 'convert-reference.py', 'version': '0.1.0'}


def read(path):
    """Return {name: array} of a safetensors file that holds f32 only."""
    with open(path, 'rb') as file:
        content = file.read()
    (length,) = struct.unpack('<Q', content[:8])
    header = json.loads(content[8:8 + length])
    header.pop('__metadata__', None)
    tensors = {}
    for name, entry in header.items():
        if entry['dtype'] != 'F32':
            sys.exit(f'{path}: {name} is {entry["dtype"]}, F32 was expected')
        begin, end = (8 + length + at for at in entry['data_offsets'])
        tensors[name] = numpy.frombuffer(
            content[begin:end], '<f4').reshape(entry['shape'])
    return tensors


def check(tensors):
    for name, values in tensors.items():
        if not numpy.isfinite(values).all():
            sys.exit(f'{name} holds numbers that are not finite')
        if name.endswith('.running_var') and (values < 0).any():
            sys.exit(f'{name} holds a negative variance')


def compact(value):
    return json.dumps(value, separators=(',', ':'))


def make_file(tensors):
    names = sorted(tensors, key=lambda name: name.encode())
    data = b''.join(tensors[name].astype('<f4').tobytes() for name in names)
    metadata = {
        'architecture': compact(ARCHITECTURE),
        'creator': compact(CREATOR),
        'format': 'gst-sod',
        'format-version': '1',
        'input-rule': compact(INPUT_RULE),
        'kind': 'base',
        'lineage': compact(LINEAGE),
        'name': 'base',
        'quantisation': 'none',
        'scores': compact(SCORES),
        'threshold': '0.5',
        'weights-sha256': hashlib.sha256(data).hexdigest(),
    }
    header = {'__metadata__': metadata}
    offset = 0
    for name in names:
        end = offset + tensors[name].size * 4
        header[name] = {'dtype': 'F32', 'shape': list(tensors[name].shape),
                        'data_offsets': [offset, end]}
        offset = end
    text = compact(header).encode()
    text += b' ' * (-len(text) % ALIGNMENT)
    return struct.pack('<Q', len(text)) + text + data


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    here = os.path.dirname(os.path.abspath(__file__))
    output = (sys.argv[2] if len(sys.argv) == 3
              else os.path.join(here, 'base.safetensors'))
    tensors = read(os.path.join(sys.argv[1], 'base.safetensors'))
    check(tensors)
    content = make_file(tensors)
    with open(output, 'wb') as file:
        file.write(content)
    print(f'{output}: {len(tensors)} tensors, {len(content)} bytes, '
          f'SHA-256 {hashlib.sha256(content).hexdigest()}')


if __name__ == '__main__':
    main()
