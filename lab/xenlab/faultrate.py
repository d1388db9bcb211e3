# SPDX-License-Identifier: GPL-2.0-or-later
"""How often a program of a guest dies of the emulator, for one CPU and one load."""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path

from . import disks, judge, products, runner
from .guest import GuestRun, Outcome, plain_text
from .machine import CPU, Machine, Settings
from .model import Scenario
from .paths import BUILD, DEFAULT_LOADER, LabError

LOGS = BUILD / "fault-logs"
LOST = re.compile(r"^GUEST: registers runs=(\d+) lost=(\d+)$", re.MULTILINE)
COUNTED = re.compile(r"^GUEST: rounds=(\d+) faults=(\d+)$", re.MULTILINE)
# A machine that does not come up or is lost is replaced, at most this often.
MOST_MACHINES = 5
# What dom0 does beside the guest: it uses vector registers, and rests, so that it wakes and
# preempts.
DOM0_LOAD = "while :; do /lab/registers; usleep 20000; done >/dev/null 2>&1 &"


SEGFAULT = "Segmentation fault"
# A shell's status for a program that SIGSEGV ended. The message may be missing: it is the shell's.
SEGFAULT_STATUS = 128 + signal.SIGSEGV


def shows_fault(outcome: Outcome) -> bool:
    """Whether a program of the guest, or one that dom0 ran for it, died of SIGSEGV."""
    said = [outcome.console.decode(errors="replace"), *outcome.probe, *outcome.leftovers,
            outcome.logs.get("xl-create", ""), outcome.logs.get("steps", "")]
    return any(SEGFAULT in text for text in said) or SEGFAULT_STATUS in outcome.statuses


@dataclass
class Count:
    """What came of the guests.

    guests: how many ran; bad: how many the judge faults; shown: how many show the emulator's fault;
    runs, lost: of the program that looks at its registers, and those that lost some; rounds,
    faults: of fork and exec, and those that went wrong; machines: how many were lost.
    """

    guests: int = 0
    bad: int = 0
    shown: int = 0
    runs: int = 0
    lost: int = 0
    rounds: int = 0
    faults: int = 0
    machines: int = 0
    seconds: float = 0.0

    def add(self, scenario: Scenario, outcome: Outcome) -> None:
        text = plain_text(outcome.console)
        self.guests += 1
        self.bad += bool(judge.faults(scenario, outcome))
        self.shown += shows_fault(outcome)
        for runs, lost in LOST.findall(text):
            self.runs += int(runs)
            self.lost += int(lost)
        for rounds, faults in COUNTED.findall(text):
            self.rounds += int(rounds)
            self.faults += int(faults)

    def row(self, name: str, cpu: str, load: str) -> str:
        """A row of a Markdown table."""
        return (f"| {name} | `{cpu}` | {load} | {self.guests} | {self.shown} | {self.bad} "
                f"| {self.runs} | {self.lost} | {self.rounds} | {self.faults} "
                f"| {self.machines} | {self.seconds:.0f} |")


HEAD = ("| scenario | -cpu | load | guests | show the fault | failed | register runs | lost "
        "| rounds | faults | machines lost | s |\n" + "|---" * 12 + "|")


class BusyLoops:
    """Processes of the host that only compute."""

    def __init__(self, count: int) -> None:
        command = ["nice", "sh", "-c", "while :; do :; done"]
        self.processes = [subprocess.Popen(command) for _ in range(count)]

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lab/fault-rate", description=__doc__)
    parser.add_argument("--scenario", default="fork-direct", metavar="NAME",
                        help="the guest: fork-direct, fork-loader, fork-pvh-direct, "
                             "fork-pvh-loader or any other")
    parser.add_argument("--guests", type=int, default=2, metavar="N", help="how many")
    parser.add_argument("--rounds", type=int, default=0, metavar="N",
                        help="of fork and exec in a guest that the toolstack builds")
    parser.add_argument("--cpu", default=CPU, metavar="FLAGS",
                        help="QEMU's -cpu (default: the lab's)")
    parser.add_argument("--xen", default="", metavar="OPTIONS", help="more of Xen's options")
    parser.add_argument("--processors", type=int, default=1, metavar="N", help="QEMU's -smp")
    parser.add_argument("--counted", action="store_true",
                        help="QEMU's -icount, as the bench has it")
    parser.add_argument("--busy", type=int, default=0, metavar="N",
                        help="as many busy loops on the host meanwhile")
    parser.add_argument("--dom0-load", action="store_true", help="dom0 computes meanwhile")
    parser.add_argument("--loader", type=Path, default=DEFAULT_LOADER, metavar="FILE")
    return parser.parse_args(argv)


def with_rounds(scenario: Scenario, rounds: int) -> Scenario:
    """The same with another number of rounds."""
    if not rounds:
        return scenario
    line = re.sub(r"lab\.forks=\d+", f"lab.forks={rounds}", scenario.cmdline)
    must = tuple(re.sub(r"(lab\.forks|rounds)=\d+", rf"\g<1>={rounds}", one)
                 for one in scenario.must)
    return replace(scenario, cmdline=line, must=must, limit=scenario.limit + rounds / 2)


def load_of(options: argparse.Namespace) -> str:
    parts = [f"`{options.xen}`"] if options.xen else []
    parts += [f"{options.busy} busy loops"] if options.busy else []
    parts += ["dom0 computes"] if options.dom0_load else []
    parts += [f"-smp {options.processors}"] if options.processors > 1 else []
    parts += ["icount"] if options.counted else []
    return ", ".join(parts) or "none"


def _machine(options: argparse.Namespace, scenario: Scenario, number: int) -> Machine:
    logs = LOGS / f"machine-{number}"
    logs.mkdir(parents=True)
    image = runner.ramdisk([scenario], options.loader, "fault")
    pack = disks.pack(runner.guest_files([scenario]), "fault")
    machine = Machine(image, pack, 4096, logs, counted=options.counted,
                      settings=Settings(cpu=options.cpu, xen=options.xen,
                                        processors=options.processors))
    try:
        machine.wait_ready()
        if options.dom0_load:
            machine.command(DOM0_LOAD)
    except BaseException:
        machine.close()
        raise
    return machine


def measure(options: argparse.Namespace, scenario: Scenario) -> Count:
    """Boots the guests one after the other, in as few machines as it takes. Whoever stops it
    early is told what was counted."""
    count = Count()
    machine: Machine | None = None
    started = time.monotonic()
    try:
        while count.guests < options.guests and count.machines < MOST_MACHINES:
            number = count.guests
            try:
                machine = machine or _machine(options, scenario, count.machines + 1)
                must = tuple(judge.expand(pattern, scenario) for pattern in scenario.must)
                outcome = GuestRun(machine, scenario, must).run()
            except LabError as error:
                runner.say(f"  machine lost: {error}")
                count.machines += 1
                if machine:
                    machine.close()
                machine = None
                continue
            count.add(scenario, outcome)
            named = replace(scenario, repeat=max(options.guests, 2))
            runner.store(named, outcome, number, LOGS)
    except KeyboardInterrupt:
        runner.say("  stopped early")
    finally:
        if machine:
            machine.close()
    count.seconds = time.monotonic() - started
    return count


def main(argv: list[str]) -> int:
    """Entry of lab/fault-rate. It fails only if it could not measure."""
    from scenarios import SCENARIOS

    options = arguments(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found = [one for one in SCENARIOS if one.name == options.scenario]
    try:
        if not found:
            raise LabError(f"no such scenario: {options.scenario} (lab/run --list)")
        scenario = with_rounds(found[0], options.rounds)
        runner.install()
        products.loader = options.loader
        shutil.rmtree(LOGS, ignore_errors=True)
        busy = BusyLoops(options.busy)
        try:
            count = measure(options, scenario)
        finally:
            busy.end()
    except LabError as error:
        runner.say(f"lab/fault-rate: {error}")
        return 1
    except KeyboardInterrupt:
        runner.say("lab/fault-rate: stopped")
        return 1
    runner.say(HEAD)
    runner.say(count.row(scenario.name, options.cpu, load_of(options)))
    return 0 if count.guests else 1
