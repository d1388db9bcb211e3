# SPDX-License-Identifier: GPL-2.0-or-later
"""The person's own terminal, raw while a guest has it, restored whatever happens."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty

QUIT_KEY = b"\x1d"
# Attributes off, cursor shown.
RESET = b"\x1b[0m\x1b[?25h"


class Stopped(Exception):
    """The person, or a signal, wants the demo to end."""


def _stop(number: int, _frame: object) -> None:
    raise Stopped(f"signal {signal.Signals(number).name}")


class RawTerminal:
    """Standard input and output as a guest's console; works without a terminal too."""

    def __enter__(self) -> RawTerminal:
        self.input: int | None = sys.stdin.fileno()
        self.saved = None
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, _stop)
        if os.isatty(self.input):
            self.saved = termios.tcgetattr(self.input)
            tty.setraw(self.input)
        return self

    def __exit__(self, *_error: object) -> None:
        if self.saved is not None:
            termios.tcsetattr(self.input or 0, termios.TCSAFLUSH, self.saved)
        if os.isatty(sys.stdout.fileno()):
            self.show(RESET + b"\r\n")

    @property
    def is_interactive(self) -> bool:
        return self.saved is not None

    def show(self, data: bytes) -> None:
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]

    def wait(self, other: object, seconds: float) -> tuple[bytes, bool]:
        """Keys typed, and whether `other` can be read, after at most `seconds`."""
        watched = [other] if self.input is None else [other, self.input]
        ready, _, _ = select.select(watched, [], [], max(0, seconds))
        keys = b""
        if self.input is not None and self.input in ready:
            keys = os.read(self.input, 1024)
            if not keys:
                self.input = None
            if self.saved is not None and QUIT_KEY in keys:
                raise Stopped("Ctrl-]")
        return keys, other in ready
