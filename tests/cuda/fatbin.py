# SPDX-License-Identifier: LGPL-2.1-or-later
"""What GPU code a library holds, read off its .nv_fatbin section: one
container for each .cu file, in it an entry for each architecture. cuobjdump
tells the same; not every toolkit has it."""

import struct

CONTAINER = 0xBA55ED50
PTX, ELF = 1, 2


def section(data, wanted):
    """Bytes of a section of a 64-bit little-endian ELF; None without it."""
    if data[:6] != b'\x7fELF\x02\x01':
        raise ValueError('no 64-bit little-endian ELF')
    at, = struct.unpack_from('<Q', data, 40)
    size, n, names = struct.unpack_from('<HHH', data, 58)
    headers = [struct.unpack_from('<IIQQQQ', data, at + i * size)
               for i in range(n)]
    for name, _, _, _, offset, length in headers:
        start = headers[names][4] + name
        if data[start:data.index(b'\0', start)] == wanted:
            return data[offset:offset + length]
    return None


def containers(path):
    """A list of (kind, architecture) for each container of the file."""
    with open(path, 'rb') as file:
        code = section(file.read(), b'.nv_fatbin')
    found, at = [], 0
    while code is not None and at + 16 <= len(code):
        magic, _, header, size = struct.unpack_from('<IHHQ', code, at)
        if magic != CONTAINER:
            at += 8  # what lies between is for alignment
            continue
        end = at + header + size
        at += header
        entries = []
        while at < end:
            kind, _, header, size = struct.unpack_from('<HHIQ', code, at)
            arch, = struct.unpack_from('<I', code, at + 28)
            entries.append((kind, arch))
            at += header + size
        found.append(entries)
    return found
