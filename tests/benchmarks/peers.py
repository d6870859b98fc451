#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network on this library, OpenVINO and ONNX Runtime, turn by turn.

    peers.py --benchmark PROGRAM --model MODEL.safetensors --onnx MODEL.onnx

Each round gives every engine its turn, so that whatever else the machine does
falls on all. Batch 1; times are of one inference, milliseconds. Steps: the
sum of our plan's, each timed alone; bare: likewise with oneDNN's convolutions
instead of our own.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy
import onnxruntime
import openvino

WARM_UP = 20


class Ours:
    """benchmark-network, which reports its own times."""

    def __init__(self, options, precision):
        self.name = f'ours {precision}'
        self.command = [
            options.benchmark, '--json', '--bare', '--rounds', '1', '--model',
            options.model, '--precision', precision, '--threads',
            str(options.threads), '--iterations', str(options.iterations)]
        self.steps, self.bare = [], []

    def run(self, _image):
        text = subprocess.run(
            self.command, check=True, stdout=subprocess.PIPE).stdout
        result, bare = json.loads(text)
        self.steps.append(result['steps-ms'])
        self.bare.append(bare['steps-ms'])
        return result['network']['min-ms'], result['network']['median-ms']


class Peer:
    def measure(self, infer, iterations):
        for _ in range(WARM_UP):
            infer()
        times = []
        for _ in range(iterations):
            start = time.perf_counter()
            infer()
            times.append((time.perf_counter() - start) * 1e3)
        return min(times), statistics.median(times)


class OpenVino(Peer):
    def __init__(self, options, precision):
        self.name = f'openvino {precision}'
        self.iterations = options.iterations
        compiled = openvino.Core().compile_model(options.onnx, 'CPU', {
            'PERFORMANCE_HINT': 'LATENCY',
            'INFERENCE_PRECISION_HINT': precision,
            'INFERENCE_NUM_THREADS': options.threads,
            'NUM_STREAMS': 1,
            'ENABLE_CPU_PINNING': False,
        })
        self.request = compiled.create_infer_request()
        # A hint may be turned down: bf16 where the CPU has none.
        self.precision = compiled.get_property('INFERENCE_PRECISION_HINT')
        if self.precision.to_string() != precision:
            raise RuntimeError(f'it chose {self.precision.to_string()}')

    def run(self, image):
        tensor = openvino.Tensor(image)
        self.request.set_input_tensor(tensor)
        return self.measure(self.request.infer, self.iterations)


class OnnxRuntime(Peer):
    name = 'onnxruntime f32'

    def __init__(self, options):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        self.iterations = options.iterations
        self.session = onnxruntime.InferenceSession(
            options.onnx, settings, providers=['CPUExecutionProvider'])

    def run(self, image):
        return self.measure(
            lambda: self.session.run(None, {'input': image}), self.iterations)


def make_engines(options):
    """All that run here; the others are named with the reason."""
    makers = [lambda: Ours(options, 'f32'), lambda: Ours(options, 'bf16'),
              lambda: OpenVino(options, 'f32'),
              lambda: OpenVino(options, 'bf16'), lambda: OnnxRuntime(options)]
    names = ['ours f32', 'ours bf16', 'openvino f32', 'openvino bf16',
             'onnxruntime f32']
    image = numpy.random.default_rng(1).normal(
        size=(1, 3, options.height, options.width)).astype('f4')
    engines = []
    for name, make in zip(names, makers):
        try:
            engine = make()
            engine.run(image)
            engines.append(engine)
        except subprocess.CalledProcessError:
            print(f'{name}: not run: the reason stands on standard error')
        except RuntimeError as error:
            print(f'{name}: not run: {str(error).strip().splitlines()[-1]}')
    return engines, image


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--benchmark', required=True)
    parser.add_argument('--model', required=True)
    parser.add_argument('--onnx', required=True)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--iterations', type=int, default=50)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--width', type=int, default=320)
    parser.add_argument('--height', type=int, default=192)
    options = parser.parse_args()

    engines, image = make_engines(options)
    least, middle = {}, {}
    for engine in engines:
        if isinstance(engine, Ours):
            engine.steps.clear()
            engine.bare.clear()
    for _ in range(options.rounds):
        for engine in engines:
            shortest, median = engine.run(image)
            least[engine.name] = min(
                shortest, least.get(engine.name, shortest))
            middle.setdefault(engine.name, []).append(median)

    isa = os.environ.get('ONEDNN_MAX_CPU_ISA', 'as the CPU is')
    print(f'{options.width}x{options.height}, batch 1, {options.threads} '
          f'threads, instruction set: {isa}')
    print(f'openvino {openvino.__version__}, '
          f'onnxruntime {onnxruntime.__version__}')
    print(f'{"engine":18}{"min ms":>10}{"median ms":>12}'
          f'{"ours / it":>12}{"medians":>10}{"steps ms":>10}{"over steps":>12}'
          f'{"bare ms":>10}{"over bare":>11}')
    for engine in engines:
        name = engine.name
        ours = f'ours {name.split()[-1]}'
        line = f'{name:18}{least[name]:10.3f}' \
               f'{statistics.median(middle[name]):12.3f}'
        if isinstance(engine, Ours):
            steps, bare = min(engine.steps), min(engine.bare)
            line += f'{"":22}{steps:10.3f}{least[name] / steps:12.3f}' \
                    f'{bare:10.3f}{least[name] / bare:11.3f}'
        elif ours in least:
            medians = statistics.median(middle[ours]) \
                / statistics.median(middle[name])
            line += f'{least[ours] / least[name]:12.3f}{medians:10.3f}'
        print(line)
    return 0


if __name__ == '__main__':
    sys.exit(main())
