#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library through its introspection data, as a binding sees it."""

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


sys.exit(tap.run([
    ('/introspection/tensor/round-trip', tensor_round_trip),
    ('/introspection/tensor/error-is-typed', tensor_error_is_typed),
    ('/introspection/image/keeps-its-size', image_keeps_its_size),
    ('/introspection/network/loads', network_loads),
    ('/introspection/network/missing-is-not-found',
     missing_network_is_not_found),
    ('/introspection/session/finds-the-figure', session_finds_the_figure),
]))
