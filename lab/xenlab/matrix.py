# SPDX-License-Identifier: GPL-2.0-or-later
"""Who starts which kernel: Xen by kernel by type by loader, each tried, in a table."""

from __future__ import annotations

import argparse
import datetime
import json
import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from . import cpio, disks, initrds, installing, matrix_table, modules, products, pygrub, runner, suites
from .guest import GuestRun, Outcome, plain_text
from .machine import Machine
from .model import Disk, DiskRecipe, Scenario
from .paths import BUILD, DEFAULT_LOADER, LabError
from .suites import SUITES, choice

RESULTS = BUILD / "matrix.json"
LOGS = BUILD / "matrix-logs"
XENS = ("bookworm", "trixie")
# Debian's own kernels, and the newest one packed in the ways that Debian does not pack it.
REAL = ("kernel@bookworm", "kernel@bookworm-cloud", "kernel@trixie", "kernel@sid",
        "kernel@experimental")
REPACKED = ("kernel-gzip@sid", "kernel-bzip2@sid", "kernel-lzma@sid", "kernel-lzo@sid",
            "kernel-elf@sid")
GRUBS = ("bookworm", "trixie", "sid")
LOADERS = ("direct", "ours", *(f"grub-{name}" for name in GRUBS), "pygrub")
GRUB_FILES = {"pv": "grub-x86_64-xen.bin", "pvh": "grub-i386-xen_pvh.bin"}
GRUB_CFG = """\
set timeout=1
menuentry "matrix" {
  linux /boot/vmlinuz-{release} root={root} ro console=hvc0 lab=matrix
  initrd /boot/initrd.img-{release}
}
"""
LINE = "root=/dev/xvda ro console=hvc0 lab=matrix"
# What ends a try, one way or the other.
END = (r"^GUEST: done$|Kernel panic|error: not xen image|you need to load the kernel first"
       r"|Press any key to continue|^grub> |Type 'help'|Esc for the menu")
LIMIT = 60.0


@dataclass(frozen=True)
class Case:
    """One try. kernel: a product; loader: one of LOADERS."""

    suite: str
    kernel: str
    type: str
    loader: str

    @property
    def name(self) -> str:
        return f"{self.suite}-{self.kernel.replace('@', '-')}-{self.type}-{self.loader}"

    def scenario(self) -> Scenario:
        recipe = DiskRecipe(f"matrix-{self.kernel.replace('@', '-')}", kernel=self.kernel,
                            initrd="initrd-filled", size_mib=160,
                            menus=(("/boot/grub/grub.cfg", GRUB_CFG),))
        boot = {"direct": "direct", "ours": "loader", "pygrub": "pygrub"}.get(
            self.loader, f"{self.loader}-{self.type}")
        return Scenario(self.name, (Disk(recipe),), (END,), boot=boot, type=self.type,
                        kernel=self.kernel, initrd="initrd-filled", cmdline=LINE if boot == "direct" else "",
                        memory=512, ends="alive", limit=LIMIT if boot != "pygrub" else 2 * LIMIT)


def all_cases() -> list[Case]:
    """All tries but those that can't say anything: in PVH GRUB starts a kernel by its own
    decompressor, which the repacked ones lack."""
    return [
        Case(suite, kernel, type_, loader)
        for suite in XENS for type_ in ("pv", "pvh") for kernel in REAL + REPACKED
        for loader in LOADERS
        if not (kernel in REPACKED and type_ == "pvh" and loader.startswith("grub"))
    ]


def verdict(outcome: Outcome) -> str:
    """"ok", or the line that says most about why not."""
    text = plain_text(outcome.console)
    if re.search(r"^GUEST: kernel=", text, re.MULTILINE):
        # Linux does not look at the checksum of a packed ramdisk.
        if not re.search(rf"^GUEST: filler .* md5={initrds.FILLED_MD5}$", text, re.MULTILINE):
            return "the kernel starts, and its ramdisk has wrong bytes"
        if re.search(r"^GUEST: root=\S+ marker=[0-9a-f]{64}$", text, re.MULTILINE):
            return "ok"
    created = outcome.logs.get("xl-create", "")
    # Python shows tracebacks in colour.
    loader = plain_text(outcome.logs.get("bootloader", "").encode())
    for pattern, where in (
        # GRUB looks for another program first, and says that it is not there.
        (r"^error: (?!.*pvboot).*", text), (r"Kernel panic.*", text),
        (r"^pvgrub-swift: .*(?:: .*){2}", text), (r"^xc: .*|.*RuntimeError.*", loader),
        (r"^libxl: error.*", created), (r".*\S.*", created if outcome.ended == "not created" else text),
    ):
        found = re.findall(pattern, where, re.MULTILINE)
        if found:
            return found[0 if pattern.startswith("^error") else -1].strip()
    return f"nothing on the console in {LIMIT:.0f} s"


def _ramdisk(cases: list[Case], loader: Path) -> Path:
    """dom0's ramdisk with everybody's loaders in it."""
    image = runner.ramdisk([case.scenario() for case in cases], loader, "matrix")
    with image.open("ab") as out:
        archive = cpio.CpioWriter(out)
        for name in GRUBS:
            folder = SUITES[name].tools.root() / "usr/lib/grub-xen"
            for type_, file in GRUB_FILES.items():
                archive.file(f"lab/grub-{name}-{type_}", (folder / file).read_bytes())
        pygrub.add(archive)
        archive.close()
    return image


def _try(machine: Machine, case: Case) -> dict[str, str]:
    scenario = case.scenario()
    outcome = GuestRun(machine, scenario, scenario.must).run()
    runner.store(scenario, outcome, 0, LOGS)
    return {"result": verdict(outcome), "date": datetime.date.today().isoformat(),
            "release": modules.kernel_release(suites.kernel_of(case.kernel))}


def _run(cases: list[Case], known: dict[str, dict], loader: Path) -> None:
    """Tries cases of one suite in one machine."""
    image = _ramdisk(cases, loader)
    pack = disks.pack(runner.guest_files([case.scenario() for case in cases]), "matrix")
    logs = LOGS / f"machine-{cases[0].suite}"
    machine: Machine | None = None
    try:
        for case in cases:
            if machine is None:
                shutil.rmtree(logs, ignore_errors=True)
                logs.mkdir(parents=True)
                machine = Machine(image, pack, 4096, logs)
                machine.wait_ready()
            try:
                known[case.name] = _try(machine, case)
            except LabError as error:
                known.pop(case.name, None)
                runner.say(f"{case.name}: the lab failed: {error}")
                machine.close()
                machine = None
                continue
            runner.say(f"{case.name}: {known[case.name]['result']}")
            RESULTS.write_text(json.dumps(known, indent=1) + "\n")
    finally:
        if machine is not None:
            machine.close()


def _install() -> None:
    for name in dict.fromkeys(XENS + GRUBS):
        installing.install(SUITES[name], [])
    for name in REAL + REPACKED:
        suites.kernel_of(name).packages.install()
    for name in XENS:
        pygrub.packages(SUITES[name]).install()


def main(argv: list[str]) -> int:
    """Entry of lab/matrix."""
    parser = argparse.ArgumentParser(prog="lab/matrix", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="REGEX",
                        help="these tries alone; the others' results are kept")
    parser.add_argument("--missing", action="store_true", help="what has no result yet")
    parser.add_argument("--list", action="store_true", help="names the tries")
    parser.add_argument("--loader", type=Path, default=DEFAULT_LOADER, metavar="FILE")
    parser.add_argument("--write", type=Path, metavar="FILE", help="writes the table there")
    options = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.list:
        return runner.list_names(case.name for case in all_cases())
    _install()
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    LOGS.mkdir(parents=True, exist_ok=True)
    products.loader = options.loader
    wanted = [case for case in all_cases()
              if not options.only or any(re.search(one, case.name) for one in options.only)]
    if options.missing:
        wanted = [case for case in wanted if case.name not in known]
    try:
        for suite in XENS:
            choice.set(suite)
            cases = [case for case in wanted if case.suite == suite]
            if cases:
                _run(cases, known, options.loader)
    except KeyboardInterrupt:
        runner.say("lab/matrix: stopped")
    table = matrix_table.table(known)
    runner.say(table)
    if options.write:
        options.write.write_text(table)
    return 0 if all(case.name in known for case in all_cases()) else 1
