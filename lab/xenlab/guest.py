# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots one guest of a scenario in a running machine and collects everything it said."""

from __future__ import annotations

import re
import secrets
import shlex
from dataclasses import dataclass, field

from . import disks, products, suites
from .clock import Deadline
from .machine import Answer, Machine
from .model import DOWN, Disk, Scenario, Step
from .paths import LabError

SETTLE = 3.0
FLOOD = 4 << 20
# Whatever the loader shows, one of these changes it: a menu moves its bar or opens its
# editor, a shell echoes.
PROBING_KEYS = DOWN + b"e"
REASONS = {0: "poweroff", 1: "reboot", 2: "suspend", 3: "crash", 4: "watchdog"}


@dataclass
class Outcome:
    """Everything the judge may look at."""

    console: bytes = b""
    ended: str = "not started"
    # The machine's seconds, and the host's that the machine did not get.
    seconds: float = 0.0
    started_after: float = 0.0
    waited: float = 0.0
    notes: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    # Of commands in dom0 that failed.
    statuses: list[int] = field(default_factory=list)
    probe: list[str] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)


def plain_text(console: bytes) -> str:
    """The console without terminal escapes and carriage returns."""
    text = console.decode(errors="replace")
    return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>78])", "", text).replace("\r", "")


class GuestRun:
    """One `xl create` to the end of the domain, and the tidying up after it.

    must: the scenario's, with release and checksums filled in.
    """

    def __init__(self, machine: Machine, scenario: Scenario, must: tuple[str, ...]) -> None:
        self.must = must
        self.machine = machine
        self.scenario = scenario
        self.name = scenario.name
        self.outcome = Outcome()
        self.loops: list[str] = []
        self.token = secrets.token_hex(8).encode()
        self.gone = False
        self.answers = 0

    def run(self) -> Outcome:
        before = self._inventory()
        try:
            if self._create():
                self._watch()
                self._settle_end()
        finally:
            self._gather()
        self._compare(before)
        return self.outcome

    # Making the domain.

    def _disk_line(self, disk: Disk) -> str:
        file = disks.file_of(disk)
        if file is None:
            return f"vdev={disk.vdev},access=ro,devtype=cdrom,target="
        target = f"/disks/{file.name}"
        if disk.backend == "cdrom":
            form = "format=raw,backendtype=qdisk"
            return f"{form},vdev={disk.vdev},access=ro,devtype=cdrom,target={target}"
        common = f"vdev={disk.vdev},access={disk.access}"
        if disk.backend == "phy":
            answer = self.machine.command(f"lab_loop {target} {disk.recipe.sector_bytes}")
            if answer.status != 0:
                raise LabError(f"no loop device for {target}: {answer.output}")
            device = answer.output.strip()
            self.loops.append(device)
            # libxl gives pygrub a disk with a script of its own by a frontend in dom0, and others as
            # they are. Both scripts are dom0/blk.
            script = "" if self.scenario.boot == "pygrub" else "script=/etc/xen/scripts/blk,"
            return f"{script}{common},target={device}"
        form = disk.backend.removeprefix("qdisk-")
        return f"format={form},{common},backendtype=qdisk,target={target}"

    def _config(self) -> str:
        it = self.scenario
        lines = [f'name="{it.name}"', f'type="{it.type}"']
        lines += [f"memory={it.memory}", f"vcpus={it.vcpus}"]
        if it.maxmem:
            lines.append(f"maxmem={it.maxmem}")
        if it.shim:
            # QEMU's processor says it is a K8, and for a K8 the shim writes a register that Xen
            # does not let it write.
            lines += ["pvshim=1", 'cpuid="host,family=23"']
        if it.boot == "direct":
            lines.append(f'kernel="/disks/{products.product(it.kernel).name}"')
            if it.initrd:
                ramdisk = disks.on_disk(it.initrd, it.kernel)
                lines.append(f'ramdisk="/disks/{ramdisk.name}"')
            lines.append(f'cmdline="{it.cmdline}"')
        elif it.boot == "pygrub":
            lines += ['bootloader="pygrub"', 'bootloader_args=["-q"]']
        else:
            lines.append(f'kernel="/lab/{it.boot}"')
            if it.cmdline:
                lines.append(f'extra="{it.cmdline}"')
            if it.ramdisk:
                lines.append(f'ramdisk="/disks/{products.product(it.ramdisk).name}"')
        if it.display:
            lines.append('vfb=["vnc=1,vnclisten=127.0.0.1,vncunused=1"]')
            if it.served and suites.choice.suite.name != "bookworm":
                lines.append('device_model_args_pv=["-vga", "xenfb"]')
        lines.append("disk=[" + ", ".join(f"'{self._disk_line(disk)}'" for disk in it.disks) + "]")
        lines += [f'{event}="destroy"' for event in ("on_poweroff", "on_reboot", "on_crash")]
        return "\n".join(lines) + "\n"

    def _create(self) -> bool:
        config = self._config()
        self.outcome.logs["config"] = config
        encoded = config.replace("\\", "\\\\").replace("\n", "\\n")
        path = f"/lab/{self.name}.cfg"
        self.machine.command(f"printf %b {shlex.quote(encoded)} >{path}; xl dmesg -c >/dev/null")
        answer = self._command("xl-create", f"lab_create {path} {self.name}")
        found = re.search(r"^domid=(\d+) tty=(\S+)$", answer.output, re.MULTILINE)
        if answer.status != 0 or not found:
            self.outcome.ended = "not created"
            return False
        self.domid, tty = found.groups()
        if not self.scenario.late:
            self._attach(tty)
        for name, value in self.scenario.store:
            node = f"/local/domain/{self.domid}/data/pvgrub/{name}"
            self._command("steps", f"xenstore-write {node} {shlex.quote(value)}")
        self.clock = self.machine.clock
        self.start, self.waited = self.clock.now(), self.clock.waited()
        self._command("steps", f"xl unpause {self.domid}")
        if self.scenario.late:
            self._listen_for(self.scenario.late)
            self._attach(tty)
        return True

    def _command(self, log: str, command: str) -> Answer:
        """Runs a command in dom0 and keeps it in a log of this name; a failure is noted."""
        answer = self.machine.command(command)
        logs = self.outcome.logs
        logs[log] = logs.get(log, "") + f"$ {command}\n{answer.output}"
        if answer.status != 0:
            self.outcome.statuses.append(answer.status)
            self.outcome.notes.append(f"failed with status {answer.status}: {command}")
        return answer

    def _attach(self, tty: str) -> None:
        way = f"bridge {tty}" if self.scenario.console == "bridge" else f"xl-console {self.domid}"
        if self.machine.command(f"{way} {self.token.decode()}").status != 0:
            raise LabError("xl console did not start")

    # Watching its console.

    def _listen(self, deadline: Deadline) -> None:
        data = self.machine.read_console(deadline)
        self.outcome.console += data
        if self.token in self.outcome.console:
            self.outcome.console = self.outcome.console.replace(b"\n" + self.token + b"\n", b"")
            self.gone = True
        # The loader moves the cursor far beyond the terminal's corner and asks where it is (DSR 6).
        while self.scenario.size and self.answers < self.outcome.console.count(b"\x1b[6n"):
            self.answers += 1
            columns, rows = self.scenario.size
            self.machine.type(f"\x1b[{rows};{columns}R".encode())

    def _watch(self) -> None:
        deadline = Deadline(self.clock, self.scenario.limit)
        steps = list(self.scenario.steps)
        searched = 0
        while not self.gone and not deadline.has_passed():
            self._listen(deadline)
            text = plain_text(self.outcome.console)
            if not self.outcome.started_after and "GUEST: kernel=" in text:
                self.outcome.started_after = self.clock.now() - self.start
            while steps and (found := re.search(steps[0].after, text[searched:], re.MULTILINE)):
                searched += found.end()
                self._do(steps.pop(0))
            if self.scenario.ends == "alive" and not steps and self._has_said_all(text):
                # Long enough for a crash to follow the message.
                self._listen_for(SETTLE)
                # Keys that nobody reads would be the next guest's.
                if not self.gone:
                    self._try_keys()
                break
            if len(self.outcome.console) > FLOOD:
                self.outcome.notes.append(f"floods the console: {FLOOD} bytes and more")
                break
        self._stop_clock()
        if not self.gone and deadline.has_passed():
            self.outcome.notes.append(f"time limit of {self.scenario.limit:.0f} s")
        if steps and steps[0].after:
            self.outcome.notes.append(f"never said: {steps[0].after}")

    def _stop_clock(self) -> None:
        self.outcome.seconds = self.clock.now() - self.start
        self.outcome.waited = self.clock.waited() - self.waited

    def _try_keys(self) -> None:
        """Proves that there is a menu or a shell to go on from."""
        before = len(self.outcome.console)
        self.machine.type(PROBING_KEYS)
        self._listen_for(SETTLE)
        if not self.gone and len(self.outcome.console) == before:
            self.outcome.notes.append("does not answer keys any more")

    def _has_said_all(self, text: str) -> bool:
        return all(re.search(one, text, re.MULTILINE) for one in self.must)

    def _listen_for(self, seconds: float) -> None:
        until = Deadline(self.clock, seconds)
        while not self.gone and not until.has_passed():
            self._listen(until)

    def _do(self, step: Step) -> None:
        if step.pause:
            self._listen_for(step.pause)
        if step.keys:
            self.machine.type(step.keys)
        if step.probe:
            self.outcome.probe = self.machine.command(f"lab_probe {self.domid}").output.splitlines()
            self.outcome.logs["probe"] = "\n".join(self.outcome.probe) + "\n"
        if step.command:
            self._command("steps", step.command.replace("{domid}", self.domid))

    # Its end.

    def _settle_end(self) -> None:
        if not self.gone:
            listing = self.machine.command(f"xl list {self.domid}").output
            self.outcome.ended = "alive"
            self.outcome.logs["xl-list"] = listing
            self.machine.command(f"xl destroy {self.domid}")
            limit = Deadline(self.clock, 20)
            while not self.gone and not limit.has_passed():
                self._listen(limit)
            return
        log = self.machine.command(f"lab_log_of_end {self.name}").output
        codes = re.findall(r"has shut down, reason code (\d+)", log)
        self.outcome.ended = REASONS.get(int(codes[-1]), codes[-1]) if codes else "destroyed"

    def _gather(self) -> None:
        show, logs = self.machine.command, self.outcome.logs
        xl_log = f"/var/log/xen/xl-{self.name}.log"
        logs["xl-dmesg"] = show("xl dmesg").output
        logs["xl-log"] = show(f"cat {xl_log}; rm -f {xl_log}").output
        logs["qemu-dm"] = show("cat /var/log/xen/qemu-dm-*; rm -f /var/log/xen/qemu-dm-*").output
        if self.scenario.boot == "pygrub":
            logs["bootloader"] = show("cat /var/log/xen/bootloader*; rm -f /var/log/xen/bootloader*").output
        logs["dom0-dmesg"] = show("dmesg -c").output
        for device in self.loops:
            show(f"losetup -d {device}")

    def _inventory(self) -> set[str]:
        return set(self.machine.command("lab_inventory").output.splitlines())

    def _compare(self, before: set[str]) -> None:
        # Backends are taken down a moment after the domain; then nothing may remain.
        for _ in range(10):
            after = self._inventory()
            if after == before:
                return
            self.machine.command("sleep 1")
        self.outcome.leftovers = [f"+ {line}" for line in sorted(after - before)]
        self.outcome.leftovers += [f"- {line}" for line in sorted(before - after)]
