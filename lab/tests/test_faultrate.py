# SPDX-License-Identifier: GPL-2.0-or-later
"""What lab/fault-rate counts, and what lab/run may choose of the machine."""

from __future__ import annotations

import re
import unittest
from dataclasses import replace
from unittest import mock

from scenarios_fork import FORKS, ROUNDS
from xenlab import faultrate, judge, runner
from xenlab.guest import GuestRun, Outcome
from xenlab.machine import Answer
from xenlab.model import Scenario
from xenlab.paths import LAB

PASSES = Scenario("guest", (), (r"^GUEST: rounds=\d+ faults=\d+$",))


def outcome(said: str) -> Outcome:
    return Outcome(console=said.encode(), ended="poweroff")


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


class ShownTests(unittest.TestCase):
    def test_a_segmentation_fault_in_a_steps_command_shows_it(self) -> None:
        outcome = outcome_of_step(Answer(1, "Segmentation fault\nkill: you need to specify whom\n"))
        self.assertTrue(faultrate.shows_fault(outcome))

    def test_so_does_its_status_alone(self) -> None:
        self.assertTrue(faultrate.shows_fault(outcome_of_step(Answer(139, ""))))

    def test_so_do_the_console_xl_create_the_probe_and_what_is_left_behind(self) -> None:
        said = "Segmentation fault"
        for outcome in (Outcome(console=said.encode()), Outcome(probe=[said]),
                        Outcome(leftovers=[f"+ {said}"]), Outcome(logs={"xl-create": said})):
            self.assertTrue(faultrate.shows_fault(outcome), outcome)

    def test_any_other_failure_does_not(self) -> None:
        outcome = outcome_of_step(Answer(1, "xl: no such domain\n"))
        self.assertEqual(outcome.notes, ["failed with status 1: kill -STOP $(pidof qemu)"])
        self.assertFalse(faultrate.shows_fault(outcome))


def without_packages(case: unittest.TestCase) -> None:
    """Patterns stay as they are: what they would be filled in with need not be installed."""
    case.enterContext(mock.patch.object(judge, "expand", lambda pattern, _scenario: pattern))


class CountTests(unittest.TestCase):
    def setUp(self) -> None:
        without_packages(self)

    def test_rounds_and_faults_of_all_guests_are_added_up(self) -> None:
        count = faultrate.Count()
        count.add(PASSES, outcome("GUEST: rounds=400 faults=0\r\n"))
        count.add(PASSES, outcome("Segmentation fault\r\nGUEST: rounds=400 faults=2\r\n"))
        self.assertEqual((count.guests, count.rounds, count.faults), (2, 800, 2))
        self.assertEqual((count.shown, count.bad), (1, 0))

    def test_a_guest_that_does_not_count_to_the_end_failed(self) -> None:
        count = faultrate.Count()
        count.add(PASSES, outcome("Kernel panic - not syncing: Attempted to kill init!\r\n"))
        self.assertEqual((count.guests, count.bad, count.rounds), (1, 1, 0))

    def test_the_row_has_a_cell_for_each_head(self) -> None:
        row = faultrate.Count(guests=1).row("fork-direct", "max,-svm", "none")
        self.assertEqual(row.count("|"), faultrate.HEAD.splitlines()[0].count("|"))


MEASURED = next(one for one in FORKS if one.name == "fork-direct")


class OptionTests(unittest.TestCase):
    def setUp(self) -> None:
        without_packages(self)

    def test_the_load_is_named(self) -> None:
        for words, said in (
            ([], "none"), (["--busy", "2"], "2 busy loops"),
            (["--dom0-load", "--counted"], "dom0 computes, icount"),
            (["--processors", "2"], "-smp 2"),
        ):
            self.assertEqual(faultrate.load_of(faultrate.arguments(words)), said)

    def test_another_number_of_rounds_is_asked_for_and_waited_for(self) -> None:
        direct = faultrate.with_rounds(MEASURED, 1200)
        self.assertIn("lab.forks=1200", direct.cmdline)
        said = "GUEST: rounds=1200 faults=3"
        self.assertTrue(any(re.search(one, said) for one in direct.must))
        self.assertFalse(any("400" in one for one in direct.must))
        self.assertGreater(direct.limit, MEASURED.limit)
        self.assertEqual(faultrate.with_rounds(MEASURED, 0), MEASURED)

    def test_the_guest_takes_the_number_from_its_command_line(self) -> None:
        self.assertIn(f"lab.forks={ROUNDS}", MEASURED.cmdline)
        self.assertIn("lab.forks=", (LAB / "guest/init").read_text())

    def test_a_guest_that_lost_registers_is_faulted(self) -> None:
        kept = next(one for one in FORKS if one.name == "registers-kept")
        must = [one for one in kept.must if "lost" in one or "faults" in one]
        self.assertEqual(len(must), 2)
        good = "GUEST: registers runs=8 lost=0\nGUEST: rounds=60 faults=0\n"
        for said, faults in ((good, 0), (good.replace("lost=0", "lost=1"), 1),
                             (good.replace("faults=0", "faults=10"), 1)):
            outcome = Outcome(console=said.encode(), ended="poweroff")
            found = judge.faults(replace(kept, disks=(), must=tuple(must)), outcome)
            self.assertEqual(len(found), faults, said)


class StoreTests(unittest.TestCase):
    def tearDown(self) -> None:
        judge.store = "xenstored"

    def test_each_store_has_its_own_models(self) -> None:
        usual = judge._baseline_file()
        judge.store = "oxenstored"
        self.assertNotEqual(judge._baseline_file(), usual)

    def test_only_known_stores_may_be_chosen(self) -> None:
        self.assertEqual(runner.arguments([]).store, "xenstored")
        self.assertEqual(runner.arguments(["--store", "oxenstored"]).store, "oxenstored")

    def test_oxenstored_is_told_where_the_ring_of_dom0_is(self) -> None:
        told = (LAB / "dom0/oxenstored.conf").read_text()
        self.assertIn("xenstored-kva = /proc/xen/xsd_kva\n", told)
        self.assertIn("xenstored-port = /proc/xen/xsd_port\n", told)


if __name__ == "__main__":
    unittest.main()
