# SPDX-License-Identifier: GPL-2.0-or-later
"""What earns a guest its second try, and what lab/run prints."""

from __future__ import annotations

import subprocess
import unittest

from xenlab import runner
from xenlab.guest import GuestRun, Outcome
from xenlab.machine import Answer
from xenlab.model import Scenario
from xenlab.paths import LAB


class FakeMachine:
    """Gives each command the same answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def command(self, _text: str) -> Answer:
        return self.answer


def outcome_of_step(answer: Answer) -> Outcome:
    """What is left of a guest after one of its steps ran a command with this answer."""
    guest = GuestRun(FakeMachine(answer), Scenario("guest", (), ()), ())
    guest._command("steps", "kill -STOP $(pidof qemu)")
    return guest.outcome


class SecondTryTests(unittest.TestCase):
    def test_a_segmentation_fault_in_a_steps_command_earns_it(self) -> None:
        outcome = outcome_of_step(Answer(1, "Segmentation fault\nkill: you need to specify whom\n"))
        self.assertTrue(runner.shows_emulator_fault(outcome))

    def test_so_does_the_status_alone(self) -> None:
        self.assertTrue(runner.shows_emulator_fault(outcome_of_step(Answer(139, ""))))

    def test_so_do_the_console_xl_create_the_probe_and_what_is_left_behind(self) -> None:
        said = "Segmentation fault"
        for outcome in (Outcome(console=said.encode()), Outcome(probe=[said]),
                        Outcome(leftovers=[f"+ {said}"]), Outcome(logs={"xl-create": said})):
            self.assertTrue(runner.shows_emulator_fault(outcome), outcome)

    def test_any_other_failure_does_not(self) -> None:
        outcome = outcome_of_step(Answer(1, "xl: no such domain\n"))
        self.assertEqual(outcome.notes, ["failed with status 1: kill -STOP $(pidof qemu)"])
        self.assertFalse(runner.shows_emulator_fault(outcome))


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
