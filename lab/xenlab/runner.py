# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of lab/run: choose scenarios, boot them, count."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from . import cpio, disks, dom0image, installing, judge, modules, products, suites
from .guest import GuestRun, Outcome, plain_text
from .machine import CPU, STORES, Machine, Settings
from .model import Scenario
from .paths import DEFAULT_LOADER, LOGS, LabError
from .suites import choice

VERSIONED = ("xen-hypervisor-", "xen-utils-", "linux-image-", "qemu-system-xen", "grub-xen-host",
             "busybox-static")

# If Xen dies, the guest under test fails and the others go on in a new machine, at most this often.
MOST_FAILURES = 3


def say(text: str) -> None:
    print(text, flush=True)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lab/run", description="Boots guests on real Xen.")
    parser.add_argument("--set", default="ci", choices=("ci", "full", "self"),
                        help="which scenarios")
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="this scenario alone (may be given again)")
    parser.add_argument("--loader", type=Path, default=DEFAULT_LOADER, metavar="FILE",
                        help="the image to test (default: build/pvgrub-swift)")
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    parser.add_argument("--keep", action="store_true", help="keep the logs of earlier runs")
    parser.add_argument("--memory", type=int, default=4096, metavar="MIB",
                        help="QEMU's memory; more if a guest needs it")
    suites.add_options(parser)
    parser.add_argument("--store", default=STORES[0], choices=STORES,
                        help="dom0's xenstore daemon: C's (default) or OCaml's")
    parser.add_argument("--cpu", default=CPU, metavar="FLAGS", help="QEMU's -cpu")
    parser.add_argument("--xen", default="", metavar="WORDS", help="more for Xen's command line")
    parser.add_argument("--verbose", action="store_true", help="show every guest's console")
    return parser.parse_args(argv)


def chosen(options: argparse.Namespace) -> list[Scenario]:
    """The scenarios to run. Those that others are compared with come first; they are added if they
    never ran here."""
    from scenarios import SCENARIOS

    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    if options.only:
        unknown = [name for name in options.only if name not in by_name]
        if unknown:
            raise LabError(f"no such scenario: {', '.join(unknown)} (lab/run --list)")
        picked = [by_name[name] for name in options.only]
    else:
        wanted = {options.set, f"{options.set}-{choice.suite.name}"}
        picked = [scenario for scenario in SCENARIOS if wanted & set(scenario.sets)]
    names = {scenario.name for scenario in picked}
    needed = {one.like for one in picked if one.like}
    front = [by_name[name] for name in sorted(needed)
             if name in names or not judge.is_known(name)]
    return front + [one for one in picked if one.name not in needed]


def show_versions() -> None:
    used = {one.name: one for one in (choice.suite.tools, choice.suite.kernel.packages,
                                      choice.kernel.packages)}
    for packages in used.values():
        for name, version in packages.versions().items():
            if name.startswith(VERSIONED):
                say(f"  {packages.release}: {name} {version}")
    answer = subprocess.run(["dpkg-query", "-W", "-f", "  ${Package} ${Version}\n",
                             "qemu-system-x86", "seabios"], capture_output=True, text=True)
    say(answer.stdout.rstrip("\n"))


def guest_files(scenarios: list[Scenario]) -> list[Path]:
    """All files that dom0 must hold to boot these scenarios."""
    files = [disks.file_of(disk) for one in scenarios for disk in one.disks]
    for one in scenarios:
        if one.boot == "direct":
            files.append(products.product(one.kernel))
            if one.initrd:
                files.append(disks.on_disk(one.initrd, one.kernel))
        elif one.ramdisk:
            files.append(products.product(one.ramdisk))
    return [file for file in files if file is not None]


def ramdisk(scenarios: list[Scenario], loader: Path, name: str) -> Path:
    """dom0's base ramdisk, and behind it a small one with what this run tests. name: of the
    program that runs, since several may run at the same time."""
    choice.folder.mkdir(parents=True, exist_ok=True)
    image = choice.folder / f"{name}.cpio"
    with image.open("wb") as out:
        out.write(dom0image.base_ramdisk().read_bytes())
        archive = cpio.CpioWriter(out)
        if any(one.boot == "loader" for one in scenarios):
            if not loader.exists():
                raise LabError(f"no loader at {loader} (make image, or --loader FILE)")
            archive.file("lab/loader", loader.read_bytes())
        archive.file("lab/pvgrub2", products.product("pvgrub2").read_bytes())
        archive.close()
    return image


def logs_folder() -> Path:
    """Where this run's logs are."""
    return LOGS / choice.name


def store(scenario: Scenario, outcome: Outcome, round_: int, logs: Path | None = None) -> Path:
    """Writes all logs of one guest; the folder is named after the scenario."""
    suffix = f".{round_ + 1}" if scenario.repeat > 1 else ""
    folder = (logs or logs_folder()) / (scenario.name + suffix)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "console.raw").write_bytes(outcome.console)
    (folder / "console.txt").write_text(plain_text(outcome.console))
    for name, text in outcome.logs.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def boot(machine: Machine, scenario: Scenario, verbose: bool) -> bool:
    """Boots one scenario as often as it says, and prints one line for each boot."""
    good = True
    for round_ in range(scenario.repeat):
        if round_ > 0 and scenario.again:
            scenario = replace(scenario, must=scenario.again)
        must = tuple(judge.expand(pattern, scenario) for pattern in scenario.must)
        guest = GuestRun(machine, scenario, must)
        try:
            outcome = guest.run()
        except LabError:
            store(scenario, guest.outcome, round_)
            show_logs(guest.outcome)
            raise
        judge.remember(scenario, outcome)
        faults = judge.faults(scenario, outcome)
        folder = store(scenario, outcome, round_)
        verdict = "FAIL" if faults else "ok  "
        kernel = ""
        if outcome.started_after:
            kernel = f", guest's init after {outcome.started_after:.1f} s"
        waited = ""
        if outcome.waited > outcome.seconds / 4:
            waited = f"; {outcome.waited:.1f} s more for want of a core"
        say(f"{verdict} {folder.name}: {outcome.seconds:.1f} s{kernel} ({outcome.ended}){waited}")
        for fault in faults:
            say(f"       {fault}")
        if faults:
            say(f"       logs: {folder}")
            good = False
        if faults or verbose:
            show_logs(outcome)
    return good


def show_logs(outcome: Outcome) -> None:
    """Prints the last lines of the logs that say most about a failed boot."""
    for title, text in (("xl create", outcome.logs.get("xl-create", "")),
                        ("console", plain_text(outcome.console)),
                        ("xl dmesg", outcome.logs.get("xl-dmesg", ""))):
        for line in text.splitlines()[-60:]:
            say(f"       {title}| {line}")


def run(options: argparse.Namespace) -> int:
    """Runs what was chosen; the exit status."""
    judge.store = options.store
    scenarios = chosen(options)
    install(scenarios)
    if not options.keep:
        shutil.rmtree(logs_folder(), ignore_errors=True)
    logs_folder().mkdir(parents=True, exist_ok=True)
    say(f"Xen {choice.suite.xen}, guests with the kernel {modules.kernel_release(choice.kernel)}")
    show_versions()
    products.loader = options.loader
    image = ramdisk(scenarios, options.loader, "run")
    pack = disks.pack(guest_files(scenarios), "run")
    passed = boot_all(scenarios, image, pack, options)
    failed = len(scenarios) - passed
    say(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


def boot_all(
    scenarios: list[Scenario], image: Path, pack: Path, options: argparse.Namespace
) -> int:
    """Boots all, in one QEMU as long as it lives. Returns how many passed."""
    passed = starts = failures = 0
    machine: Machine | None = None
    try:
        for scenario in scenarios:
            try:
                if machine is None:
                    starts += 1
                    memory = memory_for(scenarios, options.memory)
                    settings = Settings(cpu=options.cpu, xen=options.xen, store=options.store)
                    machine = start(image, pack, memory, starts, settings)
                passed += boot(machine, scenario, options.verbose)
            except LabError as error:
                say(f"FAIL {scenario.name}: the lab failed: {error}")
                if machine is not None:
                    machine.close()
                    machine = None
                failures += 1
                if failures == MOST_FAILURES:
                    say(f"the lab failed {failures} times: no more guests")
                    break
    finally:
        if machine is not None:
            machine.close()
    return passed


def memory_for(scenarios: list[Scenario], least_mib: int) -> int:
    """QEMU's memory: the largest of the guests, and 2 GiB for dom0 and Xen."""
    sizes = [one.memory + 2048 for one in scenarios]
    return max([least_mib, *sizes])


def start(
    image: Path, pack: Path, memory_mib: int, number: int, settings: Settings = Settings()
) -> Machine:
    """A machine whose dom0 is ready; its own logs are in a folder machine-NUMBER."""
    logs = logs_folder() / f"machine-{number}"
    logs.mkdir(parents=True, exist_ok=True)
    machine = Machine(image, pack, memory_mib, logs, settings=settings)
    try:
        seconds = machine.wait_ready()
        say(f"Xen and dom0 ready after {seconds:.1f} s")
    except BaseException:
        machine.close()
        raise
    return machine


def install(scenarios: Iterable[Scenario] = ()) -> None:
    """Makes sure that everything these guests need is here."""
    names = {one.kernel for one in scenarios if one.boot == "direct"}
    for recipe in (disk.recipe for one in scenarios for disk in one.disks if disk.recipe):
        names |= {recipe.kernel, *(name for _, name, _ in recipe.cuts),
                  *(name for _, name in recipe.files)}
    used = [choice.kernel, *(suites.kernel_of(name) for name in sorted(names))]
    installing.install(choice.suite, used)


def list_names(names: Iterable[str]) -> int:
    """Prints them. Whoever reads, `head` for instance, may stop reading."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for name in names:
        print(name)
    return 0


def main(argv: list[str]) -> int:
    """Entry of lab/run."""
    options = arguments(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if options.list:
            from scenarios import SCENARIOS

            return list_names(f"{one.name}  [{', '.join(one.sets)}]" for one in SCENARIOS)
        choice.set(options.suite, options.kernel)
        return run(options)
    except LabError as error:
        say(f"lab/run: {error}")
    except KeyboardInterrupt:
        say("lab/run: stopped")
    except BrokenPipeError:
        # Nobody reads any more. Python would write once again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    say("0 passed, 1 failed")
    return 1
