# SPDX-License-Identifier: LGPL-2.1-or-later
"""Generated pictures: PNG files without a library."""

import os
import struct
import zlib


def _chunk(name, data):
    body = name + data
    return struct.pack('>I', len(data)) + body + struct.pack(
        '>I', zlib.crc32(body))


def png(rows, colour=False):
    """rows: a list of bytes, one a line: gray, or R G B where `colour`."""
    width = len(rows[0]) // (3 if colour else 1)
    header = struct.pack('>2I5B', width, len(rows), 8, 2 if colour else 0,
                         0, 0, 0)
    lines = b''.join(b'\0' + bytes(row) for row in rows)
    return (b'\x89PNG\r\n\x1a\n' + _chunk(b'IHDR', header)
            + _chunk(b'IDAT', zlib.compress(lines)) + _chunk(b'IEND', b''))


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(data)


def disc(width, height, x, y, radius, inside=255, outside=0):
    """Rows of a gray picture."""
    return [bytes(inside if (column - x) ** 2 + (row - y) ** 2 < radius ** 2
                  else outside for column in range(width))
            for row in range(height)]


def colour(rows, tint=(255, 160, 40), ground=60):
    """Rows of a colour picture of a gray one: bright on a flat ground."""
    return [bytes(part for value in row
                  for part in (tint if value > 128 else (ground,) * 3))
            for row in rows]


def davis(root, sequences=('boat', 'surf'), frames=10, width=64, height=36):
    """A data set in the layout of DAVIS: a disc that moves."""
    for number, name in enumerate(sequences):
        for i in range(frames):
            rows = disc(width, height, 8 + 4 * i, height // 2 + 3 * number,
                        7 + number)
            write(f'{root}/Annotations/480p/{name}/{i:05d}.png', png(rows))
            write(f'{root}/JPEGImages/480p/{name}/{i:05d}.png',
                  png(colour(rows), True))
    write(f'{root}/ImageSets/480p/dev.txt',
          ''.join(name + '\n' for name in sequences).encode())
