# SPDX-License-Identifier: GPL-2.0-or-later
"""lab/demo: the boot menu on the person's own terminal."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from . import disks, judge, runner, suites
from .clock import Deadline
from .guest import GuestRun, plain_text
from .machine import Machine
from .model import Scenario
from .paths import BUILD, DEFAULT_LOADER, LabError
from .suites import choice
from .terminal import RawTerminal, Stopped

PATIENT_LIMIT = 900.0
# Not among those of lab/run, which removes the logs of the run before and may run now.
LOGS = BUILD / "demo-logs"


class DemoRun(GuestRun):
    """A guest whose console is the person's terminal."""

    terminal: RawTerminal

    def _watch(self) -> None:
        limit = PATIENT_LIMIT if self.terminal.is_interactive else self.scenario.limit
        deadline = Deadline(self.clock, limit)
        while not self.gone and not deadline.has_passed():
            keys, has_output = self.terminal.wait(self.machine.console, deadline.left())
            if keys:
                self.machine.type(keys)
            if has_output:
                shown = len(self.outcome.console)
                self._listen(deadline)
                self.terminal.show(self.outcome.console[shown:])
        self._stop_clock()


def progress(text: str, end: str = "\n") -> None:
    print(text, end=end, flush=True)


def summary(text: str, scenario: Scenario, seconds: float, loader: str) -> str:
    """What the person just saw, in the guest's own figures."""
    facts = dict(re.findall(r"^GUEST: (kernel|cmdline|memtotal|cpus)=(.*)$", text, re.MULTILINE))
    return (
        f"\nWhat you just saw, on a real Xen {choice.suite.xen} in QEMU:\n"
        f"  xl create started a {scenario.type.upper()} guest of {scenario.memory} MiB with"
        f' kernel = "{loader}";\n'
        f"  {loader} read the guest's own disk, showed the guest's own menu, and became\n"
        f"  the guest's own Linux {facts.get('kernel', '?')}, which was told\n"
        f"    {facts.get('cmdline', '?')}\n"
        f"  found {facts.get('memtotal', '?')} KiB of memory and its disk, and powered off.\n"
        f"  That took {seconds:.0f} s in an emulated machine. Logs: {LOGS}/demo\n"
    )


def demo(loader: Path) -> int:
    """Runs the demo; the exit status."""
    from scenarios import DEMO

    LOGS.mkdir(parents=True, exist_ok=True)
    progress("Preparing the guest's disk ...")
    image = runner.ramdisk([DEMO], loader, "demo")
    pack = disks.pack(runner.guest_files([DEMO]), "demo")
    progress(f"Starting Xen {choice.suite.xen} and dom0 in QEMU (about 10 s; their own words go to "
             "build/lab/demo-logs) ...")
    folder = LOGS / "machine-demo"
    folder.mkdir(parents=True, exist_ok=True)
    machine = Machine(image, pack, 2048, folder)
    try:
        machine.wait_ready()
        must = tuple(judge.expand(pattern, DEMO) for pattern in DEMO.must)
        run = DemoRun(machine, DEMO, must)
        progress("xl create: here is the guest's console. Arrow keys and Enter are yours; "
                 "Ctrl-] leaves.\n")
        with RawTerminal() as terminal:
            run.terminal = terminal
            outcome = run.run()
    finally:
        machine.close()
    folder = runner.store(DEMO, outcome, 0, LOGS)
    text = plain_text(outcome.console)
    faults = judge.faults(DEMO, outcome)
    if faults:
        progress(f"\nThe guest did not start as it should (logs: {folder}):")
        for fault in faults:
            progress(f"  {fault}")
        return 1
    progress(summary(text, DEMO, outcome.seconds, loader.name))
    return 0


def main(argv: list[str]) -> int:
    """Entry of lab/demo."""
    parser = argparse.ArgumentParser(prog="lab/demo", description="A boot menu on your terminal.")
    parser.add_argument("--loader", type=Path, default=DEFAULT_LOADER, metavar="FILE")
    suites.add_options(parser)
    try:
        options = parser.parse_args(argv)
        choice.set(options.suite, options.kernel)
        runner.install()
        return demo(options.loader)
    except Stopped as why:
        progress(f"\nStopped by {why}; the guest did not start.")
    except KeyboardInterrupt:
        progress("\nStopped; the guest did not start.")
    except LabError as error:
        print(f"lab/demo: {error}", file=sys.stderr)
    return 1
