# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's time limit counts the seconds that its machine had."""

from __future__ import annotations

import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from xenlab import clock
from xenlab.clock import HOST_FACTOR, Deadline, MachineClock

PROCESS = 4711


class ClockTests(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.proc = Path(folder.name)
        self.host_seconds = 1000.0
        patch = mock.patch.object(clock.time, "monotonic", lambda: self.host_seconds)
        patch.start()
        self.addCleanup(patch.stop)

    def set_waited(self, thread: int, seconds: float) -> None:
        folder = self.proc / str(PROCESS) / "task" / str(thread)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "schedstat").write_text(f"5000000000 {int(seconds * 1e9)} 77\n")

    def test_a_machine_that_waited_for_a_core_keeps_its_limit(self) -> None:
        self.set_waited(1, 0.0)
        deadline = Deadline(MachineClock(PROCESS, self.proc), 60)
        self.host_seconds += 300
        self.set_waited(1, 290.0)
        self.assertFalse(deadline.has_passed())
        self.assertAlmostEqual(deadline.left(), 50.0)

    def test_a_machine_that_ran_all_the_time_reaches_its_limit(self) -> None:
        self.set_waited(1, 3.0)
        deadline = Deadline(MachineClock(PROCESS, self.proc), 60)
        self.host_seconds += 61
        self.assertTrue(deadline.has_passed())

    def test_a_machine_that_never_runs_is_given_up(self) -> None:
        self.set_waited(1, 0.0)
        deadline = Deadline(MachineClock(PROCESS, self.proc), 60)
        self.host_seconds += 60 * HOST_FACTOR + 1
        self.set_waited(1, 60 * HOST_FACTOR + 1)
        self.assertTrue(deadline.has_passed())

    def test_the_thread_that_waited_most_counts(self) -> None:
        self.set_waited(1, 2.0)
        self.set_waited(2, 8.0)
        self.assertEqual(MachineClock(PROCESS, self.proc).waited(), 8.0)

    def test_a_thread_that_ended_does_not_turn_the_clock_back(self) -> None:
        self.set_waited(1, 8.0)
        machine = MachineClock(PROCESS, self.proc)
        self.assertEqual(machine.waited(), 8.0)
        (self.proc / str(PROCESS) / "task" / "1" / "schedstat").unlink()
        self.assertEqual(machine.waited(), 8.0)

    def test_without_the_kernels_count_it_is_the_hosts_clock(self) -> None:
        self.assertEqual(MachineClock(PROCESS, self.proc).now(), self.host_seconds)


class RealClockTests(unittest.TestCase):
    def test_the_kernel_counts_as_the_clock_reads_it(self) -> None:
        import os

        if not Path(f"/proc/{os.getpid()}/task/{os.getpid()}/schedstat").exists():
            self.skipTest("this kernel has no schedstat")
        machine = MachineClock(os.getpid())
        start = machine.now()
        time.sleep(0.05)
        self.assertGreater(machine.now(), start)
