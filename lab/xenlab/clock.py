# SPDX-License-Identifier: GPL-2.0-or-later
"""The time that an emulated machine has had, which is less than the host's when the host is busy."""

from __future__ import annotations

import time
from pathlib import Path

# How many times longer than its own limit anything may take by the host's clock. A busy host makes
# the machine this much slower and no guest fails; a machine that has stopped is given up then.
HOST_FACTOR = 15.0


class MachineClock:
    """Seconds of the host, less those for which the emulated processor had to wait for a core.

    Xen's clock and dom0's (/proc/uptime) follow the host's even while QEMU does not run, so they
    would not tell. Linux counts for each thread how long it was ready to run and did not:
    /proc/PID/task/TID/schedstat, the second number, in nanoseconds. The processor's thread is the
    one that waits most. Where the kernel has no such file, this is the host's clock.
    """

    def __init__(self, process: int, proc: Path = Path("/proc")) -> None:
        self.threads = proc / str(process) / "task"
        self._waited = 0.0

    def waited(self) -> float:
        """Seconds that the emulated processor has waited for a core. It never falls."""
        for file in self.threads.glob("*/schedstat"):
            try:
                nanoseconds = int(file.read_text().split()[1])
            except (OSError, IndexError, ValueError):
                continue  # The thread has just ended.
            self._waited = max(self._waited, nanoseconds / 1e9)
        return self._waited

    def now(self) -> float:
        """Seconds since a moment in the past."""
        return time.monotonic() - self.waited()


class Deadline:
    """A limit in the machine's seconds, and a much longer one in the host's."""

    def __init__(self, clock: MachineClock, seconds: float) -> None:
        self.clock = clock
        self.end = clock.now() + seconds
        self.host_end = time.monotonic() + seconds * HOST_FACTOR

    def left(self) -> float:
        """Seconds that are left at least; 0 when it has passed."""
        return max(0.0, min(self.end - self.clock.now(), self.host_end - time.monotonic()))

    def has_passed(self) -> bool:
        return self.left() == 0.0
