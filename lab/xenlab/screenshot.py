# SPDX-License-Identifier: GPL-2.0-or-later
"""lab/screenshot: pictures of framebuffers and terminals out of a guest's log, as PNG."""

from __future__ import annotations

import argparse
import base64
import gzip
import re
import struct
import zlib
from pathlib import Path

from . import consoleshot, suites
from .paths import LOGS


def pictures(log: str) -> list[bytes]:
    """The pictures (PPM) that `lab_screen` printed, in order."""
    found = re.findall(r"^screen of domain \d+:\n(.*?)^end of screen$", log, re.M | re.S)
    return [gzip.decompress(base64.b64decode(text)) for text in found]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(ppm: bytes) -> bytes:
    """A binary PPM of 8 bits as a PNG with a palette, or in full colour if there are too many."""
    head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", ppm)
    if not head:
        raise ValueError("not a binary PPM of 8 bits")
    width, height = int(head[1]), int(head[2])
    pixels = [ppm[place:place + 3] for place in range(head.end(), len(ppm), 3)]
    palette = sorted(set(pixels))
    if len(palette) <= 256:
        index = {colour: bytes([number]) for number, colour in enumerate(palette)}
        kind, plte = 3, _chunk(b"PLTE", b"".join(palette))
        cells = [index[pixel] for pixel in pixels]
    else:
        kind, plte, cells = 2, b"", pixels
    rows = [b"\0" + b"".join(cells[row * width:(row + 1) * width]) for row in range(height)]
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))
        + plte + _chunk(b"IDAT", zlib.compress(b"".join(rows), 9)) + _chunk(b"IEND", b"")
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("guest", help="a scenario that has run")
    parser.add_argument("file", type=Path, help="where to write the PNG")
    suites.add_options(parser)
    parser.add_argument("--number", type=int, default=1, help="which picture, from 1")
    parser.add_argument("--showing", help="the console's terminal while it shows this text")
    chosen = parser.parse_args(arguments)
    suites.choice.set(chosen.suite, chosen.kernel)
    logs = LOGS / suites.choice.name
    if chosen.showing:
        console = (logs / chosen.guest / "console.raw").read_bytes()
        chosen.file.write_bytes(png_of(consoleshot.picture(console, chosen.showing)))
        return 0
    found = pictures((logs / chosen.guest / "steps.txt").read_text())
    chosen.file.write_bytes(png_of(found[chosen.number - 1]))
    return 0
