#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library through its introspection data, as a binding sees it."""

import json
import os
import struct
import subprocess
import sys

SOURCE = os.environ['SOD_SOURCE_DIR']
sys.path.insert(0, os.path.join(SOURCE, 'tests'))
import tap  # noqa: E402

try:
    import gi
    gi.require_version('GstSod', '1.0')
    from gi.repository import GLib, GstSod
except ImportError as missing:
    print(f'1..0 # SKIP python3-gi is missing ({missing})')
    sys.exit(0)

WIDTH, HEIGHT = 320, 180


def scene_frame():
    """The middle frame of the generated scene, RGB."""
    pixels = subprocess.run(
        [sys.executable, os.path.join(SOURCE, 'pipelines', 'scene.py'), '3',
         str(WIDTH), str(HEIGHT)], check=True, stdout=subprocess.PIPE).stdout
    size = WIDTH * HEIGHT * 3
    return pixels[size:2 * size]


def tensor_round_trip():
    data = struct.pack('<6f', *range(6))
    tensor = GstSod.Tensor.new_from_bytes(
        GstSod.DType.F32, [2, 3], GLib.Bytes.new(data))
    tap.check(tensor.get_n_dims() == 2, 'two dimensions')
    tap.check([tensor.get_dim(0), tensor.get_dim(1)] == [2, 3], '2 x 3')
    tap.check(tensor.get_n_elements() == 6, 'six elements')
    tap.check(tensor.get_dtype() == GstSod.DType.F32, 'f32')
    tap.check(tensor.get_bytes().get_data() == data, 'the same bytes')


def tensor_error_is_typed():
    try:
        GstSod.Tensor.new_from_bytes(
            GstSod.DType.F32, [2, 3], GLib.Bytes.new(b'1234'))
    except GLib.Error as error:
        tap.check(error.domain == GLib.quark_to_string(GstSod.error_quark()),
                  f'domain {error.domain}')
        tap.check(error.message, 'a message')
    else:
        raise AssertionError('four bytes made six floats')


def image_keeps_its_size():
    image = GstSod.Image.new_rgb(WIDTH, HEIGHT, GLib.Bytes.new(scene_frame()))
    tap.check((image.get_width(), image.get_height()) == (WIDTH, HEIGHT),
              'size')


def default_network():
    return GstSod.Network.new_from_file(GstSod.Network.find_default())


def network_loads():
    network = default_network()
    tap.check(network.get_id(), 'an id')
    tap.check(network.get_n_weights() > 100000, 'weights')
    tap.check(0 < network.get_threshold() < 1, 'a threshold')
    names = network.list_tensors()
    tap.check('out.weight' in names, 'out.weight')
    tap.check(network.get_tensor('out.weight').get_n_dims() == 4, '4-d')


def missing_network_is_not_found():
    try:
        GstSod.Network.new_from_file('/nonexistent/x.safetensors')
    except GLib.Error as error:
        tap.check(error.matches(GstSod.error_quark(), GstSod.Error.NOT_FOUND),
                  f'code {error.code}')
        tap.check('/nonexistent/x.safetensors' in error.message, error.message)
    else:
        raise AssertionError('loaded a file that is not there')


def session_finds_the_figure():
    instance = GstSod.Instance.get(
        None, 'cpu', GstSod.Precision.F32, 2, None, 0)
    instance.load(default_network())
    session = GstSod.Session.new(instance)
    frame = GstSod.Image.new_rgb(WIDTH, HEIGHT, GLib.Bytes.new(scene_frame()))
    found = GstSod.Image.new_gray(WIDTH, HEIGHT)
    session.infer(frame, -1, found, None)
    values = found.get_gray().get_data()
    tap.check(len(values) == WIDTH * HEIGHT, f'{len(values)} bytes')

    def mean(left, right, top, bottom):
        rows = [values[y * WIDTH + left:y * WIDTH + right]
                for y in range(top, bottom)]
        return sum(map(sum, rows)) / sum(map(len, rows))

    coat = mean(152, 168, 70, 110)
    edge = mean(0, 60, 0, HEIGHT)
    tap.check(coat > 180 and edge < 60, f'coat {coat:.0f}, edge {edge:.0f}')


def map_and_truth():
    """A truth of the right half, and a map that has four columns of ten."""
    truth = b''.join(bytes([0] * 5 + [255] * 5) for _ in range(8))
    found = b''.join(bytes([0] * 6 + [255] * 4) for _ in range(8))
    return [GstSod.Image.new_gray_from_bytes(10, 8, GLib.Bytes.new(codes))
            for codes in (found, truth)]


def maps_are_measured():
    measures = GstSod.Measures.new(GstSod.School.PYSOD, *map_and_truth())
    iou = measures.get(GstSod.Measure.IOU)
    tap.check(abs(iou - 4 / 5) < 1e-12, f'IoU {iou}')
    recall = measures.get_curve(GstSod.Curve.RECALL)
    tap.check(len(recall) == 256 and recall[0] == 1 and recall[255] == 4 / 5,
              f'recall {recall}')


def sets_are_measured():
    evaluator = GstSod.Evaluator.new(GstSod.School.DAVSOD, 2)
    for i in range(5):
        pair = GstSod.Pair.new(*map_and_truth(), None)
        evaluator.add('walk', f'{i:05}', pair)
    evaluation = evaluator.finish()
    result = json.loads(evaluation.to_json())
    tap.check(result['school'] == 'davsod', 'its school')
    tap.check((result['images'], result['skipped']) == (3, 2), 'counts')
    tap.check(abs(result['mae'] - 1 / 10) < 1e-12, f'MAE {result["mae"]}')
    tap.check(evaluation.get_sequence_name(0) == 'walk', 'a sequence')


sys.exit(tap.run([
    ('/introspection/tensor/round-trip', tensor_round_trip),
    ('/introspection/tensor/error-is-typed', tensor_error_is_typed),
    ('/introspection/image/keeps-its-size', image_keeps_its_size),
    ('/introspection/network/loads', network_loads),
    ('/introspection/network/missing-is-not-found',
     missing_network_is_not_found),
    ('/introspection/session/finds-the-figure', session_finds_the_figure),
    ('/introspection/measures/maps-are-measured', maps_are_measured),
    ('/introspection/measures/sets-are-measured', sets_are_measured),
]))
