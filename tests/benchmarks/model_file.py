# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a model file of kind `base`: for benchmarks beside other engines."""

import json
import struct
import sys

import numpy


def read(path):
    """Metadata and name -> array."""
    with open(path, 'rb') as file:
        size = struct.unpack('<Q', file.read(8))[0]
        header = json.loads(file.read(size))
        data = file.read()
    metadata = header.pop('__metadata__', {})
    tensors = {}
    for name, entry in header.items():
        if entry['dtype'] != 'F32':
            sys.exit(f'{path}: {name} is {entry["dtype"]}, F32 is expected')
        begin, end = entry['data_offsets']
        tensors[name] = numpy.frombuffer(
            data[begin:end], '<f4').reshape(entry['shape'])
    if metadata.get('kind') != 'base':
        sys.exit(f'{path}: kind {metadata.get("kind")}, base is expected')
    return metadata, tensors


def read_tensors(path):
    return read(path)[1]


def read_architecture(path):
    return json.loads(read(path)[0]['architecture'])
