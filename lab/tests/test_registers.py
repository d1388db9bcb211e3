# SPDX-License-Identifier: GPL-2.0-or-later
"""The program that looks whether its registers are lost, on this machine's own processor."""

from __future__ import annotations

import subprocess
import tempfile
import unittest
from pathlib import Path

from xenlab import registers

SOURCE = registers.SOURCE.read_text()
# Where others have run and the registers may be lost.
MEANWHILE = "        mov     $0xffff, %edx\n"


def status_of(source: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "registers"
        file.write_bytes(registers.program(source))
        file.chmod(0o755)
        return subprocess.run([str(file)]).returncode


class RegistersTests(unittest.TestCase):
    def setUp(self) -> None:
        self.assertEqual(SOURCE.count(MEANWHILE), 1)

    def test_nothing_is_lost_here(self) -> None:
        self.assertEqual(status_of(SOURCE), 0)

    def test_a_register_that_another_process_changed_is_seen(self) -> None:
        for number in (0, 7, 15):
            changed = f"        pxor    %xmm{number}, %xmm{number}\n"
            self.assertEqual(status_of(SOURCE.replace(MEANWHILE, changed + MEANWHILE)), 100, number)

    def test_a_register_that_is_lost_once_counts_once(self) -> None:
        once = "        cmp     $17, %ebx\n        jne     1f\n        pxor    %xmm3, %xmm3\n1:\n"
        self.assertEqual(status_of(SOURCE.replace(MEANWHILE, once + MEANWHILE)), 1)

    def test_a_lost_base_of_fs_is_seen(self) -> None:
        elsewhere = SOURCE.replace("        mov     %rsi, (%rsi)\n",
                                   "        mov     %rsi, (%rsi)\n        add     $16, %rsi\n")
        self.assertNotEqual(elsewhere, SOURCE)
        elsewhere = elsewhere.replace("thread: .skip   16", "thread: .skip   32")
        self.assertEqual(status_of(elsewhere), 100)


if __name__ == "__main__":
    unittest.main()
