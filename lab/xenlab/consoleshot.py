# SPDX-License-Identifier: GPL-2.0-or-later
"""lab/screenshot --showing: the terminal of a guest's console log as a picture."""

from __future__ import annotations

import re
from pathlib import Path

FONT = Path(__file__).resolve().parents[2] / "Sources/Framebuffer/BitmapFont+Glyphs.swift"
COLUMNS, ROWS, WIDTH, HEIGHT = 80, 24, 8, 16
INK, PAPER = b"\xd0\xd0\xd0", b"\x10\x10\x18"
# The search for a text ends here.
SEARCHED_BYTES = 200_000


def glyphs() -> dict[str, bytes]:
    """The loader's own font: sixteen bytes a character, the leftmost pixel the highest bit."""
    characters, rows = re.findall(r"\[UInt\d+\] = \[(.*?)\]", FONT.read_text(), re.S)
    names = [chr(int(word, 16)) for word in re.findall(r"0x\w+", characters)]
    words = [int(word, 16).to_bytes(8, "big") for word in re.findall(r"0x\w+", rows)]
    return {name: words[2 * place] + words[2 * place + 1] for place, name in enumerate(names)}


def _screen(data: bytes) -> object:
    import pyte  # Debian: python3-pyte

    screen = pyte.Screen(COLUMNS, ROWS)
    pyte.ByteStream(screen).feed(data)
    return screen


def moment(data: bytes, text: str) -> int:
    """After how many bytes the terminal shows `text`, just before it first stops showing it."""
    import pyte

    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    shows = False
    for place, byte in enumerate(data[:SEARCHED_BYTES]):
        stream.feed(bytes([byte]))
        showed, shows = shows, any(text in line for line in screen.display)
        if showed and not shows:
            return place
    if not shows:
        raise ValueError(f"the console never showed {text!r}")
    return min(len(data), SEARCHED_BYTES)


def ppm_of(data: bytes) -> bytes:
    """The terminal after these bytes, as a binary PPM."""
    screen, font, lines = _screen(data), glyphs(), []
    for row in range(ROWS):
        cells = [screen.buffer[row][column] for column in range(COLUMNS)]
        shapes = [font.get(cell.data, font["?"]) for cell in cells]
        for y in range(HEIGHT):
            for cell, shape in zip(cells, shapes):
                colours = (INK, PAPER) if cell.reverse else (PAPER, INK)
                lines += [colours[shape[y] >> (WIDTH - 1 - x) & 1] for x in range(WIDTH)]
    return b"P6 %d %d 255\n" % (COLUMNS * WIDTH, ROWS * HEIGHT) + b"".join(lines)


def picture(console: bytes, text: str) -> bytes:
    """The picture (PPM) of the terminal while it shows `text`."""
    return ppm_of(console[:moment(console, text)])
