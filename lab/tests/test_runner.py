# SPDX-License-Identifier: GPL-2.0-or-later
"""What lab/run prints."""

from __future__ import annotations

import subprocess
import unittest

from xenlab.paths import LAB


class ListTests(unittest.TestCase):
    def test_a_reader_that_stops_reading_is_no_error(self) -> None:
        for program in ("run", "bench-boots"):
            command = f"{LAB}/{program} --list | true"
            answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
            self.assertEqual(answer.stderr, "", program)

    def test_names_are_listed(self) -> None:
        answer = subprocess.run([f"{LAB}/run", "--list"], capture_output=True, text=True)
        self.assertIn("direct-256  [full, ci-bookworm, ci-trixie]\n", answer.stdout)
        self.assertEqual(answer.returncode, 0)
