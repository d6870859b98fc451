#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write a `base` model as ONNX, for other engines to run.

    export-onnx.py MODEL.safetensors OUTPUT.onnx

The graph is the architecture as it is trained, batch norm and all: folding
and fusing are left to the engine that reads it.
"""
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from model_file import read_architecture, read_tensors


class Graph:
    def __init__(self, tensors):
        self.tensors = tensors
        self.nodes = []
        self.initializers = []
        self.count = 0

    def add(self, kind, inputs, **attributes):
        self.count += 1
        output = f'{kind.lower()}{self.count}'
        self.nodes.append(
            helper.make_node(kind, inputs, [output], **attributes))
        return output

    def weight(self, name, array=None):
        if array is None:
            array = self.tensors[name]
        self.initializers.append(
            numpy_helper.from_array(numpy.ascontiguousarray(array), name))
        return name

    def unit(self, x, name, dilation, stride=1):
        """Convolution without bias, batch norm, rectifier."""
        kernel = self.tensors[f'{name}.conv.weight'].shape[2]
        padding = dilation * (kernel - 1) // 2
        x = self.add('Conv', [x, self.weight(f'{name}.conv.weight')],
                     kernel_shape=[kernel] * 2, strides=[stride] * 2,
                     dilations=[dilation] * 2, pads=[padding] * 4)
        suffixes = ('weight', 'bias', 'running_mean', 'running_var')
        x = self.add('BatchNormalization',
                     [x] + [self.weight(f'{name}.bn.{s}') for s in suffixes],
                     epsilon=1e-5)
        return self.add('Relu', [x])

    def up2(self, x):
        self.count += 1
        scales = self.weight(f'scales{self.count}',
                             numpy.array([1, 1, 2, 2], 'f4'))
        return self.add('Resize', [x, '', scales], mode='linear',
                        coordinate_transformation_mode='half_pixel')

    def pool2(self, x):
        return self.add('MaxPool', [x], kernel_shape=[2, 2], strides=[2, 2])


def build_base(graph, architecture):
    """As gst-sod/nn/base.c; returns the output."""
    stems = [graph.unit('input', f'stem.k{k}', 1, 2) for k in (3, 5, 7)]
    levels = [graph.add('Concat', stems, axis=1)]
    for i, dilations in enumerate(architecture['encoder-dilations']):
        x = graph.pool2(levels[-1])
        for j, dilation in enumerate(dilations):
            x = graph.unit(x, f'enc.{i}.{j}', dilation)
        levels.append(x)
    x = levels.pop()
    for i, dilations in enumerate(architecture['decoder-dilations']):
        for j, dilation in enumerate(dilations):
            x = graph.unit(x, f'dec.{i}.{j}', dilation)
        x = graph.up2(x)
        level = levels.pop()
        if architecture['skips']:
            x = graph.add('Add', [x, level])
    x = graph.add('Conv', [x, graph.weight('out.weight'),
                           graph.weight('out.bias')],
                  kernel_shape=[3, 3], pads=[1] * 4)
    return graph.add('Sigmoid', [graph.up2(x)])


def export(source, target):
    tensors, architecture = read_tensors(source), read_architecture(source)
    width, height = architecture['input-size']
    channels = 3 * architecture['input-frames']
    graph = Graph(tensors)
    output = build_base(graph, architecture)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, 'base',
            [helper.make_tensor_value_info(
                'input', TensorProto.FLOAT, [1, channels, height, width])],
            [helper.make_tensor_value_info(
                output, TensorProto.FLOAT, [1, 1, height, width])],
            graph.initializers),
        opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, target)


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    export(sys.argv[1], sys.argv[2])
