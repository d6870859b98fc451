#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A generated scene: a figure in a yellow coat walks past a wall and over grass.

Writes raw RGB frames to standard output, for
  fdsrc ! rawvideoparse format=rgb width=W height=H framerate=25/1

Usage: scene.py [FRAMES [WIDTH HEIGHT]]     (default: 250 640 360)
"""

import math
import random
import sys

SKIN, COAT, LEGS, SHOES = (
    (224, 172, 140), (232, 184, 40), (36, 44, 84), (30, 24, 22))


def noise(width, height, cell, rng):
    """Smooth values in -1..1: random ones every `cell` pixels, between them
    linear."""
    columns, rows = width // cell + 2, height // cell + 2
    grid = [[rng.uniform(-1, 1) for _ in range(columns)] for _ in range(rows)]
    for y in range(height):
        row, v = divmod(y / cell, 1)
        upper, lower = grid[int(row)], grid[int(row) + 1]
        line = [a + (b - a) * v for a, b in zip(upper, lower)]
        yield [line[x // cell] + (line[x // cell + 1] - line[x // cell])
               * (x % cell) / cell for x in range(width)]


def background(width, height):
    rng = random.Random(1)
    horizon = int(height * 0.6)
    coarse = noise(width, height, max(8, height // 10), rng)
    fine = noise(width, height, 3, rng)
    pixels = bytearray()
    for y, (slow, fast) in enumerate(zip(coarse, fine)):
        wall = y < horizon
        base = (150, 146, 138) if wall else (92, 112, 70)
        depth = 0 if wall else (y - horizon) / (height - horizon) * 14
        joint = wall and y % max(6, height // 15) == 0
        strength = 4 if wall else 12
        for a, b in zip(slow, fast):
            light = 10 * a + strength * b + depth - (10 if joint else 0)
            pixels += bytes(max(0, min(255, int(c + light))) for c in base)
    return pixels


class Canvas:
    def __init__(self, pixels, width, height):
        self.pixels = bytearray(pixels)
        self.width, self.height = width, height

    def span(self, y, left, right, colour, light):
        left, right = max(0, round(left)), min(self.width, round(right))
        if left < right and 0 <= y < self.height:
            start = (y * self.width + left) * 3
            shade = bytes(max(0, min(255, int(c * light))) for c in colour)
            self.pixels[start:start + (right - left) * 3] = \
                shade * (right - left)

    def ellipse(self, x, y, rx, ry, colour):
        for row in range(math.ceil(y - ry), math.floor(y + ry) + 1):
            part = math.sqrt(max(0, 1 - ((row - y) / ry) ** 2))
            self.span(row, x - rx * part, x + rx * part, colour,
                      1.05 - 0.2 * (row - y + ry) / (2 * ry))

    def limb(self, x0, y0, x1, y1, thick, colour):
        """From (x0, y0) down to (x1, y1)."""
        for row in range(math.floor(y0), math.ceil(y1)):
            x = x0 + (x1 - x0) * (row - y0) / (y1 - y0)
            self.span(row, x - thick / 2, x + thick / 2, colour,
                      1.05 - 0.25 * (row - y0) / (y1 - y0))


def figure(canvas, x, ground, tall, phase):
    swing = math.sin(phase)
    hip, neck = ground - 0.48 * tall, ground - 0.84 * tall
    bob = 0.01 * tall * abs(swing)
    for side, light in ((-1, LEGS), (1, LEGS)):
        foot = x + side * swing * 0.17 * tall
        canvas.limb(x, hip + bob, foot, ground, 0.085 * tall, light)
        canvas.ellipse(foot + 0.02 * tall, ground, 0.06 * tall, 0.025 * tall,
                       SHOES)
    canvas.ellipse(x, (hip + neck) / 2 + bob, 0.13 * tall,
                   (hip - neck) / 2 + 0.05 * tall, COAT)
    canvas.limb(x, neck + 0.05 * tall + bob, x - swing * 0.14 * tall,
                hip + bob, 0.06 * tall, tuple(c * 0.8 for c in COAT))
    canvas.ellipse(x, neck - 0.05 * tall + bob, 0.06 * tall, 0.075 * tall,
                   SKIN)
    canvas.ellipse(x - 0.01 * tall, neck - 0.1 * tall + bob, 0.062 * tall,
                   0.045 * tall, SHOES)


def main():
    frames, width, height = (
        [int(word) for word in sys.argv[1:]] + [250, 640, 360][
            len(sys.argv) - 1:])[:3]
    empty = background(width, height)
    tall = 0.62 * height
    for index in range(frames):
        canvas = Canvas(empty, width, height)
        way = index / max(1, frames - 1)
        x = width * (0.12 + 0.76 * way)
        figure(canvas, x, 0.9 * height, tall, 2 * math.pi * index / 25)
        sys.stdout.buffer.write(canvas.pixels)


if __name__ == '__main__':
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
